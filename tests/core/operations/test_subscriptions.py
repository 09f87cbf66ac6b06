from __future__ import annotations

import json
from typing import Any

import pytest

from bot.core.channel import Reply
from bot.core.replies.accepting import door_context
from bot.core.replies.texts import answer_text
from bot.core.store.subscriptions import DeadLetter, Subscription
from bot.core.store.transaction import Transaction
from bot.core.store.work import Job, Outbox
from bot.core.tasks.sweep import ensure_sweep
from tests.core.desk import Desk
from tests.core.operations.subscribing import URL, confirmed, publish, subscribe
from tests.harness import ACCOUNT, REGION


@pytest.fixture
async def topic(desk: Desk) -> str:
    desk.is_reachable()
    return await desk.has_topic()


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


async def test_a_deleted_topic_takes_its_subscriptions_along(desk: Desk, topic: str) -> None:
    await confirmed(desk, topic)
    await desk.call("sns", "DeleteTopic", TopicArn=topic)

    assert await desk.rows(Subscription) == []
    refusal = await desk.refusal("sns", "Publish", TopicArn=topic, Message="Hello")
    assert refusal.code == "NotFoundException"


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
