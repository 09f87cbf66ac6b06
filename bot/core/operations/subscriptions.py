"""Subscriptions: Subscribe, ConfirmSubscription, Unsubscribe and their listings."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.context import Context
from bot.core.effects import subscription_rules as rules
from bot.core.effects import subscriptions
from bot.core.effects.publication_rules import refused
from bot.core.errors import AuthorizationErrorException, NotFoundException
from bot.core.ids import new_key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.accounts import Topic
from bot.core.store.schema import Wire, table_of
from bot.core.store.subscriptions import Subscription, TopicProtocol

PENDING = "pending confirmation"
"""What Subscribe answers in place of an ARN."""
PENDING_LISTED = "PendingConfirmation"


@operation("sns", "Subscribe")
def subscribe(
    ctx: Context,
    *,
    topic_arn: str,
    protocol: str,
    endpoint: str | None = None,
    attributes: Mapping[str, str] | None = None,
    return_subscription_arn: bool = False,
) -> Wire:
    """Subscribe an endpoint, which is asked to confirm it unless it is a phone number. An
    endpoint that is subscribed keeps its subscription, one that was asked is asked again.

    Source: Subscribe, sns 2010-03-31.
    """
    topic = subscriptions.topic_of(ctx, topic_arn)
    given = dict(attributes or {})
    kind, place = rules.check(ctx, protocol, endpoint or "", given)
    mark = subscriptions.endpoint_fingerprint(ctx.unit.tx, kind, place)
    found = ctx.find_by(Subscription, topic_arn=topic.arn, endpoint_fingerprint=mark)
    if found is None:
        if given.get("FilterPolicy"):
            rules.check_limits(ctx, topic.arn)
        found = ctx.add(_new(ctx, topic, kind, place, mark, given))
    elif given and given != found.attributes:
        raise refused("Attributes", "Subscription already exists with different attributes")
    if found.confirmed_at is None:
        found = subscriptions.ask(ctx, topic, found)
    shows = found.confirmed_at is not None or return_subscription_arn
    return {"SubscriptionArn": found.arn if shows else PENDING}


@operation("sns", "ConfirmSubscription")
def confirm_subscription(
    ctx: Context,
    *,
    topic_arn: str,
    token: str,
    authenticate_on_unsubscribe: str | None = None,
) -> Wire:
    """The token is the proof, so whoever has it may do this; twice changes nothing.

    Source: ConfirmSubscription, sns 2010-03-31.
    """
    subscriptions.topic_of(ctx, topic_arn)
    mark = subscriptions.token_fingerprint(ctx.unit.tx, token)
    found = ctx.find_by(Subscription, topic_arn=topic_arn, token_fingerprint=mark)
    if found is None or found.account_id != ctx.account_id:
        raise refused("Token", "it is not the token of a subscription of this topic")
    if found.confirmed_at is None:
        if ctx.now - found.asked_at > subscriptions.TOKEN_VALID:
            raise refused("Token", "it was valid for two days; subscribe again for a new one")
        subscriptions.confirm(
            ctx,
            found,
            is_known=ctx.caller.rights == "administrator",
            needs_authentication=(authenticate_on_unsubscribe or "").lower() == "true",
        )
    return {"SubscriptionArn": found.arn}


@operation("sns", "Unsubscribe")
def unsubscribe(ctx: Context, *, subscription_arn: str) -> None:
    """By the account's own principals, and without signature by whoever has the ARN, unless
    that was ruled out when it was confirmed; the endpoint is then offered the way back. Of a
    subscription that does not exist nothing is said.

    Source: Unsubscribe, sns 2010-03-31.
    """
    try:
        found = subscriptions.subscription_of(ctx, subscription_arn)
    except NotFoundException:
        return
    is_own = ctx.caller.rights == "administrator"
    if found.confirmed_at is None and is_own:
        raise refused(
            "SubscriptionArn", "it waits to be confirmed, and goes by itself after three days"
        )
    if is_own:
        subscriptions.end(ctx, found)
        return
    if ctx.caller.door != "reply" or found.needs_authentication:
        raise AuthorizationErrorException(
            f"User: {ctx.caller.principal_arn} is not authorized to perform: SNS:Unsubscribe"
        )
    topic = ctx.find(Topic, found.topic_arn)
    if topic is not None and found.confirmed_at is not None:
        subscriptions.end_unasked(ctx, topic, found)


@operation("sns", "ListSubscriptions")
def list_subscriptions(ctx: Context, *, next_token: str | None = None) -> Wire:
    found, token = listing(
        ctx, Subscription, of="ListSubscriptions", max_results=None, next_token=next_token
    )
    shown = [_shown(ctx, subscription) for subscription in found]
    return {"Subscriptions": shown, **next_token_member(token)}


@operation("sns", "ListSubscriptionsByTopic")
def list_subscriptions_by_topic(
    ctx: Context, *, topic_arn: str, next_token: str | None = None
) -> Wire:
    """Raises NotFoundException. The Slack channels that read a topic are not among them."""
    topic = subscriptions.topic_of(ctx, topic_arn)
    found, token = listing(
        ctx,
        Subscription,
        table_of(Subscription).c.topic_arn == topic.arn,
        of="ListSubscriptionsByTopic",
        max_results=None,
        next_token=next_token,
    )
    shown = [_shown(ctx, subscription) for subscription in found]
    return {"Subscriptions": shown, **next_token_member(token)}


def _new(
    ctx: Context,
    topic: Topic,
    protocol: TopicProtocol,
    endpoint: str,
    mark: str,
    attributes: dict[str, str],
) -> Subscription:
    key = new_key()
    return Subscription(
        key=key,
        account_id=ctx.account_id,
        arn=f"{topic.arn}:{key}",
        topic_arn=topic.arn,
        protocol=protocol,
        endpoint=endpoint,
        endpoint_fingerprint=mark,
        attributes=attributes,
        asked_at=ctx.now,
        asked_by=ctx.caller.principal_arn,
        confirmed_at=ctx.now if protocol == "sms" else None,
        was_authenticated=protocol == "sms",
    )


def _shown(ctx: Context, subscription: Subscription) -> Wire:
    return {
        "SubscriptionArn": subscription.arn if subscription.confirmed_at else PENDING_LISTED,
        "Owner": subscription.account_id,
        "Protocol": subscription.protocol,
        "Endpoint": rules.shown(ctx, subscription),
        "TopicArn": subscription.topic_arn,
    }
