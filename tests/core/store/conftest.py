"""Stores that hold the tables of these tests beside the product's."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.core.store.executor import Store, open_store
from tests.conftest import MASTER_KEY
from tests.core.store.rows import make_tables


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    make_tables(database_url)
    opened = await open_store(database_url, MASTER_KEY, threads=4)
    yield opened
    await opened.close()
