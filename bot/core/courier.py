"""Carries the outbox: owns a message, sends it with no transaction open, records what became of
it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, select, update

from bot.core.cascade import run_cascade
from bot.core.channel import Channel, Message, Unavailable, Undeliverable
from bot.core.claims import due_rows, held_back, is_pointless, next_due
from bot.core.clock import Clock
from bot.core.context import Unit
from bot.core.effects import chat_links, chat_pace
from bot.core.effects.outbox import message_of
from bot.core.ids import Key
from bot.core.outcomes import Outcome, engine_context, hand_back
from bot.core.recorder import Recorder
from bot.core.store.executor import Lane, Store
from bot.core.store.incidents import IncidentConversation
from bot.core.store.lease import RENEW_EVERY, Lease, forget_dead, is_dead
from bot.core.store.notices import NotificationThread
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction
from bot.core.store.work import Outbox

log = logging.getLogger(__name__)

LONGEST_SEND = 20.0
"""Seconds after which an attempt is cut off; whether it arrived is then in doubt."""
AT_ONCE = {"page": 64, "notification": 8, "http": 64}
"""Sends at once of each medium, by lane; by HTTP, where each subscriber is a vendor, more."""
LONGEST_TRUST = timedelta(seconds=1)
"""What waited longer for its place is looked at again: its page may have been acknowledged."""
LAST_SENDS = 5.0
"""Seconds that what is being sent has to arrive when the process is asked to stop."""
BACKSTOP = timedelta(seconds=1)

_o = table_of(Outbox).c
OWNED = prepared(select(_o.key).where(_o.owner == bindparam("by"), _o.failed_at.is_(None)))


class Courier:
    """Pages and notifications are lanes of their own, and so is each medium: cards never delay
    a page, and a vendor that hangs never another one.
    """

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
        self._looked_at = clock.now()
        self._places: dict[tuple[str, str], asyncio.Semaphore] = {}
        self._under_way: dict[asyncio.Task[None], Outbox] = {}
        self._begun: set[Key] = set()
        self._recorder = Recorder(store, clock, unit)
        self._strays: set[Key] = set()
        self._is_closing = False

    def carry(self, rows: Iterable[Outbox]) -> None:
        """Take messages that this process owns."""
        for row in rows:
            task = asyncio.create_task(self._carry(row))
            self._under_way[task] = row
            task.add_done_callback(self._under_way.pop)

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Claim free messages, and those whose owner is gone, until cancelled."""
        wait = 0.5
        has_freed = False
        while True:
            try:
                if not has_freed:
                    await asyncio.gather(self.claim_orphans(), self.claim())  # one commit
                    has_freed = True
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
                await self.free_strays()
                self.wake()
            except Exception:
                log.exception("the lease could not be renewed; it is tried again")

    async def claim(self) -> int:
        """Own the free messages that are due, and carry them; answers how many were due."""
        seen = 0
        while self._lease.is_fresh():
            due = await self._store.write(self._claim_in, Lane.COURIER)
            if not due:
                break
            seen += due
        return seen

    async def claim_orphans(self) -> None:
        """Free what processes without a lease have owned; it may have arrived, so ask first."""

        def free(tx: Transaction) -> None:
            own = self._lease.owner
            orphans = and_(_o.owner.is_not(None), is_dead(tx, own, _o.owner))
            freed = update(table_of(Outbox)).where(orphans)
            tx.execute(freed.values(owner=None, is_doubtful=True))
            forget_dead(tx, own)

        await self._store.write(free, Lane.COURIER)

    async def free_strays(self) -> None:
        """Free what this process owns and does not carry: the connection broke in a commit that
        succeeded, and nobody was told. Twice in a row, for what was committed just now is
        carried in a moment.
        """
        owner = self._lease.owner
        carried = self._carried()
        found = await self._store.look(lambda tx: tx.records(OWNED, by=owner))
        seen = {Key(key) for (key,) in found} - carried - self._carried()
        strays, self._strays = seen & self._strays, seen
        if not strays:
            return
        log.warning("%d messages were left lying by a broken commit", len(strays))
        freed = update(table_of(Outbox)).where(_o.key.in_(strays), _o.owner == owner)
        await self._store.write(lambda tx: tx.execute(freed.values(owner=None)), Lane.COURIER)

    def _carried(self) -> set[Key]:
        return {row.key for row in self._under_way.values()}

    @property
    def is_still(self) -> bool:
        return not self._under_way

    async def settle(self) -> None:
        """Return when nothing is under way."""
        while self._under_way:
            await asyncio.wait(set(self._under_way))

    async def close(self) -> None:
        """Let what is being sent arrive, for a few seconds; the rest is anybody's again.

        What does not arrive in time stays owned: whoever comes next asks what became of it.
        """
        self._is_closing = True
        try:
            await self._hand_back_waiting()
        except Exception:
            log.exception("what waits could not be handed back; it counts as doubtful")
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=LAST_SENDS)
        late = list(self._under_way)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _hand_back_waiting(self) -> None:
        await self._store.write(lambda _: None, Lane.JOB)  # claims under way have ended then
        waiting = {t: row for t, row in self._under_way.items() if row.key not in self._begun}
        for task in waiting:
            task.cancel()

        def hand_all_back(tx: Transaction) -> None:
            for row in waiting.values():
                hand_back(tx, row)

        await self._store.write(hand_all_back, Lane.COURIER)

    def _claim_in(self, tx: Transaction) -> int:
        unit = self._unit(tx)
        self._looked_at = unit.now
        rows, aside = due_rows(tx, unit.now)
        held = held_back(unit, rows)
        claimed = [
            tx.update(row, owner=self._lease.owner, attempts=row.attempts + 1)
            for row in rows
            if row.key not in held and not is_pointless(unit, row)
        ]
        run_cascade(unit)
        tx.after_commit.append(lambda: self.carry(claimed))
        return len(rows) + aside

    async def _next(self) -> datetime | None:
        """When the next message is due that was not when they were looked at last."""
        backstop = self._clock.now() + BACKSTOP
        if not self._lease.is_fresh():
            return backstop
        looked_at = self._looked_at
        due_at = await self._store.look(lambda tx: next_due(tx, looked_at))
        if self._store.dialect == "postgresql":
            return min(due_at or backstop, backstop)
        return due_at

    async def _carry(self, row: Outbox) -> None:
        taken_at = self._clock.now()
        async with self._place(row):
            if not self._may_send(row):
                await self._recorder.write_at_last(row, lambda tx: hand_back(tx, row))
                return
            self._begun.add(row.key)
            outcome = await self._attempt(row, taken_at)
            is_refused = isinstance(outcome, Unavailable) and chat_pace.can_wait(row)
            if is_refused:  # recorded before the next one looks
                await self._record(row, outcome)
        if not is_refused:
            await self._record(row, outcome)
        if row.conversation_key:
            self.wake()

    async def _record(self, row: Outbox, outcome: Outcome | None) -> None:
        try:
            if outcome:
                await self._recorder.record(row, outcome)
        finally:
            self._begun.discard(row.key)

    def _place(self, row: Outbox) -> asyncio.Semaphore:
        key = row.lane, row.medium
        if key not in self._places:
            self._places[key] = asyncio.Semaphore(AT_ONCE.get(row.medium, AT_ONCE[row.lane]))
        return self._places[key]

    def _may_send(self, row: Outbox) -> bool:
        """A lease that ran out is followed by another name; then others may own the row."""
        is_own = row.owner == self._lease.owner
        return is_own and self._lease.is_fresh() and not self._is_closing

    async def _attempt(self, row: Outbox, taken_at: datetime) -> Outcome | None:
        """What became of a message; None where it was dropped, for nobody waits for it."""
        channel = self._channels.get(row.medium)
        if channel is None:
            return Undeliverable(f"No settings for {row.medium.upper()} are given.")
        try:
            async with asyncio.timeout(LONGEST_SEND):
                if await self._is_held(row):
                    return None
                message = await self._message(row)
                if row.is_doubtful and (earlier := await channel.was_sent(message)):
                    return earlier
                is_old = self._clock.now() - taken_at > LONGEST_TRUST
                if (row.is_doubtful or is_old) and await self._is_dropped(row):
                    return None
                return await channel.send(message)
        except (Unavailable, Undeliverable) as fault:
            return fault
        except TimeoutError:
            return Unavailable(f"No answer within {LONGEST_SEND:.0f} seconds.", in_doubt=True)
        except Exception as fault:
            log.exception("channel %s broke on message %s", row.medium, row.key)
            reason = f"The {row.medium} channel broke ({type(fault).__name__})."
            return Unavailable(reason, in_doubt=True)

    async def _is_dropped(self, row: Outbox) -> bool:
        """Look once more at what has not left at once, as when it was claimed."""

        def drop(tx: Transaction) -> bool:
            unit, current = self._unit(tx), tx.lock(Outbox, row.key)
            is_own = current is not None and current.owner == row.owner
            is_dropped = not is_own or is_pointless(unit, row)
            run_cascade(unit)
            return is_dropped

        return await self._store.write(drop, Lane.COURIER)

    async def _is_held(self, row: Outbox) -> bool:
        """Put back what goes where Slack has asked to wait, without an attempt."""
        if not chat_pace.can_wait(row):
            return False
        now = self._clock.now()
        if not await self._store.look(lambda tx: chat_pace.is_quiet(tx, row, now)):
            return False

        def put_back(tx: Transaction) -> None:
            unit = self._unit(tx)
            chat_pace.put_back(engine_context(unit, row), row, row.fault)
            run_cascade(unit)

        await self._recorder.write_at_last(row, put_back)
        return True

    async def _message(self, row: Outbox) -> Message:
        changes: dict[str, Any] = {"repeats": row.is_doubtful}
        if row.conversation_key and row.message["kind"] == "notice" and row.message["event"]:
            key = row.conversation_key
            found = await self._store.look(lambda tx: tx.get(IncidentConversation, key))
            changes["thread_ts"] = found.message_ts if found else None
        elif thread := chat_links.thread_of(row):
            begun = await self._store.look(lambda tx: tx.get(NotificationThread, thread))
            changes["thread_ts"] = begun.message_ts if begun else None
        return message_of(row.message, **changes)
