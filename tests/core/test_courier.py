from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from bot.core.channel import Notice, Sent, Unavailable, Undeliverable
from bot.core.claims import BATCH
from bot.core.ids import Key, new_key
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Target
from bot.core.store.executor import Store
from bot.core.store.incidents import IncidentConversation
from bot.core.store.kinds import instant_to_integer
from bot.core.store.schema import table_of
from bot.core.store.work import Outbox
from tests.core.office import (
    Office,
    Vendor,
    a_page,
    a_post,
    ana_is_paged,
    free_row,
    keep,
    open_office,
    works,
)

BUSY = "The vendor is busy."


@pytest.fixture
async def office(store: Store) -> AsyncIterator[Office]:
    """On each kind of store."""
    async with open_office(store) as opened:
        yield opened


async def test_a_vendor_that_is_busy_is_tried_again_after_growing_waits(office: Office) -> None:
    office.phones.moods = [Unavailable(BUSY) for _ in range(3)]
    engagement = await ana_is_paged(office)
    await office.courier.settle()

    for seconds in (2, 4, 8):
        await works(office, seconds=seconds - 0.001)
        tried = len(office.phones.tried)
        await works(office, seconds=0.001)
        assert len(office.phones.tried) == tried + 1
    assert await office.receipt_types(engagement) == ["ERROR", "ERROR", "ERROR", "SENT"]
    assert [message.repeats for message in office.phones.tried] == [False] * 4
    assert await office.rows(Outbox) == []


async def test_what_is_refused_for_good_is_never_tried_again(office: Office) -> None:
    office.phones.moods = [Undeliverable("There is no such number.")]
    engagement = await ana_is_paged(office, "SMS", "EMAIL")
    await works(office, hours=12)

    assert len(office.phones.tried) == 1
    assert len(office.mails.sent) == 1
    pages = await office.pages_of(engagement)
    receipts = [one for page in pages for one in await office.receipts_of(page["PageArn"])]
    told = {receipt["ReceiptType"]: receipt["ReceiptInfo"] for receipt in receipts}
    assert told == {"ERROR": "There is no such number.", "SENT": "V1"}


async def test_a_vendor_that_stays_busy_is_given_up_at_last(office: Office) -> None:
    office.phones.moods = [Unavailable(BUSY) for _ in range(99)]
    engagement = await ana_is_paged(office)
    for _ in range(20):
        await works(office, minutes=5)

    assert len(office.phones.tried) == 10
    assert await office.receipt_types(engagement) == ["ERROR"] * 10
    assert await office.rows(Outbox) == []


async def test_a_vendor_that_asks_for_a_day_gets_five_minutes(office: Office) -> None:
    office.phones.moods = [Unavailable(BUSY, retry_after=86400)]
    await ana_is_paged(office)
    await office.courier.settle()
    await works(office, minutes=5)

    assert len(office.phones.sent) == 1


async def test_an_acknowledgement_cancels_what_waits_to_be_tried_again(office: Office) -> None:
    office.phones.moods = [Unavailable(BUSY)]
    engagement = await ana_is_paged(office)
    await office.courier.settle()
    [page] = await office.pages_of(engagement)
    await office.call(
        "ssm-contacts",
        "AcceptPage",
        PageId=page["PageArn"],
        AcceptType="READ",
        AcceptCode=office.last_page().code,
    )
    await works(office, minutes=5)

    assert len(office.phones.tried) == 1
    receipts = await office.receipts_of(page["PageArn"])
    [stop] = [one for one in receipts if one["ReceiptType"] == "STOP"]
    assert stop["ReceiptInfo"] == "Not sent: acknowledged by ana."


async def test_who_opts_out_gets_no_page_that_waits_to_be_tried_again(office: Office) -> None:
    office.mails.moods = [Unavailable(BUSY)]
    engagement = await ana_is_paged(office, "EMAIL")
    await works(office)
    off = sa.update(table_of(ContactChannel)).values(
        is_activated=False, opted_out_at=instant_to_integer(office.clock.now())
    )
    await office.store.write(lambda tx: tx.execute(off))

    await works(office, seconds=2)

    assert office.mails.sent == []
    assert await office.receipt_types(engagement) == ["ERROR", "ERROR"]
    [target] = await office.rows(Target)
    assert target.has_failed


async def test_a_doubtful_answer_is_asked_about_before_it_is_sent_again(office: Office) -> None:
    office.phones.moods = [Unavailable(BUSY, in_doubt=True)]
    office.phones.memory = Sent("SM7")
    engagement = await ana_is_paged(office)
    await office.courier.settle()
    await works(office, seconds=2)

    assert len(office.phones.tried) == 1
    assert len(office.phones.asked) == 1
    assert await office.receipt_types(engagement) == ["ERROR", "SENT"]


# Who goes first


async def test_a_thousand_cards_never_delay_a_page(office: Office) -> None:
    slack = Vendor()
    slack.gate.clear()
    office.courier._channels = {"slack": slack, "sms": office.phones}
    posts = [free_row(office, a_post(office), "slack") for _ in range(1000)]
    await keep(office, *posts)
    await keep(office, free_row(office, a_page(office), "sms"))

    await office.courier.claim()
    await office.phones.until(lambda: len(office.phones.sent) == 1)
    assert slack.sent == []
    slack.gate.set()
    await office.courier.settle()
    assert len(slack.sent) == 1000


async def test_a_vendor_that_hangs_keeps_no_other_vendor_waiting(office: Office) -> None:
    office.phones.gate.clear()
    texts = [free_row(office, a_page(office), "sms") for _ in range(200)]
    await keep(office, *texts, free_row(office, a_page(office), "email"))

    await office.courier.claim()
    await office.mails.until(lambda: len(office.mails.sent) == 1)
    assert office.phones.sent == []
    office.phones.gate.set()
    await office.courier.settle()
    assert len(office.phones.sent) == 200


async def test_a_batch_of_pointless_pages_hides_nothing_behind_it(office: Office) -> None:
    engagement = await ana_is_paged(office)
    await office.courier.settle()
    await office.call("ssm-contacts", "StopEngagement", EngagementId=engagement)
    key: sa.Select[Any] = sa.select(sa.column("key")).select_from(sa.table("page"))
    [(page_key,)] = await office.store.read(lambda tx: tx.records(key))
    stale = [
        free_row(office, a_page(office), "sms", page_key=Key(page_key)) for _ in range(BATCH)
    ]
    await keep(office, *stale, free_row(office, a_page(office), "email"))
    await works(office)

    assert [message.kind for message in office.phones.sent] == ["page", "stop_notice"]
    assert len(office.mails.sent) == 1
    assert await office.rows(Outbox) == []


async def test_a_message_that_nobody_can_read_is_put_aside_while_others_flow(
    office: Office,
) -> None:
    rows = [free_row(office, a_page(office), "sms") for _ in range(3)]
    await keep(office, *rows)
    outbox = table_of(Outbox)
    spoil = sa.update(outbox).where(outbox.c.key == rows[1].key).values(message=b"\x01nonsense")
    await office.store.write(lambda tx: tx.execute(spoil))
    await works(office)

    assert len(office.phones.sent) == 2
    left = sa.select(outbox.c.key, outbox.c.failed_at)
    [(key, failed_at)] = await office.store.read(lambda tx: tx.records(left))
    assert key == rows[1].key
    assert failed_at is not None


async def test_an_outcome_that_cannot_be_recorded_keeps_no_other_from_it(
    office: Office,
) -> None:
    office.phones.gate.clear()
    office.mails.gate.clear()
    office.phones.moods = [Undeliverable("no text: \ud800")]
    engagement = await ana_is_paged(office, "SMS", "EMAIL")
    while not (office.phones.tried and office.mails.tried):
        await asyncio.sleep(0)
    office.phones.gate.set()
    office.mails.gate.set()
    await office.courier.settle()

    pages = await office.pages_of(engagement)
    receipts = [one for page in pages for one in await office.receipts_of(page["PageArn"])]
    assert [receipt["ReceiptType"] for receipt in receipts] == ["SENT"]
    [aside] = await office.rows(Outbox)
    assert aside.medium == "sms"
    assert aside.failed_at is not None


# Conversations


async def converse(office: Office, name: str) -> list[Outbox]:
    """A card and two replies, in order, to the conversation of that Slack channel."""
    incident_arn = await office.has_incident()
    incident: sa.Select[Any] = sa.select(sa.column("key")).select_from(sa.table("incident"))
    keys = await office.store.read(lambda tx: tx.records(incident.order_by("key")))
    conversation = IncidentConversation(
        key=new_key(),
        account_id=office.caller.account_id,
        incident_key=Key(keys[-1][0]),
        incident_arn=incident_arn,
        team_id="T1",
        channel_id=name,
        message_ts=None,
        card_due=False,
    )
    await office.store.write(lambda tx: tx.insert([conversation]))
    events = (None, {"eventType": "first"}, {"eventType": "second"})
    return [
        free_row(
            office,
            Notice(
                key=str(new_key()),
                address=name,
                created_at=office.clock.now(),
                incident={"title": "It burns"},
                event=event,
            ),
            "slack",
            conversation_key=conversation.key,
        )
        for event in events
    ]


def told(slack: Vendor, name: str) -> list[str]:
    return [
        message.event["eventType"] if message.event else "card"
        for message in slack.sent
        if message.address == name
    ]


async def test_replies_wait_for_their_card_and_no_conversation_for_another(
    office: Office,
) -> None:
    slack = Vendor()
    office.courier._channels = {"slack": slack}
    slack.moods = [Unavailable(BUSY)]
    await keep(office, *await converse(office, "C1"))
    await works(office)
    await keep(office, *await converse(office, "C2"))
    for _ in range(3):
        await works(office)
    assert told(slack, "C1") == []
    assert told(slack, "C2") == ["card", "first", "second"]

    await works(office, seconds=2)
    for _ in range(3):
        await works(office)
    assert told(slack, "C1") == ["card", "first", "second"]
    threads = [message.thread_ts for message in slack.sent if message.address == "C1"]
    assert threads == [None, "V4", "V4"]


async def test_a_card_that_is_refused_for_good_lets_the_rest_go_on(office: Office) -> None:
    slack = Vendor()
    office.courier._channels = {"slack": slack}
    slack.moods = [Undeliverable("is_archived")]
    await keep(office, *await converse(office, "C1"))
    for _ in range(4):
        await works(office)

    assert told(slack, "C1") == ["first", "second"]
    [failed] = await office.rows(Outbox)
    assert (failed.fault, failed.failed_at) == ("is_archived", office.clock.now())
