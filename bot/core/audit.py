"""A row for every call: who, from where, what, when and how it ended; no texts, codes or
addresses.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from typing import TYPE_CHECKING

from bot.core.ids import new_key
from bot.core.store.accounts import Audit
from bot.core.store.executor import Lane, Store

if TYPE_CHECKING:
    from bot.core.dispatch import Request

log = logging.getLogger(__name__)

SOONEST = 0.5
"""Seconds that reads and refusals wait to be written together."""


def audit_row(request: Request, at: datetime, outcome: str) -> Audit:
    caller = request.caller
    return Audit(
        key=new_key(),
        account_id=caller.account_id,
        at=at,
        principal_arn=caller.principal_arn,
        actor=caller.actor,
        door=caller.door,
        source=request.source,
        service=request.service,
        operation=request.operation,
        resource=request.resource,
        request_id=request.request_id,
        outcome=outcome,
    )


class AuditBuffer:
    """Holds the rows of reads and refusals for half a second; changes write theirs
    themselves.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: list[Audit] = []
        self._writing: asyncio.Task[None] | None = None

    def add(self, row: Audit) -> None:
        self._rows.append(row)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon())

    async def close(self) -> None:
        if self._writing is not None and not self._writing.done():
            self._writing.cancel()
        await self._flush()

    async def _write_soon(self) -> None:
        await asyncio.sleep(SOONEST)
        await self._flush()

    async def _flush(self) -> None:
        rows, self._rows = self._rows, []
        if rows:
            await self._store.write(lambda tx: tx.insert(rows), Lane.COURIER)
