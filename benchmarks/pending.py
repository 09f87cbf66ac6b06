"""A database with many pending pages: alarms of engagements, all due in a year."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.client import REGION
from benchmarks.program import ACCOUNT
from bot.core.access import Caller
from bot.core.channel import Page
from bot.core.effects.jobs import caller_document
from bot.core.effects.outbox import message_document
from bot.core.ids import new_key
from bot.core.store.executor import open_store
from bot.core.store.transaction import Transaction
from bot.core.store.work import Job, Outbox

SLICE = 10_000


async def add_pending(database: Path, number: int) -> None:
    """Write jobs as the program writes them, encrypted, in large transactions."""
    store = await open_store(f"sqlite:///{database}")
    due_at = datetime.now(UTC) + timedelta(days=365)
    caller = caller_document(
        Caller(
            account_id=ACCOUNT,
            principal_arn=f"arn:aws:iam::{ACCOUNT}:user/administrator",
            actor="administrator",
            door="engine",
            region=REGION,
        )
    )

    def write(tx: Transaction) -> None:
        tx.insert(
            Job(
                account_id=ACCOUNT,
                task="advance_engagement",
                arguments={"caller": caller, "with": {"engagement_key": new_key()}},
                due_at=due_at,
                attempts=0,
            )
            for _ in range(SLICE)
        )

    for _ in range(number // SLICE):
        await store.write(write)
    await store.close()


async def add_overdue_page(database: Path) -> None:
    """Leave a page behind, as a process that was killed had begun to carry it."""
    store = await open_store(f"sqlite:///{database}")
    now = datetime.now(UTC)
    message = Page(
        key=new_key(),
        address="+14155550101",
        created_at=now,
        subject="Payments are failing",
        content="Payments are failing",
        public_subject="Payments are failing",
        code="425440",
    )
    row = Outbox(
        key=new_key(),
        account_id=ACCOUNT,
        medium="sms",
        lane="page",
        message=message_document(message),
        owner=new_key(),
        attempts=1,
        due_at=now,
        created_at=now,
    )

    def write(tx: Transaction) -> None:
        tx.delete_where(Outbox)
        tx.insert([row])

    await store.write(write)
    await store.close()


def size_of(database: Path) -> int:
    """Bytes of the file, its log folded in."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return database.stat().st_size
