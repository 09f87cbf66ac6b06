"""Which topics there are, and where what they publish is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from bot.core.context import Context
from bot.core.errors import ValidationException
from bot.core.store.accounts import SlackChannelConfiguration, Topic, TopicLink
from bot.core.store.schema import Wire

DEFAULT_ACTIONS = (
    "AddPermission",
    "DeleteTopic",
    "GetTopicAttributes",
    "ListSubscriptionsByTopic",
    "Publish",
    "RemovePermission",
    "SetTopicAttributes",
    "Subscribe",
)


def missing(ctx: Context, topic_arns: Iterable[str]) -> list[str]:
    """Those that are no topic of the account."""
    return [arn for arn in topic_arns if ctx.find(Topic, arn) is None]


def targets(ctx: Context, given: Sequence[Mapping[str, Any]] | None) -> list[Wire] | None:
    """The targets as they are stored. Raises ValidationException for a topic that is not the
    account's own.
    """
    if given is None:
        return None
    named = (target.get("snsTopicArn") for target in given)
    if absent := missing(ctx, (arn for arn in named if arn)):
        raise _unknown("notification targets name", absent)
    return [dict(target) for target in given]


def chat_channel(ctx: Context, given: Mapping[str, Any] | None) -> Wire | None:
    """What is stored of a wire's ChatChannel: `{"empty": {}}` is none.

    Raises ValidationException for a topic that is not the account's own.
    """
    if not given or "empty" in given:
        return None
    if absent := missing(ctx, given["chatbotSns"]):
        raise _unknown("chat channel names", absent)
    return dict(given)


def _unknown(what: str, absent: Iterable[str]) -> ValidationException:
    return ValidationException(
        f"The {what} {', '.join(absent)}, which is no topic of this account. "
        "Create it first: sns create-topic --name NAME",
        reason="FIELD_VALIDATION_FAILED",
    )


def linked_channels(ctx: Context, topic_arns: Iterable[str]) -> dict[str, str]:
    """The Slack channels that read any of the topics, each once, with its team: id -> team id.

    A topic that is deleted publishes nothing, though a configuration still names it.
    """
    channels: dict[str, str] = {}
    for topic_arn in topic_arns:
        if ctx.find(Topic, topic_arn) is None:
            continue
        for link in ctx.select(TopicLink, account_id=ctx.account_id, topic_arn=topic_arn):
            found = ctx.get(SlackChannelConfiguration, link.configuration_key)
            if found is not None:
                channels.setdefault(link.channel_id, found.team_id)
    return channels


def default_policy(topic: Topic) -> str:
    """What SNS gives a topic: its owner may do everything."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in DEFAULT_ACTIONS],
        "Resource": topic.arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": topic.account_id}},
    }
    document = {
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [statement],
    }
    return orjson.dumps(document).decode()
