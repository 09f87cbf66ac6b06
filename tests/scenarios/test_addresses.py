"""R44: landlines, bad numbers and countries where nothing is sent."""

from __future__ import annotations

from tests.scenarios.chat import Chat
from tests.scenarios.world import TITLE, World, contact_arn

FAULT = "Pages for"


async def unreachable(world: World) -> dict[str, str]:
    answer = await world.call("imbot", "ListUnreachable")
    return {one["DisplayName"]: one["Reason"] for one in answer["Unreachable"]}


async def test_a_landline_is_found_by_its_first_text_and_proved_by_a_call(
    world: World,
) -> None:
    await world.has_person("ana", "EMAIL")
    world.phone("ana").facts.error_code = 30006

    await world.has_channel("ana", "SMS", activated=False)
    sms = await world.channel_arn("ana", "SMS")
    await world.call("ssm-contacts", "SendActivationCode", ContactChannelId=sms)

    (mail,) = [m for m in world.town.mailbox.to("ana@example.com") if FAULT in m.subject]
    assert "Create a VOICE contact channel with the same number" in mail.text
    assert world.phone("ana").number not in mail.text

    await world.has_channel("ana", "VOICE")
    assert await world.activation_status("ana", "VOICE") == "ACTIVATED"


async def test_the_owner_hears_once_of_a_country_where_no_text_goes(world: World) -> None:
    await world.has_person("ana", "SMS", "EMAIL")
    await world.has_response_plan("ana")
    world.phone("ana").facts.is_blocked = True

    await world.starts_incident()
    await world.advance(minutes=10)
    await world.starts_incident()
    await world.advance(minutes=10)

    told = [m for m in world.town.mailbox.to("ana@example.com") if FAULT in m.subject]
    assert len(told) == 1
    assert "Texts to this country are not enabled" in told[0].text
    assert len(world.mails_to("ana")) == 2
    health = await world.call(
        "imbot",
        "GetContactChannelHealth",
        ContactChannelId=await world.channel_arn("ana", "SMS"),
    )
    assert "21408" in health["Reason"]


async def test_who_has_nothing_else_is_named_in_the_incident_s_thread(
    town_world: World, chat: Chat
) -> None:
    world = town_world
    topic = await world.has_topic_in_slack()
    await world.has_person("ana", "SMS")
    await world.has_response_plan("ana", topic=topic)
    world.phone("ana").facts.is_blocked = True

    await world.starts_incident()
    await world.advance(seconds=5)

    words = "\n".join(one.words for one in chat.shown())
    assert "*sms (SMS)* of *Ana*: Texts to this country are not enabled" in words
    assert "SSM Contacts Contact Channel Refused for Incident" in await world.timeline()
    assert "cannot be used" in (await unreachable(world))["Ana"]
    assert TITLE not in (await unreachable(world))["Ana"]


async def test_chat_says_at_once_that_a_number_is_a_landline(
    town_world: World, chat: Chat
) -> None:
    await town_world.has_contact("ana")

    words = await chat.answers(
        f"@aws ssm-contacts create-contact-channel --contact-id {contact_arn('ana')}"
        " --name desk --type SMS --delivery-address SimpleAddress=+442079460123"
    )

    assert "⚠ The number is a landline, which takes no texts." in words
    arn = await town_world.channel_arn("ana", "SMS")
    shown = await chat.answers(
        f"@aws ssm-contacts get-contact-channel --contact-channel-id {arn}"
    )
    assert "its activation code comes by a call" in shown
