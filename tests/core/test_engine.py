from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.core.clock import SystemClock
from bot.core.context import Context
from bot.core.effects import jobs
from bot.core.engine import Engine
from bot.core.ids import new_key
from bot.core.registry import task, tasks
from bot.core.store.executor import Lane, Store, open_store
from bot.core.store.schema import table_of
from bot.core.store.transaction import Transaction
from bot.core.store.work import Delivery, Job
from tests.conftest import MASTER_KEY
from tests.core.desk import Desk, open_desk
from tests.core.office import FlakyStore

heard = asyncio.Event()
"""Set after the commit of each `leave_mark`."""


@task
def leave_mark(ctx: Context, name: str) -> None:
    """Remember that it ran; twice is two rows."""
    ctx.add(
        Delivery(
            key=new_key(),
            account_id=ctx.account_id,
            delivery_id=f"{name} {new_key()}",
            at=ctx.now,
        )
    )
    ctx.tx.after_commit.append(heard.set)


@task
def break_down(ctx: Context) -> None:
    ctx.add(Delivery(key=new_key(), account_id="half", delivery_id="half", at=ctx.now))
    raise ZeroDivisionError


@task
def prepare_long(ctx: Context, prepared: Mapping[str, Any] | None = None) -> None:
    leave_mark(ctx, name="prepared")


@pytest.fixture(autouse=True)
def _silence() -> None:
    global heard
    heard = asyncio.Event()


@pytest.fixture
async def both(store: Store) -> AsyncIterator[Desk]:
    async with open_desk(store) as opened:
        yield opened


async def put(desk: Desk, task_name: str, *, later: float = 0, **arguments: Any) -> None:
    """A job that is due in so many seconds, as a row."""

    def write(tx: Transaction) -> None:
        unit = desk.dispatcher.unit(tx)
        due_at = unit.now + timedelta(seconds=later)
        jobs.add(Context(unit, desk.caller, "test"), task_name, arguments, due_at=due_at)
        unit.flush()

    await desk.store.write(write)


async def marks(desk: Desk) -> list[str]:
    rows = await desk.rows(Delivery)
    return [row.delivery_id.split()[0] for row in rows]


async def the_job(desk: Desk) -> Job:
    [job] = await desk.rows(Job)
    return job


async def test_a_failing_job_waits_longer_each_time_and_is_parked_and_reported_at_last(
    both: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await put(both, "break_down")
    waits = []
    while (job := await the_job(both)).parked_at is None:
        await both.run_due()
        left = (await the_job(both)).due_at - both.clock.now()
        waits.append(left.total_seconds())
        both.clock.advance(seconds=left.total_seconds())

    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]
    assert (job.attempts, job.fault) == (12, "ZeroDivisionError")
    assert any("parked" in line.message for line in caplog.records)
    assert await marks(both) == []
    await both.run_due(hours=24)
    assert await the_job(both) == job


async def test_a_refused_job_is_gone_and_told_once(desk: Desk) -> None:
    contact = await desk.has_person("ana")
    incident_plan = await desk.has_plan(engages=["ana"])
    await desk.call("ssm-contacts", "DeleteContact", ContactId=contact)
    incident = await desk.starts(incident_plan)
    await desk.run_due(hours=1)

    told = await desk.event_types(incident)
    assert told.count("SSM Incident Action Refused") == 1
    assert not [job for job in await desk.rows(Job) if job.task != "close_pages"]


async def test_a_refusal_that_cannot_be_told_harms_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(tasks, "tell_refusal", lambda *_: 1 / 0)
    contact = await desk.has_person("ana")
    incident_plan = await desk.has_plan(engages=["ana"])
    await desk.call("ssm-contacts", "DeleteContact", ContactId=contact)

    assert await desk.event_types(await desk.starts(incident_plan))
    [job] = [job for job in await desk.rows(Job) if job.task == "tell_refusal"]
    assert job.fault == "TypeError"


async def test_jobs_that_nobody_can_run_are_put_aside_while_others_flow(both: Desk) -> None:
    await put(both, "task_of_a_later_version")
    await put(both, "leave_mark", name="unreadable")
    spoil = sa.update(table_of(Job)).where(table_of(Job).c.task == "leave_mark")
    await both.store.write(lambda tx: tx.execute(spoil.values(arguments=b"\x01nonsense")))
    await put(both, "leave_mark", name="fine")

    await both.run_due()
    assert await marks(both) == ["fine"]
    for _ in range(12):
        await both.run_due(minutes=16)

    state = sa.select(table_of(Job).c.attempts, table_of(Job).c.parked_at)
    records = await both.store.read(lambda tx: tx.records(state))
    assert [attempts for attempts, _ in records] == [12, 12]
    assert all(parked_at for _, parked_at in records)
    assert await marks(both) == ["fine"]


async def test_a_preparation_that_hangs_keeps_no_page_waiting(desk: Desk) -> None:
    hangs = asyncio.Event()

    async def hang(_: Mapping[str, Any]) -> Mapping[str, Any]:
        await hangs.wait()
        return {}

    engine = Engine(desk.store, desk.clock, desk.dispatcher.unit, {"prepare_long": hang})
    for _ in range(100):
        await put(desk, "prepare_long")
    await put(desk, "leave_mark", name="page")

    async with running(engine):
        await heard.wait()
        assert await marks(desk) == ["page"]


async def test_overdue_jobs_run_oldest_first_and_once(desk: Desk) -> None:
    for minute in (3, 1, 2):
        await put(desk, "leave_mark", name=f"m{minute}", later=minute * 60)
    await desk.run_due(hours=5)
    await desk.run_due(hours=5)

    assert await marks(desk) == ["m1", "m2", "m3"]


async def test_a_clock_that_steps_skips_nothing_and_repeats_nothing(both: Desk) -> None:
    await put(both, "leave_mark", name="before", later=300)
    await both.run_due(hours=2)
    await both.run_due(hours=-4)
    assert await marks(both) == ["before"]

    await put(both, "leave_mark", name="after", later=60)
    await both.run_due(seconds=59)
    assert await marks(both) == ["before"]
    await both.run_due(seconds=1)
    await both.run_due(hours=4)
    assert await marks(both) == ["before", "after"]


async def test_an_idle_engine_hears_of_each_job_in_time(desk: Desk) -> None:
    """Under the real clock; on SQLite nothing is polled, so a lost wake-up would hang."""
    clock = SystemClock()
    engine = Engine(desk.store, clock, desk.dispatcher.unit)
    desk.clock._now = clock.now()

    async with running(engine):
        for number in range(30):
            heard.clear()
            desk.clock._now = clock.now()
            later = (number % 3) * 0.002
            await put(desk, "leave_mark", name=f"n{number}", later=later)
            engine.wake(desk.clock.now() + timedelta(seconds=later))
            await heard.wait()
    assert len(await marks(desk)) == 30


async def test_a_store_that_fails_for_a_while_delays_and_loses_nothing(desk: Desk) -> None:
    flaky = FlakyStore(desk.store, Lane.JOB)
    flaky.refusals = 3
    engine = Engine(flaky, desk.clock, desk.dispatcher.unit)
    await put(desk, "leave_mark", name="kept")

    async with running(engine):
        while not heard.is_set():
            await asyncio.wait({asyncio.create_task(heard.wait())}, timeout=0.05)
            desk.clock.advance(seconds=1)
            engine.look()
    assert await marks(desk) == ["kept"]
    assert flaky.refusals == 0


async def test_two_processes_on_one_database_run_each_job_once(postgres_url: str) -> None:
    stores = [await open_store(postgres_url, MASTER_KEY, threads=4) for _ in range(2)]
    async with open_desk(stores[0]) as desk:
        for number in range(150):
            await put(desk, "leave_mark", name=f"n{number:03}")
        engines = [Engine(store, desk.clock, desk.dispatcher.unit) for store in stores]
        while await desk.rows(Job):
            await asyncio.gather(*(engine.run_due() for engine in engines))

        assert sorted(await marks(desk)) == [f"n{number:03}" for number in range(150)]
    for store in stores:
        await store.close()


@asynccontextmanager
async def running(engine: Engine) -> AsyncIterator[None]:
    """An engine that works until the end of the block, which must come within 20 seconds."""
    work = asyncio.create_task(engine.run())
    async with asyncio.timeout(20):
        yield
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
