"""What becomes of a notification that did not arrive: another try by its policy, or a dead
letter.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from bot.core.channel import Unavailable, Undeliverable
from bot.core.context import Context
from bot.core.effects import dead_letters
from bot.core.effects.phone_numbers import record_opt_out
from bot.core.effects.subscriptions import WEB, delivery_policy
from bot.core.planner.delivery_policies import PEOPLE, Phases, phases_of
from bot.core.store.accounts import Topic
from bot.core.store.subscriptions import Subscription
from bot.core.store.work import Outbox

log = logging.getLogger(__name__)

KIND = "notification"
"""The messages whose outcome is heard here."""


def record_fault(ctx: Context, row: Outbox, fault: Unavailable | Undeliverable) -> None:
    """The row is gone already. What nobody is subscribed to any more is forgotten. Where the
    web channel says when to come back, nothing was tried that counts.
    """
    message = row.message
    subscription = ctx.find(Subscription, message["subscription_arn"])
    if subscription is None:
        return
    if isinstance(fault, Undeliverable) and fault.opted_out:
        record_opt_out(ctx, subscription.endpoint)
    wait, attempts = None, row.attempts
    if isinstance(fault, Unavailable):
        wait = phases(ctx, subscription).wait_before(attempts)
        if row.medium == "http" and fault.retry_after is not None:
            wait, attempts = timedelta(seconds=fault.retry_after), attempts - 1
    if wait is not None:
        _try_again(ctx, row, fault, wait, attempts=attempts)
        return
    log.warning("notification %s (%s) is given up: %s", row.key, row.medium, fault.reason)
    if message["type"] == "Notification":
        dead_letters.bury(
            ctx, subscription, message, attempts=row.attempts, reason=fault.reason
        )


def phases(ctx: Context, subscription: Subscription) -> Phases:
    if subscription.protocol not in WEB:
        return PEOPLE
    return phases_of(delivery_policy(ctx.find(Topic, subscription.topic_arn), subscription))


def _try_again(
    ctx: Context,
    row: Outbox,
    fault: Unavailable | Undeliverable,
    wait: timedelta,
    *,
    attempts: int,
) -> None:
    fields = {name: getattr(row, name) for name in Outbox.__dataclass_fields__}
    fields |= {
        "owner": None,
        "due_at": ctx.now + wait,
        "attempts": attempts,
        "fault": fault.reason,
    }
    ctx.add(Outbox(**fields))
    ctx.unit.has_posts = True
