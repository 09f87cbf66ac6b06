from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from cryptography.exceptions import InvalidSignature

from tests.scenarios.subscriber import Subscriber, fetch, open_subscriber, verify
from tests.scenarios.wire import Api, aws
from tests.scenarios.world import World, open_world


@pytest.fixture
async def subscriber() -> AsyncIterator[Subscriber]:
    async with open_subscriber() as opened:
        yield opened


@pytest.fixture
async def open_house(sqlite_url: str) -> AsyncIterator[World]:
    """Topics may post to loopback here."""
    async with open_world(sqlite_url, IMBOT_TOPIC_NETWORKS="127.0.0.0/8") as opened:
        yield opened


@pytest.fixture
async def api(open_house: World) -> AsyncIterator[Api]:
    opened = Api(open_house)
    yield opened
    opened.close()


async def has_topic(api: Api, **attributes: str) -> str:
    answer = await api.call("sns", "create_topic", Name="news", Attributes=attributes)
    return str(answer["TopicArn"])


async def subscribe(api: Api, topic: str, to: Subscriber, **attributes: str) -> str:
    """Subscribe and confirm; answers the subscription's ARN."""
    answer = await api.call(
        "sns",
        "subscribe",
        TopicArn=topic,
        Protocol="http",
        Endpoint=to.url,
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )
    await to.confirm()
    return str(answer["SubscriptionArn"])


async def publish(api: Api, topic: str, message: str = "Hello", **more: Any) -> str:
    answer = await api.call("sns", "publish", TopicArn=topic, Message=message, **more)
    return str(answer["MessageId"])


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_subscriber_confirms_and_verifies_what_it_gets(
    api: Api, subscriber: Subscriber, version: str
) -> None:
    topic = await has_topic(api, SignatureVersion=version)
    pending = await api.call(
        "sns", "subscribe", TopicArn=topic, Protocol="http", Endpoint=subscriber.url
    )
    assert pending["SubscriptionArn"] == "pending confirmation"
    [asked] = subscriber.got
    assert asked.headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    assert "x-amz-sns-subscription-arn" not in asked.headers
    await verify(asked.document)
    await publish(api, topic, "Too early")

    confirmed = await subscriber.confirm()
    message_id = await publish(api, topic, "Grüße\n", Subject="News")

    assert "<ConfirmSubscriptionResponse" in confirmed
    [posted] = subscriber.notified
    document = posted.document
    assert (document["MessageId"], document["Message"]) == (message_id, "Grüße\n")
    assert (document["Subject"], document["SignatureVersion"]) == ("News", version)
    assert posted.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert posted.headers["x-amz-sns-subscription-arn"] in confirmed
    await verify(document)
    with pytest.raises(InvalidSignature):
        await verify({**document, "Message": "Other"})


async def test_raw_delivery_is_the_message_alone(api: Api, subscriber: Subscriber) -> None:
    topic = await has_topic(api)
    await subscribe(api, topic, subscriber, RawMessageDelivery="true")
    attributes = {"kind": {"DataType": "String", "StringValue": "x"}}
    await publish(api, topic, '{"a": 1}', MessageAttributes=attributes)

    [posted] = subscriber.notified
    assert posted.body == '{"a": 1}'
    assert posted.headers["x-amz-sns-rawdelivery"] == "true"


async def test_who_fetches_the_unsubscribe_url_is_offered_the_way_back(
    api: Api, subscriber: Subscriber
) -> None:
    topic = await has_topic(api)
    await subscribe(api, topic, subscriber)
    await publish(api, topic)
    await fetch(subscriber.notified[0].document["UnsubscribeURL"])
    await api.world.settle()
    assert subscriber.got[-1].document["Type"] == "UnsubscribeConfirmation"
    await verify(subscriber.got[-1].document)
    await publish(api, topic, "Unheard")

    await subscriber.confirm()
    await publish(api, topic, "Heard")

    assert [one.document["Message"] for one in subscriber.notified] == ["Hello", "Heard"]


async def letters(api: Api) -> list[dict[str, Any]]:
    answer = await api.world.call("imbot", "ListDeadLetters")
    return list(answer["DeadLetters"])


async def test_an_endpoint_that_fails_is_tried_three_times_more_and_then_given_up(
    api: Api, subscriber: Subscriber
) -> None:
    topic = await has_topic(api)
    arn = await subscribe(api, topic, subscriber)
    subscriber.will(500, 503, 429, 500)
    message_id = await publish(api, topic)
    for expected in (1, 2, 3, 4):
        assert len(subscriber.notified) == expected
        await api.world.advance(seconds=20)

    assert {one.document["MessageId"] for one in subscriber.notified} == {message_id}
    [letter] = await letters(api)
    assert (letter["MessageId"], letter["Attempts"]) == (message_id, 4)
    assert letter["Reason"] == "The endpoint answered 500."
    again = await api.world.call("imbot", "SendDeadLettersAgain", SubscriptionArn=arn)
    await api.world.settle()
    assert (again["Sent"], again["Left"]) == (1, 0)
    assert subscriber.notified[-1].document["MessageId"] == message_id
    await verify(subscriber.notified[-1].document)
    assert await letters(api) == []


async def test_a_delivery_policy_says_how_often_and_as_what(
    api: Api, subscriber: Subscriber
) -> None:
    topic = await has_topic(api)
    policy = (
        '{"healthyRetryPolicy": {"numRetries": 2, "numNoDelayRetries": 1, '
        '"minDelayTarget": 5, "maxDelayTarget": 5}, '
        '"requestPolicy": {"headerContentType": "application/json"}}'
    )
    await subscribe(api, topic, subscriber, DeliveryPolicy=policy)
    subscriber.will(500, 500, 500)
    await publish(api, topic)

    assert len(subscriber.notified) == 2
    assert subscriber.notified[0].headers["Content-Type"] == "application/json"
    await api.world.advance(seconds=5)
    assert len(subscriber.notified) == 3
    assert len(await letters(api)) == 1


@pytest.mark.parametrize("status", [301, 307, 400, 404])
async def test_a_refusal_or_redirect_is_final_and_nobody_is_followed(
    api: Api, subscriber: Subscriber, status: int
) -> None:
    topic = await has_topic(api)
    await subscribe(api, topic, subscriber)
    elsewhere = subscriber.url.replace("/hook", "/elsewhere")
    subscriber.moods.append(web.Response(status=status, headers={"Location": elsewhere}))
    await publish(api, topic)
    await api.world.advance(minutes=5)

    assert [one.path for one in subscriber.notified] == ["/hook"]
    [letter] = await letters(api)
    assert str(status) in letter["Reason"]


async def test_topics_do_not_reach_into_this_machine_unless_they_are_let(
    town_world: World, subscriber: Subscriber
) -> None:
    api = Api(town_world)
    topic = await has_topic(api)
    for url in (subscriber.url, subscriber.url.replace("127.0.0.1", "localhost")):
        await api.call("sns", "subscribe", TopicArn=topic, Protocol="http", Endpoint=url)
    await town_world.advance(minutes=5)
    api.close()

    assert subscriber.got == []


async def test_what_is_published_by_mail_is_confirmed_by_a_button_and_ended_by_one(
    api: Api,
) -> None:
    world = api.world
    topic = await has_topic(api, DisplayName="News")
    given = {"TopicArn": topic, "Protocol": "email", "Endpoint": "ana@example.com"}
    await api.call("sns", "subscribe", **given)
    [asked] = world.town.mailbox.to("ana@example.com")
    assert asked.subject == "Subscription to News: please confirm"
    url = re.search(r"http://\S+/subscription/\w+", asked.text)[0]  # type: ignore[index]
    assert "Confirm subscription" in await fetch(url)
    await publish(api, topic, "Too early")
    assert len(world.town.mailbox.to("ana@example.com")) == 1

    assert "Confirmed" in await press(url)
    await publish(api, topic, "It burns.\nAll of it.", Subject="Fire")
    mail = world.town.mailbox.to("ana@example.com")[-1]
    assert mail.subject == "Fire"
    assert mail.text.startswith("It burns.\r\nAll of it.") or "It burns.\nAll" in mail.text

    assert url in mail.text
    assert "Unsubscribed" in await press(url, end="1")
    await publish(api, topic)
    assert len(world.town.mailbox.to("ana@example.com")) == 2
    assert "not known here" in await fetch(url)


async def test_mail_as_json_is_the_signed_document(api: Api) -> None:
    topic = await has_topic(api)
    given = {"TopicArn": topic, "Protocol": "email-json", "Endpoint": "ana@example.com"}
    await api.call("sns", "subscribe", **given)
    asked = orjson.loads(api.world.town.mailbox.to("ana@example.com")[-1].text)
    await verify(asked)
    await fetch(asked["SubscribeURL"])
    await publish(api, topic, "Grüße, \u2028 Ana", Subject="Fire")

    mail = api.world.town.mailbox.to("ana@example.com")[-1]
    document = orjson.loads(mail.text)
    assert (document["Message"], document["Subject"]) == ("Grüße, \u2028 Ana", "Fire")
    await verify(document)


async def test_a_text_is_published_whole(api: Api) -> None:
    topic = await has_topic(api, DisplayName="News")
    given = {"TopicArn": topic, "Protocol": "sms", "Endpoint": "+14155550101"}
    await api.call("sns", "subscribe", **given)
    await publish(api, topic, "It burns. " * 30)

    [text] = api.world.phone("ana").texts
    assert text.startswith("News> It burns. It burns.")
    assert len(text) > 300


async def press(url: str, **fields: str) -> str:
    async with aiohttp.ClientSession() as session, session.post(url, data=fields) as answer:
        return await answer.text()


async def test_the_aws_cli_subscribes_publishes_and_hears_refusals(
    open_house: World, subscriber: Subscriber, tmp_path: Path
) -> None:
    async def cli(*words: str) -> Any:
        code, answer = await aws(open_house, tmp_path, "sns", *words)
        assert code == 0, answer
        return answer

    topic = (await cli("create-topic", "--name", "news"))["TopicArn"]
    about = ("--topic-arn", topic)
    await cli(
        *("subscribe", *about, "--protocol", "http", "--notification-endpoint", subscriber.url),
        *("--attributes", "RawMessageDelivery=true"),
    )
    token = subscriber.got[-1].document["Token"]
    arn = (await cli("confirm-subscription", *about, "--token", token))["SubscriptionArn"]
    entries = '[{"Id": "a", "Message": "One"}, {"Id": "b", "Message": "Two"}]'
    await cli("publish-batch", *about, "--publish-batch-request-entries", entries)
    await open_house.settle()

    assert sorted(one.body for one in subscriber.notified) == ["One", "Two"]
    await cli("unsubscribe", "--subscription-arn", arn)
    code, complaint = await aws(
        open_house, tmp_path, "sns", "publish", *about, "--message", "x", "--subject", "x" * 101
    )
    assert code != 0
    assert "(InvalidParameter) when calling the Publish operation" in complaint
