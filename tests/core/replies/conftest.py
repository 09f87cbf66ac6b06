"""A house that vendors reach."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.store.executor import open_store
from tests.conftest import MASTER_KEY
from tests.harness import TestHouse, open_house


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[TestHouse]:
    store = await open_store(f"sqlite:///{tmp_path / 'imbot.db'}", MASTER_KEY)
    async with open_house(store) as opened:
        opened.is_reachable()
        yield opened
    await store.close()
