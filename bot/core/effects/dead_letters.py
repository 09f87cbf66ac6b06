"""What a subscription did not get: kept for two weeks, listed, and sent again when asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.core.channel import Notification
from bot.core.context import Context
from bot.core.effects import outbox
from bot.core.effects.subscriptions import MEDIA
from bot.core.ids import new_key
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


def send_again(ctx: Context, letter: DeadLetter) -> None:
    """As a message of its own, with the retries of a new one, under the same message id."""
    message = outbox.message_of(letter.message)
    if isinstance(message, Notification):
        outbox.send(ctx, MEDIA[letter.protocol], replace(message, key=new_key()))
    ctx.delete(letter)
