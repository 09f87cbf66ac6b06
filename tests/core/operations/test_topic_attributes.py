from __future__ import annotations

import json

import pytest

from tests.core.desk import Desk


async def attributes_of(desk: Desk, topic: str) -> dict[str, str]:
    answer = await desk.call("sns", "GetTopicAttributes", TopicArn=topic)
    return dict(answer["Attributes"])


async def put(desk: Desk, topic: str, name: str, value: str) -> None:
    given = {"TopicArn": topic, "AttributeName": name, "AttributeValue": value}
    await desk.call("sns", "SetTopicAttributes", **given)


async def test_a_topic_shows_what_it_is_and_how_many_channels_read_it(desk: Desk) -> None:
    topic = await desk.has_topic(read_by="C1")
    shown = await attributes_of(desk, topic)

    assert (shown["TopicArn"], shown["Owner"]) == (topic, "111122223333")
    assert (shown["DisplayName"], shown["SubscriptionsConfirmed"]) == ("", "1")
    assert json.loads(shown["Policy"])["Statement"][0]["Resource"] == topic


async def test_an_attribute_is_kept_until_an_empty_value_brings_its_default_back(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    topic = await desk.has_topic()
    await put(desk, topic, "DisplayName", "Payments")
    await put(desk, topic, "SignatureVersion", "2")
    shown = await attributes_of(desk, topic)
    assert (shown["DisplayName"], shown["SignatureVersion"]) == ("Payments", "2")

    await put(desk, topic, "DisplayName", "")
    assert (await attributes_of(desk, topic))["DisplayName"] == ""


async def test_creating_a_topic_again_compares_only_what_is_given(desk: Desk) -> None:
    topic = await desk.has_topic()
    await put(desk, topic, "DisplayName", "Payments")
    await put(desk, topic, "SignatureVersion", "2")

    again = await desk.call(
        "sns", "CreateTopic", Name="chat", Attributes={"SignatureVersion": "2"}
    )
    assert again["TopicArn"] == topic


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TopicArn", "x"),
        ("FifoTopic", "true"),
        ("DisplayName", "x" * 101),
        ("Policy", "{}"),
        ("DeliveryPolicy", "soon"),
        ("SignatureVersion", "3"),
    ],
)
async def test_a_value_that_does_not_fit_is_refused(desk: Desk, name: str, value: str) -> None:
    topic = await desk.has_topic()
    given = {"TopicArn": topic, "AttributeName": name, "AttributeValue": value}
    refusal = await desk.refusal("sns", "SetTopicAttributes", **given)

    assert refusal.code == "InvalidParameterException"


async def test_a_topic_that_is_not_there_has_no_attributes(desk: Desk) -> None:
    arn = "arn:aws:sns:us-east-1:111122223333:none"
    refusal = await desk.refusal("sns", "GetTopicAttributes", TopicArn=arn)

    assert refusal.code == "NotFoundException"
