"""Attributes of subscriptions."""

from __future__ import annotations

import orjson

from bot.core.context import Context
from bot.core.effects import subscription_rules as rules
from bot.core.effects import subscriptions
from bot.core.registry import operation
from bot.core.store.accounts import Topic
from bot.core.store.schema import Wire
from bot.core.store.subscriptions import Subscription


@operation("sns", "GetSubscriptionAttributes")
def get_subscription_attributes(ctx: Context, *, subscription_arn: str) -> Wire:
    """Raises NotFoundException. Source: GetSubscriptionAttributes, sns 2010-03-31."""
    found = subscriptions.subscription_of(ctx, subscription_arn)
    shown = {
        "RawMessageDelivery": "false",
        **{name: value for name, value in found.attributes.items() if value},
        "SubscriptionArn": found.arn,
        "TopicArn": found.topic_arn,
        "Owner": found.account_id,
        "Protocol": found.protocol,
        "Endpoint": rules.shown(ctx, found),
        "PendingConfirmation": "false" if found.confirmed_at else "true",
        "ConfirmationWasAuthenticated": "true" if found.was_authenticated else "false",
        "SubscriptionPrincipal": found.asked_by,
    }
    if found.attributes.get("FilterPolicy"):
        shown.setdefault("FilterPolicyScope", rules.SCOPES[0])
    if found.protocol in subscriptions.WEB:
        policy = subscriptions.delivery_policy(ctx.find(Topic, found.topic_arn), found)
        shown["EffectiveDeliveryPolicy"] = orjson.dumps(policy).decode()
    return {"Attributes": shown}


@operation("sns", "SetSubscriptionAttributes")
def set_subscription_attributes(
    ctx: Context,
    *,
    subscription_arn: str,
    attribute_name: str,
    attribute_value: str | None = None,
) -> None:
    """Keep a value; an empty one brings the default back, and an empty filter policy too.

    Raises NotFoundException, InvalidParameterException, FilterPolicyLimitExceededException.
    Source: SetSubscriptionAttributes, sns 2010-03-31.
    """
    found = subscriptions.subscription_of(ctx, subscription_arn)
    locked = ctx.lock(Subscription, found.key) or found
    others = {n: v for n, v in locked.attributes.items() if n != attribute_name}
    value = attribute_value or ""
    rules.check_attribute(locked.protocol, attribute_name, value, others)
    if attribute_name == "FilterPolicy":
        if value.strip() == "{}":
            value = ""
        if value and not locked.attributes.get("FilterPolicy"):
            rules.check_limits(ctx, locked.topic_arn)
    ctx.update(locked, attributes=others | ({attribute_name: value} if value else {}))
