"""What the configurations of chats have in common: their topics, their tags, their ARNs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.core.context import Context
from bot.core.effects import topics
from bot.core.errors import InvalidParameterException, ResourceNotFoundException
from bot.core.ids import Key, new_key
from bot.core.store.accounts import SlackChannelConfiguration, TopicLink
from bot.core.store.notices import ChimeWebhook

Configuration = SlackChannelConfiguration | ChimeWebhook


def check_topics(ctx: Context, topic_arns: Sequence[str]) -> None:
    """Raises InvalidParameterException for a topic that does not exist."""
    if absent := topics.missing(ctx, topic_arns):
        raise InvalidParameterException(
            f"SnsTopicArns names {', '.join(absent)}, which is no topic of this account. "
            "Create it first: sns create-topic --name NAME"
        )


def link(
    ctx: Context, configuration_key: Key, channel_id: str, topic_arns: Iterable[str]
) -> None:
    """Let a chat read these topics and no others; a Chime room's `channel_id` is ""."""
    for earlier in ctx.select(TopicLink, configuration_key=configuration_key):
        ctx.delete(earlier)
    for topic_arn in topic_arns:
        ctx.add(
            TopicLink(
                key=new_key(),
                account_id=ctx.account_id,
                topic_arn=topic_arn,
                configuration_key=configuration_key,
                channel_id=channel_id,
            )
        )


def configuration_of(ctx: Context, arn: str) -> Configuration:
    """The configuration of that ARN, whatever its chat. Raises ResourceNotFoundException."""
    found = ctx.find(SlackChannelConfiguration, arn) or ctx.find(ChimeWebhook, arn)
    if found is None:
        raise ResourceNotFoundException("CHAT_CONFIGURATION", arn)
    return found


def locked_configuration(ctx: Context, arn: str) -> Configuration:
    """The same, so that nobody else changes it before this transaction ends."""
    found = configuration_of(ctx, arn)
    locked = ctx.lock(type(found), found.key)
    if locked is None:
        raise ResourceNotFoundException("CHAT_CONFIGURATION", arn)
    return locked
