"""Goal 7: how late timers are that are due at one instant, beside a raw loop of claims."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.client import load
from benchmarks.figures import Figure
from benchmarks.idle import BARE_REQUEST
from benchmarks.machine import pin, quantile, start, sync_seconds
from benchmarks.program import ACCOUNT, LOAD_CPU, SERVER_CPU
from bot.core.access import engine_caller
from bot.core.clock import SystemClock
from bot.core.context import Context, House, Unit
from bot.core.effects.jobs import caller_document
from bot.core.engine import Engine
from bot.core.ids import new_key
from bot.core.registry import task
from bot.core.store.executor import Store, open_store
from bot.core.store.kinds import instant_to_integer
from bot.core.store.transaction import Transaction
from bot.core.store.work import Job

RAW_BATCH = 100
ALONE = 20
"""Timers that are due one after the other, for the lateness of one."""
AHEAD = 0.05
SLICE = 5_000

late: list[float] = []


@task
def be_punctual(ctx: Context, due_at: float) -> None:
    """Note how late it is once the timer's transaction has committed."""
    ctx.unit.tx.after_commit.append(lambda: late.append(time.time() - due_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    together: list[float]
    alone: list[float]
    raw: list[float]
    unit: float


def measure(folder: Path, rounds: int, number: int) -> list[Figure]:
    """`number`: timers that are due at one instant."""
    bare = start("-m", "benchmarks.servers", "bare", cpu=LOAD_CPU, log=folder / "floors.log")
    pin(SERVER_CPU)
    try:
        taken = [_round(folder, each, bare.port, number) for each in range(rounds)]
    finally:
        bare.stop()
        pin(LOAD_CPU)
    p99 = [quantile(each.together, 0.99) for each in taken]
    raw = [quantile(each.raw, 0.99) for each in taken]
    ratios = [own / floor for own, floor in zip(p99, raw, strict=True)]
    alone = [statistics.median(each.alone) / each.unit for each in taken]
    several = f"{number:,} timers due at one instant"
    return [
        Figure(number=7, name=f"{several}, p99 / raw loop", values=ratios, unit="x", goal=1.5),
        Figure(number=None, name="their p99", values=[v * 1e3 for v in p99], unit="ms"),
        Figure(number=None, name="the raw loop's", values=[v * 1e3 for v in raw], unit="ms"),
        Figure(number=7, name="one timer, p50", values=alone, unit="U", goal=10.0),
    ]


def _round(folder: Path, each: int, port: int, number: int) -> Round:
    raw = _raw(folder / f"raw-{each}.db", number)
    together, alone = uvloop.run(_own(folder / f"timers-{each}.db", number))
    trips = asyncio.run(load(port, [BARE_REQUEST] * 500, 1)).latencies
    unit = statistics.median(trips) + sync_seconds(folder)
    return Round(together=together, alone=alone, raw=raw, unit=unit)


async def _own(database: Path, number: int) -> tuple[list[float], list[float]]:
    """How late `number` timers at once are, and ALONE of them one by one, in seconds."""
    store = await open_store(f"sqlite:///{database}")
    clock = SystemClock()
    house = House(
        name_owner=new_key,
        media=frozenset(),
        public_url=None,
        carry=lambda _: None,
        wake_engine=lambda _: None,
        wake_courier=lambda: None,
    )
    engine = Engine(store, clock, lambda tx: Unit(tx, clock.now(), house))
    working = asyncio.create_task(engine.run())
    alone = []
    for _ in range(ALONE):
        alone += await _late(store, engine, 1)
    together = await _late(store, engine, number)
    working.cancel()
    await store.close()
    return together, alone


async def _late(store: Store, engine: Engine, number: int) -> list[float]:
    due_at = datetime.now(UTC) + timedelta(seconds=AHEAD + number / 5_000)
    for first in range(0, number, SLICE):
        jobs = [_job(due_at) for _ in range(min(SLICE, number - first))]
        await store.write(lambda tx, jobs=jobs: tx.insert(jobs))  # type: ignore[misc]
    if datetime.now(UTC) >= due_at:
        raise RuntimeError("the timers were due before they were written")
    late.clear()
    engine.wake(due_at)
    while len(late) < number:
        await asyncio.sleep(0.005)
    return list(late)


def _job(due_at: datetime) -> Job:
    return Job(
        account_id=ACCOUNT,
        task="be_punctual",
        arguments={
            "caller": caller_document(engine_caller(ACCOUNT)),
            "with": {"due_at": due_at.timestamp()},
        },
        due_at=due_at,
        attempts=0,
    )


def _raw(database: Path, number: int) -> list[float]:
    """How late rows of the same table are that one loop claims, in batches, durably."""
    asyncio.run(_fill(database, number))
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    ends: list[float] = []
    begun = time.perf_counter()
    while len(ends) < number:
        connection.execute("BEGIN IMMEDIATE")
        claimed = connection.execute(
            "DELETE FROM job WHERE key IN (SELECT key FROM job WHERE parked_at IS NULL "
            "AND due_at <= ? ORDER BY due_at LIMIT ?) RETURNING key, arguments",
            (instant_to_integer(datetime.now(UTC)), RAW_BATCH),
        ).fetchall()
        connection.execute("COMMIT")
        ends += [time.perf_counter() - begun] * len(claimed)
    connection.close()
    return ends


async def _fill(database: Path, number: int) -> None:
    store = await open_store(f"sqlite:///{database}")
    now = datetime.now(UTC)

    def write(tx: Transaction) -> Any:
        tx.insert([_job(now) for _ in range(number)])

    await store.write(write)
    await store.close()
