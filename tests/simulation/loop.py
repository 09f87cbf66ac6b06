"""An event loop without sockets, threads or waiting: when all is done, time goes on to the next
timer.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")


MOST_TURNS = 20_000
"""Turns of the loop in one world, which needs some hundreds."""


class StandstillError(Exception):
    """Nothing goes on: everybody waits for somebody, or somebody never stops."""


class _NoSockets(selectors.SelectSelector):
    passed = 0.0
    turns = 0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.turns += 1
        if timeout is None or self.turns > MOST_TURNS:
            self.turns = 0  # what is left must be cancelled yet
            raise StandstillError
        self.passed += max(timeout, 0.0)
        return []


class TimelessLoop(asyncio.SelectorEventLoop):
    """Its seconds begin at 0 and pass at once."""

    def __init__(self) -> None:
        self._timeless = _NoSockets()
        super().__init__(self._timeless)

    def time(self) -> float:
        return self._timeless.passed


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end; what is still under way then is cancelled."""
    loop = TimelessLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.run_until_complete(_cancel_all())
        loop.close()


async def _cancel_all() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


class SimulatedClock:
    """The loop's seconds since an instant, plus what it was set forward by."""

    def __init__(self, starts_at: datetime) -> None:
        self._base = starts_at
        self._begun = asyncio.get_running_loop().time()
        self._timers: set[asyncio.Timeout] = set()

    def now(self) -> datetime:
        passed = asyncio.get_running_loop().time() - self._begun
        return self._base + timedelta(seconds=passed)

    async def wait(self, woken: asyncio.Event, until: datetime | None) -> None:
        while not woken.is_set() and (until is None or until > self.now()):
            left = None if until is None else (until - self.now()).total_seconds()
            try:
                async with asyncio.timeout(left) as timer:
                    self._timers.add(timer)
                    try:
                        await woken.wait()
                    finally:
                        self._timers.discard(timer)
            except TimeoutError:
                continue

    async def linger(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def jump(self, by: timedelta, noticed_after: float) -> None:
        """Set the clock forward. Who waits looks at it again after so many seconds, as with
        the program's own clock.
        """
        self._base += by
        soon = asyncio.get_running_loop().time() + noticed_after
        for timer in self._timers:
            due = timer.when()
            if due is not None and due > soon:
                timer.reschedule(soon)
