"""Attributes of topics."""

from __future__ import annotations

import orjson

from bot.core.context import Context
from bot.core.effects.subscriptions import counts, topic_of
from bot.core.effects.topic_rules import check_attribute
from bot.core.effects.topics import default_policy
from bot.core.errors import NotFoundException
from bot.core.planner.delivery_policies import effective_policy
from bot.core.registry import operation
from bot.core.store.accounts import Topic, TopicLink
from bot.core.store.schema import Wire


@operation("sns", "GetTopicAttributes")
def get_topic_attributes(ctx: Context, *, topic_arn: str) -> Wire:
    """The Slack channels that read the topic count as confirmed subscriptions.

    Raises NotFoundException. Source: GetTopicAttributes, sns 2010-03-31.
    """
    topic = topic_of(ctx, topic_arn)
    confirmed, pending = counts(ctx, topic)
    policy = orjson.loads(topic.attributes.get("DeliveryPolicy") or "{}")
    retries = effective_policy(policy, None)["healthyRetryPolicy"]
    http = {**policy.get("http", {}), "defaultHealthyRetryPolicy": retries}
    effective = {"http": {"disableSubscriptionOverrides": False, **http}}
    readers = ctx.select(TopicLink, account_id=ctx.account_id, topic_arn=topic.arn)
    return {
        "Attributes": {
            "DisplayName": "",
            "Policy": default_policy(topic),
            **topic.attributes,
            "TopicArn": topic.arn,
            "Owner": topic.account_id,
            "SubscriptionsConfirmed": str(len(readers) + confirmed),
            "SubscriptionsPending": str(pending),
            "SubscriptionsDeleted": "0",
            "EffectiveDeliveryPolicy": orjson.dumps(effective).decode(),
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
    check_attribute(attribute_name, attribute_value)
    attributes = {
        name: value for name, value in topic.attributes.items() if name != attribute_name
    }
    if attribute_value:
        attributes[attribute_name] = attribute_value
    ctx.update(topic, attributes=attributes)
