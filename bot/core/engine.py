"""Runs the jobs that are due, each in the transaction that deletes its row."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select, update

from bot.core.cascade import PAGES_A_SLICE, job_context, run_cascade, run_due, run_task
from bot.core.clock import Clock
from bot.core.context import Unit
from bot.core.effects import jobs
from bot.core.errors import ServiceUnavailable
from bot.core.ids import Key
from bot.core.store.executor import Lane, Store
from bot.core.store.kinds import instant_to_integer, integer_to_instant
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction
from bot.core.store.work import Job

log = logging.getLogger(__name__)

BATCH = 256
TOGETHER = 32
"""Jobs of one transaction, on SQLite."""
BACKSTOP = timedelta(seconds=1)
"""How often PostgreSQL is asked without having been woken; SQLite is never polled."""
LONGEST_PREPARATION = 10.0
"""Seconds that a vendor has to answer before a job is put off."""

Prepare = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]

_jobs = table_of(Job).c
_waiting = (_jobs.parked_at.is_(None), _jobs.is_behind == bindparam("behind"))
DUE = prepared(
    select(_jobs.key, _jobs.task)
    .where(*_waiting, _jobs.due_at <= bindparam("now"))
    .order_by(_jobs.due_at)
    .limit(BATCH)
)
NEXT = prepared(
    select(func.min(_jobs.due_at)).where(*_waiting, _jobs.due_at > bindparam("after"))
)
THESE = prepared(
    select(table_of(Job))
    .where(_jobs.key.in_(bindparam("keys", expanding=True)))
    .order_by(_jobs.due_at, _jobs.key)
)
ATTEMPTS = prepared(select(_jobs.attempts).where(_jobs.key == bindparam("key")))


class Engine:
    """`prepare` holds, by task, what must be asked of a vendor before the transaction begins.

    Its answer reaches the task as `prepared`. A vendor that hangs keeps only the tasks behind
    the pages waiting.
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
        self._queues = [
            Queue(store, clock, self._run_some, is_behind=is_behind)
            for is_behind in (False, True)
        ]

    def wake(self, at: datetime) -> None:
        """Hear of a job due at that instant."""
        for queue in self._queues:
            queue.wake(at)

    def look(self) -> None:
        """Hear that another process has written jobs."""
        for queue in self._queues:
            queue.look()

    async def run(self) -> None:
        """Run due jobs until cancelled."""
        async with asyncio.TaskGroup() as group:
            for queue in self._queues:
                group.create_task(queue.run())

    async def run_due(self) -> int:
        """Run every job that is due now, and those that they cause; answers how many."""
        done = 0
        while more := sum([await queue.run_due() for queue in self._queues]):
            done += more
        return done

    async def _run_some(self, due: Sequence[tuple[Key, str]], found_at: datetime) -> int:
        """Run jobs that are due, several in one transaction; answers how many it ran."""
        alone = [(key, name) for key, name in due if not self._may_share(name)]
        others = [(key, name) for key, name in due if self._may_share(name)]
        groups = [others[at : at + TOGETHER] for at in range(0, len(others), TOGETHER)]
        ended = await asyncio.gather(
            *(self._run_together(group, found_at) for group in groups),
            *(self._run_one(key, name, found_at) for key, name in alone),
            return_exceptions=True,
        )
        done = 0
        for end in ended:
            if isinstance(end, BaseException):
                raise end
            done += end
        return done

    def _may_share(self, name: str) -> bool:
        """Whether a task may run in one transaction with others. On PostgreSQL none does: the
        locks of several engagements could meet those of a reply in the opposite order.
        """
        return self._store.dialect == "sqlite" and name not in self._prepare

    async def _run_together(self, due: Sequence[tuple[Key, str]], found_at: datetime) -> int:
        """Run jobs in one transaction; where one fails, each in its own."""
        keys = [key for key, _ in due]
        try:
            return await self._store.write(
                lambda tx: self._run_all_in(tx, keys, found_at), Lane.JOB
            )
        except Exception as fault:  # noqa: BLE001 - each tells its own when it runs alone
            log.warning("jobs run one by one, with savepoints: %s", type(fault).__name__)
        runs = [self._run_one(key, name, found_at) for key, name in due]
        return sum(await asyncio.gather(*runs))

    def _run_all_in(self, tx: Transaction, keys: Sequence[Key], found_at: datetime) -> int:
        """Raises AgainCarefully. Stops, and leaves the rest, where a slice of pages is full."""
        unit = self._unit(tx)
        unit.is_hopeful = True
        done = 0
        for job in tx.fetch(Job, THESE, keys=keys):
            if unit.pages >= PAGES_A_SLICE:
                break
            done += _run_within(unit, job, {}, found_at)
            run_due(unit)
        run_cascade(unit)
        return done

    async def _run_one(self, key: Key, name: str, found_at: datetime) -> bool:
        """Run one job, or put it off; False where another process has it."""
        try:
            more = await self._run_prepare(key, name) if name in self._prepare else {}
            return await self._store.write(
                lambda tx: self._run_in(tx, key, more, found_at), Lane.JOB
            )
        except Exception as fault:
            log.exception("job %s (%s) cannot be run", key, name)
            reason, is_ours = type(fault).__name__, not isinstance(fault, ServiceUnavailable)
            await self._store.write(
                lambda tx: self._put_off(tx, key, reason, may_park=is_ours), Lane.JOB
            )
            return True

    async def _run_prepare(self, key: Key, name: str) -> dict[str, Any]:
        job = await self._store.look(lambda tx: tx.get(Job, key))
        if job is None:
            return {}
        async with asyncio.timeout(LONGEST_PREPARATION):
            return {"prepared": await self._prepare[name](job.arguments["with"])}

    def _run_in(
        self, tx: Transaction, key: Key, more: Mapping[str, Any], found_at: datetime
    ) -> bool:
        unit = self._unit(tx)
        job = tx.lock(Job, key, skip_locked=True)
        is_run = job is not None and _run_within(unit, job, more, found_at)
        run_cascade(unit)
        return is_run

    def _put_off(self, tx: Transaction, key: Key, fault: str, *, may_park: bool) -> None:
        """Put off a job that even its transaction could not survive, so that others flow.

        At last it is parked, but never for a store that could not take it.
        """
        now = self._clock.now()
        for (attempts,) in tx.records(ATTEMPTS, key=key):
            is_parked = may_park and attempts + 1 >= jobs.MOST_ATTEMPTS
            tx.execute(
                update(table_of(Job))
                .where(_jobs.key == key, _jobs.attempts == attempts)
                .values(
                    due_at=instant_to_integer(now + jobs.wait_after(attempts + 1)),
                    attempts=attempts + 1,
                    fault=fault,
                    parked_at=instant_to_integer(now) if is_parked else None,
                )
            )
            if is_parked:
                log.error("job %s is parked after %d attempts: %s", key, attempts + 1, fault)


class Queue:
    """The jobs of some tasks, as they come due. It never waits for those of other queues."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        run_some: Callable[[Sequence[tuple[Key, str]], datetime], Awaitable[int]],
        *,
        is_behind: bool,
    ) -> None:
        self._store = store
        self._clock = clock
        self._run_some = run_some
        self._is_behind = is_behind
        self._woken = asyncio.Event()
        self._looked_at = clock.now()
        self._armed: datetime | None = None
        self._told: datetime | None = None
        self._is_idle = False

    def wake(self, at: datetime) -> None:
        """Hear of somebody's job; what is later than all that is known needs no look."""
        self._told = min(self._told or at, at)
        if not self._is_idle or self._armed is None or at < self._armed:
            self._woken.set()

    def look(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """A store that fails is asked again, with growing waits."""
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
        done = 0
        while True:
            self._woken.clear()
            self._looked_at = now = self._clock.now()
            if self._told is not None and self._told <= now:
                self._told = None
            ran = await self._run_some(await self._due(now), now)
            if not ran:  # none is left, or other processes have them all
                return done
            done += ran

    async def _due(self, now: datetime) -> list[tuple[Key, str]]:
        given = {"behind": self._is_behind, "now": instant_to_integer(now)}
        found = await self._store.look(lambda tx: tx.records(DUE, **given))
        return [(Key(key), name) for key, name in found]

    async def _sleep(self) -> None:
        """Wait for the next job that was not due when this was looked at last."""
        after = instant_to_integer(self._looked_at)
        given = {"behind": self._is_behind, "after": after}
        records = await self._store.look(lambda tx: tx.records(NEXT, **given))
        due_at = records[0][0]
        self._armed = self._told if due_at is None else integer_to_instant(due_at)
        if self._armed is not None:
            self._armed = min(self._armed, self._told or self._armed)
        if self._store.dialect == "postgresql":
            backstop = self._clock.now() + BACKSTOP
            self._armed = min(self._armed or backstop, backstop)
        self._is_idle = True
        try:
            await self._clock.wait(self._woken, self._armed)
        finally:
            self._is_idle = False


def _run_within(unit: Unit, job: Job, more: Mapping[str, Any], found_at: datetime) -> bool:
    """Says whether it was still to be run: it may be parked or gone by now, or put off."""
    if job.parked_at is not None or job.due_at > found_at or not unit.tx.delete(job):
        return False
    arguments = {**job.arguments["with"], **more}
    run_task(job_context(unit, job), job.task, arguments, job.attempts)
    return True
