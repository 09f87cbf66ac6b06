from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from bot.core.channel import Notification, Sent, TopicMessage, Undeliverable
from bot.core.store.work import Job, Outbox
from tests.core.desk import INCIDENTS, PRINCIPAL, ROLE, Desk, Wall
from tests.harness import ACCOUNT, REGION

HOOK = "https://hooks.chime.aws/incomingwebhooks/1-2-3?token=abc"


async def subscribe(desk: Desk, topic: str, number: str = "+14155550199") -> None:
    """By text, which needs no confirmation."""
    await desk.call("sns", "Subscribe", TopicArn=topic, Protocol="sms", Endpoint=number)


async def has_room(desk: Desk, *topics: str, name: str = "room") -> str:
    answer = await desk.call(
        "chatbot",
        "CreateChimeWebhookConfiguration",
        ConfigurationName=name,
        WebhookDescription="The room",
        WebhookUrl=HOOK,
        SnsTopicArns=list(topics),
        IamRoleArn=ROLE,
    )
    return str(answer["WebhookConfiguration"]["ChatConfigurationArn"])


async def note(desk: Desk, incident: str, text: str = "Restarted") -> None:
    await desk.call(
        INCIDENTS,
        "CreateTimelineEvent",
        incidentRecordArn=incident,
        eventType="Note",
        eventTime=desk.clock.now(),
        eventData=json.dumps(text),
    )


def told(desk: Desk) -> list[Notification]:
    return [each for each in desk.messages if isinstance(each, Notification)]


def in_rooms(desk: Desk) -> list[TopicMessage]:
    return [each for each in desk.messages if isinstance(each, TopicMessage)]


async def waiting(desk: Desk, name: str) -> Sequence[Job]:
    return await desk.rows(Job, task=name)


async def publishes(desk: Desk, topic: str, message: Any, **more: Any) -> None:
    text = message if isinstance(message, str) else json.dumps(message)
    await desk.call("sns", "Publish", TopicArn=topic, Message=text, **more)
    await desk.work()


def custom(description: str = "All is *well*", **metadata: Any) -> dict[str, Any]:
    return {
        "version": "1.0",
        "source": "custom",
        "content": {"title": "Deployed", "description": description},
        "metadata": metadata,
    }


async def test_a_phone_reads_what_happened_in_words(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    topic = await desk.has_topic()
    plan = await desk.has_plan(notificationTargets=[{"snsTopicArn": topic}])
    await desk.work()
    await subscribe(desk, topic)
    arn = await desk.starts(plan)
    await desk.work()
    [started] = [each for each in told(desk) if each.type == "Notification"]
    await desk.resolves(arn)
    await desk.work()
    [_, resolved] = [each for each in told(desk) if each.type == "Notification"]

    assert started.message == "Incident started: Payments are failing"
    assert resolved.message == "Payments are failing: status is RESOLVED"
    assert resolved.subject == "SSM Incident Record Update: Payments are failing"


async def test_programs_read_the_envelope_and_the_events_data(desk: Desk) -> None:
    topic = await desk.has_topic()
    plan = await desk.has_plan(topics=[topic])
    await confirmed_by_mail(desk, topic)
    arn = await desk.starts(plan, title="It burns")
    await desk.resolves(arn)
    await note(desk, arn)
    await desk.work()

    told_all = [each for each in told(desk) if each.type == "Notification"]
    tried, *events = (json.loads(each.message) for each in told_all)
    assert (tried["detail-type"], tried["resources"]) == ("SSM Response Plan Test", [plan])
    assert [event["detail-type"] for event in events] == [
        "SSM Incident Start",
        "SSM Incident Record Update",
        "Note",
    ]
    start, update, written = events
    assert start | {"id": "", "detail": {}} == {
        "version": "0",
        "id": "",
        "detail-type": "SSM Incident Start",
        "source": "aws.ssm-incidents",
        "account": ACCOUNT,
        "time": "2026-03-01T09:30:00Z",
        "region": REGION,
        "resources": [arn],
        "detail": {},
    }
    assert start["detail"]["incidentTitle"] == "It burns"
    assert update["detail"] == {
        "incidentTitle": "It burns",
        "modifiedBy": PRINCIPAL,
        "modifiedAttributes": [{"attributeName": "status", "newValue": "RESOLVED"}],
    }
    assert written["detail"] == {"eventData": "Restarted"}
    assert len({event["id"] for event in events}) == 3


async def confirmed_by_mail(desk: Desk, topic: str) -> None:
    desk.is_reachable()
    await desk.call(
        "sns", "Subscribe", TopicArn=topic, Protocol="email-json", Endpoint="a@example.com"
    )
    [asked] = [each for each in told(desk) if each.type == "SubscriptionConfirmation"]
    assert asked.token is not None
    await desk.call("sns", "ConfirmSubscription", TopicArn=topic, Token=asked.token)


async def test_an_incident_without_topics_costs_no_job(desk: Desk) -> None:
    await note(desk, await desk.starts(await desk.has_plan()))

    assert await waiting(desk, "tell_incident") == []


async def test_a_topic_that_nobody_reads_is_not_published_to(desk: Desk) -> None:
    topic = await desk.has_topic(read_by="C1")
    plan = await desk.has_plan(topics=[topic], notificationTargets=[{"snsTopicArn": topic}])
    await desk.starts(plan)
    await desk.work()

    assert await waiting(desk, "publish_event") == []
    assert len(desk.wall.cards) == 1


async def test_a_slack_channel_of_a_notification_target_reads_words(desk: Desk) -> None:
    topic = await desk.has_topic(read_by="C1")
    await desk.starts(await desk.has_plan(notificationTargets=[{"snsTopicArn": topic}]))
    await desk.work()

    [said] = in_rooms(desk)
    assert (said.address, said.text) == ("C1", "Incident started: Payments are failing")


async def test_a_channel_that_has_the_card_is_not_told_by_a_target_as_well(desk: Desk) -> None:
    first = await desk.has_topic("first")
    second = await desk.has_topic("second")
    await desk.link("C1", first, second)
    await desk.starts(
        await desk.has_plan(topics=[first], notificationTargets=[{"snsTopicArn": second}])
    )
    await desk.work()

    assert len(desk.wall.cards) == 1
    assert in_rooms(desk) == []


async def test_a_chime_room_reads_an_incident_in_words(desk: Desk) -> None:
    desk.has_media("slack", "chime")
    topic = await desk.has_topic()
    await has_room(desk, topic)
    plan = await desk.has_plan(topics=[topic])
    await desk.work()
    desk.messages.clear()
    await desk.starts(plan)
    await desk.work()

    [said] = in_rooms(desk)
    assert (said.address, said.text) == (HOOK, "Incident started: Payments are failing")


async def test_what_is_published_is_shown_in_linked_channels(desk: Desk) -> None:
    topic = await desk.has_topic(read_by="C1")
    await publishes(desk, topic, "The disk is full", Subject="Disk")

    [shown] = in_rooms(desk)
    assert (shown.address, shown.text, shown.subject) == ("C1", "The disk is full", "Disk")
    assert shown.topic_arn == topic


async def test_notifications_of_one_thread_stand_under_the_first(desk: Desk) -> None:
    topic = await desk.has_topic(read_by="C1")
    await publishes(desk, topic, custom("begins", threadId="deploy-1"))
    await publishes(desk, topic, custom("ends", threadId="deploy-1"))
    await publishes(desk, topic, custom("another", threadId="deploy-2"))

    begun, ended, other = desk.wall.posts
    assert [post.thread_ts for post in (begun, ended, other)] == [None, "1.000", None]
    assert "ends" in ended.text


async def test_a_saved_plan_tries_its_topics_once(desk: Desk) -> None:
    topic = await desk.has_topic()
    await subscribe(desk, topic)
    plan = await desk.has_plan(topics=[topic])
    await desk.work()
    [tried] = told(desk)
    assert "test of response plan payments" in tried.message

    chat = {"chatbotSns": [topic]}
    await desk.call(INCIDENTS, "UpdateResponsePlan", arn=plan, chatChannel=chat)
    await desk.work()
    assert len(told(desk)) == 1


class Closed(Wall):
    """Slack, where the bot is not in some of the channels."""

    def __init__(self, *closed: str) -> None:
        super().__init__()
        self.closed = closed

    async def send(self, message: Any) -> Sent:
        if message.address in self.closed:
            raise Undeliverable("The bot is not in the channel.", code="not_in_channel")
        return await super().send(message)


def with_wall(desk: Desk, wall: Wall) -> None:
    desk.courier._channels = {"slack": wall}
    desk.wall = wall


async def test_the_saver_hears_in_slack_of_a_channel_that_takes_nothing(desk: Desk) -> None:
    with_wall(desk, Closed("C1"))
    topic = await desk.has_topic(read_by="C1")
    desk.acts_as(door="slack", principal_arn=f"{ROLE}/T1-U0ANA")
    await desk.has_plan(topics=[topic])
    await carried(desk)

    [told_him] = desk.wall.posts
    assert told_him.address == "U0ANA"
    assert "Slack channel C1 cannot be told" in told_him.text


async def carried(desk: Desk) -> None:
    """Carry what was born owned, too, as the process does."""
    for _ in range(4):
        await desk.engine.run_due()
        rows = [row for row in await desk.rows(Outbox) if row.owner and not row.failed_at]
        desk.courier.carry(rows)
        await desk.courier.settle()
        await desk.courier.claim()
        await desk.courier.settle()


async def test_other_channels_hear_once_of_one_that_takes_nothing(desk: Desk) -> None:
    with_wall(desk, Closed("C1"))
    topic = await desk.has_topic()
    await desk.link("C1", topic)
    await desk.link("C2", topic)
    arn = await desk.starts(await desk.has_plan(topics=[topic]))
    await desk.work()
    await note(desk, arn)
    await desk.work(seconds=2)
    await note(desk, arn, "Again")
    await desk.work(seconds=2)

    assert {post.address for post in desk.wall.posts} == {"C2"}
    assert desk.wall.replies.count("SSM Incident Notification Failure") == 1
    assert (await desk.event_types(arn)).count("SSM Incident Notification Failure") == 1


async def test_a_room_reads_which_channel_could_not_be_told(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    with_wall(desk, Closed("C1"))
    desk.has_media("slack", "chime")
    closed, room = await desk.has_topic("closed", read_by="C1"), await desk.has_topic("room")
    await has_room(desk, room)
    await desk.starts(await desk.has_plan(topics=[closed, room]))
    await desk.work()
    await desk.work(seconds=2)

    words = "Slack channel C1 could not be told. The bot is not in the channel."
    assert in_rooms(desk)[-1].text == f"Payments are failing: {words}"
    assert "response plan payments cannot tell Slack channel C1" in caplog.text


async def keeps_incidents_out(desk: Desk, topic: str) -> None:
    deny = {
        "Effect": "Deny",
        "Principal": {"Service": "ssm-incidents.amazonaws.com"},
        "Action": "SNS:Publish",
        "Resource": topic,
    }
    await desk.call(
        "sns",
        "SetTopicAttributes",
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
    )


async def test_a_plan_with_a_topic_that_keeps_incidents_out_is_refused(desk: Desk) -> None:
    topic = await desk.has_topic()
    await keeps_incidents_out(desk, topic)
    refusal = await desk.refusal(
        INCIDENTS,
        "CreateResponsePlan",
        name="payments",
        incidentTemplate={
            "title": "It burns",
            "impact": 1,
            "notificationTargets": [{"snsTopicArn": topic}],
        },
    )

    assert refusal.code == "ValidationException"
    assert topic in refusal.message


async def test_a_topic_that_refuses_is_told_of_once(desk: Desk) -> None:
    topic = await desk.has_topic()
    await subscribe(desk, topic)
    plan = await desk.has_plan(notificationTargets=[{"snsTopicArn": topic}])
    await desk.work()
    await keeps_incidents_out(desk, topic)
    desk.messages.clear()
    arn = await desk.starts(plan)
    await note(desk, arn)
    await desk.work()

    assert told(desk) == []
    assert (await desk.event_types(arn)).count("SSM Incident Notification Failure") == 1


@pytest.mark.parametrize(
    "text", ["{", '{"threadId": 1}', "[]", '{"metadata": {"threadId": []}}']
)
async def test_any_text_may_be_published(desk: Desk, text: str) -> None:
    topic = await desk.has_topic(read_by="C1")
    await publishes(desk, topic, text)

    assert [each.text for each in in_rooms(desk)] == [text]
