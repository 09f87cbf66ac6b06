"""How fast a web subscription is told: what is over its throttle policy waits as a row.

Source: Amazon SNS message delivery retries, `maxReceivesPerSecond`: of one subscription. That
messages are spaced evenly, and are not made up for after a pause, is our choice.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.channel import Notification
from bot.core.context import Context
from bot.core.effects import outbox
from bot.core.effects.subscriptions import MEDIA, WEB, delivery_policy
from bot.core.planner.delivery_policies import spacing_of
from bot.core.store.accounts import Topic
from bot.core.store.subscriptions import Subscription
from bot.core.store.work import Outbox

LENIENCE = timedelta(milliseconds=100)
"""How much closer two messages may come because the first left a little late."""
BUSY_FOR = timedelta(milliseconds=50)
"""How long what is due waits for a subscription that another transaction has locked."""


def send(
    ctx: Context, topic: Topic | None, subscription: Subscription, message: Notification
) -> None:
    """Let a notification leave at once, or at the next instant that its policy allows. None
    leaves for a subscription that ends meanwhile.
    """
    medium = MEDIA[subscription.protocol]
    every = _spacing(topic, subscription)
    if every is None:
        outbox.send(ctx, medium, message)
        return
    locked = ctx.lock(Subscription, subscription.key)
    if locked is None:
        return
    locked = _by_this_clock(ctx, locked, every)
    at = max(ctx.now, locked.next_at or ctx.now, locked.free_at or ctx.now)
    if at > ctx.now:
        ctx.update(locked, next_at=at + every)
        outbox.send_later(ctx, medium, message, at)
    else:
        ctx.update(locked, next_at=at + every, free_at=_freed(ctx, locked, every))
        outbox.send(ctx, medium, message)


def holds_back(ctx: Context, row: Outbox) -> bool:
    """Whether a notification that is due must not leave now: it comes too soon after another
    one and is given a later instant, or nobody is subscribed any more and it is dropped. Where
    another transaction tells the subscription, this one, in which pages are, does not wait.
    """
    subscription = ctx.find(Subscription, row.message["subscription_arn"])
    if subscription is None:
        ctx.delete(row)
        return True
    every = _spacing(ctx.find(Topic, subscription.topic_arn), subscription)
    if every is None:
        return False
    locked = ctx.tx.lock(Subscription, subscription.key, skip_locked=True)
    if locked is None:
        at = ctx.now + BUSY_FOR
    else:
        locked = _by_this_clock(ctx, locked, every)
        free_at = locked.free_at or ctx.now
        if free_at <= ctx.now:
            ctx.update(locked, free_at=_freed(ctx, locked, every))
            return False
        at = max(free_at, locked.next_at or free_at)
        ctx.update(locked, next_at=at + every)
    ctx.update(row, due_at=at)
    ctx.unit.has_posts = True
    return True


def _by_this_clock(ctx: Context, locked: Subscription, every: timedelta) -> Subscription:
    """A clock that was set back delays nobody longer."""
    if locked.free_at is not None and locked.free_at > ctx.now + every:
        return ctx.update(locked, next_at=ctx.now, free_at=ctx.now)
    return locked


def _freed(ctx: Context, subscription: Subscription, every: timedelta) -> datetime:
    """When the next message may leave after one that leaves now."""
    return max(subscription.free_at or ctx.now, ctx.now - LENIENCE) + every


def _spacing(topic: Topic | None, subscription: Subscription) -> timedelta | None:
    shared = topic.attributes if topic else {}
    has_policy = shared.get("DeliveryPolicy") or subscription.attributes.get("DeliveryPolicy")
    if subscription.protocol not in WEB or not has_policy:
        return None
    return spacing_of(delivery_policy(topic, subscription))
