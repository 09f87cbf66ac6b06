"""A house that vendors reach."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.core.store.executor import open_store
from tests.conftest import MASTER_KEY
from tests.harness import TestHouse, open_house


@pytest.fixture
async def house(sqlite_url: str) -> AsyncIterator[TestHouse]:
    store = await open_store(sqlite_url, MASTER_KEY)
    async with open_house(store) as opened:
        opened.is_reachable()
        yield opened
    await store.close()
