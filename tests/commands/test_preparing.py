from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.commands.preparing import Preparing
from bot.playground.slack import ADMIN, INCIDENTS
from bot.playground.slack_state import TEAM_ID
from tests.scenarios.world import World, open_world


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with open_world(sqlite_url) as opened:
        yield opened


async def prepare(world: World, text: str) -> dict[str, Any]:
    assert world.app.client is not None
    document = {
        "kind": "command",
        "team": TEAM_ID,
        "user": ADMIN,
        "channel": INCIDENTS,
        "text": text,
        "thread_ts": None,
    }
    preparing = Preparing(world.app.client, world.app.deliveries)
    return await preparing.prepare({"door": "slack", "document": document})


@pytest.mark.parametrize("thread", ["write", "look"])
async def test_incidents_are_counted_on_no_thread_that_pages_wait_for(
    world: World, thread: str
) -> None:
    await world.has_response_plan()
    await world.starts_incident()
    is_free = threading.Event()
    busy = asyncio.create_task(getattr(world.app.store, thread)(lambda _: is_free.wait()))
    try:
        found = await prepare(world, "incident-metrics 7d by plan")
    finally:
        is_free.set()
        await busy

    assert found["counted"]["Total"]["NumberOfCreateIncidents"] == 1
    assert len(found["counted"]["Groups"]) == 1


@pytest.mark.parametrize(
    "text", ["incident-metrics 7 moons", "incident-metrics help", "metrics"]
)
async def test_what_asks_for_no_count_is_left_to_whoever_answers(
    world: World, text: str
) -> None:
    assert (await prepare(world, text))["counted"] is None


async def test_other_commands_are_not_looked_at(world: World) -> None:
    assert "counted" not in await prepare(world, "list-contacts")
