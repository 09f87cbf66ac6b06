from __future__ import annotations

import json
from typing import Any

import pytest

from bot.core.channel import Notification
from bot.core.store.work import Job
from tests.core.desk import Desk
from tests.core.operations.subscribing import confirmed, publish, subscribe


@pytest.fixture
async def topic(desk: Desk) -> str:
    desk.is_reachable()
    return await desk.has_topic()


async def test_json_tells_each_protocol_its_own_text(desk: Desk, topic: str) -> None:
    await confirmed(desk, topic)
    await subscribe(desk, topic, "sms", "+12065550100")
    texts = json.dumps({"default": "All of it", "sms": "Short"})
    sent = await publish(desk, topic, texts, MessageStructure="json")

    assert {one.protocol: one.message for one in sent} == {"https": "All of it", "sms": "Short"}


@pytest.mark.parametrize(
    "more",
    [
        {"Message": ""},
        {"Message": "x" * 262_145},
        {"Message": "é" * 131_073},
        {"Subject": "x" * 101},
        {"Subject": "two\nlines"},
        {"Message": "no JSON", "MessageStructure": "json"},
        {"Message": '{"sms": "x"}', "MessageStructure": "json"},
        {"MessageStructure": "xml"},
        {"MessageAttributes": {"a": {"DataType": "String"}}},
        {"MessageAttributes": {"a": {"DataType": "Number", "StringValue": "x"}}},
        {"MessageAttributes": {"a": {"DataType": "Colour", "StringValue": "x"}}},
        {"MessageAttributes": {"AWS.a": {"DataType": "String", "StringValue": "x"}}},
        {"MessageAttributes": {"a": {"DataType": "String.Array", "StringValue": "x"}}},
        {"MessageGroupId": "one"},
        {"MessageDeduplicationId": "one"},
        {"PhoneNumber": "+12065550100"},
    ],
)
async def test_what_may_not_be_published_is_refused(
    desk: Desk, topic: str, more: dict[str, Any]
) -> None:
    given = {"TopicArn": topic, "Message": "Hello", **more}
    refusal = await desk.refusal("sns", "Publish", **given)

    assert refusal.code == "InvalidParameterException"


async def test_a_message_of_the_largest_size_leaves(desk: Desk, topic: str) -> None:
    await confirmed(desk, topic)
    [sent] = await publish(desk, topic, "x" * 262_144)

    assert len(sent.message) == 262_144


async def test_each_entry_of_a_batch_stands_for_itself(desk: Desk, topic: str) -> None:
    await confirmed(desk, topic)
    entries = [
        {"Id": "good", "Message": "Hello"},
        {"Id": "bad", "Message": "Hello", "Subject": "x" * 101},
    ]
    answer = await desk.call(
        "sns", "PublishBatch", TopicArn=topic, PublishBatchRequestEntries=entries
    )

    assert [one["Id"] for one in answer["Successful"]] == ["good"]
    [failed] = answer["Failed"]
    assert (failed["Id"], failed["Code"], failed["SenderFault"]) == (
        "bad",
        "InvalidParameter",
        True,
    )


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequestException"),
        ([{"Id": str(n), "Message": "x"} for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "Message": "x"}] * 2, "BatchEntryIdsNotDistinctException"),
        ([{"Id": "a b", "Message": "x"}], "InvalidBatchEntryIdException"),
        (
            [{"Id": str(n), "Message": "x" * 90_000} for n in range(3)],
            "BatchRequestTooLongException",
        ),
    ],
)
async def test_a_batch_that_is_none_is_refused(
    desk: Desk, topic: str, entries: list[dict[str, str]], code: str
) -> None:
    refusal = await desk.refusal(
        "sns", "PublishBatch", TopicArn=topic, PublishBatchRequestEntries=entries
    )

    assert refusal.code.startswith(code)


async def test_a_policy_that_denies_keeps_a_user_out(desk: Desk, topic: str) -> None:
    await confirmed(desk, topic)
    denial = {"Effect": "Deny", "Principal": "*", "Action": "SNS:Publish", "Resource": topic}
    policy = json.dumps({"Statement": [denial]})
    given = {"TopicArn": topic, "AttributeName": "Policy", "AttributeValue": policy}
    await desk.call("sns", "SetTopicAttributes", **given)

    refusal = await desk.refusal("sns", "Publish", TopicArn=topic, Message="Hello")
    assert refusal.code == "AuthorizationErrorException"


async def test_permissions_are_statements_by_their_label(desk: Desk, topic: str) -> None:
    given = {
        "TopicArn": topic,
        "Label": "partner",
        "AWSAccountId": ["999988887777"],
        "ActionName": ["Publish"],
    }
    await desk.call("sns", "AddPermission", **given)
    assert (await desk.refusal("sns", "AddPermission", **given)).code == (
        "InvalidParameterException"
    )
    shown = (await desk.call("sns", "GetTopicAttributes", TopicArn=topic))["Attributes"]
    statement = json.loads(shown["Policy"])["Statement"][-1]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::999988887777:root"}
    assert (statement["Sid"], statement["Action"]) == ("partner", "SNS:Publish")

    await desk.call("sns", "RemovePermission", TopicArn=topic, Label="partner")
    shown = (await desk.call("sns", "GetTopicAttributes", TopicArn=topic))["Attributes"]
    assert [one["Sid"] for one in json.loads(shown["Policy"])["Statement"]] == [
        "__default_statement_ID"
    ]


async def test_many_subscriptions_are_told_slice_by_slice(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    desk.is_reachable()
    topic = await desk.has_topic()
    for number in range(205):
        await subscribe(desk, topic, "sms", f"+1206555{number + 1000}")

    assert len(await publish(desk, topic)) == 100
    await desk.run_due()
    await desk.run_due()
    await desk.run_due()
    sent = [one for one in desk.messages if isinstance(one, Notification)]
    assert len({one.address for one in sent}) == len(sent) == 205
    assert [job for job in await desk.rows(Job) if job.task == "fan_out_further"] == []
