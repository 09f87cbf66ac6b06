"""How fast a Slack channel is told: one card a second, and nothing that can wait while Slack
asks to wait there. Pages never ask here.

Source: Slack, "Rate limits": one message a second in a channel; after HTTP status 429 the
seconds of Retry-After. That they hold for the channel is our choice.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update

from bot.core.channel import Unavailable
from bot.core.context import Context
from bot.core.ids import new_key
from bot.core.store.chat import ChatPace
from bot.core.store.kinds import integer_to_instant
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction
from bot.core.store.work import Outbox

BETWEEN = timedelta(seconds=1)
"""Between two cards, and between two messages that had to wait."""
JITTER = timedelta(milliseconds=100)
"""How much closer two cards may come because the first was drawn a little late."""
LONGEST = timedelta(hours=1)

_pace, _outbox = table_of(ChatPace).c, table_of(Outbox).c
QUIET = prepared(
    select(_pace.quiet_until).where(
        _pace.account_id == bindparam("account"), _pace.channel_id == bindparam("channel")
    )
)
PUT_BACK = prepared(
    update(table_of(Outbox))
    .where(
        _outbox.key == bindparam("row"),
        _outbox.owner == bindparam("by"),
        _outbox.attempts == bindparam("attempt"),
    )
    .values(
        owner=None,
        attempts=_outbox.attempts - 1,
        due_at=bindparam("at"),
        fault=bindparam("why"),
    )
)


def next_slot(ctx: Context, account_id: str, channel_id: str) -> datetime:
    """The next instant at which a channel may be told; it is taken with that."""
    return _take_slot(ctx, _lock(ctx, account_id, channel_id))


def too_soon(ctx: Context, account_id: str, channel_id: str) -> datetime | None:
    """Until when a card must wait for another one of its channel, or because Slack asks to
    wait: drawings that are late, after a pause of this program, are not made up for all at
    once. None where it may be drawn.
    """
    pace = _lock(ctx, account_id, channel_id)
    last = pace.drawn_at
    is_close = last is not None and last <= ctx.now < last + BETWEEN - JITTER
    if is_close or (pace.quiet_until is not None and ctx.now < pace.quiet_until):
        return _take_slot(ctx, pace)
    ctx.update(pace, drawn_at=ctx.now)
    return None


def can_wait(row: Outbox) -> bool:
    """Whether a message is one that a channel's rate may keep back."""
    is_post = row.medium == "slack" and row.lane == "notification"
    return is_post and bool(row.message["kind"] != "channel_check")


def is_quiet(tx: Transaction, row: Outbox, now: datetime) -> bool:
    """Whether Slack has asked to wait where a message goes."""
    where = {"account": row.account_id, "channel": row.message["address"]}
    found = [until for (until,) in tx.records(QUIET, **where) if until is not None]
    return any(now < integer_to_instant(until) <= now + LONGEST for until in found)


def hears(ctx: Context, row: Outbox, refusal: Unavailable) -> bool:
    """Tell a channel nothing for so long as Slack asks, if it does; the message is told then,
    and nothing was tried that counts.
    """
    if refusal.retry_after is None or refusal.in_doubt or not can_wait(row):
        return False
    until = ctx.now + min(timedelta(seconds=max(refusal.retry_after, 1)), LONGEST)
    pace = _lock(ctx, row.account_id, row.message["address"])
    ctx.update(pace, quiet_until=max(until, pace.quiet_until or until))
    put_back(ctx, row, refusal.reason)
    return True


def put_back(ctx: Context, row: Outbox, fault: str | None) -> None:
    """Let a message wait, where this process still owns it, as if it had not been tried. Its
    channel is locked before it, as by whoever draws a card.
    """
    at = next_slot(ctx, row.account_id, row.message["address"])
    own = {"row": row.key, "by": row.owner, "attempt": row.attempts}
    ctx.unit.tx.execute(PUT_BACK, **own, at=at, why=fault)
    ctx.unit.has_posts = True


def _take_slot(ctx: Context, pace: ChatPace) -> datetime:
    at = max(ctx.now, pace.next_at, pace.quiet_until or ctx.now)
    ctx.update(pace, next_at=at + BETWEEN)
    return at


def _lock(ctx: Context, account_id: str, channel_id: str) -> ChatPace:
    fresh = ChatPace(
        key=new_key(), account_id=account_id, channel_id=channel_id, next_at=ctx.now
    )
    found = ctx.tx.find(ChatPace, account_id=account_id, channel_id=channel_id)
    if found is None and ctx.tx.insert_or_ignore(fresh):
        return fresh
    found = found or ctx.tx.find(ChatPace, account_id=account_id, channel_id=channel_id)
    pace = ctx.lock(ChatPace, found.key) if found else None
    return fresh if pace is None else _by_this_clock(ctx, pace)


def _by_this_clock(ctx: Context, pace: ChatPace) -> ChatPace:
    """A clock that was set back keeps no channel silent longer than Slack could ask for."""
    latest = ctx.now + LONGEST
    if pace.next_at <= latest and (pace.quiet_until is None or pace.quiet_until <= latest):
        return pace
    return ctx.update(pace, next_at=ctx.now, quiet_until=None)
