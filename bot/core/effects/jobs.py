"""Jobs: decide at an instant. One that is due at once needs no row unless it fails."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.core.access import Caller, authorise
from bot.core.context import Context
from bot.core.ids import new_key
from bot.core.registry import tasks
from bot.core.store.work import Job

log = logging.getLogger(__name__)

BEHIND = frozenset(
    {
        "answer_delivery",
        "close_bundle",
        "close_pages",
        "draw_card",
        "draw_direct_message",
        "forget_account",
        "publish_event",
        "say_goodbye",
        "sweep",
        "tell_chat",
        "tell_hand_off",
        "tell_incident",
        "try_topics",
        "watch_hand_off",
    }
)
"""Tasks that no page waits for. They have a queue of their own, so that none waits for them."""
LONGEST_WAIT = timedelta(minutes=15)
MOST_ATTEMPTS = 12


def defer(ctx: Context, name: str, *, at: datetime, **arguments: Any) -> None:
    """Ask for a task at an instant; what is due already runs before this transaction ends.

    Raises LookupError for a task that nobody registered.
    """
    if name not in tasks:
        raise LookupError(f"no task is called {name}")
    if at <= ctx.now:
        ctx.unit.due.append((ctx, name, arguments))
    else:
        add(ctx, name, arguments, due_at=at)


def behind_pages(ctx: Context, name: str, **arguments: Any) -> None:
    """Ask for a task at once, in a transaction of its own, after the pages of this one have
    left.
    """
    add(ctx, name, arguments, due_at=ctx.now)


def request(ctx: Context, service: str, operation: str, **parameters: Any) -> None:
    """Put off a request that this one causes; its caller is carried along and acts through the
    engine. Raises AccessDeniedException where the caller may not ask it himself.
    """
    authorise(ctx.caller, service, operation, None)
    later = ctx.on_behalf_of(ctx.caller.through_the_engine())
    arguments = {"service": service, "operation": operation, "parameters": parameters}
    ctx.unit.due.append((later, "answer_request", arguments))


def add(
    ctx: Context,
    name: str,
    arguments: Mapping[str, Any],
    *,
    due_at: datetime,
    attempts: int = 0,
    fault: str | None = None,
) -> None:
    """Write the row. After MOST_ATTEMPTS it is parked: kept, reported, never tried again by
    itself.
    """
    is_parked = attempts >= MOST_ATTEMPTS
    ctx.add(
        Job(
            key=new_key(),
            account_id=ctx.account_id,
            task=name,
            arguments={"caller": caller_document(ctx.caller), "with": arguments},
            is_behind=name in BEHIND,
            due_at=due_at,
            attempts=attempts,
            fault=fault,
            parked_at=ctx.now if is_parked else None,
        )
    )
    if is_parked:
        log.error("task %s is parked after %d attempts: %s", name, attempts, fault)
        return
    unit = ctx.unit
    unit.earliest = due_at if unit.earliest is None else min(unit.earliest, due_at)


def put_back(
    ctx: Context, name: str, arguments: Mapping[str, Any], attempts: int, fault: str
) -> None:
    """Try a failed task again, after a growing wait."""
    due_at = ctx.now + wait_after(attempts)
    add(ctx, name, arguments, due_at=due_at, attempts=attempts, fault=fault)


def wait_after(attempts: int) -> timedelta:
    """How long a task that failed so often waits: two seconds doubling to LONGEST_WAIT."""
    return min(timedelta(seconds=2 ** min(attempts, 20)), LONGEST_WAIT)


def caller_document(caller: Caller) -> dict[str, Any]:
    return {
        "account_id": caller.account_id,
        "principal_arn": caller.principal_arn,
        "actor": caller.actor,
        "door": caller.door,
        "region": caller.region,
        "rights": caller.rights,
        "invoked_by": caller.invoked_by,
    }
