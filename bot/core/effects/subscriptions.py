"""Subscriptions of topics: asked for, confirmed, ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

import orjson
from sqlalchemy import bindparam, func, select

from bot.core.channel import Notification
from bot.core.context import Context
from bot.core.effects import links, outbox
from bot.core.errors import NotFoundException
from bot.core.ids import new_key, new_token
from bot.core.planner.delivery_policies import effective_policy
from bot.core.store.accounts import Topic
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.subscriptions import Subscription
from bot.core.store.transaction import Transaction

TOKEN_VALID = timedelta(days=2)
PENDING_KEPT = timedelta(days=3)
"""Source: Amazon SNS, deleting a subscription; ConfirmSubscription."""
MEDIA = {"http": "http", "https": "http", "email": "email", "email-json": "email", "sms": "sms"}
"""Which channel carries a protocol."""
COUNTS = prepared(
    select(func.count(), func.count(table_of(Subscription).c.confirmed_at)).where(
        table_of(Subscription).c.topic_arn == bindparam("topic")
    )
)
WEB = frozenset({"http", "https"})

ASKING = (
    "You have chosen to subscribe to the topic {topic}.\n"
    "To confirm the subscription, visit the SubscribeURL included in this message."
)
ENDED = (
    "You have chosen to deactivate subscription {subscription}.\n"
    "To cancel this operation and restore the subscription, visit the SubscribeURL included "
    "in this message."
)


def topic_of(ctx: Context, arn: str) -> Topic:
    """Raises NotFoundException."""
    topic = ctx.find(Topic, arn)
    if topic is None:
        raise NotFoundException("Topic does not exist")
    return topic


def subscription_of(ctx: Context, arn: str) -> Subscription:
    """Raises NotFoundException."""
    found = ctx.find(Subscription, arn)
    if found is None:
        raise NotFoundException("Subscription does not exist")
    return found


def counts(ctx: Context, topic: Topic) -> tuple[int, int]:
    """How many subscriptions are confirmed, and how many wait to be."""
    [(all_of_it, confirmed)] = ctx.tx.records(COUNTS, topic=topic.arn)
    return confirmed, all_of_it - confirmed


def token_fingerprint(tx: Transaction, token: str) -> str:
    return tx.vault.fingerprint(f"subscription token {token}")


def endpoint_fingerprint(tx: Transaction, protocol: str, endpoint: str) -> str:
    return tx.vault.fingerprint(f"endpoint {protocol} {endpoint}")


def ask(ctx: Context, topic: Topic, subscription: Subscription) -> Subscription:
    """Send a new token to the endpoint; the one before it is void."""
    token = new_token()
    mark = token_fingerprint(ctx.unit.tx, token)
    asked = ctx.update(subscription, token_fingerprint=mark, asked_at=ctx.now)
    words = ASKING.format(topic=topic.arn)
    _tell(ctx, topic, asked, "SubscriptionConfirmation", token, words)
    return asked


def confirm(
    ctx: Context, subscription: Subscription, *, is_known: bool, needs_authentication: bool
) -> None:
    """`is_known`: one of the account's own principals confirmed it."""
    ctx.update(
        subscription,
        confirmed_at=ctx.now,
        was_authenticated=is_known,
        needs_authentication=needs_authentication,
    )


def end(ctx: Context, subscription: Subscription) -> None:
    ctx.delete(subscription)


def end_unasked(ctx: Context, topic: Topic, subscription: Subscription) -> None:
    """End it for somebody who did not say who he is, and offer the way back."""
    token = new_token()
    mark = token_fingerprint(ctx.unit.tx, token)
    pending = ctx.update(
        subscription, confirmed_at=None, token_fingerprint=mark, asked_at=ctx.now
    )
    words = ENDED.format(subscription=subscription.arn)
    _tell(ctx, topic, pending, "UnsubscribeConfirmation", token, words)


def _tell(
    ctx: Context,
    topic: Topic,
    subscription: Subscription,
    kind: Literal["SubscriptionConfirmation", "UnsubscribeConfirmation"],
    token: str,
    words: str,
) -> None:
    message = Notification(
        key=new_key(),
        address=subscription.endpoint,
        created_at=ctx.now,
        type=kind,
        protocol=subscription.protocol,
        message_id=new_key(),
        topic_arn=topic.arn,
        subscription_arn=subscription.arn,
        message=words,
        token=token,
        subscribe_url=_subscribe_url(ctx, subscription, token),
        signature_version="2" if topic.attributes.get("SignatureVersion") == "2" else "1",
        display_name=topic.attributes.get("DisplayName", ""),
    )
    outbox.send(ctx, MEDIA[subscription.protocol], message)


def _subscribe_url(ctx: Context, subscription: Subscription, token: str) -> str | None:
    """For programs SNS's own form, which confirms when it is fetched; for people a page with a
    button, since mail programs fetch what is in a mail.
    """
    if subscription.protocol == "email":
        return links.link(ctx, "subscription", subscription.key)
    given = f"TopicArn={subscription.topic_arn}&Token={token}"
    return _action_url(ctx, "ConfirmSubscription", given)


def unsubscribe_url(ctx: Context, subscription: Subscription) -> str | None:
    if subscription.protocol == "email":
        return links.link(ctx, "subscription", subscription.key)
    return _action_url(ctx, "Unsubscribe", f"SubscriptionArn={subscription.arn}")


def _action_url(ctx: Context, action: str, given: str) -> str | None:
    """ARNs of topics and tokens have no character that a query would have to escape."""
    if ctx.house.public_url is None:
        return None
    return f"{ctx.house.public_url}/?Action={action}&{given}"


def delivery_policy(topic: Topic | None, subscription: Subscription) -> dict[str, Any]:
    """How a web subscription is delivered to, in the form of a subscription's policy."""
    shared = _document(topic.attributes if topic else {})
    return effective_policy(shared, _document(subscription.attributes))


def _document(attributes: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(attributes.get("DeliveryPolicy") or "{}")
    return found
