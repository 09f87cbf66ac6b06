"""What nobody will ask for again is deleted, once an hour."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Delete, bindparam, delete, null, update

from bot.core.access import engine_caller
from bot.core.context import Context, Unit
from bot.core.effects import jobs
from bot.core.effects.subscriptions import PENDING_KEPT
from bot.core.registry import task
from bot.core.store.accounts import FailedTry, Idempotency
from bot.core.store.bundles import Tally
from bot.core.store.engagements import VoiceToken
from bot.core.store.keys import VaultKey
from bot.core.store.kinds import instant_to_integer
from bot.core.store.notices import NotificationThread
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.subscriptions import DeadLetter, Subscription
from bot.core.store.work import Delivery, Job, Outbox

EVERY = timedelta(hours=1)


def _older(statement: Delete, column: str) -> Delete:
    return statement.where(statement.table.c[column] < bindparam("before"))


PENDING = delete(table_of(Subscription)).where(table_of(Subscription).c.confirmed_at.is_(None))
PASSED_ON_KEPT = timedelta(days=1)
"""How long a new data key stays readable for who knows the one before it."""
_keys = table_of(VaultKey)
PASSED_ON = prepared(
    update(_keys)
    .where(_keys.c.created_at < bindparam("before"), _keys.c.passed_on.is_not(None))
    .values(passed_on=null())
)

SWEPT = (
    (prepared(_older(delete(table_of(Idempotency)), "created_at")), timedelta(hours=24)),
    (prepared(_older(delete(table_of(Delivery)), "at")), timedelta(days=2)),
    (prepared(_older(delete(table_of(FailedTry)), "at")), timedelta(days=1)),
    (prepared(_older(delete(table_of(VoiceToken)), "created_at")), timedelta(days=1)),
    (prepared(_older(delete(table_of(Tally)), "day")), timedelta(days=2)),
    (prepared(_older(delete(table_of(Outbox)), "failed_at")), timedelta(days=30)),
    (prepared(_older(PENDING, "asked_at")), PENDING_KEPT),
    (prepared(_older(delete(table_of(DeadLetter)), "at")), timedelta(days=14)),
    (prepared(_older(delete(table_of(NotificationThread)), "begun_at")), timedelta(days=30)),
)
"""Slack repeats an event for an hour at most; two days cover a workspace that was
unreachable.
"""


@task
def sweep(ctx: Context) -> None:
    """Delete kept answers, delivery keys and wrong tries that are past their time; set the next
    sweep.
    """
    for statement, kept in SWEPT:
        ctx.tx.execute(statement, before=instant_to_integer(ctx.now - kept))
    ctx.tx.execute(PASSED_ON, before=instant_to_integer(ctx.now - PASSED_ON_KEPT))
    jobs.defer(ctx, "sweep", at=ctx.now + EVERY)


def ensure_sweep(unit: Unit, account_id: str) -> None:
    """Set the first sweep of a store that has none."""
    if not unit.tx.select(Job, is_behind=True, parked_at=None, task="sweep"):
        ctx = Context(unit, engine_caller(account_id), "start")
        jobs.add(ctx, "sweep", {}, due_at=unit.now)
        unit.flush()
