"""A scenario: a town, some steps at random, and a calm in which all comes to its end."""

from __future__ import annotations

import asyncio
from unittest.mock import patch

from bot.core import courier
from bot.core.crypto import new_master_key
from tests.simulation.database import Database
from tests.simulation.invariants import check
from tests.simulation.loop import StandstillError, run
from tests.simulation.process import REGION
from tests.simulation.steps import take_steps
from tests.simulation.story import BrokenError, Story
from tests.simulation.town import INCIDENTS, Settling, Town
from tests.simulation.world import World

PLACES = {"page": 1, "notification": 2}
"""So few may be under way at once, so that some must wait."""
LONGEST_CALM = 200
"""Looks at whether all has ended; no plan here is longer."""


class Stage:
    """Where scenarios are played, one after the other. Its database is made once."""

    def __init__(self) -> None:
        self._database = Database(new_master_key())
        run(self._open_the_account())

    async def _open_the_account(self) -> None:
        world = World("0", self._database)
        regions: dict[str, dict[str, str]] = {REGION: {}}
        answers = world.process.answers(INCIDENTS, "CreateReplicationSet", regions=regions)
        await world.plays(_only(answers))

    def play(self, seed: str) -> Story:
        """Raises BrokenError where an invariant does not hold."""
        worlds: list[World] = []
        try:
            with patch.dict(courier.AT_ONCE, PLACES):
                run(self._play(seed, worlds))
        except StandstillError:
            raise BrokenError(seed, ["it never comes to an end"], worlds[0].story) from None
        return worlds[0].story

    async def _play(self, seed: str, worlds: list[World]) -> None:
        worlds.append(World(seed, self._database))
        await worlds[0].plays(_play_in(worlds[0]))


async def _only(work: object) -> None:
    await work  # type: ignore[misc]


async def _play_in(world: World) -> None:
    town = Town()
    await world.process.writes(
        lambda tx, answer: Settling(town, world.random, tx, answer).fill()
    )
    world.start()
    await take_steps(world, town, lambda: check(world))
    await _calm_down(world)
    check(world, is_calm=True)


async def _calm_down(world: World) -> None:
    """Vendors work, people are silent, the process lives: everything that runs ends."""
    world.trouble = world.diligence = 0.0
    world.process.store.commits_left = None
    world.tell("calm")
    if not world.process.is_alive:
        world.start()
    await asyncio.sleep(30)
    for _ in range(LONGEST_CALM):
        if _is_over(world):
            return
        await asyncio.sleep(15)


def _is_over(world: World) -> bool:
    [(running,)] = world.database.look(
        "SELECT EXISTS (SELECT 1 FROM engagement WHERE acknowledged_at IS NULL AND "
        "stopped_at IS NULL AND ended_at IS NULL) OR EXISTS (SELECT 1 FROM outbox) "
        "OR EXISTS (SELECT 1 FROM page WHERE waits_until IS NOT NULL)"
    )
    return not running
