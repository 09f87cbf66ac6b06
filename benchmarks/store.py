"""Six inserts a transaction, durable: the store at 32 tasks beside a raw sqlite3 loop.

Both write the same rows (two encrypted columns among them) into the same schema with
`synchronous=FULL`; the loop commits them one by one, with its values made beforehand. Rounds
are interleaved. Run it with `python -m benchmarks.store`.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Index, MetaData, create_engine
from sqlalchemy.pool import StaticPool

from bot.core.crypto import Vault
from bot.core.ids import Key
from bot.core.store.schema import (
    Row,
    Wire,
    encrypted,
    partial_index,
    primary,
    references,
    shape_of,
    table,
)
from bot.core.store.sqlite import DIALECT, SqliteStore

TASKS = 32
ROUND = 4000
ROUNDS = 5
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ACCOUNT = "111122223333"

tables = MetaData()


@table("b_incident", Index("b_incident_arn", "arn", unique=True), metadata=tables)
class Incident:
    key: Key = primary()
    account_id: str
    arn: str
    title: str
    impact: int
    status: str
    started_at: datetime
    document: Wire


@table("b_event", Index("b_event_incident", "incident_key", "at"), metadata=tables)
class Event:
    key: Key = primary()
    account_id: str
    incident_key: Key = references("b_incident")
    at: datetime
    kind: str
    document: Wire


@table("b_engagement", Index("b_engagement_incident", "incident_key"), metadata=tables)
class Engagement:
    key: Key = primary()
    account_id: str
    incident_key: Key = references("b_incident")
    plan: Wire
    started_at: datetime
    stopped_at: datetime | None = None


@table("b_page", Index("b_page_engagement", "engagement_key"), metadata=tables)
class Page:
    key: Key = primary()
    account_id: str
    engagement_key: Key = references("b_engagement")
    address: str | None = encrypted(default=None)
    sent_at: datetime


@table("b_outbox", partial_index("b_due", "due_at", where="failed_at IS NULL"), metadata=tables)
class Outbox:
    key: Key = primary()
    account_id: str
    message: Wire = encrypted()
    due_at: datetime
    failed_at: datetime | None = None


def six_rows(number: int) -> list[Row]:
    incident = Incident(
        account_id=ACCOUNT,
        arn=f"arn:aws:ssm-incidents::{ACCOUNT}:incident-record/payments/{number}",
        title="Payments are failing",
        impact=1,
        status="OPEN",
        started_at=NOW,
        document={"relatedItems": [], "chatChannel": {"chatbotSns": ["arn:aws:sns:x"]}},
    )
    event = Event(
        account_id=ACCOUNT,
        incident_key=incident.key,
        at=NOW,
        kind="SSM Incident Start",
        document={"incidentTitle": incident.title},
    )
    engagement = Engagement(
        account_id=ACCOUNT,
        incident_key=incident.key,
        plan={"Stages": [{"DurationInMinutes": 5, "Targets": ["ana", "ben"]}]},
        started_at=NOW,
    )
    pages = [
        Page(account_id=ACCOUNT, engagement_key=engagement.key, address=address, sent_at=NOW)
        for address in ("+15550100", None)
    ]
    message = {"subject": incident.title, "code": "425440", "content": "x" * 200}
    return [
        incident,
        event,
        engagement,
        *pages,
        Outbox(account_id=ACCOUNT, message=message, due_at=NOW),
    ]


def make_tables(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    tables.create_all(engine)
    engine.dispose()
    connection.close()


def raw_round(connection: sqlite3.Connection, work: Sequence[list[tuple[str, Any]]]) -> None:
    for statements in work:
        connection.execute("BEGIN IMMEDIATE")
        for sql, values in statements:
            connection.execute(sql, values)
        connection.execute("COMMIT")


def raw_work(vault: Vault, numbers: range) -> list[list[tuple[str, Any]]]:
    return [
        [
            (DIALECT.insert(shape), shape.to_values(row, vault))
            for row in six_rows(number)
            for shape in [shape_of(type(row))]
        ]
        for number in numbers
    ]


async def store_round(store: SqliteStore, numbers: range) -> None:
    waiting = iter(numbers)

    async def one_task() -> None:
        for number in waiting:
            await store.write(lambda tx, number=number: tx.insert(six_rows(number)))  # type: ignore[misc]

    await asyncio.gather(*(one_task() for _ in range(TASKS)))


async def main() -> None:
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path, raw_path = Path(folder) / "store.db", Path(folder) / "raw.db"
        make_tables(path)
        make_tables(raw_path)
        raw = sqlite3.connect(raw_path, isolation_level=None)
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("PRAGMA foreign_keys = ON")
        store = await SqliteStore.open(str(path))
        figures: list[tuple[float, float, float, float]] = []
        for number in range(ROUNDS):
            numbers = range(number * ROUND, (number + 1) * ROUND)
            work = raw_work(store.vault, numbers)
            wall, cpu = time.perf_counter(), time.process_time()
            raw_round(raw, work)
            raw_rate = ROUND / (time.perf_counter() - wall)
            raw_cpu = (time.process_time() - cpu) / ROUND * 1e6
            wall, cpu = time.perf_counter(), time.process_time()
            await store_round(store, numbers)
            rate = ROUND / (time.perf_counter() - wall)
            figures.append((rate, (time.process_time() - cpu) / ROUND * 1e6, raw_rate, raw_cpu))
        await store.close()
        raw.close()
    report(figures)


def report(figures: Sequence[tuple[float, float, float, float]]) -> None:
    rate, cpu, raw_rate, raw_cpu = (
        statistics.median(each) for each in zip(*figures, strict=True)
    )
    ratio = statistics.median(figure[0] / figure[2] for figure in figures)
    print(f"store, {TASKS} tasks   {rate:8.0f} tx/s {cpu:8.1f} us CPU/tx")
    print(f"raw loop, FULL    {raw_rate:8.0f} tx/s {raw_cpu:8.1f} us CPU/tx")
    print(f"store / raw loop  {ratio:8.2f}")


if __name__ == "__main__":
    asyncio.run(main())
