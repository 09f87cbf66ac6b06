"""The one source of the time. Everything that waits, waits on a Clock."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The instant, aware, in UTC. May be called from any thread."""

    async def wait(self, woken: asyncio.Event, until: datetime | None) -> None:
        """Return when `woken` is set or `until` has come, whichever is first."""

    async def linger(self, seconds: float) -> None:
        """Let real time pass, too little to count; a clock that is moved by hand lets none."""


LONGEST_LEG = 15.0
"""Seconds after which a waiter looks at the time again: it may have been set forward."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    async def wait(self, woken: asyncio.Event, until: datetime | None) -> None:
        if until is None:
            await woken.wait()
            return
        while not woken.is_set() and (left := (until - self.now()).total_seconds()) > 0:
            await _wait_seconds(woken, min(left, LONGEST_LEG))

    async def linger(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ScaledClock:
    """A clock whose pace can be changed: 60 makes a minute last a second (the demo's
    switch).
    """

    def __init__(self, pace: float = 1.0) -> None:
        self._pace = pace
        self._base = datetime.now(UTC)
        self._started = time.monotonic()
        self._changed = asyncio.Event()

    @property
    def pace(self) -> float:
        return self._pace

    def now(self) -> datetime:
        return self._base + timedelta(seconds=(time.monotonic() - self._started) * self._pace)

    def set_pace(self, pace: float) -> None:
        """Raises ValueError if `pace` is not positive. Every waiter looks at the time again."""
        if pace <= 0:
            raise ValueError(f"pace must be positive, not {pace}")
        self._base, self._started, self._pace = self.now(), time.monotonic(), pace
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, woken: asyncio.Event, until: datetime | None) -> None:
        if until is None:
            await woken.wait()
            return
        while not woken.is_set() and (left := (until - self.now()).total_seconds()) > 0:
            await _wait_either(woken, self._changed, left / self._pace)

    async def linger(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def _wait_seconds(woken: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(woken.wait(), max(seconds, 0))
    except TimeoutError:
        return


async def _wait_either(first: asyncio.Event, second: asyncio.Event, seconds: float) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in (first, second)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
