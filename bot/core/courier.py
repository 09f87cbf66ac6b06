"""Carries the outbox: owns a message, sends it with no transaction open, records what became of
it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, or_, select

from bot.core.cascade import run_cascade
from bot.core.channel import Channel, Message, Unavailable, Undeliverable
from bot.core.clock import Clock
from bot.core.context import Unit
from bot.core.effects.outbox import message_of
from bot.core.outcomes import Outcome, drop_if_pointless, record_outcome
from bot.core.store.executor import Lane, Store
from bot.core.store.incidents import IncidentConversation
from bot.core.store.kinds import instant_to_integer, integer_to_instant
from bot.core.store.lease import RENEW_EVERY, Lease, bury, dead_owners
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction
from bot.core.store.work import Outbox

log = logging.getLogger(__name__)

BATCH = 100
LONGEST_SEND = 20.0
"""Seconds after which an attempt is cut off; whether it arrived is then in doubt."""
AT_ONCE = {"page": 64, "notification": 8}
BACKSTOP = timedelta(seconds=1)

_o = table_of(Outbox).c
_earlier = table_of(Outbox).alias("earlier")
_is_behind = exists().where(
    _earlier.c.conversation_key == _o.conversation_key,
    _earlier.c.failed_at.is_(None),
    _earlier.c.key < _o.key,
)
FREE = (
    select(table_of(Outbox))
    .where(
        _o.owner.is_(None),
        _o.failed_at.is_(None),
        _o.due_at <= bindparam("now"),
        or_(_o.conversation_key.is_(None), ~_is_behind),
    )
    .order_by(_o.lane.desc(), _o.due_at, _o.key)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
CLAIMABLE = prepared(FREE)
NEXT = prepared(
    select(func.min(_o.due_at)).where(
        and_(_o.owner.is_(None), _o.failed_at.is_(None), _o.due_at > bindparam("now"))
    )
)


class Courier:
    """Pages and notifications are lanes of their own: cards never delay a page."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        lease: Lease,
        channels: Mapping[str, Channel],
        unit: Callable[[Transaction], Unit],
    ) -> None:
        self._store = store
        self._clock = clock
        self._lease = lease
        self._channels = channels
        self._unit = unit
        self._woken = asyncio.Event()
        self._places = {lane: asyncio.Semaphore(n) for lane, n in AT_ONCE.items()}
        self._under_way: set[asyncio.Task[None]] = set()

    def carry(self, rows: Iterable[Outbox]) -> None:
        """Take messages that were born owned by this process."""
        for row in rows:
            task = asyncio.create_task(self._carry(row))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Claim free messages, and those whose owner is gone, until cancelled."""
        wait = 0.5
        await self.claim_orphans()
        while True:
            try:
                self._woken.clear()
                await self.claim()
                wait = 0.5
                await self._clock.wait(self._woken, await self._next())
            except Exception:
                log.exception("the courier could not reach the store; it tries again")
                await asyncio.sleep(wait)
                wait = min(wait * 2, 10)

    async def keep_lease(self) -> None:
        """Renew the lease, and take over from processes that are gone, until cancelled.

        A lease that ran out (this process stood still) is followed by one of another name: what
        the old name owned may be carried by others by now.
        """
        while self._store.dialect == "postgresql":
            await asyncio.sleep(RENEW_EVERY.total_seconds())
            try:
                if not await self._lease.renew():
                    await self._lease.start()
                await self.claim_orphans()
                self.wake()
            except Exception:
                log.exception("the lease could not be renewed; it is tried again")

    async def claim(self) -> int:
        """Own the free messages that are due, and carry them; answers how many."""
        claimed = 0
        while rows := await self._store.write(self._claim_in, Lane.COURIER):
            claimed += len(rows)
            self.carry(rows)
        return claimed

    async def claim_orphans(self) -> None:
        """Free what processes without a lease have owned; it may have arrived, so ask first."""

        def free(tx: Transaction) -> None:
            for owner in dead_owners(tx, self._lease.owner):
                for row in tx.select(Outbox, owner=owner):
                    tx.update(row, owner=None, is_doubtful=True)
                bury(tx, owner)

        await self._store.write(free, Lane.COURIER)

    async def settle(self) -> None:
        """Return when nothing is under way."""
        while self._under_way:
            await asyncio.wait(set(self._under_way))

    def _claim_in(self, tx: Transaction) -> list[Outbox]:
        unit = self._unit(tx)
        rows = tx.fetch(Outbox, CLAIMABLE, now=instant_to_integer(unit.now))
        owner = unit.house.name_owner()
        claimed = [
            tx.update(row, owner=owner, attempts=row.attempts + 1)
            for row in rows
            if not drop_if_pointless(unit, row)
        ]
        run_cascade(unit)
        return claimed

    async def _next(self) -> datetime | None:
        now = self._clock.now()
        found = await self._store.read(lambda tx: tx.records(NEXT, now=instant_to_integer(now)))
        due_at = None if found[0][0] is None else integer_to_instant(found[0][0])
        if self._store.dialect == "postgresql":
            return min(due_at or now + BACKSTOP, now + BACKSTOP)
        return due_at

    async def _carry(self, row: Outbox) -> None:
        async with self._places[row.lane]:
            if not self._lease.is_fresh():
                return
            outcome = await self._attempt(row)
        await self._record(row, outcome)

    async def _attempt(self, row: Outbox) -> Outcome:
        channel = self._channels.get(row.medium)
        if channel is None:
            return Undeliverable(f"No settings for {row.medium.upper()} are given.")
        try:
            async with asyncio.timeout(LONGEST_SEND):
                message = await self._message(row)
                earlier = await channel.was_sent(message) if row.is_doubtful else None
                return earlier or await channel.send(message)
        except (Unavailable, Undeliverable) as fault:
            return fault
        except TimeoutError:
            return Unavailable(f"No answer within {LONGEST_SEND:.0f} seconds.", in_doubt=True)
        except Exception as fault:
            log.exception("channel %s broke on message %s", row.medium, row.key)
            reason = f"The {row.medium} channel broke ({type(fault).__name__})."
            return Unavailable(reason, in_doubt=True)

    async def _message(self, row: Outbox) -> Message:
        changes: dict[str, Any] = {"repeats": row.is_doubtful}
        if row.conversation_key and row.message["kind"] == "notice" and row.message["event"]:
            key = row.conversation_key
            found = await self._store.read(lambda tx: tx.get(IncidentConversation, key))
            changes["thread_ts"] = found.message_ts if found else None
        return message_of(row.message, **changes)

    async def _record(self, row: Outbox, outcome: Outcome) -> None:
        """Record until it is recorded: what has left must not be forgotten for a busy store."""
        wait = 0.1
        while True:
            try:
                await self._store.write(
                    lambda tx: self._record_in(tx, row, outcome), Lane.COURIER
                )
                break
            except Exception:
                log.exception("the outcome of message %s could not be recorded yet", row.key)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5)
        if row.conversation_key:
            self.wake()

    def _record_in(self, tx: Transaction, row: Outbox, outcome: Outcome) -> None:
        unit = self._unit(tx)
        if record_outcome(unit, row, outcome):
            run_cascade(unit)
