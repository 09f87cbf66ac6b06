"""Without a public URL nobody can call back: what can be said plainly, is."""

from __future__ import annotations

from bot.playground.phone import VENDOR_DOWN
from bot.playground.phone_state import STOPPED
from bot.playground.slack import ANA
from tests.scenarios.chat import Chat
from tests.scenarios.links import follow
from tests.scenarios.world import World, code_in


async def pages(world: World, *media: str) -> None:
    """Page ana, and ben after five minutes."""
    await world.has_person("ana", *media)
    await world.has_person("ben")
    await world.has_escalation_plan("on-call", [("ana", 5), ("ben", 5)])
    await world.has_response_plan("on-call")
    await world.starts_incident()


async def test_slack_is_heard_over_a_socket(hidden_world: World) -> None:
    world, chat = hidden_world, Chat(hidden_world)
    await world.has_person("ana")

    assert world.town.slack.server.door.sockets == 1
    assert "1 contact." in await chat.answers("@aws ssm-contacts list-contacts")
    assert "1 contact." in await chat.slash("ssm-contacts list-contacts")
    assert "1 contact." in await chat.tells(ANA, "ssm-contacts list-contacts")


async def test_an_event_that_comes_twice_over_the_socket_has_one_effect(
    hidden_world: World,
) -> None:
    chat = Chat(hidden_world)

    said = await chat.hears("@aws ssm-contacts list-contacts", copies=4)

    assert len(said) == 1
    assert len(chat.shown()) == 1


async def test_the_card_and_its_button_work_over_the_socket(hidden_world: World) -> None:
    world, chat = hidden_world, Chat(hidden_world)
    await world.has_response_plan(topic=await world.has_topic_in_slack())
    await world.starts_incident()
    (card,) = chat.cards()

    await chat.presses(card, "resolve_incident")
    await world.advance(seconds=2)

    assert [incident["status"] for incident in await world.incidents()] == ["RESOLVED"]
    assert chat.cards()[0].buttons == []


async def test_what_is_said_while_a_socket_is_renewed_counts_once(
    hidden_world: World,
) -> None:
    world, chat = hidden_world, Chat(hidden_world)
    door = world.town.slack.server.door
    door.retry_delays = (0.2, 0.5, 1.0)

    await door.refresh_sockets()
    await world.town.until(lambda: door.sockets == 1)

    assert "No contacts." in await chat.answers("@aws ssm-contacts list-contacts")
    assert door.sockets == 1


async def test_a_call_says_the_code_and_asks_for_no_key(hidden_world: World) -> None:
    world, chat = hidden_world, Chat(hidden_world)
    await pages(world, "VOICE")

    said = await world.phone("ana").answer()
    await world.settle()
    digits = "".join(character for character in said if character.isdigit())

    assert "Payments are failing" in said
    assert "Press 1" not in said
    assert digits[:6] == digits[6:12]
    assert (await chat.tells(ANA, f"ack {digits[:6]}")).startswith("Acknowledged")


async def test_an_activation_call_says_its_code_at_once(hidden_world: World) -> None:
    world = hidden_world
    await world.has_contact("ana")
    await world.has_channel("ana", "VOICE")

    assert await world.activation_status("ana", "VOICE") == "ACTIVATED"


async def test_a_reply_is_read_from_the_vendors_list_and_answered(hidden_world: World) -> None:
    world = hidden_world
    await pages(world, "SMS")
    code = code_in(world.pages_on("ana")[0])

    await world.replies("ana", code)
    assert "Acknowledged. Thank you, Ana." not in world.phone("ana").texts
    for _ in range(3):
        await world.asks_the_vendor()

    assert world.phone("ana").texts.count("Acknowledged. Thank you, Ana.") == 1
    await world.advance(minutes=30)
    assert world.pages_on("ben") == []


async def test_opting_out_and_back_works_by_asking(hidden_world: World) -> None:
    world = hidden_world
    await world.has_person("ana")

    await world.replies("ana", "UNSUBSCRIBE")
    await world.asks_the_vendor()
    assert await world.activation_status("ana", "SMS") == "NOT_ACTIVATED"
    assert world.phone("ana").texts[-1] == STOPPED

    await world.advance(minutes=1)
    await world.replies("ana", "START")
    await world.asks_the_vendor()
    await world.asks_the_vendor()
    assert await world.activation_status("ana", "SMS") == "NOT_ACTIVATED"
    codes = [text for text in world.phone("ana").texts if "activation code" in text]
    assert len(codes) == 2

    await world.replies("ana", code_in(codes[-1]))
    await world.asks_the_vendor()
    assert await world.activation_status("ana", "SMS") == "ACTIVATED"


async def test_statuses_are_asked_for(hidden_world: World) -> None:
    world = hidden_world
    await pages(world, "SMS")
    assert [kind for kind, _ in await world.receipts_of("ana")] == ["SENT"]

    await world.asks_the_vendor()
    await world.asks_the_vendor()

    assert [kind for kind, _ in await world.receipts_of("ana")] == ["SENT", "DELIVERED"]


async def test_an_undelivered_text_moves_on_once_the_vendor_was_asked(
    hidden_world: World,
) -> None:
    world = hidden_world
    await world.has_person("ana")
    await world.has_person("ben")
    await world.has_escalation_plan("on-call", [("ana", 5), ("ben", 5)])
    await world.has_response_plan("on-call")
    world.phone("ana").facts.error_code = 30034
    await world.starts_incident()
    assert world.pages_on("ben") == []

    await world.asks_the_vendor()

    assert len(world.pages_on("ben")) == 1


async def test_a_call_that_nobody_takes_moves_on_once_the_vendor_was_asked(
    hidden_world: World,
) -> None:
    world = hidden_world
    await pages(world, "VOICE")
    await world.phone("ana").let_ring()

    await world.asks_the_vendor()

    assert len(world.pages_on("ben")) == 1


async def test_a_vendor_that_cannot_be_asked_is_asked_again(hidden_world: World) -> None:
    world = hidden_world
    await pages(world, "SMS")
    await world.replies("ana", code_in(world.pages_on("ana")[0]))

    world.town.phones.misbehave("GET *", VENDOR_DOWN, times=2)
    await world.asks_the_vendor()
    assert "Acknowledged. Thank you, Ana." not in world.phone("ana").texts
    await world.asks_the_vendor()

    assert "Acknowledged. Thank you, Ana." in world.phone("ana").texts


async def test_a_mail_names_the_chat_command_and_no_link(hidden_world: World) -> None:
    world, chat = hidden_world, Chat(hidden_world)
    await pages(world, "EMAIL")
    (mail,) = world.mails_to("ana")

    assert mail.links == []
    assert "List-Unsubscribe" not in mail.message
    assert f"@aws ack {code_in(mail.text)}" in mail.text
    words = await chat.answers(f"@aws ack {code_in(mail.text)}", user=ANA)
    assert words == "Acknowledged the page to Ana."


async def test_callbacks_are_refused_where_none_can_be_true(hidden_world: World) -> None:
    world = hidden_world
    form = {"From": world.phone("ana").number, "Body": "STOP", "MessageSid": "SM1"}

    status, _ = await follow(world, f"{world.url}/twilio/sms", "POST", form)

    assert status == 403
