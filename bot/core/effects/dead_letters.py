"""What a subscription did not get: kept for two weeks, listed, and sent again when asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.core.channel import Notification
from bot.core.context import Context
from bot.core.effects import delivery_pace, outbox
from bot.core.ids import new_key
from bot.core.store.accounts import Topic
from bot.core.store.subscriptions import DeadLetter, Subscription


def bury(
    ctx: Context,
    subscription: Subscription,
    document: Mapping[str, Any],
    *,
    attempts: int,
    reason: str,
) -> None:
    """`document` is the notification's, as the outbox has it."""
    ctx.add(
        DeadLetter(
            key=new_key(),
            account_id=ctx.account_id,
            subscription_arn=subscription.arn,
            topic_arn=subscription.topic_arn,
            protocol=subscription.protocol,
            message=dict(document),
            attempts=attempts,
            fault=reason,
            at=ctx.now,
        )
    )


def send_again(ctx: Context, subscription: Subscription, letter: DeadLetter) -> None:
    """As a message of its own, with the retries of a new one, under the same message id, and
    no faster than others.
    """
    message = outbox.message_of(letter.message)
    if isinstance(message, Notification):
        topic = ctx.find(Topic, letter.topic_arn)
        delivery_pace.send(ctx, topic, subscription, replace(message, key=new_key()))
    ctx.delete(letter)
