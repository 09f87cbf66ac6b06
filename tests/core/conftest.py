"""A desk on a store: SQLite for most tests, both databases where they could differ."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.core.store.executor import Store, open_store
from tests.conftest import MASTER_KEY
from tests.core.desk import Desk, open_desk


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    """An account with a replication set in us-east-1."""
    store = await open_store(sqlite_url, MASTER_KEY)
    async with open_desk(store) as opened:
        yield opened
    await store.close()


@pytest.fixture
async def desk_of_each_kind(store: Store) -> AsyncIterator[Desk]:
    """The same, on SQLite and on PostgreSQL."""
    async with open_desk(store) as opened:
        yield opened
