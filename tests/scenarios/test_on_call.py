from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bot.channels.slack.on_call import GIVE_BACK, TAKE_OVER
from bot.core.store.contacts import Contact
from bot.core.store.slack_links import SlackLink
from bot.playground.slack import ADMIN, INCIDENTS
from tests.on_call import DAILY, NIGHTS
from tests.scenarios.chat import Chat
from tests.scenarios.links import follow
from tests.scenarios.world import ACCOUNT, World, contact_arn

NOBODY = "SSM Contacts Nobody On Call for Incident"


async def has_schedule(
    world: World, name: str, *people: str, recurrence: dict[str, Any] = DAILY
) -> str:
    """A schedule of one rotation of these people; answers the rotation's ARN."""
    made = await world.call(
        "ssm-contacts",
        "CreateRotation",
        Name=name,
        ContactIds=[contact_arn(one) for one in people],
        TimeZoneId="UTC",
        Recurrence=recurrence,
    )
    await world.call(
        "ssm-contacts",
        "CreateContact",
        Alias=name,
        DisplayName=name.capitalize(),
        Type="ONCALL_SCHEDULE",
        Plan={"RotationIds": [made["RotationArn"]]},
    )
    return str(made["RotationArn"])


async def puts_on_call(world: World, rotation: str, people: Sequence[str]) -> None:
    await world.call(
        "ssm-contacts",
        "CreateRotationOverride",
        RotationId=rotation,
        NewContactIds=[contact_arn(one) for one in people],
        StartTime=world.clock.now(),
        EndTime=world.clock.later(hours=2),
    )


async def is_linked(world: World, name: str, user_id: str) -> None:
    """Link a contact to a Slack user, as if he had confirmed it."""
    [contact] = await world.app.store.read(lambda tx: tx.select(Contact, alias=name))
    row = SlackLink(
        account_id=ACCOUNT,
        contact_key=contact.key,
        contact_arn=contact.arn,
        user_id=user_id,
        created_at=world.clock.now(),
        confirmed_at=world.clock.now(),
    )
    await world.app.store.write(lambda tx: tx.insert([row]))


async def test_the_first_stage_of_a_plan_is_whoever_is_on_call(world: World) -> None:
    for name in ("ana", "ben", "cleo"):
        await world.has_person(name)
    await has_schedule(world, "primary", "ana", "ben")
    await world.has_escalation_plan("team", [("primary", 5), ("cleo", 5)])
    await world.has_response_plan("team")

    await world.advance(days=1)
    await world.starts_incident()
    assert (len(world.pages_on("ana")), len(world.pages_on("ben"))) == (0, 1)

    await world.advance(minutes=5)
    assert len(world.pages_on("cleo")) == 1


async def test_in_a_gap_the_next_stage_begins_at_once(world: World) -> None:
    await world.has_person("ana")
    await world.has_person("ben")
    await has_schedule(world, "nights", "ana", recurrence=NIGHTS)
    await world.has_escalation_plan("team", [("nights", 5), ("ben", 5)])
    await world.has_response_plan("team")
    await world.advance_to(23)

    await world.starts_incident()

    assert world.pages_on("ana") == []
    assert len(world.pages_on("ben")) == 1
    assert NOBODY in await world.timeline()


async def test_an_override_takes_effect_at_once(world: World) -> None:
    await world.has_person("ana")
    await world.has_person("ben")
    rotation = await has_schedule(world, "primary", "ana", "ben")
    await world.has_response_plan("primary")

    await puts_on_call(world, rotation, ["ben"])
    await world.starts_incident()

    assert world.pages_on("ana") == []
    assert len(world.pages_on("ben")) == 1


async def test_chat_tells_who_is_on_call_now_and_next(town_world: World, chat: Chat) -> None:
    await town_world.advance_to(10)
    for name in ("ana", "ben"):
        await town_world.has_contact(name)
    rotation = await has_schedule(town_world, "primary", "ana", "ben")

    words = await chat.answers("@aws who is on call?")
    assert "Now: *Ana*" in words
    assert "Next: *Ben* from <!date^" in words
    assert "Rotation primary, UTC" in words

    await puts_on_call(town_world, rotation, [])
    words = await chat.answers("@aws on-call")
    assert "Now: *✗ Nobody*" in words
    assert "Next: *Ana*" in words


async def test_chat_says_that_there_is_no_schedule(chat: Chat) -> None:
    assert "There is no on-call schedule" in await chat.answers("@aws who is on call")


async def test_a_shift_is_taken_over_and_given_back_by_buttons(
    town_world: World, chat: Chat
) -> None:
    for name in ("ana", "ben"):
        await town_world.has_contact(name)
    await has_schedule(town_world, "primary", "ana", "ben")
    await is_linked(town_world, "ben", ADMIN)
    (card,) = await chat.hears("@aws who is on call")

    await chat.presses(card, f"{TAKE_OVER}_60")
    taken = chat.shown()[-1]
    assert "*Ben* on call in *primary* until <!date^" in taken.words
    assert "instead of *Ana*" in taken.words
    assert "Now: *Ben*" in await chat.answers("@aws who is on call")

    await chat.presses(taken, GIVE_BACK)
    assert "Given back. *Ana* on call in *primary*" in chat.shown()[-1].words
    assert "Now: *Ana*" in await chat.answers("@aws who is on call")


async def test_who_is_not_linked_takes_over_by_name(town_world: World, chat: Chat) -> None:
    for name in ("ana", "ben"):
        await town_world.has_contact(name)
    await has_schedule(town_world, "primary", "ana", "ben")

    assert "@aws link me to ana" in await chat.answers("@aws take over primary for 2h")
    words = await chat.answers("@aws take over primary for 1h 30m as ben")
    assert "*Ben* on call in *primary*" in words
    assert "How long is that?" in await chat.answers("@aws take over primary for a bit")


async def test_a_calendar_is_told_to_who_asks_alone_and_read_there(
    town_world: World, chat: Chat
) -> None:
    await town_world.has_contact("ana")
    await has_schedule(town_world, "primary", "ana")

    await chat.hears("@aws calendar primary")

    [whisper] = town_world.town.slack.workspace.conversation(INCIDENTS).ephemerals
    assert "thread_ts" not in whisper  # for nobody sees it in a thread without replies
    url = re.search(r"http\S+\.ics", str(whisper["blocks"]))
    assert url is not None
    status, body = await follow(town_world, url[0])
    assert (status, "SUMMARY:Ana (primary)" in body) == (200, True)
    assert "only you will see" in await chat.answers(
        "@aws imbot create-calendar-link --resource-id primary"
    )


async def test_the_sender_is_saved_from_a_card(town_world: World, chat: Chat) -> None:
    words = await chat.answers("@aws vcard")

    url = re.search(r"<(http\S+\.vcf)\|", words)
    assert url is not None
    status, body = await follow(town_world, url[1])
    assert status == 200
    assert f"TEL;TYPE=WORK,VOICE,MSG,PREF:{town_world.app.settings.twilio_from_number}" in body


async def test_a_hand_off_is_told_in_the_plan_s_channel_and_by_mail(
    town_world: World, chat: Chat
) -> None:
    world = town_world
    for name in ("ana", "ben"):
        await world.has_person(name, "EMAIL")
    rotation = await has_schedule(world, "primary", "ana", "ben")
    topic = await world.has_topic_in_slack(INCIDENTS)
    await world.has_response_plan("primary", topic=topic)

    await puts_on_call(world, rotation, ["ben"])

    assert "*Ben* on call in *primary* now." in chat.shown()[-1].words
    subjects = {
        name: world.town.mailbox.to(f"{name}@example.com")[-1].subject
        for name in ("ana", "ben")
    }
    assert subjects == {"ana": "You are off call: primary", "ben": "You are on call: primary"}
    assert len(chat.cards()) == 1
