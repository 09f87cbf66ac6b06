"""A row for every call: who, from where, what, when and how it ended; no texts, codes or
addresses.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

from bot.core.ids import new_key
from bot.core.request import Request
from bot.core.store.accounts import Audit
from bot.core.store.executor import Lane, Store

log = logging.getLogger(__name__)

SOONEST = 0.5
"""Seconds that reads and refusals wait to be written together."""
LATEST = 10.0
"""Seconds after which a store that refused them is asked again, at last."""
MOST_ROWS = 20_000
"""Held for a store that takes none; what comes beyond is only counted, in the log."""
LONGEST_NAME = 1024


def audit_row(request: Request, at: datetime, outcome: str) -> Audit:
    caller = request.caller
    return Audit(
        key=new_key(),
        account_id=caller.account_id,
        at=at,
        principal_arn=caller.principal_arn,
        actor=_plain(caller.actor),
        door=caller.door,
        source=request.source,
        service=request.service,
        operation=request.operation,
        resource=_plain(request.resource) if request.resource else None,
        request_id=request.request_id,
        outcome=outcome,
    )


def _plain(text: str) -> str:
    """What was only claimed to be an ARN may be anything; every store takes this."""
    whole = text[:LONGEST_NAME]
    if not whole.isascii():
        whole = whole.encode("utf-8", "replace").decode()
    return whole.replace("\x00", "\ufffd")


class AuditBuffer:
    """Holds the rows of reads and refusals for half a second, and for as long as the store
    refuses them; changes write theirs themselves.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: list[Audit] = []
        self._writing: asyncio.Task[None] | None = None

    def add(self, row: Audit) -> None:
        if len(self._rows) >= MOST_ROWS:
            log.error("an audit row is lost: the store takes none")
            return
        self._rows.append(row)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_soon())

    async def close(self) -> None:
        if self._writing is not None and not self._writing.done():
            self._writing.cancel()
        await self._flush()

    async def _write_soon(self) -> None:
        wait = SOONEST
        while self._rows:
            await asyncio.sleep(wait)
            try:
                await self._flush()
            except Exception:
                log.exception("%d audit rows could not be written yet", len(self._rows))
                wait = min(wait * 2, LATEST)

    async def _flush(self) -> None:
        rows, self._rows = self._rows, []
        try:
            if rows:
                await self._store.write(lambda tx: tx.insert(rows), Lane.COURIER)
        except Exception:
            self._rows = rows + self._rows
            raise
