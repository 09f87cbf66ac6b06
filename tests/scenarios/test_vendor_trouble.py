from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from aiohttp import ClientTimeout

from bot.playground.phone import LOST_ANSWER, NO_VENDOR, TOO_MANY, VENDOR_DOWN
from bot.playground.pulse import Fault
from tests.scenarios.links import vendor_posts
from tests.scenarios.world import World, code_in

HTML = Fault(status=200, body="<html>Welcome</html>", content_type="text/html")
DROPPED = Fault(mode="drop")


async def ana_then_ben(world: World, medium: str = "SMS", minutes: int = 5) -> None:
    await world.has_person("ana", medium)
    await world.has_person("ben", "EMAIL" if medium != "EMAIL" else "SMS")
    await world.has_escalation_plan("on-call", [("ana", minutes), ("ben", 5)])
    await world.has_response_plan("on-call")


def ben_was_told(world: World) -> bool:
    return bool(world.mails_to("ben") or world.pages_on("ben"))


async def errors_of(world: World, name: str) -> list[str]:
    return [info for kind, info in await world.receipts_of(name) if kind == "ERROR"]


def vendor_is_given(world: World, *, seconds: float) -> None:
    """How long the phone vendor may take to answer; a test does not wait for ten."""
    assert world.app.account is not None
    world.app.account._timeout = ClientTimeout(total=seconds)


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (VENDOR_DOWN, "The vendor is busy or broken (HTTP 503)."),
        (TOO_MANY, "The vendor is busy or broken (HTTP 429)."),
        (HTML, "The vendor's answer cannot be understood (HTTP 200)."),
        (DROPPED, "The vendor cannot be reached"),
        (NO_VENDOR, "The vendor did not answer in time."),
    ],
)
async def test_a_vendor_in_trouble_is_tried_again_and_the_receipts_say_why(
    town_world: World, fault: Fault, why: str
) -> None:
    world = town_world
    await ana_then_ben(world)
    vendor_is_given(world, seconds=0.2)
    world.town.phones.misbehave("POST Messages", fault, times=2)

    await world.starts_incident()
    assert world.pages_on("ana") == []
    await world.advance(minutes=1)

    assert len(world.pages_on("ana")) == 1
    errors = await errors_of(world, "ana")
    assert len(errors) == 2
    assert all(why in error and "Trying again at" in error for error in errors)


async def test_the_waits_grow_and_the_next_stage_does_not_wait(world: World) -> None:
    await ana_then_ben(world)
    world.town.phones.misbehave("POST Messages", VENDOR_DOWN, times=1000)
    began = world.clock.now()

    await world.starts_incident()
    await world.advance(minutes=5)
    assert ben_was_told(world)

    await world.advance(hours=1)
    times = [at - began for at in await world.times_of_receipts("ana", "ERROR")]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert waits[:4] == [timedelta(seconds=2**number) for number in range(1, 5)]
    assert waits == sorted(waits)
    assert "Given up after 10 attempts" in (await errors_of(world, "ana"))[-1]


async def test_a_text_whose_answer_was_lost_is_looked_up_and_not_sent_twice(
    world: World,
) -> None:
    await ana_then_ben(world)
    world.town.phones.misbehave("POST Messages", LOST_ANSWER)

    await world.starts_incident()
    await world.advance(minutes=1)

    assert len(world.pages_on("ana")) == 1
    assert (await world.receipts_of("ana"))[-1][0] in ("SENT", "DELIVERED")


@pytest.mark.parametrize("medium", ["SMS", "VOICE"])
async def test_a_number_the_vendor_refuses_for_good_is_tried_once(
    town_world: World, medium: str
) -> None:
    world = town_world
    await ana_then_ben(world, medium)
    world.phone("ana").facts.is_blocked = True

    await world.starts_incident()

    assert ben_was_told(world)
    (error,) = await errors_of(world, "ana")
    assert "not enabled in the vendor's account" in error
    await world.advance(hours=1)
    assert len(await errors_of(world, "ana")) == 1


@pytest.mark.parametrize("code", [30003, 30007, 30034])
async def test_an_undelivered_text_moves_on_at_once(world: World, code: int) -> None:
    await ana_then_ben(world)
    world.phone("ana").facts.error_code = code

    await world.starts_incident()

    assert ben_was_told(world)
    (error,) = await errors_of(world, "ana")
    assert f"({code})" in error


@pytest.mark.parametrize("trouble", ["busy", "no answer", "failed"])
async def test_a_call_that_nobody_takes_moves_on_at_once(
    town_world: World, trouble: str
) -> None:
    world = town_world
    await ana_then_ben(world, "VOICE")
    world.phone("ana").facts.is_busy = trouble == "busy"
    world.phone("ana").facts.error_code = 30003 if trouble == "failed" else None

    await world.starts_incident()
    if trouble == "no answer":
        await world.phone("ana").let_ring()
        await world.settle()

    assert ben_was_told(world)
    assert len(await errors_of(world, "ana")) == 1


async def test_a_mail_server_in_trouble_is_tried_again(town_world: World) -> None:
    world = town_world
    await ana_then_ben(world, "EMAIL")
    mailbox = world.town.mailbox
    mailbox.misbehave("rcpt", "451 4.7.1 Greylisted")
    mailbox.misbehave("body")

    await world.starts_incident()
    await world.advance(minutes=1)

    assert len(world.mails_to("ana")) == 1
    errors = await errors_of(world, "ana")
    assert len(errors) == 2
    assert "4.7.1" in errors[0]


async def test_a_mail_connection_that_the_server_closed_costs_no_time(
    town_world: World,
) -> None:
    world = town_world
    await ana_then_ben(world, "EMAIL")
    world.town.mailbox.misbehave("mail", "421 4.3.2 Closing")

    await world.starts_incident()

    assert len(world.mails_to("ana")) == 1
    assert await errors_of(world, "ana") == []


async def test_an_unknown_mailbox_is_tried_once_and_moves_on_at_once(
    town_world: World,
) -> None:
    world = town_world
    await ana_then_ben(world, "EMAIL")
    world.town.mailbox.misbehave("rcpt", "550 5.1.1 No such user", times=9)

    await world.starts_incident()

    assert ben_was_told(world)
    assert await errors_of(world, "ana") == ["There is no such mailbox. (550 5.1.1)"]


async def test_a_mail_that_may_have_arrived_comes_again_as_the_same_mail_and_says_so(
    town_world: World,
) -> None:
    world = town_world
    await ana_then_ben(world, "EMAIL")
    world.town.mailbox.misbehave("answer")

    await world.starts_incident()
    await world.advance(minutes=1)

    first, second = world.mails_to("ana")
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert second.subject.startswith("(repeat)")


async def test_delivery_becomes_a_receipt(world: World) -> None:
    await ana_then_ben(world)

    await world.starts_incident()

    assert {kind for kind, _ in await world.receipts_of("ana")} == {"SENT", "DELIVERED"}


async def test_statuses_told_twice_and_out_of_order_have_one_effect(world: World) -> None:
    await ana_then_ben(world, "VOICE")
    world.town.phones.webhooks.copies = 3
    world.town.phones.webhooks.reorders = True

    await world.starts_incident()
    await world.phone("ana").decline()
    await world.settle()

    assert len(await errors_of(world, "ana")) == 1
    assert len(world.mails_to("ben")) == 1


async def test_a_text_told_twice_is_answered_once(world: World) -> None:
    await ana_then_ben(world)
    await world.starts_incident()
    code = code_in(world.pages_on("ana")[0])

    await world.phone("ana").text(code, copies=3)
    await world.settle()

    assert [text for text in world.phone("ana").texts if "cknowledged" in text] == [
        "Acknowledged. Thank you, Ana."
    ]


async def test_forged_callbacks_are_refused_and_change_nothing(town_world: World) -> None:
    world = town_world
    await ana_then_ben(world)
    await world.starts_incident()
    code = code_in(world.pages_on("ana")[0])
    form = {"From": world.phone("ana").number, "Body": code, "MessageSid": "SM1"}

    for path in ("/twilio/sms", "/twilio/status", "/twilio/voice/abc"):
        for signature in ("", "bm90IGl0"):
            status = await vendor_posts(world, world.url + path, form, signature=signature)
            assert status == 403

    assert "READ" not in [kind for kind, _ in await world.receipts_of("ana")]


async def test_a_signature_is_not_good_for_another_form(town_world: World) -> None:
    world = town_world
    await ana_then_ben(world)
    await world.starts_incident()
    url = f"{world.url}/twilio/sms"
    form = {"From": world.phone("ana").number, "Body": "hello", "MessageSid": "SM1"}
    signature = world.town.phones.webhooks.signature(url, form)

    changed = form | {"Body": code_in(world.pages_on("ana")[0])}

    assert await vendor_posts(world, url, changed, signature=signature) == 403


async def test_a_status_that_never_comes_is_asked_for_after_a_minute(
    town_world: World,
) -> None:
    world = town_world
    await ana_then_ben(world)
    world.town.phones.webhooks.tells = False
    world.phone("ana").facts.error_code = 30007

    await world.starts_incident()
    await world.advance(seconds=50)
    await world.asks_the_vendor()
    assert not ben_was_told(world)

    await world.advance(seconds=15)
    await world.asks_the_vendor()
    assert ben_was_told(world)


async def test_a_late_failure_does_not_undo_an_acknowledgement(town_world: World) -> None:
    world = town_world
    await ana_then_ben(world)
    await world.starts_incident()
    (text,) = [text for text in world.phone("ana").thread if "acknowledge" in text.body]
    await world.replies("ana", code_in(text.body))

    form = {"MessageSid": text.sid, "MessageStatus": "undelivered", "ErrorCode": "30003"}
    await vendor_posts(world, text.status_callback, form)
    await world.advance(minutes=10)

    assert not ben_was_told(world)
