from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.core.channel import Sent, Unavailable
from bot.core.clock import SystemClock
from bot.core.courier import Courier
from bot.core.dispatch import Dispatcher
from bot.core.ids import new_key
from bot.core.keyring import Keyring
from bot.core.store.engagements import Page, Receipt
from bot.core.store.executor import Lane, Store, open_store
from bot.core.store.lease import Lease
from bot.core.store.schema import table_of
from bot.core.store.work import Outbox
from tests.conftest import MASTER_KEY
from tests.core.office import (
    FlakyStore,
    Office,
    Vendor,
    a_page,
    ana_is_paged,
    free_row,
    keep,
    open_office,
    works,
)


@pytest.fixture
async def office(store: Store) -> AsyncIterator[Office]:
    """On each kind of store."""
    async with open_office(store) as opened:
        yield opened


@pytest.mark.parametrize(
    ("memory", "sent", "receipt"),
    [(Sent("SM7"), [], "SM7"), (False, [True], "V1"), (None, [True], "V1")],
)
async def test_what_a_dead_process_owned_is_asked_for_and_sent_again_marked(
    office: Office, memory: Sent | None, sent: list[bool], receipt: str
) -> None:
    contact = await office.has_person("ana")
    await office.opens()
    office.works = False  # the process dies between commit and send
    engagement = await office.engages(contact)
    outbox = table_of(Outbox)
    gone = sa.update(outbox).values(owner=str(new_key()))
    await office.store.write(lambda tx: tx.execute(gone))
    await works(office)
    assert office.phones.tried == []

    office.phones.memory = memory
    await office.courier.claim_orphans()
    await works(office)
    assert len(office.phones.asked) == 1
    assert [message.repeats for message in office.phones.sent] == sent
    [page] = await office.pages_of(engagement)
    [only] = await office.receipts_of(page["PageArn"])
    assert (only["ReceiptType"], only["ReceiptInfo"]) == ("SENT", receipt)


async def test_a_stop_hands_back_what_waits_and_finishes_what_has_begun(office: Office) -> None:
    office.phones.gate.clear()
    await keep(office, *(free_row(office, a_page(office), "sms") for _ in range(70)))
    await office.courier.claim()
    await office.phones.until(lambda: len(office.phones.tried) == 64)

    closing = asyncio.create_task(office.courier.close())
    left = await rows_left(office, owned=6)
    office.phones.gate.set()
    await closing

    assert len(office.phones.sent) == 64
    assert [(row.owner, row.attempts, row.is_doubtful) for row in left] == [
        (None, 0, False)
    ] * 6
    assert len(await office.rows(Outbox)) == 6


async def rows_left(office: Office, *, owned: int) -> list[Outbox]:
    """Wait until so many rows are free, and answer them."""
    async with asyncio.timeout(10):
        while len(free := await office.rows(Outbox, owner=None)) != owned:
            continue
    return free


async def test_what_was_sent_is_recorded_though_the_store_fails_meanwhile(
    office: Office,
) -> None:
    flaky = FlakyStore(office.store, Lane.COURIER)
    office.courier = Courier(
        flaky, office.clock, office.lease, {"sms": office.phones}, office.dispatcher.unit
    )
    office.phones.gate.clear()
    engagement = await ana_is_paged(office)
    await office.phones.until(lambda: len(office.phones.tried) == 1)
    flaky.refusals = 2
    office.phones.gate.set()
    await office.courier.settle()

    assert len(office.phones.sent) == 1
    assert await office.receipt_types(engagement) == ["SENT"]
    assert await office.rows(Outbox) == []


async def test_a_page_that_nobody_can_read_is_sent_once_all_the_same(office: Office) -> None:
    office.phones.moods = [Unavailable("The vendor is busy.")]
    await ana_is_paged(office)
    await office.courier.settle()
    spoil = sa.update(table_of(Page)).values(code=b"\x01nonsense")
    await office.store.write(lambda tx: tx.execute(spoil))
    await works(office, seconds=2)
    await works(office, hours=1)

    assert len(office.phones.sent) == 1
    assert await office.rows(Outbox) == []
    assert [receipt.type for receipt in await office.rows(Receipt)] == ["ERROR", "SENT"]


async def test_an_idle_courier_hears_of_each_message_in_time(sqlite_url: str) -> None:
    """Under the real clock; on SQLite nothing is polled, so a lost wake-up would hang."""
    store = await open_store(sqlite_url, MASTER_KEY)
    async with open_office(store) as office:
        clock, phones = SystemClock(), office.phones
        dispatcher = Dispatcher(store, clock, office.dispatcher._house, Keyring(store, None))
        courier = Courier(store, clock, office.lease, {"sms": phones}, dispatcher.unit)
        async with at_work(courier):
            for number in range(30):
                due_at = clock.now() + timedelta(milliseconds=number % 3)
                await keep(office, free_row(office, a_page(office), "sms", due_at=due_at))
                courier.wake()
                await phones.until(lambda many=number + 1: len(phones.sent) == many)  # type: ignore[misc]
    await store.close()


async def test_a_process_without_a_lease_sends_nothing_and_hands_its_pages_back(
    postgres_url: str,
) -> None:
    store = await open_store(postgres_url, MASTER_KEY, threads=4)
    seconds = [100.0]
    async with open_office(store, Lease(store, lambda: seconds[0])) as office:
        contact = await office.has_person("ana")
        await office.opens()
        seconds[0] += 11
        await office.engages(contact)
        await office.courier.settle()
        assert await office.courier.claim() == 0
        assert office.phones.tried == []
        [row] = await office.rows(Outbox)
        assert (row.owner, row.attempts, row.is_doubtful) == (None, 0, False)

        lease, phones = Lease(store), Vendor()
        await lease.start()
        other = Courier(store, office.clock, lease, {"sms": phones}, office.dispatcher.unit)
        await other.claim()
        await other.settle()
        assert [message.repeats for message in phones.sent] == [False]
    await store.close()


async def test_a_lease_under_a_new_name_does_not_cover_what_the_old_name_owned(
    office: Office,
) -> None:
    contact = await office.has_person("ana")
    await office.opens()
    await office.lease.start()  # as after a pause; the house still writes the old name
    await office.engages(contact)
    await office.courier.settle()

    assert office.phones.tried == []
    await works(office)
    assert [message.repeats for message in office.phones.sent] == [False]


async def test_a_page_that_a_buried_process_commits_late_is_found(postgres_url: str) -> None:
    store = await open_store(postgres_url, MASTER_KEY, threads=4)
    async with open_office(store) as office:
        row = free_row(office, a_page(office), "sms", owner=str(new_key()), attempts=1)
        await office.courier.claim_orphans()
        await keep(office, row)
        await office.courier.claim_orphans()
        await works(office)
        assert [message.repeats for message in office.phones.sent] == [True]
    await store.close()


async def test_a_living_process_is_not_robbed(postgres_url: str) -> None:
    store = await open_store(postgres_url, MASTER_KEY, threads=4)
    async with open_office(store) as office:
        other = Lease(store)
        await other.start()
        owned = free_row(office, a_page(office), "sms", owner=other.owner, attempts=1)
        await keep(office, owned)
        await office.courier.claim_orphans()
        await works(office)
        assert office.phones.tried == []

        await other.end()
        await office.courier.claim_orphans()
        await works(office)
        assert len(office.phones.sent) == 1
    await store.close()


async def test_two_processes_on_one_database_carry_each_message_once(postgres_url: str) -> None:
    stores = [await open_store(postgres_url, MASTER_KEY, threads=4) for _ in range(2)]
    async with open_office(stores[0]) as office:
        lease = Lease(stores[1])
        await lease.start()
        second = Courier(
            stores[1], office.clock, lease, {"sms": office.phones}, office.dispatcher.unit
        )
        await keep(office, *(free_row(office, a_page(office), "sms") for _ in range(300)))
        couriers = (office.courier, second)
        while await office.rows(Outbox):
            await asyncio.gather(*(courier.claim() for courier in couriers))
            await asyncio.gather(*(courier.settle() for courier in couriers))

        keys = [message.key for message in office.phones.tried]
        assert len(keys) == len(set(keys)) == 300
    for store in stores:
        await store.close()


@asynccontextmanager
async def at_work(courier: Courier) -> AsyncIterator[None]:
    work = asyncio.create_task(courier.run())
    async with asyncio.timeout(20):
        yield
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work


async def test_what_a_broken_commit_left_owned_is_freed_and_sent_once(office: Office) -> None:
    contact = await office.has_person("ana")
    await office.opens()
    office.works = False  # the commit succeeded, and nobody was told
    await office.engages(contact)

    await office.courier.free_strays()
    await works(office)
    assert office.phones.tried == []
    await office.courier.free_strays()
    await works(office)

    assert [message.repeats for message in office.phones.sent] == [False]
    assert office.phones.asked == []


async def test_what_is_being_carried_is_never_taken_for_left_lying(office: Office) -> None:
    contact = await office.has_person("ana")
    await office.opens()
    office.phones.gate.clear()
    engagement = await office.engages(contact)
    await office.phones.until(lambda: bool(office.phones.tried))

    for _ in range(3):
        await office.courier.free_strays()
    office.phones.gate.set()
    await works(office)

    assert len(office.phones.tried) == 1
    assert await office.receipt_types(engagement) == ["SENT"]
