from __future__ import annotations

from typing import Any

import pytest

from bot.core.store.accounts import FailedTry
from bot.core.store.contacts import ContactChannel
from tests.harness import CONTACTS, TestHouse


async def status_of(house: TestHouse, channel_arn: str) -> str:
    answer = await house.call(CONTACTS, "GetContactChannel", ContactChannelId=channel_arn)
    return str(answer["ActivationStatus"])


async def refused_code(house: TestHouse, channel_arn: str, code: str) -> str:
    refusal = await house.refusal(
        CONTACTS, "ActivateContactChannel", ContactChannelId=channel_arn, ActivationCode=code
    )
    assert refusal.code == "ValidationException"
    return refusal.message


def wrong(code: str) -> str:
    return str(int(code) % 900_000 + 100_000)


def channel_parameters(contact: str, medium: str, address: str) -> dict[str, Any]:
    return {
        "ContactId": contact,
        "Name": "work",
        "Type": medium,
        "DeliveryAddress": {"SimpleAddress": address},
    }


async def opts_out(house: TestHouse, channel_arn: str) -> None:
    now = house.clock.now()

    def write(tx: Any) -> None:
        row = tx.find(ContactChannel, arn=channel_arn)
        tx.update(row, is_activated=False, opted_out_at=now)

    await house.store.write(write)


async def test_a_channel_is_activated_by_the_code_that_came_to_it(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    contact = await house.has_contact("ana", DisplayName="Ana Lima")
    channel = await house.has_channel(contact, "SMS", is_activated=False)
    assert await status_of(house, channel) == "NOT_ACTIVATED"

    message = house.last_activation()
    await house.activate(channel)

    assert (message.address, message.contact_name) == ("+12065550100", "Ana Lima")
    assert await status_of(house, channel) == "ACTIVATED"


async def test_activation_can_be_put_off(house: TestHouse) -> None:
    contact = await house.has_contact()
    await house.call(
        CONTACTS,
        "CreateContactChannel",
        **channel_parameters(contact, "SMS", "+12065550100"),
        DeferActivation=True,
    )

    assert house.messages == []


@pytest.mark.parametrize(
    ("medium", "given", "stored"),
    [
        ("SMS", "+1 (206) 555-0100", "+12065550100"),
        ("VOICE", "+49 30 123456", "+4930123456"),
        ("EMAIL", "Ana@Example.COM", "Ana@example.com"),
        ("EMAIL", "ana@bücher.example.org", "ana@xn--bcher-kva.example.org"),
    ],
)
async def test_addresses_are_stored_in_one_spelling(
    house: TestHouse, medium: str, given: str, stored: str
) -> None:
    channel = await house.has_channel(
        await house.has_contact(), medium, given, is_activated=False
    )

    answer = await house.call(CONTACTS, "GetContactChannel", ContactChannelId=channel)

    assert answer["DeliveryAddress"] == {"SimpleAddress": stored}


@pytest.mark.parametrize(
    ("medium", "address"),
    [
        ("SMS", "2065550100"),
        ("SMS", "+1206"),
        ("SMS", "+1 206 CALLME0"),
        ("VOICE", "ana@example.com"),
        ("EMAIL", "ana"),
        ("EMAIL", "ana@@example.com"),
        ("EMAIL", "ana@nowhere"),
        ("EMAIL", "Ana <ana@example.com>"),
        ("EMAIL", "ana@example.com\nBcc: ben@example.com"),
    ],
)
async def test_an_address_that_is_none_is_refused_without_being_repeated(
    house: TestHouse, medium: str, address: str
) -> None:
    contact = await house.has_contact()

    refusal = await house.refusal(
        CONTACTS, "CreateContactChannel", **channel_parameters(contact, medium, address)
    )

    assert refusal.code == "ValidationException"
    assert address not in refusal.message
    listed = await house.call(CONTACTS, "ListContactChannels", ContactId=contact)
    assert listed["ContactChannels"] == []


async def test_a_contact_has_an_address_once_in_each_medium(house: TestHouse) -> None:
    contact = await house.has_contact()
    await house.has_channel(contact, "SMS", "+12065550100")

    refusal = await house.refusal(
        CONTACTS,
        "CreateContactChannel",
        **channel_parameters(contact, "SMS", "+1 206 555 0100"),
    )
    await house.has_channel(contact, "VOICE", "+12065550100")

    assert refusal.code == "ConflictException"
    assert "206" not in refusal.message


async def test_only_people_have_channels(house: TestHouse) -> None:
    plan = await house.has_contact("on-call", Type="ESCALATION")

    refusal = await house.refusal(
        CONTACTS, "CreateContactChannel", **channel_parameters(plan, "SMS", "+12065550100")
    )

    assert refusal.code == "ValidationException"


async def test_addresses_are_masked_for_those_who_only_respond(house: TestHouse) -> None:
    contact = await house.has_contact()
    await house.has_channel(contact, "SMS")
    await house.has_channel(contact, "EMAIL")
    house.acts_as(rights="responder", door="slack")

    answer = await house.call(CONTACTS, "ListContactChannels", ContactId=contact)

    shown = [each["DeliveryAddress"]["SimpleAddress"] for each in answer["ContactChannels"]]
    assert shown == ["+*******0100", "a***@example.com"]


async def test_a_new_code_makes_the_older_one_void(house: TestHouse) -> None:
    channel = await house.has_channel(await house.has_contact(), is_activated=False)
    older = house.last_activation().code

    await house.call(CONTACTS, "SendActivationCode", ContactChannelId=channel)
    newer = house.last_activation().code

    if older != newer:
        await refused_code(house, channel, older)
    await house.activate(channel)
    assert await status_of(house, channel) == "ACTIVATED"


async def test_a_code_lives_for_a_day(house: TestHouse) -> None:
    channel = await house.has_channel(await house.has_contact(), is_activated=False)
    house.clock.advance(hours=24)

    await refused_code(house, channel, house.last_activation().code)

    assert await status_of(house, channel) == "NOT_ACTIVATED"


async def test_activating_twice_with_the_same_code_does_no_harm(house: TestHouse) -> None:
    channel = await house.has_channel(await house.has_contact())

    await house.activate(channel)

    assert await house.rows(FailedTry) == []


async def test_five_wrong_codes_lock_that_address_and_door_for_a_quarter_of_an_hour(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    channel = await house.has_channel(await house.has_contact(), is_activated=False)
    right = house.last_activation().code
    for _ in range(5):
        assert "wrong" in await refused_code(house, channel, wrong(right))

    assert "15 minutes" in await refused_code(house, channel, right)
    house.clock.advance(minutes=14, seconds=59)
    assert "15 minutes" in await refused_code(house, channel, right)
    assert len(await house.rows(FailedTry)) == 5

    house.clock.advance(seconds=1)
    await house.activate(channel)
    assert await status_of(house, channel) == "ACTIVATED"


async def test_another_door_still_works_while_one_is_locked(house: TestHouse) -> None:
    channel = await house.has_channel(await house.has_contact(), is_activated=False)
    for _ in range(5):
        await refused_code(house, channel, wrong(house.last_activation().code))

    house.acts_as(door="slack")
    await house.activate(channel)

    assert await status_of(house, channel) == "ACTIVATED"


async def test_a_deactivated_channel_needs_a_new_code(house: TestHouse) -> None:
    channel = await house.has_channel(await house.has_contact())
    used = house.last_activation().code
    await house.call(CONTACTS, "DeactivateContactChannel", ContactChannelId=channel)

    await refused_code(house, channel, used)
    assert await status_of(house, channel) == "NOT_ACTIVATED"

    await house.call(CONTACTS, "SendActivationCode", ContactChannelId=channel)
    await house.activate(channel)
    assert await status_of(house, channel) == "ACTIVATED"


async def test_another_address_must_be_proved_anew(house: TestHouse) -> None:
    channel = await house.has_channel(await house.has_contact(), "EMAIL", "ana@example.com")
    old = house.last_activation().code

    await house.call(
        CONTACTS,
        "UpdateContactChannel",
        ContactChannelId=channel,
        DeliveryAddress={"SimpleAddress": "lima@example.com"},
    )

    assert house.last_activation().address == "lima@example.com"
    assert await status_of(house, channel) == "NOT_ACTIVATED"
    if old != house.last_activation().code:
        await refused_code(house, channel, old)
    await house.activate(channel)
    assert await status_of(house, channel) == "ACTIVATED"


async def test_an_old_code_does_not_prove_an_address_that_none_was_sent_to(
    house: TestHouse,
) -> None:
    channel = await house.has_channel(
        await house.has_contact(), "EMAIL", "ana@example.com", is_activated=False
    )
    house.has_media("sms")
    await house.call(
        CONTACTS,
        "UpdateContactChannel",
        ContactChannelId=channel,
        DeliveryAddress={"SimpleAddress": "lima@example.com"},
    )

    await refused_code(house, channel, house.last_activation().code)


async def test_the_same_address_in_another_spelling_stays_activated(house: TestHouse) -> None:
    channel = await house.has_channel(await house.has_contact(), "SMS", "+12065550100")

    await house.call(
        CONTACTS,
        "UpdateContactChannel",
        ContactChannelId=channel,
        Name="night",
        DeliveryAddress={"SimpleAddress": "+1 206-555-0100"},
    )

    answer = await house.call(CONTACTS, "GetContactChannel", ContactChannelId=channel)
    assert (answer["Name"], answer["ActivationStatus"]) == ("night", "ACTIVATED")


async def test_who_opted_out_by_text_must_say_start_first(house: TestHouse) -> None:
    channel = await house.has_channel(await house.has_contact(), "SMS", is_activated=False)
    code = house.last_activation().code
    await opts_out(house, channel)
    sent = len(house.messages)

    told = await refused_code(house, channel, code)
    refusal = await house.refusal(CONTACTS, "SendActivationCode", ContactChannelId=channel)

    assert "START" in told
    assert "START" in refusal.message
    assert len(house.messages) == sent
    assert await house.rows(FailedTry) == []


async def test_who_opted_out_by_mail_comes_back_by_a_new_code(house: TestHouse) -> None:
    channel = await house.has_channel(await house.has_contact(), "EMAIL")
    await opts_out(house, channel)

    await house.call(CONTACTS, "SendActivationCode", ContactChannelId=channel)
    await house.activate(channel)

    assert await status_of(house, channel) == "ACTIVATED"


async def test_a_medium_without_settings_is_named_when_a_code_is_asked_for(
    house: TestHouse,
) -> None:
    house.has_media("email")
    channel = await house.has_channel(await house.has_contact(), "SMS", is_activated=False)

    refusal = await house.refusal(CONTACTS, "SendActivationCode", ContactChannelId=channel)

    assert refusal.code == "ValidationException"
    assert "SMS" in refusal.message
    assert house.messages == []


async def test_an_address_gets_ten_codes_an_hour(house: TestHouse) -> None:
    channel = await house.has_channel(await house.has_contact(), is_activated=False)
    for _ in range(9):
        await house.call(CONTACTS, "SendActivationCode", ContactChannelId=channel)

    refusal = await house.refusal(CONTACTS, "SendActivationCode", ContactChannelId=channel)
    house.clock.advance(hours=1)
    await house.call(CONTACTS, "SendActivationCode", ContactChannelId=channel)

    assert refusal.code == "ServiceQuotaExceededException"


async def test_a_deleted_channel_is_gone(house: TestHouse) -> None:
    contact = await house.has_contact()
    channel = await house.has_channel(contact)
    await house.call(CONTACTS, "DeleteContactChannel", ContactChannelId=channel)

    refusal = await house.refusal(CONTACTS, "GetContactChannel", ContactChannelId=channel)
    again = await house.has_channel(contact)

    assert refusal.code == "ResourceNotFoundException"
    assert again != channel


async def test_a_new_channel_for_an_address_that_opted_out_waits_for_start(
    house: TestHouse,
) -> None:
    await house.has_channel(await house.has_contact("ana"))
    await house.store.write(
        lambda tx: tx.update(tx.select(ContactChannel)[0], opted_out_at=house.clock.now())
    )
    sent = len(house.messages)

    second = await house.has_channel(await house.has_contact("ben"), is_activated=False)

    assert len(house.messages) == sent
    refusal = await house.refusal(CONTACTS, "SendActivationCode", ContactChannelId=second)
    assert "START" in refusal.message
