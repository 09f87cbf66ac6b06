"""A clock that stands still until the test moves it, and what waits for it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.core.store.kinds import integer_to_instant
from bot.core.store.schema import table_of
from bot.core.store.transaction import Transaction
from bot.core.store.work import Job, Outbox


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

    async def linger(self, seconds: float) -> None:
        """No time passes by itself."""


def timers(tx: Transaction) -> list[datetime]:
    jobs, outbox = table_of(Job), table_of(Outbox)
    due = sa.union_all(
        sa.select(jobs.c.due_at).where(jobs.c.parked_at.is_(None)),
        sa.select(outbox.c.due_at).where(outbox.c.failed_at.is_(None)),
    )
    return [integer_to_instant(record[0]) for record in tx.records(due)]


def jobs_due(tx: Transaction) -> list[datetime]:
    jobs = table_of(Job)
    due = sa.select(jobs.c.due_at).where(jobs.c.parked_at.is_(None))
    return [integer_to_instant(record[0]) for record in tx.records(due)]
