"""What becomes of an address to which a vendor will never send anything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.core.channel import Activation, Delivery, FaultNotice, Page, Undeliverable
from bot.core.effects.faults import BY_CALL
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Page as PageRow
from bot.core.store.executor import Store
from tests.core.office import Office, ana_is_paged, open_office, works
from tests.core.replies.talk import replies_of
from tests.harness import CONTACTS

LANDLINE = Undeliverable(
    "The number cannot receive texts; it may be a landline. (21614)",
    code="21614",
    refuses="texts",
)
NO_NUMBER = Undeliverable(
    "The number is not a valid phone number. (21211)", code="21211", refuses="address"
)
REFUSED = "SSM Contacts Contact Channel Refused for Incident"


@pytest.fixture
async def office(store: Store) -> AsyncIterator[Office]:
    async with open_office(store) as opened:
        yield opened


async def channel_of(office: Office, medium: str) -> ContactChannel:
    (row,) = await office.rows(ContactChannel, type=medium)
    return row


async def health(office: Office, arn: str) -> dict[str, Any]:
    answer = await office.call("imbot", "GetContactChannelHealth", ContactChannelId=arn)
    return {name: value for name, value in answer.items() if name != "ContactChannelArn"}


def notices(vendor: Any) -> list[FaultNotice]:
    return [message for message in vendor.sent if isinstance(message, FaultNotice)]


async def is_paged_and_refused(office: Office, fault: Undeliverable, *media: str) -> str:
    """The text fails so, the mail arrives; answers the contact's ARN."""
    office.phones.moods.append(fault)
    await ana_is_paged(office, *media or ("SMS",))
    await works(office)
    return (await channel_of(office, "SMS")).contact_arn


async def test_r44_a_permanent_error_is_kept_with_the_address_and_its_time(
    office: Office,
) -> None:
    await is_paged_and_refused(office, NO_NUMBER)

    channel = await channel_of(office, "SMS")
    assert channel.fault == NO_NUMBER.reason
    assert channel.is_activated
    assert await health(office, channel.arn) == {
        "CanBePaged": True,
        "Reason": NO_NUMBER.reason,
        "FaultTime": office.clock.now(),
    }


async def test_r44_a_number_that_takes_no_texts_is_to_be_proved_by_a_call(
    office: Office,
) -> None:
    await is_paged_and_refused(office, LANDLINE)

    channel = await channel_of(office, "SMS")
    assert channel.fault == f"{LANDLINE.reason} {BY_CALL}"


async def test_where_the_number_can_be_called_already_nobody_is_sent_there(
    office: Office,
) -> None:
    office.phones.moods.append(LANDLINE)
    contact = await office.has_person("ana", "SMS", "VOICE")
    await office.opens()
    await office.engages(contact)
    await works(office)

    assert (await channel_of(office, "SMS")).fault == LANDLINE.reason


async def test_what_is_no_fault_of_the_address_is_not_kept_with_it(office: Office) -> None:
    await is_paged_and_refused(office, Undeliverable("The text is too long. (21617)"))

    assert (await channel_of(office, "SMS")).fault is None
    assert notices(office.mails) == []


async def test_the_owner_is_told_by_another_channel_once_and_not_at_every_page(
    office: Office,
) -> None:
    contact = await is_paged_and_refused(office, LANDLINE, "SMS", "EMAIL")

    office.phones.moods.append(LANDLINE)
    office.clock.advance(minutes=1)
    await office.engages(contact)
    await works(office)

    (notice,) = notices(office.mails)
    assert (notice.address, notice.channel_name, notice.medium) == (
        "ana@example.com",
        "sms",
        "SMS",
    )
    assert notice.fault == f"{LANDLINE.reason} {BY_CALL}"
    assert len([one for one in office.mails.sent if isinstance(one, Page)]) == 2


async def test_without_another_channel_the_incident_s_thread_is_told(office: Office) -> None:
    topic = await office.has_topic(read_by="C1")
    contact = await office.has_person("ana", "SMS")
    plan = await office.has_plan(topics=[topic], engages=["ana"])
    await office.opens()
    office.phones.moods.append(NO_NUMBER)

    incident = await office.starts(plan)
    await works(office)
    for _ in range(3):
        await office.work(seconds=1)

    assert (await office.event_types(incident)).count(REFUSED) == 1
    (told,) = [
        p.event for p in office.wall.posts if p.event and p.event["eventType"] == REFUSED
    ]
    assert told["eventData"]["contactArn"] == contact
    assert told["eventData"]["reason"] == NO_NUMBER.reason
    assert "+1" not in str(told)


async def test_a_refused_activation_code_is_told_too(office: Office) -> None:
    contact = await office.has_person("ana", "EMAIL")
    await office.opens()
    office.phones.moods.append(LANDLINE)

    channel = await office.has_channel(contact, "SMS", is_activated=False)
    await works(office)

    assert BY_CALL in (await health(office, channel))["Reason"]
    assert len(notices(office.mails)) == 1


async def test_a_fault_is_gone_once_a_page_arrives_or_the_address_is_proved(
    office: Office,
) -> None:
    contact = await is_paged_and_refused(office, LANDLINE)
    arn = (await channel_of(office, "SMS")).arn

    await office.call(CONTACTS, "SendActivationCode", ContactChannelId=arn)
    await works(office)
    code = [one for one in office.phones.sent if isinstance(one, Activation)][-1].code
    await office.call(
        CONTACTS, "ActivateContactChannel", ContactChannelId=arn, ActivationCode=code
    )
    assert await health(office, arn) == {"CanBePaged": True}

    office.phones.moods.append(LANDLINE)
    office.clock.advance(minutes=1)
    await office.engages(contact)
    await works(office)
    assert "FaultTime" in await health(office, arn)

    page = (await office.rows(PageRow))[-1]
    arrived = Delivery("SM9", "DELIVERED", "Delivered to the phone.")
    await replies_of(office).status(arrived, page.key)
    assert await health(office, arn) == {"CanBePaged": True}


async def test_a_fault_that_is_told_later_counts_as_well(office: Office) -> None:
    await office.engages(await office.has_person("ana", "SMS", "EMAIL"))
    sms = await channel_of(office, "SMS")
    page = next(p for p in await office.rows(PageRow) if p.channel_key == sms.key)

    lost = Delivery("SM1", "ERROR", "The number is a landline. (30006)", "30006", "texts")
    await replies_of(office).status(lost, page.key)

    assert (await channel_of(office, "SMS")).fault == f"{lost.info} {BY_CALL}"
    assert [m.channel_name for m in office.messages if isinstance(m, FaultNotice)] == ["sms"]


@pytest.mark.parametrize("number", ["+442079460123", "+4930123456"])
async def test_r44_a_landline_gets_no_text_and_its_owner_the_next_step(
    office: Office, number: str
) -> None:
    contact = await office.has_contact("ana")
    before = len(office.messages)
    sms = await office.has_channel(contact, "SMS", number, is_activated=False)

    refusal = await office.refusal(CONTACTS, "SendActivationCode", ContactChannelId=sms)

    assert len(office.messages) == before
    assert "landline" in refusal.message
    assert BY_CALL in refusal.message
    assert (await health(office, sms))["Reason"] == refusal.message
    listed = await office.call("imbot", "ListUnreachable")
    assert [one["DisplayName"] for one in listed["Unreachable"]] == ["ana"]


async def test_r44_the_same_landline_is_proved_by_a_call(office: Office) -> None:
    contact = await office.has_contact("ana")

    voice = await office.has_channel(contact, "VOICE", "+442079460123")

    assert office.last_activation().address == "+442079460123"
    assert await health(office, voice) == {"CanBePaged": True}


async def test_an_address_that_moves_to_a_mobile_loses_the_fault(office: Office) -> None:
    contact = await office.has_contact("ana")
    sms = await office.has_channel(contact, "SMS", "+442079460123", is_activated=False)

    await office.call(
        CONTACTS,
        "UpdateContactChannel",
        ContactChannelId=sms,
        DeliveryAddress={"SimpleAddress": "+447700900123"},
    )

    assert office.last_activation().address == "+447700900123"
    assert (await health(office, sms))["Reason"] == "The contact channel is not activated."
