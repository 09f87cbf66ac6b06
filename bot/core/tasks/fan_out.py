"""The further slices of a topic's subscriptions, each in a transaction of its own."""

from __future__ import annotations

from bot.core.context import Context
from bot.core.effects import publishing
from bot.core.registry import task
from bot.core.store.accounts import Topic
from bot.core.store.schema import Wire


@task
def fan_out_further(ctx: Context, topic_arn: str, publication: Wire, after: str) -> None:
    topic = ctx.find(Topic, topic_arn)
    if topic is not None:
        publishing.fan_out(ctx, topic, publication, after)
