"""A house on a store: SQLite for most tests, both databases where they could differ."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.core.store.executor import Store, open_store
from tests.conftest import MASTER_KEY
from tests.harness import TestHouse, open_house


@pytest.fixture
async def house(sqlite_url: str) -> AsyncIterator[TestHouse]:
    """All media have settings; the replication set is in us-east-1 and eu-west-1."""
    store = await open_store(sqlite_url, MASTER_KEY)
    async with open_house(store) as opened:
        yield opened
    await store.close()


@pytest.fixture
async def house_of_each_kind(store: Store) -> AsyncIterator[TestHouse]:
    """The same, on SQLite and on PostgreSQL."""
    async with open_house(store) as opened:
        yield opened
