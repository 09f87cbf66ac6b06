from __future__ import annotations

import json
from datetime import UTC, datetime

from bot.core.store.incidents import IncidentConversation
from bot.core.store.work import Job, Outbox
from tests.core.desk import INCIDENTS, Desk

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


async def note(desk: Desk, incident: str, text: str = "Restarted") -> None:
    await desk.call(
        INCIDENTS,
        "CreateTimelineEvent",
        incidentRecordArn=incident,
        eventType="Note",
        eventTime=desk.clock.now(),
        eventData=json.dumps(text),
    )


async def started(desk: Desk) -> str:
    """An incident whose card is on the wall."""
    topic = await desk.has_topic(read_by="C1")
    arn = await desk.starts(await desk.has_plan(topics=[topic]))
    await desk.work()
    return arn


async def test_a_start_is_one_card_in_the_linked_channel(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    arn = await started(desk)

    [card] = desk.wall.posts
    assert (card.address, card.event, card.ts) == ("C1", None, None)
    assert card.incident["arn"] == arn
    assert card.incident["creationTime"] == AT.isoformat()
    assert [event["eventType"] for event in card.recent] == [
        "SSM Incident Start",
        "SSM Incident Trigger",
    ]
    [conversation] = await desk.rows(IncidentConversation)
    assert (conversation.message_ts, conversation.team_id) == ("1.000", "T1")


async def test_an_event_is_a_reply_under_the_card_which_is_drawn_anew(desk: Desk) -> None:
    arn = await started(desk)
    await note(desk, arn)
    await desk.work(seconds=1)

    _, reply, card = sorted(desk.wall.posts, key=lambda post: post.key)
    assert (reply.event["eventType"], reply.event["eventData"]) == ("Note", "Restarted")
    assert (reply.thread_ts, card.ts) == ("1.000", "1.000")
    assert card.recent[0]["eventType"] == "Note"


async def test_a_card_is_drawn_once_a_second_and_shows_the_latest_state(desk: Desk) -> None:
    arn = await started(desk)
    await desk.work(seconds=5)
    for number in range(20):
        title = f"Title {number}"
        await desk.call(INCIDENTS, "UpdateIncidentRecord", arn=arn, title=title)
        await desk.work()
    assert len(desk.wall.cards) == 2

    await desk.work(seconds=1)
    assert len(desk.wall.cards) == 3
    assert desk.wall.cards[-1].incident["title"] == "Title 19"
    await desk.work(seconds=10)
    assert len(desk.wall.cards) == 3
    assert desk.wall.replies == ["SSM Incident Record Update"] * 20


async def test_a_card_that_waits_tells_what_happened_meanwhile(desk: Desk) -> None:
    topic = await desk.has_topic(read_by="C1")
    arn = await desk.starts(await desk.has_plan(topics=[topic]))
    await desk.run_due()
    await desk.call(INCIDENTS, "UpdateIncidentRecord", arn=arn, title="New")
    await desk.run_due()
    await desk.run_due(seconds=1)
    assert desk.wall.posts == []

    await desk.work()
    await desk.work(seconds=2)
    [card] = desk.wall.cards
    assert (card.ts, card.incident["title"]) == (None, "New")


async def test_two_topics_in_one_channel_are_one_card_and_two_channels_two(desk: Desk) -> None:
    first, second = await desk.has_topic("a"), await desk.has_topic("b")
    await desk.link("C1", first, second)
    await desk.link("C2", second)
    await desk.starts(await desk.has_plan(topics=[first, second]))
    await desk.work()

    assert sorted(post.address for post in desk.wall.posts) == ["C1", "C2"]


async def test_a_channel_linked_later_gets_the_card_first(desk: Desk) -> None:
    topic = await desk.has_topic()
    arn = await desk.starts(await desk.has_plan(topics=[topic]))
    await desk.work()
    assert desk.wall.posts == []

    await desk.link("C1", topic)
    await note(desk, arn)
    await desk.work()
    assert [post.event is None for post in desk.wall.posts] == [True, False]


async def test_a_topic_that_was_deleted_publishes_nothing(desk: Desk) -> None:
    topic = await desk.has_topic(read_by="C1")
    plan = await desk.has_plan(topics=[topic])
    await desk.call("sns", "DeleteTopic", TopicArn=topic)
    await desk.starts(plan)
    await desk.work()

    assert desk.wall.posts == []


async def test_a_card_that_slack_refused_is_posted_with_the_next_event(desk: Desk) -> None:
    desk.wall.refuses = True
    arn = await started(desk)
    assert desk.wall.posts == []

    desk.wall.refuses = False
    await note(desk, arn)
    await desk.work()
    assert [post.event is None for post in desk.wall.posts] == [True, False]
    assert desk.wall.posts[1].thread_ts == "1.000"


async def test_without_slack_nothing_waits_to_be_posted(desk: Desk) -> None:
    topic = await desk.has_topic(read_by="C1")
    desk.has_media("sms")
    await desk.starts(await desk.has_plan(topics=[topic]))
    await desk.run_due()

    assert await desk.rows(Outbox) == []
    assert await desk.rows(IncidentConversation) == []
    assert await desk.rows(Job, task="tell_chat") == []


async def test_an_incident_deleted_meanwhile_is_told_to_nobody(desk: Desk) -> None:
    arn = await started(desk)
    await note(desk, arn)
    await desk.call(INCIDENTS, "DeleteIncidentRecord", arn=arn)
    await desk.work(seconds=2)

    assert len(desk.wall.posts) == 1


async def test_the_card_shows_who_was_engaged_and_who_took_it(desk: Desk) -> None:
    ana = await desk.has_person("ana", "SMS")
    await desk.call("ssm-contacts", "UpdateContact", ContactId=ana, DisplayName="Ana")
    await desk.has_contact("ben")
    await desk.has_escalation_plan("oncall", ana)
    topic = await desk.has_topic(read_by="C1")
    plan = await desk.has_plan(topics=[topic], engages=["oncall", "ben"])
    await desk.starts(plan)
    await desk.work()
    people = {each["name"]: each["state"] for each in desk.wall.cards[0].people}
    assert people["Ana"] == "engaged"

    page = desk.last_page()
    pages = await desk.call("ssm-contacts", "ListPagesByContact", ContactId=ana)
    await desk.call(
        "ssm-contacts",
        "AcceptPage",
        PageId=pages["Pages"][0]["PageArn"],
        AcceptType="READ",
        AcceptCode=page.code,
    )
    await desk.work(seconds=2)
    people = {each["name"]: each for each in desk.wall.cards[-1].people}
    assert people["Ana"]["state"] == "acknowledged"
    assert people["Ana"]["at"] == AT.isoformat()
    assert people["ben"]["state"] == "failed"


async def test_a_refused_engagement_is_told_in_the_thread(desk: Desk) -> None:
    topic = await desk.has_topic(read_by="C1")
    await desk.starts(await desk.has_plan(topics=[topic], engages=["gone"]))
    await desk.work()

    [refused] = [post for post in desk.wall.posts if post.event is not None]
    assert refused.event["eventType"] == "SSM Incident Action Refused"
    assert refused.event["eventData"]["operation"] == "StartEngagement"


async def told_in_chat(desk: Desk, *aliases: str) -> str:
    """Start an incident that engages these contacts, and let chat hear of what follows."""
    topic = await desk.has_topic(read_by="C1")
    arn = await desk.starts(await desk.has_plan(topics=[topic], engages=aliases))
    await desk.work()
    await desk.work(seconds=1)
    return arn


async def test_an_incident_that_reaches_nobody_says_so_in_its_card_and_to_the_channel(
    desk: Desk,
) -> None:
    ana = await desk.has_contact("ana")
    await desk.has_escalation_plan("team", ana)
    await told_in_chat(desk, "team")

    assert desk.wall.cards[-1].nobody_reached
    alarms = [post for post in desk.wall.posts if post.event and post.nobody_reached]
    assert [alarm.event["eventData"]["contactName"] for alarm in alarms] == ["team"]


async def test_an_incident_whose_contacts_do_not_exist_reached_nobody(desk: Desk) -> None:
    await told_in_chat(desk, "nobody")

    assert desk.wall.cards[-1].nobody_reached


async def test_one_who_is_reached_is_enough_for_no_alarm(desk: Desk) -> None:
    await desk.has_contact("ana")
    await desk.has_person("ben")
    await told_in_chat(desk, "ana", "ben")

    assert not any(post.nobody_reached for post in desk.wall.posts)


async def test_the_alarm_leaves_the_card_when_somebody_acknowledges_after_all(
    desk: Desk,
) -> None:
    await desk.has_contact("ana")
    arn = await told_in_chat(desk, "ana")
    ben = await desk.has_person("ben")
    engagement = await desk.engages(ben, IncidentId=arn)
    [page] = await desk.pages_of(engagement)

    await desk.call(
        "ssm-contacts",
        "AcceptPage",
        PageId=page["PageArn"],
        AcceptType="READ",
        AcceptCode=desk.last_page().code,
    )
    await desk.work(seconds=2)

    assert not desk.wall.cards[-1].nobody_reached
