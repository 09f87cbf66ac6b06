"""Attributes of topics: kept and shown. Only the display name means anything here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from bot.core.context import Context
from bot.core.effects.policy_rules import check_policy
from bot.core.effects.topics import default_policy
from bot.core.errors import (
    InvalidParameterException,
    NotFoundException,
    ValidationException,
)
from bot.core.registry import operation
from bot.core.store.accounts import Topic, TopicLink
from bot.core.store.schema import Wire

LONGEST_NAME = 100


@operation("sns", "GetTopicAttributes")
def get_topic_attributes(ctx: Context, *, topic_arn: str) -> Wire:
    """The Slack channels that read the topic are its confirmed subscriptions.

    Raises NotFoundException. Source: GetTopicAttributes, sns 2010-03-31.
    """
    topic = ctx.find(Topic, topic_arn)
    if topic is None:
        raise NotFoundException("Topic does not exist")
    readers = ctx.select(TopicLink, account_id=ctx.account_id, topic_arn=topic.arn)
    return {
        "Attributes": {
            "DisplayName": "",
            "Policy": default_policy(topic),
            **topic.attributes,
            "TopicArn": topic.arn,
            "Owner": topic.account_id,
            "SubscriptionsConfirmed": str(len(readers)),
            "SubscriptionsPending": "0",
            "SubscriptionsDeleted": "0",
        }
    }


@operation("sns", "SetTopicAttributes")
def set_topic_attributes(
    ctx: Context, *, topic_arn: str, attribute_name: str, attribute_value: str = ""
) -> None:
    """Keep an attribute's value; an empty one brings its default back.

    Raises NotFoundException, and InvalidParameterException for an attribute that topics do
    not have or a value that does not fit. Source: SetTopicAttributes, sns 2010-03-31.
    """
    found = ctx.find(Topic, topic_arn)
    topic = ctx.lock(Topic, found.key) if found else None
    if topic is None:
        raise NotFoundException("Topic does not exist")
    check = SETTABLE.get(attribute_name)
    if check is None:
        raise InvalidParameterException(
            "Invalid parameter: AttributeName Reason: "
            f"it is one of {', '.join(sorted(SETTABLE))}."
        )
    attributes = {
        name: value for name, value in topic.attributes.items() if name != attribute_name
    }
    if attribute_value:
        check(attribute_value)
        attributes[attribute_name] = attribute_value
    ctx.update(topic, attributes=attributes)


def _check_name(value: str) -> None:
    if len(value) > LONGEST_NAME or not value.isprintable():
        raise _refused("DisplayName", f"it has at most {LONGEST_NAME} printable characters")


def _check_policy(value: str) -> None:
    try:
        check_policy(value)
    except ValidationException as fault:
        raise _refused("Policy", fault.message) from fault


def _check_delivery_policy(value: str) -> None:
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as fault:
        raise _refused("DeliveryPolicy", "it is not JSON") from fault
    if not isinstance(document, dict):
        raise _refused("DeliveryPolicy", "it is not a JSON object")


def _one_of(name: str, *allowed: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        if value not in allowed:
            raise _refused(name, f"it is one of {', '.join(allowed)}")

    return check


SETTABLE: Mapping[str, Callable[[str], None]] = {
    "DisplayName": _check_name,
    "Policy": _check_policy,
    "DeliveryPolicy": _check_delivery_policy,
    "SignatureVersion": _one_of("SignatureVersion", "1", "2"),
    "TracingConfig": _one_of("TracingConfig", "PassThrough", "Active"),
}


def _refused(name: str, why: str) -> InvalidParameterException:
    return InvalidParameterException(f"Invalid parameter: {name} Reason: {why}")
