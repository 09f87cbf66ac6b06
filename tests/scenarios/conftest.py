from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.scenarios.chat import Chat
from tests.scenarios.wire import Api
from tests.scenarios.world import World, open_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """The house on each kind of store, reachable by its vendors."""
    async with open_world(database_url) as opened:
        yield opened


@pytest.fixture
async def town_world(sqlite_url: str) -> AsyncIterator[World]:
    """The same on SQLite only, for stories in which the store plays no part."""
    async with open_world(sqlite_url) as opened:
        yield opened


@pytest.fixture
async def hidden_world(sqlite_url: str) -> AsyncIterator[World]:
    """The house without a public URL: Slack by Socket Mode, vendors that cannot call back."""
    async with open_world(sqlite_url, has_public_url=False) as opened:
        yield opened


@pytest.fixture
def chat(town_world: World) -> Chat:
    """Slack in the SQLite house."""
    return Chat(town_world)


@pytest.fixture
def api(town_world: World) -> Iterator[Api]:
    """boto3 at the SQLite house."""
    opened = Api(town_world)
    yield opened
    opened.close()
