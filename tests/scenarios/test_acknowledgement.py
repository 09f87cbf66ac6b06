from __future__ import annotations

import pytest

from bot.playground.slack import ANA, BEN
from tests.scenarios.chat import Chat
from tests.scenarios.links import follow, link_in
from tests.scenarios.world import PLAN, World, code_in, contact_arn

ACKNOWLEDGED = "SSM Contacts Page Acknowledgement for Incident"


async def pages_ana_then_ben(world: World, medium: str = "SMS") -> None:
    await world.has_person("ana", medium)
    await world.has_person("ben")
    await world.has_escalation_plan("on-call", [("ana", 5), ("ben", 5)])
    await world.has_response_plan("on-call")
    await world.starts_incident()


async def ben_stays_undisturbed(world: World) -> bool:
    await world.advance(minutes=30)
    return world.pages_on("ben") == [] and (await world.timeline()).count(ACKNOWLEDGED) == 1


async def test_a_code_texted_back_acknowledges(world: World) -> None:
    await pages_ana_then_ben(world)

    (page,) = world.pages_on("ana")
    await world.replies("ana", code_in(page))

    assert "Acknowledged. Thank you, Ana." in world.phone("ana").texts
    kinds = sorted(kind for kind, _ in await world.receipts_of("ana"))
    assert kinds == ["DELIVERED", "READ", "SENT"]
    assert await ben_stays_undisturbed(world)


@pytest.mark.parametrize(
    "typed", ["{}.", " ACK {} ", "ack: {}", "{} thanks", "Acknowledge {}!"]
)
async def test_codes_are_read_as_people_type_them(town_world: World, typed: str) -> None:
    world = town_world
    await pages_ana_then_ben(world)

    await world.replies("ana", typed.format(code_in(world.pages_on("ana")[0])))

    assert world.phone("ana").texts[-1] == "Acknowledged. Thank you, Ana."


async def test_key_1_in_the_call_acknowledges(world: World) -> None:
    await pages_ana_then_ben(world, "VOICE")

    said = await world.phone("ana").answer()
    assert "Payments are failing" in said
    assert "Press 1 to acknowledge" in said
    assert "acknowledged" in await world.presses("ana", "1")
    assert await ben_stays_undisturbed(world)


async def test_a_wrong_key_asks_again_and_key_2_repeats(town_world: World) -> None:
    world = town_world
    await pages_ana_then_ben(world, "VOICE")

    await world.phone("ana").answer()
    assert "That key does nothing here." in await world.presses("ana", "7")
    assert "Payments are failing" in await world.presses("ana", "2")
    assert ACKNOWLEDGED not in await world.timeline()
    assert "acknowledged" in await world.presses("ana", "1")


async def test_a_voicemail_never_acknowledges(town_world: World) -> None:
    world = town_world
    await pages_ana_then_ben_by_voicemail(world)

    await world.advance(minutes=5)

    assert ACKNOWLEDGED not in await world.timeline()
    assert len(world.pages_on("ben")) == 1
    assert ("DELIVERED", "The call was answered; no key was pressed.") in (
        await world.receipts_of("ana")
    )


async def pages_ana_then_ben_by_voicemail(world: World) -> None:
    await world.has_person("ana", "VOICE")
    await world.has_person("ben")
    world.phone("ana").voicemail = True
    await world.has_escalation_plan("on-call", [("ana", 5), ("ben", 5)])
    await world.has_response_plan("on-call")
    await world.starts_incident()


async def test_a_hang_up_acknowledges_nothing(town_world: World) -> None:
    world = town_world
    await pages_ana_then_ben(world, "VOICE")

    await world.phone("ana").answer()
    await world.phone("ana").hang_up()
    await world.advance(minutes=5)

    assert ACKNOWLEDGED not in await world.timeline()
    assert len(world.pages_on("ben")) == 1


async def test_only_the_button_of_the_mails_page_acknowledges(world: World) -> None:
    await pages_ana_then_ben(world, "EMAIL")
    (mail,) = world.mails_to("ana")
    link = link_in(mail, "ack")

    for method in ("GET", "HEAD", "GET"):
        status, _ = await follow(world, link, method)
        assert status == 200
    assert ACKNOWLEDGED not in await world.timeline()

    status, words = await follow(world, link, "POST")
    assert (status, "Acknowledged. Thank you, Ana." in words) == (200, True)
    assert "Already acknowledged by Ana at" in (await follow(world, link))[1]
    assert await ben_stays_undisturbed(world)


async def test_ack_and_the_code_acknowledge_in_chat(chat: Chat, town_world: World) -> None:
    await pages_ana_then_ben(town_world)
    (page,) = town_world.pages_on("ana")

    words = await chat.answers(f"@aws ack {code_in(page)}", user=BEN)

    assert words == "Acknowledged the page to Ana."
    assert await ben_stays_undisturbed(town_world)


async def test_the_bare_code_acknowledges_in_the_incidents_thread(
    chat: Chat, town_world: World
) -> None:
    world = town_world
    await world.has_person("ana")
    await world.has_response_plan("ana", topic=await world.has_topic_in_slack())
    await world.starts_incident()
    (card,) = chat.cards()

    said = await chat.hears(code_in(world.pages_on("ana")[0]), user=ANA, thread_ts=card.ts)

    assert "Acknowledged the page to Ana." in [one.words for one in said]
    assert ACKNOWLEDGED in await world.timeline()


async def test_the_bare_code_acknowledges_in_a_direct_message(
    chat: Chat, town_world: World
) -> None:
    await pages_ana_then_ben(town_world)

    words = await chat.tells(ANA, code_in(town_world.pages_on("ana")[0]))

    assert words == "Acknowledged the page to Ana."


async def test_who_answers_late_hears_who_was_first_and_when(world: World) -> None:
    await world.has_person("ana")
    await world.has_person("ben")
    await world.has_escalation_plan("on-call", [(("ana", "ben"), 5)])
    await world.has_response_plan("on-call")
    await world.starts_incident()
    codes = {name: code_in(world.pages_on(name)[0]) for name in ("ana", "ben")}

    await world.replies("ana", codes["ana"])
    at = world.clock.now()
    await world.advance(minutes=2)
    await world.replies("ben", codes["ben"])

    assert world.phone("ben").texts[-1] == f"Already acknowledged by Ana at {at:%H:%M} UTC."
    assert (await world.timeline()).count(ACKNOWLEDGED) == 1


async def test_an_inessential_acknowledgement_ends_only_ones_own_plan(world: World) -> None:
    await world.has_person("ana", "SMS", "EMAIL")
    await world.has_person("ben")
    await world.has_escalation_plan("on-call", [("ana", 10), ("ben", 5)], is_essential=False)
    await world.has_response_plan("on-call")
    await world.starts_incident()

    await world.replies("ana", code_in(world.pages_on("ana")[0]))
    await world.advance(minutes=10)

    assert world.mails_to("ana") == []
    assert len(world.pages_on("ben")) == 1


async def test_five_wrong_codes_lock_that_door_only(world: World) -> None:
    await world.has_person("ana", "SMS", "EMAIL", minutes=1)
    await world.has_response_plan("ana")
    await world.starts_incident()
    await world.advance(minutes=1)
    code = code_in(world.pages_on("ana")[0])
    wrong = "000000" if code != "000000" else "111111"

    for _ in range(5):
        await world.replies("ana", wrong)
    assert "15 minutes" in world.phone("ana").texts[-1]
    told = len(world.phone("ana").texts)

    await world.replies("ana", code)
    assert len(world.phone("ana").texts) == told
    assert ACKNOWLEDGED not in await world.timeline()

    await follow(world, link_in(world.mails_to("ana")[0], "ack"), "POST")
    assert ACKNOWLEDGED in await world.timeline()


async def test_a_locked_door_opens_after_a_quarter_of_an_hour(town_world: World) -> None:
    world = town_world
    await world.has_person("ana", minutes=30)
    await world.has_response_plan("ana")
    await world.starts_incident()
    code = code_in(world.pages_on("ana")[0])

    for number in range(5):
        await world.replies("ana", f"00000{number}")
    await world.advance(minutes=16)
    await world.replies("ana", code)

    assert world.phone("ana").texts[-1] == "Acknowledged. Thank you, Ana."


async def test_the_code_of_another_phone_is_wrong_here(town_world: World) -> None:
    world = town_world
    await world.has_person("ana")
    await world.has_person("ben")
    await world.has_response_plan("ana", "ben")
    await world.starts_incident()

    await world.replies("ben", code_in(world.pages_on("ana")[0]))

    assert "No page to this address bears that code" in world.phone("ben").texts[-1]


async def test_a_page_still_on_its_way_is_dropped_once_somebody_else_took_it(
    town_world: World,
) -> None:
    world = town_world
    await world.has_person("ana")
    await world.has_person("ben", "EMAIL")
    await world.has_escalation_plan("on-call", [(("ana", "ben"), 5)])
    await world.has_response_plan("on-call")
    world.town.mailbox.misbehave("rcpt", "451 4.7.1 Greylisted", times=1)

    await world.starts_incident()
    await world.replies("ana", code_in(world.pages_on("ana")[0]))
    await world.advance(minutes=10)

    assert world.mails_to("ben") == []
    assert (await world.receipts_of("ben"))[-1][1].startswith("Not sent: acknowledged by")


async def test_a_person_twice_in_a_response_plan_is_acknowledged_by_either_code(
    town_world: World,
) -> None:
    world = town_world
    await world.has_person("ana")
    await world.has_escalation_plan("on-call", [("ana", 5)])
    await world.has_response_plan("ana", "on-call")
    await world.starts_incident()

    pages = world.pages_on("ana")
    for page in pages:
        await world.replies("ana", code_in(page))

    assert len({code_in(page) for page in pages}) == len(pages)
    assert all("cknowledged" in text for text in world.phone("ana").texts[-len(pages) :])


async def test_the_api_takes_the_code_too(town_world: World) -> None:
    world = town_world
    await world.has_person("ana")
    await world.has_response_plan("ana")
    await world.call("ssm-incidents", "StartIncident", responsePlanArn=PLAN)
    listed = await world.call(
        "ssm-contacts", "ListPagesByContact", ContactId=contact_arn("ana")
    )

    await world.call(
        "ssm-contacts",
        "AcceptPage",
        PageId=listed["Pages"][0]["PageArn"],
        AcceptType="READ",
        AcceptCode=code_in(world.pages_on("ana")[0]),
    )

    assert ACKNOWLEDGED in await world.timeline()
