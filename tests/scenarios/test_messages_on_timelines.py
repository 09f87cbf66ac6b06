"""Slack messages that people put on an incident's timeline, and what becomes of them."""

from __future__ import annotations

from typing import Any

from bot.playground.slack import ADMIN, ANA, BEN, GENERAL, GUEST, INCIDENTS
from tests.scenarios.chat import Chat
from tests.scenarios.test_card_forms import custom_events, shown
from tests.scenarios.world import TITLE, World


async def messages(world: World, arn: str) -> list[dict[str, Any]]:
    """What stands on the timeline of messages, the oldest first."""
    return [dict(one)["slackMessage"] for one in await custom_events(world, arn)]  # type: ignore[call-overload]


async def said(world: World, user: str, text: str, **where: Any) -> str:
    ts = await Chat(world).slack.say(user, where.pop("channel", INCIDENTS), text, **where)
    await world.settle()
    return ts


async def test_an_emoji_puts_a_message_on_the_timeline_with_who_when_and_a_link(
    world: World,
) -> None:
    chat = Chat(world)
    arn, card = await shown(world)
    ts = await said(world, ANA, "@ben: a &amp; b <fail> again", thread_ts=card.ts)

    await chat.reacts(BEN, ts)

    [message] = await messages(world, arn)
    assert (message["author"], message["addedBy"], message["authorId"]) == ("ana", "ben", ANA)
    assert message["text"].startswith("@ben: a")
    assert ts.replace(".", "") in message["link"]
    listed = await world.call("ssm-incidents", "ListTimelineEvents", incidentRecordArn=arn)
    [event] = [one for one in listed["eventSummaries"] if one["eventType"] == "Custom Event"]
    assert abs(event["eventTime"].timestamp() - float(ts)) < 0.001
    assert any("*ana* wrote (added by ben)" in words for words in chat.replies(card))


async def test_the_messages_edit_and_deletion_follow_to_the_event(world: World) -> None:
    chat = Chat(world)
    arn, card = await shown(world)
    ts = await said(world, ANA, "It was the cabel", thread_ts=card.ts)
    await chat.reacts(ANA, ts)

    await chat.slack.edit(ANA, INCIDENTS, ts, "It was the cable, says @ben")
    await world.settle()
    [message] = await messages(world, arn)
    assert message["text"] == "It was the cable, says @ben"
    assert message["link"]

    await chat.slack.delete(ANA, INCIDENTS, ts)
    await world.settle()
    assert await messages(world, arn) == []


async def test_the_menu_of_a_message_puts_it_there_too_and_only_once(world: World) -> None:
    chat = Chat(world)
    arn, _ = await shown(world)
    ts = await said(world, ANA, "Seen in the channel itself")

    await chat.adds_to_timeline(BEN, ts)
    await chat.reacts(ANA, ts)
    await chat.adds_to_timeline(BEN, ts)

    assert [one["text"] for one in await messages(world, arn)] == ["Seen in the channel itself"]
    assert chat.whispers(BEN) == ["The message is on the incident's timeline already."]
    assert chat.whispers(ANA) == []


async def test_of_several_open_incidents_the_menu_asks_for_one(town_world: World) -> None:
    chat = Chat(town_world)
    first, _ = await shown(town_world)
    await town_world.advance(seconds=20)
    second = await town_world.starts_incident()
    ts = await said(town_world, ANA, "Which one is it?")

    await chat.reacts(ANA, ts)
    assert "Choose one by the message's menu" in chat.whispers(ANA)[-1]

    await chat.adds_to_timeline(ANA, ts)
    assert chat.form(ANA).count(TITLE) == 2
    await chat.submits(user=ANA, incident=first)

    assert len(await messages(town_world, first)) == 1
    assert await messages(town_world, second) == []


async def test_a_message_under_a_card_belongs_to_that_incident(town_world: World) -> None:
    chat = Chat(town_world)
    first, card = await shown(town_world)
    await town_world.advance(seconds=20)
    await town_world.starts_incident()
    ts = await said(town_world, ANA, "Here", thread_ts=card.ts)

    await chat.reacts(ANA, ts)

    assert len(await messages(town_world, first)) == 1


async def test_an_emoji_means_nothing_where_no_incident_is_open(town_world: World) -> None:
    chat = Chat(town_world)
    arn, card = await shown(town_world)
    await chat.slack.invite(GENERAL)
    elsewhere = await said(town_world, ANA, "Lunch?", channel=GENERAL)
    other = await said(town_world, ANA, "Look", thread_ts=card.ts)
    await chat.reacts(ANA, elsewhere, channel=GENERAL)
    await chat.reacts(ANA, other, emoji="eyes")
    await town_world.call("ssm-incidents", "UpdateIncidentRecord", arn=arn, status="RESOLVED")
    before = len(chat.shown())
    await chat.reacts(ANA, other)

    assert await messages(town_world, arn) == []
    assert chat.whispers(ANA) + chat.whispers(ANA, GENERAL) == []
    assert len(chat.shown()) == before


async def test_what_was_found_out_later_is_added_by_the_menu_under_the_card(
    town_world: World,
) -> None:
    chat = Chat(town_world)
    arn, card = await shown(town_world)
    await town_world.call("ssm-incidents", "UpdateIncidentRecord", arn=arn, status="RESOLVED")
    ts = await said(town_world, ANA, "It was the cable", thread_ts=card.ts)

    await chat.adds_to_timeline(ANA, ts)

    assert len(await messages(town_world, arn)) == 1


async def test_a_guest_puts_nothing_on_the_timeline_and_is_told_so(town_world: World) -> None:
    chat = Chat(town_world)
    arn, card = await shown(town_world)
    ts = await said(town_world, ANA, "Look", thread_ts=card.ts)

    await chat.reacts(GUEST, ts)
    await chat.adds_to_timeline(GUEST, ts)

    assert await messages(town_world, arn) == []
    assert len(chat.whispers(GUEST)) == 2
    assert "Guests" in chat.whispers(GUEST)[-1]


async def test_an_event_that_somebody_rewrote_stays_his(town_world: World) -> None:
    chat = Chat(town_world)
    arn, card = await shown(town_world)
    ts = await said(town_world, ANA, "First", thread_ts=card.ts)
    await chat.reacts(ANA, ts)
    listed = await town_world.call("ssm-incidents", "ListTimelineEvents", incidentRecordArn=arn)
    [event] = [one for one in listed["eventSummaries"] if one["eventType"] == "Custom Event"]
    await town_world.call(
        "ssm-incidents",
        "UpdateTimelineEvent",
        incidentRecordArn=arn,
        eventId=event["eventId"],
        eventData='"Rewritten"',
    )

    await chat.slack.edit(ANA, INCIDENTS, ts, "Second")
    await town_world.settle()

    assert await custom_events(town_world, arn) == ["Rewritten"]


async def test_the_bots_own_messages_are_not_put_there(town_world: World) -> None:
    chat = Chat(town_world)
    arn, card = await shown(town_world)

    await chat.reacts(ANA, card.ts)
    await chat.adds_to_timeline(ANA, card.ts)

    assert await messages(town_world, arn) == []
    assert len(chat.whispers(ANA)) == 1
    assert "the bot's own message" in chat.whispers(ANA)[0]


async def test_a_long_message_is_cut_where_it_shows(town_world: World) -> None:
    chat = Chat(town_world)
    arn, card = await shown(town_world)
    ts = await said(town_world, ANA, "“" * 13_000, thread_ts=card.ts)

    await chat.reacts(ANA, ts)

    [message] = await messages(town_world, arn)
    assert message["text"].endswith("“…")


async def test_an_edit_of_what_is_on_no_timeline_leaves_no_trace(town_world: World) -> None:
    chat = Chat(town_world)
    await shown(town_world)
    ts = await said(town_world, ADMIN, "Lunch?")
    before = len(chat.slack.server.calls)

    await chat.slack.edit(ADMIN, INCIDENTS, ts, "Dinner?")
    await chat.slack.delete(ADMIN, INCIDENTS, ts)
    await town_world.settle()

    assert len(chat.slack.server.calls) == before
