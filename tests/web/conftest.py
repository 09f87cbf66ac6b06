from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core import service_models
from tests.web.door import House, open_door


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
async def url(house: House) -> AsyncIterator[str]:
    async with open_door(house) as address:
        yield address


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder where botocore finds our own service."""
    folder = tmp_path / "models" / "imbot" / "2026-11-21"
    folder.mkdir(parents=True)
    source = Path(service_models.__file__).parent / "models" / "imbot.json"
    shutil.copy(source, folder / "service-2.json")
    return tmp_path / "models"
