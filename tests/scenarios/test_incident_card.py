from __future__ import annotations

from bot.playground.phone import VENDOR_DOWN
from bot.playground.pulse import Fault
from bot.playground.slack import ADMIN, ARCHIVED, BEN, GUEST, INCIDENTS, PRIVATE
from tests.scenarios.chat import Chat, Shown
from tests.scenarios.world import TITLE, World, code_in, contact_arn

BUTTONS = [
    "acknowledge_incident",
    "engage_someone",
    "update_incident",
    "add_event",
    "resolve_incident",
]
CONFLUENCE = "https://wiki.example.com/payments?a=1&b=2"


async def shown_incident(world: World, *channels: str) -> str:
    """An incident that pages ana and is shown in the channels, or in #incidents."""
    await world.has_person("ana")
    await world.has_response_plan("ana", topic=await world.has_topic_in_slack(*channels))
    return await world.starts_incident()


def only_card(chat: Chat, channel: str = INCIDENTS) -> Shown:
    (card,) = chat.cards(channel)
    return card


async def test_an_incident_shows_itself_as_one_card(world: World) -> None:
    arn = await shown_incident(world)

    card = only_card(Chat(world))

    for words in (TITLE, "1 (Critical)", "Open", "Cards are declined.", "Ana", "Engaged", arn):
        assert words in card.words
    assert card.buttons == BUTTONS


async def test_what_happens_is_told_in_the_cards_thread(world: World) -> None:
    arn = await shown_incident(world)
    chat = Chat(world)

    await world.call(
        "ssm-incidents",
        "CreateTimelineEvent",
        incidentRecordArn=arn,
        eventTime=world.clock.now(),
        eventType="Custom Event",
        eventData='"Failing over to the second region"',
    )
    await world.replies("ana", code_in(world.pages_on("ana")[0]))

    told = chat.replies(only_card(chat))
    assert any("Paging *Ana* by text." in words for words in told)
    assert any("Failing over to the second region" in words for words in told)
    assert any("*Ana* acknowledged" in words for words in told)


async def test_the_card_itself_is_kept_current(town_world: World, chat: Chat) -> None:
    world = town_world
    arn = await shown_incident(world)
    before = only_card(chat)

    await world.replies("ana", code_in(world.pages_on("ana")[0]))
    await world.call("ssm-incidents", "UpdateIncidentRecord", arn=arn, impact=3, title="Calmer")
    await world.advance(seconds=2)

    after = only_card(chat)
    assert after.ts == before.ts
    for words in ("Calmer", "3 (Medium)", "Acknowledged by", "Ana"):
        assert words in after.words


async def test_the_resolve_button_resolves_and_stops_the_pages(world: World) -> None:
    chat = Chat(world)
    await world.has_person("ana")
    await world.has_person("ben")
    await world.has_escalation_plan("on-call", [("ana", 5), ("ben", 5)])
    await world.has_response_plan("on-call", topic=await world.has_topic_in_slack())
    arn = await world.starts_incident()

    await chat.presses(only_card(chat), "resolve_incident", user=BEN)
    await world.advance(minutes=30)

    record = await world.call("ssm-incidents", "GetIncidentRecord", arn=arn)
    assert record["incidentRecord"]["status"] == "RESOLVED"
    assert world.pages_on("ben") == []
    assert (await world.receipts_of("ana"))[-1][0] == "STOP"
    card = only_card(chat)
    assert "Resolved" in card.words
    assert card.buttons == []


async def test_a_button_pressed_twice_has_one_effect(town_world: World, chat: Chat) -> None:
    world = town_world
    arn = await shown_incident(world)
    card = only_card(chat)

    for user in (ADMIN, ADMIN, BEN):
        await chat.slack.press(user, card.channel, card.ts, "resolve_incident")
    await world.settle()

    updates = [kind for kind in await world.timeline() if kind == "SSM Incident Record Update"]
    assert len(updates) == 1
    record = await world.call("ssm-incidents", "GetIncidentRecord", arn=arn)
    assert record["incidentRecord"]["status"] == "RESOLVED"


async def test_a_guest_who_presses_resolve_is_refused(town_world: World, chat: Chat) -> None:
    world = town_world
    arn = await shown_incident(world)

    await chat.presses(only_card(chat), "resolve_incident", user=GUEST)

    record = await world.call("ssm-incidents", "GetIncidentRecord", arn=arn)
    assert record["incidentRecord"]["status"] == "OPEN"
    assert "Guests" in chat.shown()[-1].words


async def test_two_topics_that_lead_to_one_channel_show_one_card(
    town_world: World, chat: Chat
) -> None:
    world = town_world
    topics = [
        await world.has_topic_in_slack(PRIVATE, name="first"),
        await world.has_topic_in_slack(name="second"),
    ]
    configured = await world.call("chatbot", "DescribeSlackChannelConfigurations")
    first = configured["SlackChannelConfigurations"][0]
    await world.call(
        "chatbot",
        "DeleteSlackChannelConfiguration",
        ChatConfigurationArn=first["ChatConfigurationArn"],
    )
    await world.call(
        "chatbot",
        "CreateSlackChannelConfiguration",
        SlackTeamId=first["SlackTeamId"],
        SlackChannelId=PRIVATE,
        ConfigurationName="both",
        IamRoleArn=first["IamRoleArn"],
        SnsTopicArns=topics,
    )
    await world.has_response_plan(topic=topics)

    await world.starts_incident()

    assert TITLE in only_card(chat).words
    assert TITLE in only_card(chat, PRIVATE).words


async def test_each_incident_has_a_card_and_a_thread_of_its_own(
    town_world: World, chat: Chat
) -> None:
    world = town_world
    await shown_incident(world)
    await world.advance(seconds=20)
    await world.starts_incident()

    await world.replies("ana", code_in(world.pages_on("ana")[1]))

    first, second = chat.cards()
    assert not any("acknowledged" in words for words in chat.replies(first))
    assert any("acknowledged" in words for words in chat.replies(second))


async def test_the_incident_that_slack_started_is_shown_where_its_topic_leads(
    town_world: World, chat: Chat
) -> None:
    world = town_world
    await world.has_person("ana")
    arn = await world.has_response_plan("ana", topic=await world.has_topic_in_slack(PRIVATE))

    await chat.answers(f"@aws ssm-incidents start-incident --response-plan-arn {arn}")

    assert TITLE in only_card(chat, PRIVATE).words


async def test_slack_out_of_order_never_delays_a_page(world: World) -> None:
    slack = world.town.slack
    slack.misbehave("chat.*", times=6, fault=VENDOR_DOWN)

    await shown_incident(world)

    assert len(world.pages_on("ana")) == 1
    assert Chat(world).cards() == []
    await world.advance(minutes=30)
    assert slack.server.faults.is_empty
    assert TITLE in only_card(Chat(world)).words


async def test_a_card_whose_answer_was_lost_is_found_again_not_posted_twice(
    town_world: World, chat: Chat
) -> None:
    world = town_world
    chat.slack.misbehave("chat.postMessage", fault=Fault(mode="lose"))

    await shown_incident(world)
    await world.advance(minutes=1)
    await world.replies("ana", code_in(world.pages_on("ana")[0]))
    await world.advance(minutes=1)

    card = only_card(chat)
    assert "Acknowledged by" in card.words
    assert any("*Ana* acknowledged" in words for words in chat.replies(card))


async def test_slack_that_asks_to_wait_gets_everything_later_in_order(
    town_world: World, chat: Chat
) -> None:
    world = town_world
    chat.slack.misbehave("chat.postMessage", retry_after=30)

    arn = await shown_incident(world)
    for number in range(3):
        await world.call(
            "ssm-incidents",
            "CreateTimelineEvent",
            incidentRecordArn=arn,
            eventTime=world.clock.now(),
            eventType="Note",
            eventData=f'"Step {number}"',
        )
    assert chat.cards() == []
    await world.advance(minutes=1)

    told = [words for words in chat.replies(only_card(chat)) if "Step" in words]
    assert [words[-1] for words in told] == ["0", "1", "2"]


async def test_slack_that_asks_to_wait_in_one_channel_delays_no_page_and_no_other_channel(
    town_world: World, chat: Chat
) -> None:
    world = town_world

    def posted(channel: str) -> int:
        calls = chat.slack.server.calls
        told = [given for name, given in calls if name in ("chat.postMessage", "chat.update")]
        return sum(given.get("channel") == channel for given in told)

    arn = await shown_incident(world, INCIDENTS, PRIVATE)
    await world.advance(minutes=1)
    chat.slack.misbehave("chat.update", retry_after=30)
    await world.call("ssm-incidents", "UpdateIncidentRecord", arn=arn, title="Calmer")
    await world.advance(seconds=2)
    waits, goes_on = sorted((INCIDENTS, PRIVATE), key=posted)
    asked, told = posted(waits), posted(goes_on)
    for number in range(5):
        change = {"summary": f"Step {number}"}
        await world.call("ssm-incidents", "UpdateIncidentRecord", arn=arn, **change)
        await world.advance(seconds=2)
    assert posted(waits) == asked
    assert posted(goes_on) > told + 5

    await world.has_person("ben")
    ben = contact_arn("ben")
    given = {"Sender": "ana", "Subject": TITLE, "Content": TITLE, "ContactId": ben}
    await world.call("ssm-contacts", "StartEngagement", **given, PublicSubject=TITLE)
    assert len(world.pages_on("ben")) == 1
    await world.advance(minutes=1)
    assert all("Step 4" in only_card(chat, place).words for place in (waits, goes_on))


async def test_an_archived_channel_keeps_nobody_from_being_told_and_is_not_asked_for_ever(
    town_world: World, chat: Chat
) -> None:
    world = town_world
    await shown_incident(world, ARCHIVED, INCIDENTS)
    await world.replies("ana", code_in(world.pages_on("ana")[0]))
    await world.advance(minutes=10)
    asked = len(chat.slack.server.calls)
    await world.advance(hours=10)

    assert "Acknowledged by" in only_card(chat).words
    assert len(chat.slack.server.calls) == asked


async def test_a_deleted_card_is_left_deleted_and_its_incident_goes_on(
    town_world: World, chat: Chat
) -> None:
    world = town_world
    await shown_incident(world)
    chat.slack.channel(INCIDENTS).messages.clear()

    await world.replies("ana", code_in(world.pages_on("ana")[0]))
    await world.advance(minutes=5)

    assert world.phone("ana").texts[-1] == "Acknowledged. Thank you, Ana."


async def test_texts_from_outside_ping_nobody_and_stay_as_they_are(
    town_world: World, chat: Chat
) -> None:
    world = town_world
    arn = await shown_incident(world)

    await world.call(
        "ssm-incidents",
        "CreateTimelineEvent",
        incidentRecordArn=arn,
        eventTime=world.clock.now(),
        eventType="Note",
        eventData=f'"<!channel> see {CONFLUENCE} <@U0BEN000002>"',
    )

    told = chat.replies(only_card(chat))[-1]
    assert "&lt;!channel&gt;" in told
    assert "&lt;@U0BEN000002&gt;" in told
    assert "a=1&amp;b=2" in told


async def test_who_could_not_be_reached_is_shown(town_world: World, chat: Chat) -> None:
    world = town_world
    await world.has_person("ana")
    await world.has_response_plan("ana", topic=await world.has_topic_in_slack())
    world.phone("ana").facts.error_code = 30003

    await world.starts_incident()
    await world.advance(seconds=5)

    card = only_card(chat)
    assert "Not reached" in card.words
    assert any("*Ana* could not be reached" in words for words in chat.replies(card))


async def test_a_code_typed_by_another_acknowledges_the_paged_persons_page(
    town_world: World, chat: Chat
) -> None:
    world = town_world
    await shown_incident(world)

    await chat.answers(f"@aws ack {code_in(world.pages_on('ana')[0])}", user=BEN)
    await world.advance(seconds=2)

    assert "*Acknowledged by*\nAna" in only_card(chat).words
