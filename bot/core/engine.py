"""Runs the jobs that are due, each in the transaction that deletes its row."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import bindparam, func, select, update

from bot.core.cascade import job_context, run_cascade, run_task
from bot.core.clock import Clock
from bot.core.context import Unit
from bot.core.ids import Key
from bot.core.store.executor import Lane, Store
from bot.core.store.kinds import instant_to_integer, integer_to_instant
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction
from bot.core.store.work import Job

log = logging.getLogger(__name__)

BATCH = 64
BACKSTOP = timedelta(seconds=1)
"""How often PostgreSQL is asked without having been woken; SQLite is never polled."""

Prepare = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]

_jobs = table_of(Job).c
DUE = prepared(
    select(_jobs.key, _jobs.task)
    .where(_jobs.parked_at.is_(None), _jobs.due_at <= bindparam("now"))
    .order_by(_jobs.due_at)
    .limit(BATCH)
)
NEXT = prepared(select(func.min(_jobs.due_at)).where(_jobs.parked_at.is_(None)))


class Engine:
    """`prepare` holds, by task, what must be asked of a vendor before the transaction begins.

    Its answer reaches the task as `prepared`.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        unit: Callable[[Transaction], Unit],
        prepare: Mapping[str, Prepare] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._unit = unit
        self._prepare = dict(prepare or {})
        self._woken = asyncio.Event()
        self._armed: datetime | None = None
        self._is_idle = False

    def wake(self, at: datetime) -> None:
        """Hear of a job due at that instant."""
        if not self._is_idle or self._armed is None or at < self._armed:
            self._woken.set()

    def look(self) -> None:
        """Hear that another process has written jobs."""
        self._woken.set()

    async def run(self) -> None:
        """Run due jobs until cancelled. A store that fails is asked again, with growing
        waits.
        """
        wait = 0.5
        while True:
            try:
                await self.run_due()
                wait = 0.5
                await self._sleep()
            except Exception:
                log.exception("the engine could not reach the store; it tries again")
                await asyncio.sleep(wait)
                wait = min(wait * 2, 10)

    async def run_due(self) -> int:
        """Run every job that is due now, and those that they cause; answers how many."""
        done = 0
        while True:
            self._woken.clear()
            now = instant_to_integer(self._clock.now())
            due = await self._store.read(partial(_due, now=now))
            if not due:
                return done
            await asyncio.gather(*(self._run_one(Key(key), name) for key, name in due))
            done += len(due)

    async def _sleep(self) -> None:
        records = await self._store.read(lambda tx: tx.records(NEXT))
        due_at = records[0][0]
        self._armed = None if due_at is None else integer_to_instant(due_at)
        if self._store.dialect == "postgresql":
            backstop = self._clock.now() + BACKSTOP
            self._armed = min(self._armed or backstop, backstop)
        self._is_idle = True
        try:
            await self._clock.wait(self._woken, self._armed)
        finally:
            self._is_idle = False

    async def _run_one(self, key: Key, name: str) -> None:
        try:
            more = await self._run_prepare(key, name) if name in self._prepare else {}
            await self._store.write(lambda tx: self._run_in(tx, key, more), Lane.JOB)
        except Exception as fault:
            log.exception("job %s (%s) cannot be run", key, name)
            await self._postpone(key, type(fault).__name__)

    async def _run_prepare(self, key: Key, name: str) -> dict[str, Any]:
        job = await self._store.read(lambda tx: tx.get(Job, key))
        if job is None:
            return {}
        return {"prepared": await self._prepare[name](job.arguments["with"])}

    def _run_in(self, tx: Transaction, key: Key, more: Mapping[str, Any]) -> None:
        job = tx.lock(Job, key, skip_locked=True)
        unit = self._unit(tx)
        if job is None or job.parked_at is not None or job.due_at > unit.now:
            return
        tx.delete(job)
        arguments = {**job.arguments["with"], **more}
        run_task(job_context(unit, job), job.task, arguments, job.attempts)
        run_cascade(unit)

    async def _postpone(self, key: Key, fault: str) -> None:
        """Put a job that even its transaction could not survive a minute off, so that others
        flow.
        """
        later = instant_to_integer(self._clock.now() + timedelta(minutes=1))
        statement = (
            update(table_of(Job))
            .where(_jobs.key == key)
            .values(due_at=later, fault=fault, attempts=_jobs.attempts + 1)
        )
        await self._store.write(lambda tx: tx.execute(statement), Lane.JOB)


def _due(tx: Transaction, *, now: int) -> Sequence[Sequence[Any]]:
    return tx.records(DUE, now=now)
