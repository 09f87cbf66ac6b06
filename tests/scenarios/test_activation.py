from __future__ import annotations

import pytest

from bot.core.errors import ServiceError
from bot.playground.slack import ANA
from tests.scenarios.chat import Chat
from tests.scenarios.world import World, code_in

MEDIA = ("SMS", "EMAIL", "VOICE")


@pytest.mark.parametrize("medium", MEDIA)
async def test_a_channel_is_activated_by_the_code_that_came_by_it(
    world: World, medium: str
) -> None:
    await world.has_contact("ana")
    await world.has_channel("ana", medium)

    assert await world.activation_status("ana", medium) == "ACTIVATED"


@pytest.mark.parametrize("medium", MEDIA)
async def test_an_unactivated_channel_is_never_paged(town_world: World, medium: str) -> None:
    world = town_world
    await world.has_person("ana", medium)
    await world.has_person("ben")
    await world.has_escalation_plan("on-call", [("ana", 5), ("ben", 5)])
    await world.has_response_plan("on-call")
    channel = await world.channel_arn("ana", medium)
    await world.call("ssm-contacts", "DeactivateContactChannel", ContactChannelId=channel)

    await world.starts_incident()

    assert world.pages_on("ana") == []
    assert world.mails_to("ana") == []
    assert not world.phone("ana").is_ringing
    assert len(world.pages_on("ben")) == 1
    assert await world.receipts_of("ana") == [
        ("ERROR", "The contact channel is not activated.")
    ]


async def test_an_activation_put_off_sends_no_code(town_world: World) -> None:
    world = town_world
    await world.has_contact("ana")

    channel = await world.has_channel("ana", "SMS", activated=False)
    assert world.phone("ana").texts == []

    await world.call("ssm-contacts", "SendActivationCode", ContactChannelId=channel)
    assert "activation code" in world.phone("ana").texts[-1]


async def test_a_code_texted_back_activates(town_world: World) -> None:
    world = town_world
    await world.has_contact("ana")
    channel = await world.has_channel("ana", "SMS", activated=False)
    await world.call("ssm-contacts", "SendActivationCode", ContactChannelId=channel)

    await world.replies("ana", code_in(world.phone("ana").texts[-1]))

    assert world.phone("ana").texts[-1] == "Activated. Pages for you will come here."
    assert await world.activation_status("ana", "SMS") == "ACTIVATED"


async def test_a_code_from_a_mail_is_typed_in_chat(chat: Chat, town_world: World) -> None:
    world = town_world
    await world.has_contact("ana")
    channel = await world.has_channel("ana", "EMAIL", activated=False)
    await world.call("ssm-contacts", "SendActivationCode", ContactChannelId=channel)

    words = await chat.tells(ANA, await world.activation_code("ana", "EMAIL"))

    assert words == "Activated: email of Ana can be paged."


async def test_a_voicemail_hears_no_activation_code(town_world: World) -> None:
    world = town_world
    await world.has_contact("ana")
    world.phone("ana").voicemail = True
    channel = await world.has_channel("ana", "VOICE", activated=False)

    await world.call("ssm-contacts", "SendActivationCode", ContactChannelId=channel)

    (call,) = world.phone("ana").calls
    assert "Press 1 to hear" in call.spoken
    assert not any(character.isdigit() for character in call.spoken.replace("Press 1", ""))


async def test_a_call_says_the_code_digit_by_digit_twice(town_world: World) -> None:
    world = town_world
    await world.has_contact("ana")
    channel = await world.has_channel("ana", "VOICE", activated=False)
    await world.call("ssm-contacts", "SendActivationCode", ContactChannelId=channel)

    await world.phone("ana").answer()
    assert "That key does nothing here." in await world.presses("ana", "5")
    said = await world.presses("ana", "1")

    digits = "".join(character for character in said if character.isdigit())
    assert len(digits) == 12
    assert digits[:6] == digits[6:]


async def test_wrong_codes_activate_nothing_and_five_lock_that_door(
    town_world: World,
) -> None:
    world = town_world
    await world.has_contact("ana")
    channel = await world.has_channel("ana", "SMS", activated=False)
    await world.call("ssm-contacts", "SendActivationCode", ContactChannelId=channel)
    code = code_in(world.phone("ana").texts[-1])
    wrong = "000000" if code != "000000" else "111111"

    for _ in range(5):
        assert "wrong or has expired" in await tried(world, channel, wrong)
    assert "15 minutes" in await tried(world, channel, code)

    await world.replies("ana", code)
    assert await world.activation_status("ana", "SMS") == "ACTIVATED"


async def tried(world: World, channel: str, code: str) -> str:
    with pytest.raises(ServiceError) as caught:
        await world.call(
            "ssm-contacts",
            "ActivateContactChannel",
            ContactChannelId=channel,
            ActivationCode=code,
        )
    return caught.value.message


async def test_a_code_expires_after_a_day(town_world: World) -> None:
    world = town_world
    await world.has_contact("ana")
    channel = await world.has_channel("ana", "SMS", activated=False)
    await world.call("ssm-contacts", "SendActivationCode", ContactChannelId=channel)

    await world.sleep_through(hours=24)

    assert "expired" in await tried(world, channel, code_in(world.phone("ana").texts[-1]))


async def test_only_the_last_of_two_codes_activates(town_world: World) -> None:
    world = town_world
    await world.has_contact("ana")
    channel = await world.has_channel("ana", "SMS", activated=False)
    for _ in range(2):
        await world.call("ssm-contacts", "SendActivationCode", ContactChannelId=channel)
    first, last = (code_in(text) for text in world.phone("ana").texts)

    await world.replies("ana", first)
    assert await world.activation_status("ana", "SMS") == (
        "NOT_ACTIVATED" if first != last else "ACTIVATED"
    )
    await world.replies("ana", last)
    assert await world.activation_status("ana", "SMS") == "ACTIVATED"


async def test_a_new_address_must_be_proved_anew(town_world: World) -> None:
    world = town_world
    await world.has_person("ana")
    channel = await world.channel_arn("ana", "SMS")

    await world.call(
        "ssm-contacts",
        "UpdateContactChannel",
        ContactChannelId=channel,
        DeliveryAddress={"SimpleAddress": world.phone("cleo").number},
    )

    assert await world.activation_status("ana", "SMS") == "NOT_ACTIVATED"
    assert "activation code" in world.phone("cleo").texts[-1]


@pytest.mark.parametrize(
    ("medium", "address"),
    [
        ("SMS", "four one five"),
        ("SMS", "+1"),
        ("SMS", "ana@example.com"),
        ("VOICE", "5551234"),
        ("EMAIL", "ana at example.com"),
        ("EMAIL", "+14155550101"),
        ("EMAIL", "ana@@example.com"),
    ],
)
async def test_an_address_that_is_none_is_refused_in_words(
    town_world: World, medium: str, address: str
) -> None:
    await town_world.has_contact("ana")

    with pytest.raises(ServiceError) as caught:
        await town_world.has_channel("ana", medium, address=address)

    assert caught.value.code == "ValidationException"
    assert "is not a" in caught.value.message
    assert address not in caught.value.message
