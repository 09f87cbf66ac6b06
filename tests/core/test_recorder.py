from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import pytest

from bot.core.channel import Sent
from bot.core.recorder import Recorder
from bot.core.store.executor import Lane, Store
from bot.core.store.transaction import Transaction
from bot.core.store.work import Outbox
from tests.core.office import FlakyStore, Office, a_page, free_row, keep, open_office
from tests.harness import TestClock

T = TypeVar("T")


class PatientClock(TestClock):
    """A short while lasts until it `is_over`."""

    def __init__(self) -> None:
        super().__init__()
        self.is_over = asyncio.Event()

    async def linger(self, seconds: float) -> None:  # noqa: ARG002
        await self.is_over.wait()


class CountingStore(FlakyStore):
    """Counts the courier's transactions."""

    def __init__(self, store: Store) -> None:
        super().__init__(store, Lane.COURIER)
        self.writes = 0

    async def write(self, work: Callable[[Transaction], T], lane: Lane = Lane.REQUEST) -> T:
        self.writes += lane == Lane.COURIER
        return await super().write(work, lane)


@pytest.fixture
async def office(store: Store) -> AsyncIterator[Office]:
    async with open_office(store) as opened:
        yield opened


async def owned(office: Office) -> Outbox:
    row = free_row(office, a_page(office), "sms", owner=office.lease.owner, attempts=1)
    await keep(office, row)
    return row


async def test_outcomes_of_a_short_while_are_one_transaction(office: Office) -> None:
    clock, store = PatientClock(), CountingStore(office.store)
    recorder = Recorder(store, clock, office.dispatcher.unit)
    rows = [await owned(office) for _ in range(3)]

    records = []
    for row in rows:
        records.append(asyncio.create_task(recorder.record(row, Sent("V1"))))
        await asyncio.sleep(0)
    assert {row.key for row in await office.rows(Outbox)} == {row.key for row in rows}

    clock.is_over.set()
    await asyncio.gather(*records)
    assert await office.rows(Outbox) == []
    assert store.writes == 1


async def test_outcomes_that_fail_together_are_recorded_one_by_one(office: Office) -> None:
    clock, store = PatientClock(), CountingStore(office.store)
    recorder = Recorder(store, clock, office.dispatcher.unit)
    clock.is_over.set()
    store.refusals = 1

    rows = [await owned(office) for _ in range(2)]
    await asyncio.gather(*(recorder.record(row, Sent("V1")) for row in rows))

    assert await office.rows(Outbox) == []
    assert store.writes == 3
