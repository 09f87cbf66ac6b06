from __future__ import annotations

import json
from typing import Any

import pytest

from bot.core.channel import Notification, Reply
from bot.core.replies.accepting import door_context
from bot.core.replies.texts import answer_text
from bot.core.store.subscriptions import DeadLetter, Subscription
from bot.core.store.transaction import Transaction
from bot.core.store.work import Job, Outbox
from bot.core.tasks.sweep import ensure_sweep
from tests.core.desk import Desk
from tests.harness import ACCOUNT, REGION

URL = "https://hooks.example.com/sns"


@pytest.fixture
async def topic(desk: Desk) -> str:
    desk.is_reachable()
    return await desk.has_topic()


async def subscribe(
    desk: Desk, topic: str, protocol: str = "https", endpoint: str = URL, **attributes: str
) -> str:
    answer = await desk.call(
        "sns",
        "Subscribe",
        TopicArn=topic,
        Protocol=protocol,
        Endpoint=endpoint,
        Attributes=attributes,
        ReturnSubscriptionArn=True,
    )
    return str(answer["SubscriptionArn"])


async def confirmed(desk: Desk, topic: str, *given: str, **attributes: str) -> str:
    arn = await subscribe(desk, topic, *given, **attributes)
    if isinstance(desk.messages[-1], Notification):
        token = desk.messages[-1].token
        await desk.call("sns", "ConfirmSubscription", TopicArn=topic, Token=token)
    return arn


async def publish(desk: Desk, topic: str, message: str = "Hello", **more: Any) -> list[Any]:
    """Publish, and answer what left for it."""
    before = len(desk.messages)
    await desk.call("sns", "Publish", TopicArn=topic, Message=message, **more)
    return desk.messages[before:]


async def attributes_of(desk: Desk, arn: str) -> dict[str, str]:
    answer = await desk.call("sns", "GetSubscriptionAttributes", SubscriptionArn=arn)
    return dict(answer["Attributes"])


async def put(desk: Desk, arn: str, name: str, value: str) -> None:
    await desk.call(
        "sns",
        "SetSubscriptionAttributes",
        SubscriptionArn=arn,
        AttributeName=name,
        AttributeValue=value,
    )


async def sweep(desk: Desk) -> None:
    def write(tx: Transaction) -> None:
        tx.delete_where(Job)
        ensure_sweep(desk.dispatcher.unit(tx), ACCOUNT)

    await desk.store.write(write)
    await desk.run_due()


async def opts_out(desk: Desk, number: str) -> None:
    """Whoever has the number replies STOP."""

    def write(tx: Transaction) -> None:
        ctx = door_context(desk.dispatcher.unit(tx), ACCOUNT, REGION)
        answer_text(ctx, Reply(number, "STOP", opted_out=True), "SMS")
        ctx.unit.flush()

    await desk.store.write(write)


async def test_a_subscription_lives_through_its_life(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    desk.is_reachable()
    topic = await desk.has_topic()
    arn = await subscribe(desk, topic)
    listed = await desk.call("sns", "ListSubscriptionsByTopic", TopicArn=topic)
    assert [one["SubscriptionArn"] for one in listed["Subscriptions"]] == [
        "PendingConfirmation"
    ]
    assert (await attributes_of(desk, arn))["PendingConfirmation"] == "true"

    token = desk.messages[-1].token  # type: ignore[union-attr]
    for _ in range(2):
        answer = await desk.call("sns", "ConfirmSubscription", TopicArn=topic, Token=token)
        assert answer["SubscriptionArn"] == arn
    shown = await attributes_of(desk, arn)
    assert (shown["PendingConfirmation"], shown["ConfirmationWasAuthenticated"]) == (
        "false",
        "true",
    )
    counts = (await desk.call("sns", "GetTopicAttributes", TopicArn=topic))["Attributes"]
    assert (counts["SubscriptionsConfirmed"], counts["SubscriptionsPending"]) == ("1", "0")

    await desk.call("sns", "Unsubscribe", SubscriptionArn=arn)
    await desk.call("sns", "Unsubscribe", SubscriptionArn=arn)
    assert (await desk.call("sns", "ListSubscriptions"))["Subscriptions"] == []
    gone = await desk.refusal("sns", "GetSubscriptionAttributes", SubscriptionArn=arn)
    assert gone.code == "NotFoundException"


async def test_subscribing_again_keeps_the_subscription_and_asks_anew(
    desk: Desk, topic: str
) -> None:
    arn = await subscribe(desk, topic)
    first = desk.messages[-1].token  # type: ignore[union-attr]
    assert await subscribe(desk, topic) == arn

    refusal = await desk.refusal("sns", "ConfirmSubscription", TopicArn=topic, Token=first)
    assert refusal.code == "InvalidParameterException"
    token = desk.messages[-1].token  # type: ignore[union-attr]
    await desk.call("sns", "ConfirmSubscription", TopicArn=topic, Token=token)
    told = len(desk.messages)
    assert await subscribe(desk, topic) == arn
    assert len(desk.messages) == told
    other = await desk.refusal(
        "sns",
        "Subscribe",
        TopicArn=topic,
        Protocol="https",
        Endpoint=URL,
        Attributes={"RawMessageDelivery": "true"},
    )
    assert "already exists with different attributes" in other.message


async def test_a_token_is_valid_for_two_days_and_what_is_unconfirmed_goes_after_three(
    desk: Desk, topic: str
) -> None:
    await subscribe(desk, topic)
    token = desk.messages[-1].token  # type: ignore[union-attr]
    desk.clock.advance(hours=49)

    refusal = await desk.refusal("sns", "ConfirmSubscription", TopicArn=topic, Token=token)
    assert "two days" in refusal.message
    await sweep(desk)
    assert len(await desk.rows(Subscription)) == 1
    desk.clock.advance(hours=24)
    await sweep(desk)
    assert await desk.rows(Subscription) == []


@pytest.mark.parametrize(
    ("protocol", "endpoint", "word"),
    [
        ("sqs", "arn:aws:sqs:us-east-1:111122223333:q", "belongs to AWS"),
        ("pigeon", "coop", "unknown"),
        ("https", "http://hooks.example.com", "must match the specified protocol"),
        ("https", "https://", "a URL"),
        ("https", "https://x.example/a b", "blanks"),
        ("https", "https://x.example:99999/", "a URL"),
        ("email", "nobody", "email address"),
        ("sms", "12345", "phone number"),
    ],
)
async def test_what_cannot_be_subscribed_is_refused(
    desk: Desk, topic: str, protocol: str, endpoint: str, word: str
) -> None:
    refusal = await desk.refusal(
        "sns", "Subscribe", TopicArn=topic, Protocol=protocol, Endpoint=endpoint
    )

    assert refusal.code == "InvalidParameterException"
    assert word in refusal.message


async def test_without_a_public_url_programs_cannot_be_asked_but_people_can(desk: Desk) -> None:
    topic = await desk.has_topic()
    refusal = await desk.refusal(
        "sns", "Subscribe", TopicArn=topic, Protocol="https", Endpoint=URL
    )
    assert "IMBOT_PUBLIC_URL" in refusal.message

    await confirmed(desk, topic, "email", "ana@example.com")
    [mail] = await publish(desk, topic)
    assert (mail.message, mail.unsubscribe_url) == ("Hello", None)


async def test_a_text_needs_no_confirmation(desk: Desk, topic: str) -> None:
    await subscribe(desk, topic, "sms", "+1 206 555 0100")
    [text] = await publish(desk, topic, "It burns", Subject="Not shown")

    assert (text.protocol, text.address, text.message) == ("sms", "+12065550100", "It burns")


async def test_a_filter_policy_keeps_out_what_is_not_wanted(desk: Desk, topic: str) -> None:
    policy = json.dumps({"kind": ["page"], "size": [{"numeric": [">=", 3]}]})
    arn = await confirmed(desk, topic, FilterPolicy=policy)
    kind = {"DataType": "String", "StringValue": "page"}

    def size(of: str) -> dict[str, Any]:
        return {"kind": kind, "size": {"DataType": "Number", "StringValue": of}}

    assert await publish(desk, topic) == []
    assert await publish(desk, topic, MessageAttributes=size("2")) == []
    assert len(await publish(desk, topic, MessageAttributes=size("3.0"))) == 1
    await put(desk, arn, "FilterPolicy", "{}")
    assert "FilterPolicy" not in await attributes_of(desk, arn)
    assert len(await publish(desk, topic)) == 1


async def test_a_filter_policy_may_look_into_the_body(desk: Desk, topic: str) -> None:
    policy = json.dumps({"detail": {"impact": [1, 2]}})
    await confirmed(desk, topic, FilterPolicyScope="MessageBody", FilterPolicy=policy)

    assert len(await publish(desk, topic, '{"detail": {"impact": 2}}')) == 1
    assert await publish(desk, topic, '{"detail": {"impact": 3}}') == []
    assert await publish(desk, topic, "no JSON") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RawMessageDelivery", "maybe"),
        ("FilterPolicy", "no JSON"),
        ("FilterPolicy", '{"a": "b"}'),
        ("FilterPolicyScope", "Everything"),
        ("DeliveryPolicy", '{"healthyRetryPolicy": {"numRetries": 101}}'),
        ("RedrivePolicy", '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:1:q"}'),
        ("Colour", "blue"),
    ],
)
async def test_an_attribute_that_does_not_fit_is_refused(
    desk: Desk, topic: str, name: str, value: str
) -> None:
    arn = await confirmed(desk, topic)
    refusal = await desk.refusal(
        "sns",
        "SetSubscriptionAttributes",
        SubscriptionArn=arn,
        AttributeName=name,
        AttributeValue=value,
    )

    assert refusal.code == "InvalidParameterException"


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


async def test_a_deleted_topic_takes_its_subscriptions_along(desk: Desk, topic: str) -> None:
    await confirmed(desk, topic)
    await desk.call("sns", "DeleteTopic", TopicArn=topic)

    assert await desk.rows(Subscription) == []
    refusal = await desk.refusal("sns", "Publish", TopicArn=topic, Message="Hello")
    assert refusal.code == "NotFoundException"


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


async def test_a_number_that_opted_out_gets_no_text_until_it_is_opted_in(
    desk: Desk, topic: str
) -> None:
    contact = await desk.has_contact("ana")
    await desk.has_channel(contact, "SMS", "+12065550100")
    await subscribe(desk, topic, "sms", "+12065550100")
    check = {"phoneNumber": "+12065550100"}
    assert await publish(desk, topic)
    await opts_out(desk, "+12065550100")

    answer = await desk.call("sns", "CheckIfPhoneNumberIsOptedOut", **check)
    assert answer["isOptedOut"] is True
    listed = await desk.call("sns", "ListPhoneNumbersOptedOut")
    assert listed["phoneNumbers"] == ["+12065550100"]
    assert await publish(desk, topic) == []
    assert len(await desk.rows(DeadLetter)) == 1
    refusal = await desk.refusal("sns", "Publish", PhoneNumber="+12065550100", Message="x")
    assert refusal.code == "InvalidParameterException"

    desk.clock.advance(seconds=1)
    await desk.call("sns", "OptInPhoneNumber", **check)
    assert len(await publish(desk, topic)) == 1
    desk.clock.advance(seconds=1)
    await opts_out(desk, "+12065550100")
    again = await desk.refusal("sns", "OptInPhoneNumber", **check)
    assert again.code == "ThrottledException"


async def test_a_reader_sees_no_addresses_and_ends_no_subscription(
    desk: Desk, topic: str
) -> None:
    arn = await confirmed(desk, topic, "email", "ana@example.com")
    desk.acts_as(rights="reader", door="slack")

    listed = await desk.call("sns", "ListSubscriptions")
    assert listed["Subscriptions"][0]["Endpoint"] == "a***@example.com"
    assert (await attributes_of(desk, arn))["Endpoint"] == "a***@example.com"
    refusal = await desk.refusal("sns", "Unsubscribe", SubscriptionArn=arn)
    assert refusal.code == "AuthorizationErrorException"
    numbers = await desk.refusal("sns", "ListPhoneNumbersOptedOut")
    assert numbers.code == "AccessDeniedException"


async def test_what_is_stored_shows_neither_endpoint_nor_message(
    desk: Desk, topic: str
) -> None:
    await confirmed(desk, topic)
    await publish(desk, topic, "It burns")

    for row in [*await desk.rows(Subscription), *await desk.rows(Outbox)]:
        assert "hooks.example.com" not in repr(row)
        assert "It burns" not in repr(row)
    assert ACCOUNT in topic
