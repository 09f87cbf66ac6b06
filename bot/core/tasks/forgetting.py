"""Forget an account's data after its replication set, in slices that leave room for others."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import null, or_, select, update

from bot.core.context import Context
from bot.core.effects import jobs
from bot.core.ids import Key
from bot.core.registry import task
from bot.core.store.accounts import Idempotency, ReplicationSet
from bot.core.store.alarms import AlarmToken
from bot.core.store.bundles import Bundle
from bot.core.store.contacts import Activation, Contact, ContactChannel
from bot.core.store.engagements import Engagement, Page, Receipt, Target, VoiceToken
from bot.core.store.incidents import (
    Finding,
    Incident,
    IncidentConversation,
    ResponsePlan,
    TimelineEvent,
)
from bot.core.store.notices import PlanSaver
from bot.core.store.policies import ContactPolicy, ResourcePolicy
from bot.core.store.rotations import CalendarLink, HandOffWatch, Rotation, RotationOverride
from bot.core.store.schema import Row, table_of
from bot.core.store.slack_links import DirectMessage, SlackLink
from bot.core.store.work import Job, Outbox

SLICE = 500
"""Rows that one transaction deletes."""
PAUSE = timedelta(milliseconds=20)

FORGOTTEN: tuple[type[Row], ...] = (
    VoiceToken,
    Bundle,
    Receipt,
    Target,
    Page,
    DirectMessage,
    Engagement,
    SlackLink,
    Activation,
    ContactChannel,
    ContactPolicy,
    Contact,
    CalendarLink,
    HandOffWatch,
    RotationOverride,
    Rotation,
    IncidentConversation,
    TimelineEvent,
    Finding,
    Incident,
    AlarmToken,
    ResourcePolicy,
    PlanSaver,
    ResponsePlan,
)
"""Each before what it refers to."""
JOBS = (
    "advance_engagement",
    "close_pages",
    "leave_together",
    "close_bundle",
    "say_goodbye",
    "tell_chat",
    "tell_incident",
    "count_starts",
    "tell_refusal",
    "publish_event",
    "try_topics",
    "draw_card",
    "draw_direct_message",
    "watch_hand_off",
    "tell_hand_off",
)


@task
def forget_account(ctx: Context, replication_set_key: Key) -> None:
    """Delete a slice; the replication set goes with the last one, and the account is as new."""
    found = ctx.lock(ReplicationSet, replication_set_key)
    if found is None:
        return
    left = SLICE
    for row_type in (Outbox, Job, *FORGOTTEN, Idempotency):
        left -= _delete_some(ctx, row_type, left)
        if left <= 0:
            again = ctx.now + PAUSE
            jobs.defer(ctx, "forget_account", at=again, replication_set_key=found.key)
            return
    ctx.delete(found)


def _delete_some(ctx: Context, row_type: type[Row], most: int) -> int:
    columns = table_of(row_type).c
    wanted = [columns.account_id == ctx.account_id]
    if row_type is Outbox:
        places = (columns.page_key, columns.channel_key, columns.conversation_key)
        wanted.append(or_(*(place.is_not(None) for place in places)))
    elif row_type is Job:
        wanted.append(columns.task.in_(JOBS))
    elif row_type is Idempotency:
        wanted.append(columns.scope.startswith("ssm-"))
    found = ctx.tx.records(select(columns.key).where(*wanted).limit(most))
    keys = [key for (key,) in found]
    if not keys:
        return 0
    if row_type is Engagement:
        _orphan_children(ctx, keys)
    return ctx.tx.delete_where(row_type, columns.key.in_(keys))


def _orphan_children(ctx: Context, keys: list[Key]) -> None:
    """An engagement may go before those that it began."""
    engagement = table_of(Engagement)
    of_these = engagement.c.parent_key.in_(keys)
    ctx.tx.execute(update(engagement).where(of_these).values(parent_key=null()))
