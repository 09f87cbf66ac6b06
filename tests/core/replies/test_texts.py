"""What people answer by text."""

from __future__ import annotations

import pytest

from bot.core.channel import Activation, Reply
from bot.core.replies.texts import HELP, HELP_ANSWERS, LOCKED, WRONG
from bot.core.store.accounts import Audit
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Engagement
from tests.core.replies.talk import (
    ANAS_NUMBER,
    BENS_NUMBER,
    receipt_types,
    replies_of,
    texts,
    types,
    wrong,
)
from tests.harness import CONTACTS, TestHouse


async def test_a_code_from_the_paged_phone_acknowledges(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person())

    words = await texts(house, f" ack {house.last_page().code}. ")

    assert words == "Acknowledged. Thank you, ana."
    assert {"DELIVERED", "READ"} <= set(await receipt_types(house, engagement))
    [row] = await house.rows(Engagement, arn=engagement)
    assert row.acknowledged_at == house.clock.now()


async def test_a_page_that_is_sent_again_to_a_new_number_is_acknowledged_from_there(
    house: TestHouse,
) -> None:
    contact = await house.has_person(minutes=30, retry=5)
    engagement = await house.engages(contact)
    [channel] = await house.rows(ContactChannel)
    await house.call(
        CONTACTS,
        "UpdateContactChannel",
        ContactChannelId=channel.arn,
        DeliveryAddress={"SimpleAddress": BENS_NUMBER},
    )
    await house.activate(channel.arn)

    await house.run_due(minutes=5)
    page = house.last_page()
    words = await texts(house, page.code, sender=BENS_NUMBER)

    assert page.address == BENS_NUMBER
    assert words == "Acknowledged. Thank you, ana."
    assert len(await house.pages_of(engagement)) == 1


async def test_the_audit_names_the_contact_who_replied(house: TestHouse) -> None:
    contact = await house.has_person()
    await house.engages(contact)

    await texts(house, house.last_page().code)

    [row] = await house.rows(Audit, operation="AcceptPage")
    assert (row.principal_arn, row.door, row.source, row.outcome) == (
        contact,
        "reply",
        "SMS",
        "OK",
    )


async def test_a_second_reply_hears_who_was_first_and_changes_nothing(
    house: TestHouse,
) -> None:
    engagement = await house.engages(await house.has_person())
    code = house.last_page().code
    await texts(house, code)
    before = await receipt_types(house, engagement)
    house.clock.advance(minutes=7)

    assert await texts(house, code) == "Already acknowledged by ana at 09:30 UTC."
    assert await receipt_types(house, engagement) == before


async def test_a_text_that_the_vendor_delivers_twice_acts_once(house: TestHouse) -> None:
    await house.engages(await house.has_person())
    reply = Reply(sender=ANAS_NUMBER, body=wrong(house.last_page().code))

    replies = replies_of(house)
    first = await replies.text(reply, medium="SMS", delivery_id="twilio SM1")
    second = await replies.text(reply, medium="SMS", delivery_id="twilio SM1")

    assert (first, second) == (WRONG, None)


async def test_the_code_of_another_phone_acknowledges_nothing(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person())
    ben = await house.has_contact("ben")
    code = house.last_page().code
    await house.has_channel(ben, address=BENS_NUMBER)

    assert await texts(house, code, sender=BENS_NUMBER) == WRONG
    assert "READ" not in await receipt_types(house, engagement)


async def test_a_stranger_is_never_answered(house: TestHouse) -> None:
    await house.engages(await house.has_person())

    for body in (house.last_page().code, "HELP", "STOP", "START", "who is this?"):
        assert await texts(house, body, sender="+12065550177") is None


async def test_five_wrong_codes_lock_the_phone_and_say_so_once(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person())
    code = house.last_page().code

    said = [await texts(house, wrong(code)) for _ in range(6)]

    assert said == [WRONG] * 4 + [LOCKED, None]
    assert await texts(house, code) is None
    assert "READ" not in await receipt_types(house, engagement)


async def test_a_locked_phone_leaves_the_other_doors_open(house: TestHouse) -> None:
    await house.engages(await house.has_person())
    code = house.last_page().code
    for _ in range(5):
        await texts(house, wrong(code))

    assert await types(house, code) == "Acknowledged the page to ana."


async def test_a_lock_ends_after_fifteen_minutes(house: TestHouse) -> None:
    await house.engages(await house.has_person())
    code = house.last_page().code
    for _ in range(5):
        await texts(house, wrong(code))
    house.clock.advance(minutes=15)

    assert await texts(house, code) == "Acknowledged. Thank you, ana."


async def test_help_is_given_a_few_times_an_hour_so_that_machines_fall_silent(
    house: TestHouse,
) -> None:
    await house.has_person()

    said = [await texts(house, "I am on holiday.") for _ in range(HELP_ANSWERS + 2)]
    house.clock.advance(hours=1)

    assert said == [HELP] * HELP_ANSWERS + [None, None]
    assert await texts(house, "help") == HELP


async def test_unsubscribe_turns_off_every_channel_with_that_number(
    house: TestHouse,
) -> None:
    await house.has_person("ana", "SMS", "VOICE", "EMAIL")
    await house.has_person("ben", "SMS")

    words = await texts(house, "Unsubscribe")

    rows = await house.rows(ContactChannel)
    off = {(row.contact_arn.rsplit("/")[-1], row.type) for row in rows if row.opted_out_at}
    assert words is not None
    assert off == {("ana", "SMS"), ("ana", "VOICE"), ("ben", "SMS")}
    assert {row.is_activated for row in rows if row.opted_out_at} == {False}


async def test_what_the_vendor_has_answered_itself_gets_no_second_answer(
    house: TestHouse,
) -> None:
    await house.has_person()

    assert await texts(house, "STOP", opted_out=True) is None
    assert await texts(house, "START", opted_in=True) is None


async def test_start_sends_a_code_and_activates_nothing(house: TestHouse) -> None:
    await house.has_person()
    await texts(house, "STOP", opted_out=True)
    sent = len(house.messages)

    await texts(house, "START", opted_in=True)

    [message] = house.messages[sent:]
    [row] = await house.rows(ContactChannel)
    assert isinstance(message, Activation)
    assert message.address == ANAS_NUMBER
    assert (row.is_activated, row.opted_out_at) == (False, None)


async def test_start_where_nothing_was_turned_off_sends_nothing(house: TestHouse) -> None:
    await house.has_person()
    sent = len(house.messages)

    await texts(house, "yes")

    assert house.messages[sent:] == []


@pytest.mark.parametrize("door", ["text", "chat"])
async def test_the_code_after_start_brings_the_pages_back(house: TestHouse, door: str) -> None:
    await house.has_person()
    await texts(house, "STOP", opted_out=True)
    await texts(house, "START", opted_in=True)

    code = house.last_activation().code
    words = await texts(house, code) if door == "text" else await types(house, code)

    [row] = await house.rows(ContactChannel)
    assert words is not None
    assert words.startswith("Activated")
    assert row.is_activated


async def test_an_activation_code_is_good_once_and_said_to_have_been(
    house: TestHouse,
) -> None:
    await house.has_person()

    words = await texts(house, house.last_activation().code)

    assert words == "Already activated: pages for you come here."


async def test_an_activation_code_does_not_undo_a_later_unsubscribe(
    house: TestHouse,
) -> None:
    await house.has_person()
    await texts(house, "STOP", opted_out=True)

    assert await texts(house, house.last_activation().code) == WRONG
