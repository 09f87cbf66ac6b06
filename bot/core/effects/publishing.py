"""What is published to a topic: a message in the outbox for each subscription that wants it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, select

from bot.core.access import ENGINE
from bot.core.channel import Notification
from bot.core.context import Context
from bot.core.effects import chat_links, dead_letters, delivery_pace, jobs, outbox
from bot.core.effects import publication_rules as rules
from bot.core.effects.phone_numbers import opted_out_at
from bot.core.effects.publication_rules import Attributes
from bot.core.effects.subscriptions import (
    WEB,
    delivery_policy,
    topic_of,
    unsubscribe_url,
)
from bot.core.errors import AuthorizationErrorException
from bot.core.ids import new_key
from bot.core.planner.filter_policies import wants_attributes, wants_body
from bot.core.planner.topic_policies import Asking, verdict
from bot.core.store.accounts import Topic
from bot.core.store.schema import Wire, table_of
from bot.core.store.statements import prepared
from bot.core.store.subscriptions import Subscription

A_SLICE = 100
"""Subscriptions that one transaction writes messages for."""
OPTED_OUT = "Whoever has this number does not want texts."

_subscriptions = table_of(Subscription)
WAITING = prepared(
    select(_subscriptions)
    .where(
        _subscriptions.c.topic_arn == bindparam("topic"),
        _subscriptions.c.key > bindparam("after"),
        _subscriptions.c.confirmed_at.is_not(None),
    )
    .order_by(_subscriptions.c.key)
    .limit(A_SLICE)
)


def publish(
    ctx: Context,
    topic_arn: str,
    message: str,
    subject: str | None = None,
    attributes: Attributes | None = None,
    *,
    structure: str | None = None,
    in_chat: bool = True,
) -> str:
    """Tell all subscriptions of a topic, after the commit; answers the message's id.

    `in_chat`: the chats that are linked to it show the message, too.

    Raises NotFoundException, AuthorizationErrorException where the topic's policy refuses the
    caller, InvalidParameterException for what SNS would not take.
    Source: Publish, sns 2010-03-31.
    """
    topic = topic_of(ctx, topic_arn)
    require_publishing(ctx, topic)
    message_id = new_key()
    publication: Wire = {
        "message_id": message_id,
        "texts": rules.texts(message, structure),
        "subject": rules.subject(subject),
        "attributes": rules.attributes(attributes or {}),
        "at": ctx.now.isoformat(),
    }
    rules.check_size(message, attributes or {})
    fan_out(ctx, topic, publication, "")
    if in_chat:
        texts = publication["texts"]
        chat_links.relay(ctx, topic.arn, texts["default"], publication["subject"])
    return message_id


def refuses(ctx: Context, topic: Topic, service: str = ENGINE) -> bool:
    """Whether a topic's policy keeps out what a service publishes for the own account."""
    return _verdict(ctx, topic, service) != "Allow"


def require_publishing(ctx: Context, topic: Topic) -> None:
    """The account's own principals may publish unless the policy denies it; the engine, when it
    publishes by itself, must be allowed. Raises AuthorizationErrorException.
    """
    is_engine = ctx.caller.principal_arn == ENGINE
    found = _verdict(ctx, topic, ENGINE if is_engine else None)
    if found == "Deny" or (is_engine and found is None):
        raise AuthorizationErrorException(
            f"User: {ctx.caller.principal_arn} is not authorized to perform: SNS:Publish "
            f"on resource: {topic.arn} because its policy does not allow it"
        )


def _verdict(ctx: Context, topic: Topic, service: str | None) -> str | None:
    policy = topic.attributes.get("Policy")
    if not policy:
        return "Allow"  # the default: its owner, and what acts for it
    account = ctx.account_id
    keys = {"aws:sourceaccount": account, "aws:sourceowner": account}
    keys["aws:principalarn"] = ctx.caller.principal_arn
    asking = Asking(
        action="SNS:Publish",
        topic_arn=topic.arn,
        principal_arn=ctx.caller.principal_arn,
        account_id=account,
        service=service,
        keys=keys,
    )
    return verdict(orjson.loads(policy), asking)


def fan_out(ctx: Context, topic: Topic, publication: Wire, after: str) -> None:
    """Write the messages of one slice of the subscriptions, and put off the others."""
    found = ctx.tx.fetch(Subscription, WAITING, topic=topic.arn, after=after)
    for subscription in found:
        if wants(subscription.attributes, publication):
            send(ctx, topic, subscription, publication)
    if len(found) == A_SLICE:
        jobs.behind_pages(
            ctx,
            "fan_out_further",
            topic_arn=topic.arn,
            publication=publication,
            after=found[-1].key,
        )


def send(ctx: Context, topic: Topic, subscription: Subscription, publication: Wire) -> None:
    """One message for one subscription; what an opted out number misses is a dead letter."""
    texts, attributes = publication["texts"], subscription.attributes
    is_web = subscription.protocol in WEB
    kind = None
    if is_web and (topic.attributes.get("DeliveryPolicy") or attributes.get("DeliveryPolicy")):
        request = delivery_policy(topic, subscription).get("requestPolicy") or {}
        kind = request.get("headerContentType")
    message = Notification(
        key=new_key(),
        address=subscription.endpoint,
        created_at=datetime.fromisoformat(publication["at"]),
        type="Notification",
        protocol=subscription.protocol,
        message_id=publication["message_id"],
        topic_arn=topic.arn,
        subscription_arn=subscription.arn,
        message=texts.get(subscription.protocol, texts["default"]),
        subject=publication["subject"],
        attributes=publication["attributes"],
        unsubscribe_url=unsubscribe_url(ctx, subscription),
        signature_version="2" if topic.attributes.get("SignatureVersion") == "2" else "1",
        is_raw=is_web and attributes.get("RawMessageDelivery") == "true",
        content_type=kind,
        display_name=topic.attributes.get("DisplayName", ""),
    )
    if subscription.protocol == "sms" and opted_out_at(ctx, subscription.endpoint):
        document = outbox.message_document(message)
        dead_letters.bury(ctx, subscription, document, attempts=0, reason=OPTED_OUT)
        return
    delivery_pace.send(ctx, topic, subscription, message)


def wants(of_subscription: Mapping[str, str], publication: Wire) -> bool:
    """Whether a subscription's filter policy lets a publication through."""
    text = of_subscription.get("FilterPolicy")
    if not text:
        return True
    policy = orjson.loads(text)
    if of_subscription.get("FilterPolicyScope") == "MessageBody":
        try:
            body = orjson.loads(publication["texts"]["default"])
        except orjson.JSONDecodeError:
            return False
        return wants_body(policy, body)
    attributes = publication["attributes"]
    given = {name: _values(one) for name, one in attributes.items() if one["Type"] != "Binary"}
    return wants_attributes(policy, given)


def _values(attribute: Mapping[str, Any]) -> Sequence[Any]:
    kind, value = attribute["Type"], attribute["Value"]
    if kind == "String.Array":
        found = orjson.loads(value)
        return found if isinstance(found, list) else [found]
    return [float(value)] if kind == "Number" else [value]
