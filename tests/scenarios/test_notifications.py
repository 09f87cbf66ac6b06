from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from bot.playground.slack import ADMIN, ARCHIVED, INCIDENTS, PRIVATE, QUIET
from tests.scenarios.chat import Chat
from tests.scenarios.subscriber import Subscriber, open_subscriber
from tests.scenarios.wire import Api, Refused
from tests.scenarios.world import ACCOUNT, PLAN, TITLE, World, free_port, open_world

HOOK = "https://hooks.chime.aws/incomingwebhooks/1-2-3?token=abc"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/responders"


class Room:
    """Chime on loopback: what its incoming webhook was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.paths: list[str] = []
        self.status = 200

    async def handle(self, request: web.Request) -> web.Response:
        self.paths.append(request.path_qs)
        self.told.append((await request.json())["Content"])
        return web.json_response({"MessageId": "m", "RoomId": "r"}, status=self.status)


@pytest.fixture
async def subscriber() -> AsyncIterator[Subscriber]:
    async with open_subscriber() as opened:
        yield opened


@pytest.fixture
def chime_port() -> int:
    return free_port()


@pytest.fixture
async def room(chime_port: int) -> AsyncIterator[Room]:
    opened = Room()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", opened.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", chime_port).start()
    yield opened
    await runner.cleanup()


@pytest.fixture
async def house(sqlite_url: str, chime_port: int) -> AsyncIterator[World]:
    """Topics and Chime may be posted to on loopback here."""
    chime = f"http://127.0.0.1:{chime_port}"
    async with open_world(
        sqlite_url, IMBOT_TOPIC_NETWORKS="127.0.0.0/8", IMBOT_CHIME_URL=chime
    ) as opened:
        yield opened


@pytest.fixture
async def api(house: World) -> AsyncIterator[Api]:
    opened = Api(house)
    yield opened
    opened.close()


async def chatbot(api: Api, method: str, **parameters: Any) -> dict[str, Any]:
    return await api.call("chatbot", method, **parameters)


async def has_room(api: Api, *topics: str) -> dict[str, Any]:
    answer = await chatbot(
        api,
        "create_chime_webhook_configuration",
        ConfigurationName="room",
        WebhookDescription="On call",
        WebhookUrl=HOOK,
        SnsTopicArns=list(topics),
        IamRoleArn=ROLE,
        Tags=[{"TagKey": "team", "TagValue": "payments"}],
    )
    return dict(answer["WebhookConfiguration"])


def published(subscriber: Subscriber) -> list[dict[str, Any]]:
    return [json.loads(one.document["Message"]) for one in subscriber.notified]


async def test_a_subscriber_reads_the_whole_story_of_an_incident(
    api: Api, house: World, subscriber: Subscriber
) -> None:
    await house.has_person("ana")
    topic = (await api.call("sns", "create_topic", Name="news"))["TopicArn"]
    await api.call("sns", "subscribe", TopicArn=topic, Protocol="http", Endpoint=subscriber.url)
    await subscriber.confirm()
    await api.incidents(
        "create_response_plan",
        name="payments",
        incidentTemplate={
            "title": TITLE,
            "impact": 1,
            "notificationTargets": [{"snsTopicArn": topic}],
        },
        engagements=[f"arn:aws:ssm-contacts:us-east-1:{ACCOUNT}:contact/ana"],
    )
    started = await api.incidents("start_incident", responsePlanArn=PLAN)
    arn = started["incidentRecordArn"]
    await house.replies("ana", house.pages_on("ana")[-1].split("Reply ")[1][:6])
    await api.incidents("update_incident_record", arn=arn, status="RESOLVED")

    events = published(subscriber)
    assert events.pop(0)["detail-type"] == "SSM Response Plan Test"
    kinds = [event["detail-type"] for event in events]
    assert kinds.count("SSM Incident Start") == 1
    assert kinds.index("SSM Contacts Page for Incident") < kinds.index(
        "SSM Contacts Page Acknowledgement for Incident"
    )
    assert {event["resources"][0] for event in events} == {arn}
    resolved = [e for e in events if e["detail-type"] == "SSM Incident Record Update"][-1]
    assert {"attributeName": "status", "newValue": "RESOLVED"} in (
        resolved["detail"]["modifiedAttributes"]
    )


async def test_a_chime_room_hears_of_an_incident(api: Api, house: World, room: Room) -> None:
    topic = (await api.call("sns", "create_topic", Name="chat"))["TopicArn"]
    await has_room(api, topic)
    await house.has_response_plan(topic=topic)
    arn = await house.starts_incident()
    await api.incidents("update_incident_record", arn=arn, impact=3)

    tried, started, changed = room.told
    assert "test of response plan payments" in tried
    assert started == f"Incident started: {TITLE}"
    assert changed == f"{TITLE}: impact is 3"
    assert room.paths[0] == "/incomingwebhooks/1-2-3?token=abc"


async def test_chime_webhooks_live_as_the_reference_says(
    api: Api, house: World, room: Room
) -> None:
    topic = (await api.call("sns", "create_topic", Name="chat"))["TopicArn"]
    created = await has_room(api, topic)
    arn = created["ChatConfigurationArn"]
    assert arn == f"arn:aws:chatbot::{ACCOUNT}:chat-configuration/chime-webhook/room"
    with pytest.raises(Refused) as taken:
        await has_room(api, topic)
    assert taken.value.code == "ConflictException"

    described = await chatbot(
        api, "describe_chime_webhook_configurations", ChatConfigurationArn=arn
    )
    assert described["WebhookConfigurations"] == [created]
    assert "token" not in json.dumps(described["WebhookConfigurations"])

    changed = await chatbot(
        api,
        "update_chime_webhook_configuration",
        ChatConfigurationArn=arn,
        WebhookDescription="Nobody",
        SnsTopicArns=[],
    )
    assert changed["WebhookConfiguration"] == created | {
        "WebhookDescription": "Nobody",
        "SnsTopicArns": [],
    }
    await api.call("sns", "publish", TopicArn=topic, Message="Hello")
    assert room.told == []

    await chatbot(api, "delete_chime_webhook_configuration", ChatConfigurationArn=arn)
    with pytest.raises(Refused) as gone:
        await chatbot(api, "delete_chime_webhook_configuration", ChatConfigurationArn=arn)
    assert gone.value.code == "ResourceNotFoundException"
    assert house.app.settings.chime_url.startswith("http://127.0.0.1")


async def test_a_chime_webhook_that_is_gone_is_told_no_more_until_it_has_a_new_url(
    api: Api, house: World, room: Room
) -> None:
    topic = (await api.call("sns", "create_topic", Name="chat"))["TopicArn"]
    arn = (await has_room(api, topic))["ChatConfigurationArn"]
    room.status = 404
    for _ in range(2):
        await api.call("sns", "publish", TopicArn=topic, Message="Hello")
    assert room.told == ["Hello"]
    [shown] = (await chatbot(api, "describe_chime_webhook_configurations"))[
        "WebhookConfigurations"
    ]
    assert shown["State"] == "DISABLED"
    assert "not there any more" in shown["StateReason"]

    room.status = 200
    answer = await chatbot(
        api,
        "update_chime_webhook_configuration",
        ChatConfigurationArn=arn,
        WebhookUrl=HOOK.replace("abc", "def"),
    )
    assert answer["WebhookConfiguration"]["State"] == "ENABLED"
    await api.call("sns", "publish", TopicArn=topic, Message="Again")
    assert room.told[-1] == "Again"
    assert room.paths[-1].endswith("token=def")


async def test_a_slack_configuration_moves_to_another_channel_and_topic(
    api: Api, house: World
) -> None:
    first = await house.has_topic_in_slack(name="first")
    second = (await api.call("sns", "create_topic", Name="second"))["TopicArn"]
    [before] = (await chatbot(api, "describe_slack_channel_configurations"))[
        "SlackChannelConfigurations"
    ]
    answer = await chatbot(
        api,
        "update_slack_channel_configuration",
        ChatConfigurationArn=before["ChatConfigurationArn"],
        SlackChannelId=PRIVATE,
        SlackChannelName="private",
        SnsTopicArns=[second],
    )
    for topic in (first, second):
        await api.call("sns", "publish", TopicArn=topic, Message=f"From {topic[-6:]}")

    assert answer["ChannelConfiguration"] == before | {
        "SlackChannelId": PRIVATE,
        "SlackChannelName": "private",
        "SnsTopicArns": [second],
    }
    chat = Chat(house)
    assert chat.shown(INCIDENTS) == []
    [shown] = chat.shown(PRIVATE)
    assert "From second" in shown.words


async def test_two_configurations_cannot_have_one_channel(api: Api, house: World) -> None:
    await house.has_topic_in_slack(INCIDENTS, PRIVATE)
    found = await chatbot(api, "describe_slack_channel_configurations")
    arns = {
        one["SlackChannelId"]: one["ChatConfigurationArn"]
        for one in found["SlackChannelConfigurations"]
    }
    with pytest.raises(Refused) as refused:
        await chatbot(
            api,
            "update_slack_channel_configuration",
            ChatConfigurationArn=arns[INCIDENTS],
            SlackChannelId=PRIVATE,
        )
    assert refused.value.code == "InvalidParameterException"


async def test_configurations_bear_tags(api: Api, house: World) -> None:
    await house.has_topic_in_slack()
    room = (await has_room(api))["ChatConfigurationArn"]
    [slack] = (await chatbot(api, "describe_slack_channel_configurations"))[
        "SlackChannelConfigurations"
    ]
    for arn in (room, slack["ChatConfigurationArn"]):
        tags = [{"TagKey": "team", "TagValue": "a"}, {"TagKey": "stage", "TagValue": ""}]
        await chatbot(api, "tag_resource", ResourceARN=arn, Tags=tags)
        await chatbot(api, "untag_resource", ResourceARN=arn, TagKeys=["stage", "none"])
        listed = await chatbot(api, "list_tags_for_resource", ResourceARN=arn)
        assert listed["Tags"] == [{"TagKey": "team", "TagValue": "a"}]
        many = [{"TagKey": f"k{number}", "TagValue": ""} for number in range(50)]
        with pytest.raises(Refused) as refused:
            await chatbot(api, "tag_resource", ResourceARN=arn, Tags=many)
        assert refused.value.code == "TooManyTagsException"


async def test_an_accounts_preferences_are_kept(api: Api) -> None:
    await chatbot(api, "update_account_preferences", UserAuthorizationRequired=True)
    await chatbot(api, "update_account_preferences", TrainingDataCollectionEnabled=False)

    kept = await chatbot(api, "get_account_preferences")
    assert kept["AccountPreferences"] == {
        "UserAuthorizationRequired": True,
        "TrainingDataCollectionEnabled": False,
    }


async def test_custom_notifications_are_cards_in_threads(api: Api, house: World) -> None:
    topic = await house.has_topic_in_slack()
    for title in ("Deploying", "Deployed"):
        document = {
            "version": "1.0",
            "source": "custom",
            "content": {"title": title, "description": f"*{title}* v2"},
            "metadata": {"threadId": "deploy-7"},
        }
        await api.call("sns", "publish", TopicArn=topic, Message=json.dumps(document))

    first, second = Chat(house).shown(INCIDENTS)
    assert "*Deploying* v2" in first.words
    assert "*Deployed* v2" in second.words
    assert "Custom notification" in first.words
    assert second.message["thread_ts"] == first.ts


async def test_who_saved_a_plan_in_slack_hears_of_an_archived_channel(house: World) -> None:
    topic = await house.has_topic_in_slack(ARCHIVED, QUIET, INCIDENTS)
    plan = {"title": TITLE, "impact": 1}
    await house.say(
        "@aws ssm-incidents create-response-plan --name payments "
        f"--incident-template '{json.dumps(plan)}' "
        f"--chat-channel '{json.dumps({'chatbotSns': [topic]})}'"
    )
    chat = Chat(house)
    await confirmed(chat)

    dm = [post["text"] for post in chat.slack.posts(chat.slack.dm(ADMIN))]
    assert any(ARCHIVED in text and "archived" in text for text in dm)
    assert any(QUIET in text and "not in the channel" in text for text in dm)
    assert not any(INCIDENTS in text for text in dm)


async def confirmed(chat: Chat) -> None:
    card = chat.shown(INCIDENTS)[-1]
    if card.buttons:
        await chat.presses(card, card.buttons[0])


async def test_an_archived_channel_is_told_of_in_the_others(house: World) -> None:
    topic = await house.has_topic_in_slack(ARCHIVED, INCIDENTS)
    await house.has_response_plan(topic=topic)
    await house.starts_incident()
    await house.advance(seconds=5)

    said = [shown.words for shown in Chat(house).shown(INCIDENTS)]
    assert any("archived" in words for words in said)
    assert (await house.timeline()).count("SSM Incident Notification Failure") == 1
    assert [one for one in said if "Notification Failure" in one] == []
