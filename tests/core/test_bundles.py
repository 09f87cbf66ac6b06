"""Bundles on their way: what the vendor says of one, and what happens meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.core.channel import Bundle, Sent, Unavailable, Undeliverable
from bot.core.store.engagements import Page, Target
from bot.core.store.executor import Store
from bot.core.store.work import Outbox
from tests.core.office import Office, open_office, works
from tests.core.replies.talk import texts
from tests.harness import contact_arn


@pytest.fixture
async def office(store: Store) -> AsyncIterator[Office]:
    """On each kind of store."""
    async with open_office(store) as opened:
        yield opened


async def has_waiting(office: Office, count: int, *media: str) -> None:
    """Ana was paged once, and so many pages wait for her next message."""
    await office.has_person("ana", *media or ("SMS",), minutes=30)
    await office.opens()
    for number in range(count + 1):
        await office.engages(contact_arn("ana"), Subject=f"Number {number}")
    await office.courier.settle()


async def receipts(office: Office, number: int) -> list[str]:
    """The receipts' infos of a page, by its number from the oldest."""
    pages = await office.rows(Page)
    found = await office.receipts_of(pages[number].arn)
    return [one["ReceiptInfo"] for one in found]


async def accepts(office: Office, number: int) -> None:
    page = (await office.rows(Page))[number]
    words = await texts(office, page.code)
    assert words == "Acknowledged. Thank you, ana."


async def test_what_is_paged_in_one_instant_by_many_leaves_as_one_message_and_a_bundle(
    office: Office,
) -> None:
    await office.has_person("ana", "SMS", minutes=30)
    await office.opens()

    await asyncio.gather(*(office.engages(contact_arn("ana")) for _ in range(16)))
    await office.courier.settle()
    assert len(office.phones.sent) == 1
    await works(office, seconds=20)
    await works(office)

    [_, bundle] = office.phones.sent
    assert isinstance(bundle, Bundle)
    assert bundle.count == 15


async def test_a_bundle_that_the_vendor_refuses_is_tried_again_and_recorded_for_each_page(
    office: Office,
) -> None:
    await has_waiting(office, 2)
    office.phones.moods = [Unavailable("Busy.")]

    await works(office, seconds=20)
    await works(office)
    await works(office, seconds=2)

    for number in (1, 2):
        waits, busy, sent = await receipts(office, number)
        assert waits.startswith("Waiting until ")
        assert busy.startswith("Busy. Trying again at ")
        assert sent == "V2"
    assert await office.rows(Outbox) == []


async def test_a_bundle_that_is_tried_again_leaves_out_what_is_not_needed_any_more(
    office: Office,
) -> None:
    await has_waiting(office, 3)
    office.phones.moods = [Unavailable("Busy.")]
    await works(office, seconds=20)
    await works(office)

    await accepts(office, 2)
    await works(office, seconds=2)

    bundle = office.phones.sent[-1]
    assert [page["subject"] for page in bundle.pages] == ["Number 3", "Number 1"]
    assert (await receipts(office, 2))[-1].startswith("Not sent: acknowledged by ")


async def test_a_bundle_that_nobody_needs_any_more_is_dropped(office: Office) -> None:
    await has_waiting(office, 2)
    office.phones.moods = [Unavailable("Busy.")]
    await works(office, seconds=20)
    await works(office)

    for number in (1, 2):
        await accepts(office, number)
    await works(office, hours=1)

    assert len(office.phones.sent) == 1
    assert await office.rows(Outbox) == []


async def test_a_bundle_in_doubt_is_asked_for_and_sent_whole(office: Office) -> None:
    await has_waiting(office, 2)
    office.phones.moods = [Unavailable("No answer.", in_doubt=True)]
    office.phones.memory = Sent("V7")
    await works(office, seconds=20)
    await works(office)

    await accepts(office, 1)
    await works(office, seconds=2)

    assert [message.code for message in office.phones.asked] == [office.phones.tried[-1].code]
    assert (await receipts(office, 2))[-1] == "V7"


async def test_a_bundle_that_can_never_arrive_moves_the_plan_of_each_page_on(
    office: Office,
) -> None:
    await has_waiting(office, 2)
    office.phones.moods = [Undeliverable("There is no such number.")]

    await works(office, seconds=20)
    await works(office)

    failed = [target.has_failed for target in await office.rows(Target)]
    assert failed == [False, True, True]
    for number in (1, 2):
        assert (await receipts(office, number))[-1] == "There is no such number."


async def test_who_opts_out_while_pages_wait_is_sent_none_of_them(office: Office) -> None:
    await has_waiting(office, 2)
    await texts(office, "UNSUBSCRIBE")

    await works(office, seconds=20)
    await works(office)

    assert len(office.phones.sent) == 1
    assert "opted out" in (await receipts(office, 2))[-1]
    assert all(page.waits_until is None for page in await office.rows(Page))


async def test_accept_page_takes_the_bundles_code_for_each_of_its_pages_and_no_other(
    office: Office,
) -> None:
    await has_waiting(office, 2)
    await works(office, seconds=20)
    await works(office)
    code = office.phones.sent[-1].code
    first, second, _ = await office.rows(Page)
    given = {"AcceptType": "READ", "AcceptCode": code}

    await office.call("ssm-contacts", "AcceptPage", PageId=second.arn, **given)
    refusal = await office.refusal("ssm-contacts", "AcceptPage", PageId=first.arn, **given)

    assert refusal.message == "The accept code is wrong."
    assert [bool(page.read_at) for page in await office.rows(Page)] == [False, True, False]


async def test_a_partly_acknowledged_bundle_says_how_much_was_left(office: Office) -> None:
    await has_waiting(office, 3)
    await works(office, seconds=20)
    await works(office)
    code = office.phones.sent[-1].code
    await accepts(office, 2)

    words = await texts(office, code)

    assert words == "Acknowledged 2 of 3; the others wait for nobody. Thank you, ana."
