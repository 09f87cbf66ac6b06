"""How often one contact channel is told: what comes too soon waits, and leaves together.

Source: General Reference, Incident Manager quotas: one mail or text in 20 seconds, one call in
100 seconds. That they hold for a contact channel, and by waiting, is our choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select

from bot.core.context import Context
from bot.core.effects import jobs, receipts
from bot.core.ids import Key
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Page
from bot.core.store.kinds import integer_to_instant
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared

OVERDUE = timedelta(minutes=1)
"""A message that should have left so long ago is not relied on: its alarm is set once more."""

_pages = table_of(Page).c
LAST = prepared(
    select(_pages.told_at, _pages.waits_until)
    .where(
        _pages.contact_key == bindparam("contact"),
        _pages.channel_key == bindparam("channel"),
        _pages.told_at.is_not(None),
    )
    .order_by(_pages.told_at.desc())
    .limit(1)
)
"""One step in the index `page_contact`."""

KINDS = {"email": "mail", "sms": "text", "voice": "call"}


@dataclass(frozen=True, slots=True)
class Slot:
    """When a channel may be told next; `is_new`: nobody has set an alarm for it."""

    at: datetime
    is_new: bool


def slot(ctx: Context, channel: ContactChannel) -> Slot | None:
    """Say when a channel may be told next; None: now.

    What one transaction decides here, no other one decides at the same time.
    """
    every = ctx.house.limits.pace.get(channel.type.lower())
    if not every:
        return None
    if ctx.unit.tx.dialect == "postgresql":
        ctx.unit.tx.lock(ContactChannel, channel.key)
    told_at, is_waiting = _last(ctx, channel)
    if told_at is None:
        return None
    if is_waiting:
        is_sound = -OVERDUE < told_at - ctx.now <= every
        return Slot(told_at, is_new=False) if is_sound else Slot(ctx.now + every, is_new=True)
    opens_at = min(told_at, ctx.now) + every  # a clock that was set back delays nobody longer
    return Slot(opens_at, is_new=True) if opens_at > ctx.now else None


def wait(ctx: Context, page: Page, channel: ContactChannel, until: Slot) -> None:
    """Say in the page's receipts why it waits, and see to it that it leaves."""
    medium = channel.type.lower()
    every = ctx.house.limits.pace[medium].total_seconds()
    when = until.at.strftime("%H:%M:%S UTC")
    reason = (
        f"Waiting until {when}: one {KINDS[medium]} in {every:g} seconds goes to a contact "
        "channel. It leaves then, with whatever else waits for it."
    )
    receipts.record(ctx, page, "ERROR", reason)
    if until.is_new:
        jobs.defer(ctx, "leave_together", at=until.at, channel_key=channel.key)


def _last(ctx: Context, channel: ContactChannel) -> tuple[datetime | None, bool]:
    """When the channel was told last, or will be, and whether that still waits.

    Pages that this transaction has added come after all others.
    """
    added = _added(ctx, channel.key)
    if added:
        last = max(added, key=lambda page: page.told_at or page.created_at)
        return last.told_at, last.waits_until is not None
    keys = {"contact": channel.contact_key, "channel": channel.key}
    for told_at, waits_until in ctx.unit.tx.records(LAST, **keys):
        return integer_to_instant(told_at), waits_until is not None
    return None, False


def _added(ctx: Context, channel_key: Key) -> Sequence[Page]:
    if channel_key not in ctx.unit.channels:
        return ()
    return [
        row
        for row in ctx.unit.pending.of(Page)
        if row.channel_key == channel_key and row.told_at
    ]
