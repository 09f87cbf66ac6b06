"""Records what became of messages that were attempted: those of a short while together, and
each alone where that fails.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from bot.core.cascade import run_cascade
from bot.core.clock import Clock
from bot.core.context import Unit
from bot.core.errors import InternalServerException, ServiceUnavailable
from bot.core.outcomes import Outcome, put_aside, record_outcome, record_outcomes
from bot.core.store.executor import Lane, Store
from bot.core.store.transaction import Transaction
from bot.core.store.work import Outbox

log = logging.getLogger(__name__)

PASSING = (ServiceUnavailable, InternalServerException)
"""What a store raises that may take the same transaction later."""
MOST_FAILURES = 4
SHORT_WHILE = 0.02
"""Seconds that outcomes are gathered, so that receipts keep no new page from its commit."""


class Recorder:
    def __init__(self, store: Store, clock: Clock, unit: Callable[[Transaction], Unit]) -> None:
        self._store = store
        self._clock = clock
        self._unit = unit
        self._outcomes: list[tuple[Outbox, Outcome, asyncio.Future[bool]]] = []
        self._recordings: set[asyncio.Task[None]] = set()

    async def record(self, row: Outbox, outcome: Outcome) -> None:
        """Return when it is written what became of a message, or that nobody can write it."""
        if not await self._is_recorded_with_others(row, outcome):
            await self.write_at_last(row, lambda tx: self._record_in(tx, row, outcome))

    async def _is_recorded_with_others(self, row: Outbox, outcome: Outcome) -> bool:
        """Record an outcome in one transaction with all that come in a short while; False where
        it failed, and each must be recorded alone.
        """
        if not self._outcomes:
            task = asyncio.create_task(self._record_together())
            self._recordings.add(task)
            task.add_done_callback(self._recordings.discard)
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._outcomes.append((row, outcome, done))
        return await done

    async def _record_together(self) -> None:
        await self._clock.linger(SHORT_WHILE)
        outcomes = sorted(self._outcomes, key=lambda each: each[0].key)
        self._outcomes = []

        def record(tx: Transaction) -> None:
            unit = self._unit(tx)
            record_outcomes(unit, [(row, outcome) for row, outcome, _ in outcomes])
            run_cascade(unit)

        is_recorded = False
        try:
            await self._store.write(record, Lane.COURIER)
            is_recorded = True
        except Exception:
            log.exception("%d outcomes could not be recorded together", len(outcomes))
        finally:
            for _, _, done in outcomes:
                if not done.done():
                    done.set_result(is_recorded)

    async def write_at_last(self, row: Outbox, work: Callable[[Transaction], None]) -> None:
        """Write until it is written: what has left must not be forgotten for a busy store.

        What fails for another reason is put aside after a while, for it would fail for ever.
        """
        wait, failures = 0.1, 0
        while True:
            try:
                await self._store.write(work, Lane.COURIER)
            except Exception as fault:
                log.exception("what became of message %s could not be written yet", row.key)
                failures += not isinstance(fault, PASSING)
                if failures == MOST_FAILURES:
                    why = f"Its outcome cannot be recorded ({type(fault).__name__})."
                    work = self._putting_aside(row, why)
                await asyncio.sleep(wait)
                wait = min(wait * 2, 5)
            else:
                return

    def _putting_aside(self, row: Outbox, why: str) -> Callable[[Transaction], None]:
        return lambda tx: put_aside(self._unit(tx), row, why)

    def _record_in(self, tx: Transaction, row: Outbox, outcome: Outcome) -> None:
        unit = self._unit(tx)
        if record_outcome(unit, row, outcome):
            run_cascade(unit)
