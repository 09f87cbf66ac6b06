"""Slack as a further way to be told: confirmed by the person, acknowledged by a button."""

from __future__ import annotations

from bot.core.store.slack_links import DirectMessage
from bot.playground.slack import ADMIN, ANA, BEN, GUEST, INCIDENTS
from tests.scenarios.chat import Chat, Shown
from tests.scenarios.world import TITLE, World, code_in, contact_arn

ACKNOWLEDGE, CONFIRM, DECLINE = (
    "acknowledge_page",
    "confirm_slack_link",
    "decline_slack_link",
)
ACKNOWLEDGED = "SSM Contacts Page Acknowledgement for Incident"
NAMES = {ANA: "ana", BEN: "ben", GUEST: "gus"}


def directs(chat: Chat, user: str = ANA) -> list[Shown]:
    return chat.shown(chat.slack.dm(user))


async def link(chat: Chat, name: str = "ana", user: str = ANA) -> None:
    await chat.answers(f"@aws link @{NAMES[user]} to {name}")
    await chat.presses(directs(chat, user)[-1], CONFIRM, user=user)


async def status(world: World, name: str = "ana") -> str:
    answer = await world.call("imbot", "GetSlackLink", ContactId=contact_arn(name))
    return str(answer["SlackLink"]["Status"])


async def has_linked_ana_then_ben(world: World, chat: Chat, *media: str) -> None:
    await world.has_person("ana", *media)
    await world.has_person("ben")
    await world.has_escalation_plan("on-call", [("ana", 5), ("ben", 5)])
    await world.has_response_plan("on-call")
    await link(chat)


async def test_a_link_counts_once_the_very_person_has_confirmed_it(world: World) -> None:
    chat = Chat(world)
    await world.has_person("ana")

    said = await chat.answers("@aws link @ana to ana")
    [asked] = directs(chat)
    assert "was asked by direct message" in said
    assert asked.buttons == [CONFIRM, DECLINE]
    assert await status(world) == "PENDING"

    await chat.presses(asked, CONFIRM, user=BEN)
    assert await status(world) == "PENDING"
    assert "Only the Slack user who was asked" in directs(chat)[-1].words

    await chat.presses(asked, CONFIRM, user=ANA)
    assert await status(world) == "ACTIVE"
    assert "Confirmed" in directs(chat)[0].words
    assert directs(chat)[0].buttons == []


async def test_the_direct_message_goes_beside_the_text_and_its_button_acknowledges(
    world: World,
) -> None:
    chat = Chat(world)
    await has_linked_ana_then_ben(world, chat)
    await world.starts_incident()

    page = directs(chat)[-1]
    assert len(world.pages_on("ana")) == 1
    assert (TITLE in page.words, page.buttons) == (True, [ACKNOWLEDGE])
    assert "Paged by *on-call (stage 1)*" in page.words

    await chat.presses(page, ACKNOWLEDGE, user=ANA)
    await world.advance(minutes=30)

    assert world.pages_on("ben") == []
    assert (await world.timeline()).count(ACKNOWLEDGED) == 1
    receipts = dict(await world.receipts_of("ana"))
    assert receipts["READ"].endswith("by SLACK")
    assert "Acknowledged by Ana at" in directs(chat)[-1].words
    assert directs(chat)[-1].buttons == []


async def test_only_the_linked_users_press_acknowledges(chat: Chat, town_world: World) -> None:
    await has_linked_ana_then_ben(town_world, chat)
    await town_world.starts_incident()

    await chat.presses(directs(chat)[-1], ACKNOWLEDGE, user=BEN)

    assert ACKNOWLEDGED not in await town_world.timeline()
    assert "You are not linked" in directs(chat)[-1].words


async def test_a_late_press_hears_who_acknowledged_and_when(
    chat: Chat, town_world: World
) -> None:
    world = town_world
    await has_linked_ana_then_ben(world, chat)
    await world.starts_incident()
    stale = directs(chat)[-1]
    shown_before = dict(stale.message)
    await world.replies("ana", code_in(world.pages_on("ana")[0]))
    assert "Acknowledged by Ana at" in directs(chat)[-1].words

    chat.slack.channel(chat.slack.dm(ANA)).messages[-1]["blocks"] = shown_before["blocks"]
    await chat.presses(stale, ACKNOWLEDGE, user=ANA)

    assert "Already acknowledged by Ana at" in directs(chat)[-1].words
    assert (await world.timeline()).count(ACKNOWLEDGED) == 1


async def test_a_resolved_incident_takes_the_button_away(chat: Chat, town_world: World) -> None:
    world = town_world
    await has_linked_ana_then_ben(world, chat)
    incident = await world.starts_incident()

    await world.call("ssm-incidents", "UpdateIncidentRecord", arn=incident, status="RESOLVED")

    assert "No longer needed: the incident was resolved" in directs(chat)[-1].words
    assert directs(chat)[-1].buttons == []


async def test_somebody_without_a_working_channel_can_still_acknowledge(
    chat: Chat, town_world: World
) -> None:
    world = town_world
    await world.has_contact("ana")
    await world.has_response_plan("ana")
    await link(chat)
    await world.starts_incident()

    await chat.presses(directs(chat)[-1], ACKNOWLEDGE, user=ANA)

    assert (await world.timeline()).count(ACKNOWLEDGED) == 1
    assert "Acknowledged by Ana at" in directs(chat)[-1].words


async def test_a_guest_who_is_linked_may_press_though_he_may_type_nothing(
    chat: Chat, town_world: World
) -> None:
    world = town_world
    await world.has_person("ana")
    await world.has_response_plan("ana")
    await link(chat, "ana", GUEST)
    await world.starts_incident()

    await chat.presses(directs(chat, GUEST)[-1], ACKNOWLEDGE, user=GUEST)

    assert (await world.timeline()).count(ACKNOWLEDGED) == 1


async def test_who_declines_hears_of_no_page(chat: Chat, town_world: World) -> None:
    world = town_world
    await world.has_person("ana")
    await world.has_response_plan("ana")
    await chat.answers("@aws link @ben to ana")
    [asked] = directs(chat, BEN)
    await chat.presses(asked, DECLINE, user=BEN)
    await world.starts_incident()

    [message] = directs(chat, BEN)
    assert "Nothing more is sent to you" in message.words
    assert (await world.call("imbot", "ListSlackLinks"))["SlackLinks"] == []
    assert len(world.pages_on("ana")) == 1


async def test_an_administrator_links_himself_and_anyone_unlinks_himself(
    chat: Chat, town_world: World
) -> None:
    world = town_world
    await world.has_person("ana")
    await world.has_response_plan("ana")

    assert "not authorized" in await chat.answers("@aws link me to ana", user=BEN)
    assert "was asked" in await chat.answers("@aws link me to ana", user=ADMIN)
    await world.call("imbot", "UnlinkSlackUser", ContactId=contact_arn("ana"))
    await link(chat, "ana", BEN)
    said = await chat.answers("@aws unlink me from ana", user=BEN)
    await world.starts_incident()

    assert "no longer come by direct message" in said
    assert await world.app.store.read(lambda tx: tx.select(DirectMessage)) == []


async def test_who_is_unlinked_by_somebody_else_is_told(chat: Chat, town_world: World) -> None:
    world = town_world
    await has_linked_ana_then_ben(world, chat)

    await world.call("imbot", "UnlinkSlackUser", ContactId=contact_arn("ana"))

    assert "You are no longer told here of pages to Ana" in directs(chat)[-1].words


async def test_a_deactivated_user_marks_the_link_and_the_timeline_but_stops_no_page(
    chat: Chat, town_world: World
) -> None:
    world = town_world
    await has_linked_ana_then_ben(world, chat)
    chat.slack.misbehave("chat.postMessage", error="user_disabled")
    await world.starts_incident()

    assert len(world.pages_on("ana")) == 1
    assert await status(world) == "FAILED"
    assert "SSM Contacts Slack Message Failed for Incident" in await world.timeline()

    await world.call(
        "ssm-contacts",
        "StartEngagement",
        ContactId=contact_arn("ana"),
        Sender="tests",
        Subject="Again",
        Content="Again.",
    )
    assert "Again" in directs(chat)[-1].words
    assert await status(world) == "ACTIVE"


async def test_slack_is_waited_for_as_long_as_it_asks(chat: Chat, town_world: World) -> None:
    world = town_world
    await has_linked_ana_then_ben(world, chat)
    chat.slack.misbehave("chat.postMessage", retry_after=30)
    await world.starts_incident()
    assert len(world.pages_on("ana")) == 1
    before = len(directs(chat))

    await world.advance(seconds=29)
    assert len(directs(chat)) == before
    await world.advance(seconds=2)

    assert directs(chat)[-1].buttons == [ACKNOWLEDGE]


async def test_a_message_that_waits_is_not_sent_once_nobody_needs_it(
    chat: Chat, town_world: World
) -> None:
    world = town_world
    await has_linked_ana_then_ben(world, chat)
    chat.slack.misbehave("chat.postMessage", retry_after=60)
    await world.starts_incident()
    before = len(directs(chat))

    await world.replies("ana", code_in(world.pages_on("ana")[0]))
    await world.advance(minutes=5)

    assert len(directs(chat)) == before


async def test_the_incidents_thread_says_by_what_somebody_was_paged(
    chat: Chat, town_world: World
) -> None:
    world = town_world
    topic = await world.has_topic_in_slack()
    await world.has_person("ana")
    await world.has_response_plan("ana", topic=topic)
    await link(chat)
    await world.starts_incident()

    card = chat.cards(INCIDENTS)[-1]
    assert "Paging *Ana* by direct message and text." in "\n".join(chat.replies(card))
