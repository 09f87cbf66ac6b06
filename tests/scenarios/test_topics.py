from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature

from tests.scenarios.subscriber import Subscriber, fetch, open_subscriber, verify
from tests.scenarios.wire import Api
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
