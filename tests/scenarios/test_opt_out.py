from __future__ import annotations

import pytest

from bot.playground.phone_state import STARTED, STOPPED
from bot.playground.slack import ANA
from tests.scenarios.chat import Chat
from tests.scenarios.links import follow, link_in
from tests.scenarios.world import World, code_in


async def ana_then_ben(world: World, medium: str = "SMS") -> None:
    await world.has_person("ana", medium)
    await world.has_person("ben")
    await world.has_escalation_plan("on-call", [("ana", 5), ("ben", 5)])
    await world.has_response_plan("on-call")


@pytest.mark.parametrize(
    "word", ["UNSUBSCRIBE", " stop ", "Stopall", "quit", "CANCEL", "optout"]
)
async def test_the_word_turns_the_channel_off_and_only_the_vendor_answers(
    town_world: World, word: str
) -> None:
    world = town_world
    await world.has_person("ana")

    await world.replies("ana", word)

    assert await world.activation_status("ana", "SMS") == "NOT_ACTIVATED"
    assert world.phone("ana").texts[-1] == STOPPED
    assert world.phone("ana").texts.count(STOPPED) == 1
    assert len(world.phone("ana").texts) == 2


@pytest.mark.parametrize("text", ["please stop calling", "I cannot stop it", "endless"])
async def test_the_word_within_a_sentence_turns_nothing_off(
    town_world: World, text: str
) -> None:
    world = town_world
    await world.has_person("ana")

    await world.replies("ana", text)

    assert await world.activation_status("ana", "SMS") == "ACTIVATED"
    assert "Reply with only the 6-digit code" in world.phone("ana").texts[-1]


async def test_whoever_opted_out_is_passed_over_at_once(world: World) -> None:
    await ana_then_ben(world)
    await world.replies("ana", "UNSUBSCRIBE")

    await world.starts_incident()

    assert world.pages_on("ana") == []
    assert len(world.pages_on("ben")) == 1
    ((kind, why),) = await world.receipts_of("ana")
    assert kind == "ERROR"
    assert "opted out" in why
    assert "SSM Contacts Engagement Unreachable for Incident" in await world.timeline()


async def test_opting_out_turns_off_everybody_at_that_number(town_world: World) -> None:
    world = town_world
    await world.has_person("ana")
    await world.has_contact("desk")
    await world.has_channel("desk", "SMS", address=world.phone("ana").number)

    await world.replies("ana", "STOP")

    assert await world.activation_status("desk", "SMS") == "NOT_ACTIVATED"


async def test_a_refusal_as_opted_out_turns_the_channel_off(world: World) -> None:
    await ana_then_ben(world)
    world.phone("ana").facts.opted_out = True

    await world.starts_incident()

    assert await world.activation_status("ana", "SMS") == "NOT_ACTIVATED"
    assert len(world.pages_on("ben")) == 1
    ((kind, why),) = await world.receipts_of("ana")
    assert (kind, "opted out" in why, "21610" in why) == ("ERROR", True, True)


async def test_start_alone_activates_nothing(world: World) -> None:
    await ana_then_ben(world)
    await world.replies("ana", "UNSUBSCRIBE")

    await world.replies("ana", "START")
    assert await world.activation_status("ana", "SMS") == "NOT_ACTIVATED"

    await world.starts_incident()
    assert world.pages_on("ana") == []


async def test_the_new_code_texted_back_brings_the_pages_back(world: World) -> None:
    await world.has_person("ana")
    await world.has_response_plan("ana")
    old = code_in(world.phone("ana").texts[0])
    await world.replies("ana", "UNSUBSCRIBE")

    await world.replies("ana", "start")
    texts = world.phone("ana").texts
    assert sum("activation code" in text for text in texts) == 2
    assert texts.count(STARTED) == 1
    new = code_in(texts[-1])

    await world.replies("ana", f" {new}. ")
    assert world.phone("ana").texts[-1] == "Activated. Pages for you will come here."
    await world.starts_incident()
    assert len(world.pages_on("ana")) == 1
    assert new != old


async def test_the_new_code_typed_in_chat_brings_the_pages_back(
    chat: Chat, town_world: World
) -> None:
    world = town_world
    await world.has_person("ana")
    await world.replies("ana", "STOP")
    await world.replies("ana", "START")

    words = await chat.tells(ANA, code_in(world.phone("ana").texts[-1]))

    assert words == "Activated: sms of Ana can be paged."
    assert await world.activation_status("ana", "SMS") == "ACTIVATED"


async def test_the_old_code_does_not_bring_the_pages_back(town_world: World) -> None:
    world = town_world
    await world.has_person("ana")
    old = code_in(world.phone("ana").texts[0])
    await world.replies("ana", "STOP")
    await world.replies("ana", "START")
    if old == code_in(world.phone("ana").texts[-1]):
        pytest.skip("one in a million: the new code is the old one")

    await world.replies("ana", old)

    assert await world.activation_status("ana", "SMS") == "NOT_ACTIVATED"


async def test_no_code_is_tried_before_start_came(chat: Chat, town_world: World) -> None:
    world = town_world
    await world.has_person("ana")
    channel = await world.channel_arn("ana", "SMS")
    await world.replies("ana", "STOP")
    sent = len(world.town.phones.vendor.texts)

    words = await chat.answers(
        f"@aws ssm-contacts send-activation-code --contact-channel-id {channel}"
    )

    assert "START" in words
    assert len(world.town.phones.vendor.texts) == sent


async def test_start_from_whoever_never_opted_out_changes_nothing(town_world: World) -> None:
    world = town_world
    await world.has_person("ana")

    await world.replies("ana", "START")

    assert await world.activation_status("ana", "SMS") == "ACTIVATED"
    assert sum("activation code" in text for text in world.phone("ana").texts) == 1


async def test_the_unsubscribe_page_of_a_mail_stops_mails_when_its_button_is_pressed(
    world: World,
) -> None:
    await ana_then_ben(world, "EMAIL")
    await world.starts_incident()
    (mail,) = world.mails_to("ana")
    link = link_in(mail, "unsubscribe")
    assert mail.message["List-Unsubscribe"] == f"<{link}>"

    await follow(world, link)
    assert await world.activation_status("ana", "EMAIL") == "ACTIVATED"

    status, _ = await follow(world, link, "POST")
    assert status == 200
    assert await world.activation_status("ana", "EMAIL") == "NOT_ACTIVATED"


async def test_the_unsubscribe_page_offers_the_way_back_by_a_new_code(
    chat: Chat, town_world: World
) -> None:
    world = town_world
    await world.has_person("ana", "EMAIL")
    link = link_in(world.town.mailbox.to("ana@example.com")[0], "unsubscribe")
    await follow(world, link, "POST")

    _, page = await follow(world, link)
    assert "Send a code" in page
    await follow(world, link, "POST", {"again": "1"})
    assert await world.activation_status("ana", "EMAIL") == "NOT_ACTIVATED"

    code = await world.activation_code("ana", "EMAIL")
    assert (await chat.answers(f"@aws {code}")).startswith("Activated:")
    assert await world.activation_status("ana", "EMAIL") == "ACTIVATED"


async def test_opting_out_midway_ends_the_resends(town_world: World) -> None:
    world = town_world
    await world.has_person("ana", minutes=10, retry=1)
    await world.has_response_plan("ana")
    await world.starts_incident()

    await world.advance(minutes=1)
    await world.replies("ana", "STOP")
    pages = len(world.pages_on("ana"))
    await world.advance(minutes=10)

    assert len(world.pages_on("ana")) == pages
    assert (await world.receipts_of("ana"))[-1][0] == "ERROR"
