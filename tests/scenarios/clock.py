"""A clock that stands still until the test moves it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta


class MovedClock:
    def __init__(self) -> None:
        self._now = datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self._now

    def move_to(self, instant: datetime) -> None:
        self._now = max(self._now, instant)

    def later(self, **by: float) -> datetime:
        return self._now + timedelta(**by)

    async def wait(self, woken: asyncio.Event, until: datetime | None) -> None:
        if until is None or until > self._now:
            await woken.wait()
