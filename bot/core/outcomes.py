"""What follows from a carried message, in one transaction: receipts, the card's place, another
try.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import bindparam, delete, select, update

from bot.core.access import engine_caller
from bot.core.arns import parse_arn
from bot.core.channel import Sent, Unavailable, Undeliverable
from bot.core.context import Context, Unit
from bot.core.effects import (
    bundles,
    chat_faults,
    chat_links,
    chat_pace,
    faults,
    notification_outcomes,
    receipts,
    slack_links,
)
from bot.core.effects.closing import not_needed_words
from bot.core.effects.engagements import is_over
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Engagement, Page
from bot.core.store.incidents import IncidentConversation
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction
from bot.core.store.work import Outbox

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 10
LONGEST_WAIT = timedelta(minutes=5)

Outcome = Sent | Unavailable | Undeliverable

TOLD_BY_RECEIPTS = frozenset({"page", "bundle", notification_outcomes.KIND})
"""Kinds of messages of which nothing but the receipts of their pages, if any, tells that they
left.
"""

_outbox = table_of(Outbox).c
DONE = prepared(
    delete(table_of(Outbox)).where(
        _outbox.key == bindparam("key"),
        _outbox.owner == bindparam("owner"),
        _outbox.attempts == bindparam("attempts"),
    )
)

_channels = table_of(ContactChannel).c
CHANNEL_STATE = prepared(
    select(_channels.opted_out_at, _channels.deleted_at).where(
        _channels.key == bindparam("channel")
    )
)
OWN = (
    _outbox.key == bindparam("row"),
    _outbox.owner == bindparam("by"),
    _outbox.attempts == bindparam("attempt"),
)
HAND_BACK = prepared(
    update(table_of(Outbox)).where(*OWN).values(owner=None, attempts=_outbox.attempts - 1)
)
PUT_ASIDE = prepared(
    update(table_of(Outbox))
    .where(*OWN)
    .values(owner=None, failed_at=bindparam("at"), fault=bindparam("why"))
)


def hand_back(tx: Transaction, row: Outbox) -> None:
    """Let anybody carry a message that was owned, and whose sending has not begun."""
    tx.execute(HAND_BACK, row=row.key, by=row.owner, attempt=row.attempts)


def put_aside(unit: Unit, row: Outbox, reason: str) -> None:
    """Keep a message whose outcome cannot be recorded, so that it is not sent once more."""
    by = {"row": row.key, "by": row.owner, "attempt": row.attempts}
    unit.tx.execute(PUT_ASIDE, **by, at=unit.now, why=reason)


def record_outcome(unit: Unit, row: Outbox, outcome: Outcome) -> bool:
    """Record what became of one attempt; False where another process carries the message by
    now.
    """
    ctx = engine_context(unit, row)
    if isinstance(outcome, Unavailable) and chat_pace.hears(ctx, row, outcome):
        return True
    done = unit.tx.execute(DONE, key=row.key, owner=row.owner, attempts=row.attempts)
    if not done:
        return False
    if isinstance(outcome, Sent):
        _record_sent(ctx, row, outcome)
        return True
    if row.message["kind"] == notification_outcomes.KIND:
        notification_outcomes.record_fault(ctx, row, outcome)
        return True
    pages = receipts.told_pages(ctx, row.page_key)
    ctx = engine_context(unit, row, pages[0] if pages else None)
    if isinstance(outcome, Unavailable) and row.attempts < MOST_ATTEMPTS:
        _try_again(ctx, row, pages, outcome)
    else:
        _give_up(ctx, row, pages, outcome)
    return True


def record_outcomes(unit: Unit, outcomes: Sequence[tuple[Outbox, Outcome]]) -> None:
    """Record what became of many attempts, those of pages that left with a few statements.

    Raises OutcomesDiffer, and must be undone, where another process carries one of them by now.
    """
    sent: list[tuple[Outbox, str]] = []
    for row, outcome in outcomes:
        if isinstance(outcome, Sent) and row.message["kind"] in TOLD_BY_RECEIPTS:
            sent.append((row, outcome.vendor_id))
        else:
            record_outcome(unit, row, outcome)
    if not sent:
        return
    done = [{"key": r.key, "owner": r.owner, "attempts": r.attempts} for r, _ in sent]
    if unit.tx.execute_many(DONE, done) != len(sent):
        raise OutcomesDiffer
    pages = [(row.page_key, vendor_id) for row, vendor_id in sent if row.page_key]
    if pages:
        receipts.record_sent(engine_context(unit, sent[0][0]), pages)


class OutcomesDiffer(Exception):
    """One of many messages is carried by another process; each is to be recorded alone."""


def drop_if_pointless(unit: Unit, row: Outbox) -> bool:
    """A page that waited until its engagement was over, or its recipient opted out, is not sent
    any more; its receipt says so. A bundle goes on with those of its pages that are left.
    """
    pages = receipts.told_pages(engine_context(unit, row), row.page_key)
    if not pages:
        return False
    ctx = engine_context(unit, row, pages[0])
    over = [page for page in pages if _is_over(ctx, page)]
    if len(over) < len(pages) and (not over or row.is_doubtful):
        return _drop_if_unwanted(ctx, row, pages)
    ctx.delete(row)
    for page in over:
        _record_pointless(ctx, row, page)
    rest = [page for page in pages if page not in over]
    channel = ctx.get(ContactChannel, row.channel_key) if row.channel_key else None
    if rest and channel is not None:
        bundles.send(ctx, channel, rest)
    return True


def _is_over(ctx: Context, page: Page) -> bool:
    engagement = ctx.get(Engagement, page.engagement_key)
    return engagement is not None and is_over(engagement)


def _record_pointless(ctx: Context, row: Outbox, page: Page) -> None:
    engagement = ctx.get(Engagement, page.engagement_key)
    why = not_needed_words(ctx, engagement.acknowledged_by if engagement else None)
    receipts.record(ctx, page, "STOP", f"{_not_sent(row)}: {why}.")


def _not_sent(row: Outbox) -> str:
    """What is in doubt may have arrived the first time."""
    return "Not sent again" if row.is_doubtful else "Not sent"


def _drop_if_unwanted(ctx: Context, row: Outbox, pages: Sequence[Page]) -> bool:
    for opted_out_at, deleted_at in ctx.tx.records(CHANNEL_STATE, channel=row.channel_key):
        if opted_out_at is None and deleted_at is None:
            continue
        ctx.delete(row)
        fate = "the recipient opted out" if deleted_at is None else "its channel was deleted"
        for page in pages:
            receipts.record_failure(ctx, page, f"{_not_sent(row)}: {fate}.")
        return True
    return False


def _record_sent(ctx: Context, row: Outbox, sent: Sent) -> None:
    if row.page_key is not None:
        receipts.record_sent(ctx, [(row.page_key, sent.vendor_id)])
    message = row.message
    if message["kind"] in slack_links.KINDS:
        slack_links.record_sent(ctx, row, sent.vendor_id)
    chat_links.record_sent(ctx, row, sent.vendor_id)
    is_new_card = message["kind"] == "notice" and not message["event"] and not message["ts"]
    if is_new_card and row.conversation_key:
        conversation = ctx.get(IncidentConversation, row.conversation_key)
        if conversation is not None:
            ctx.update(conversation, message_ts=sent.vendor_id)


def _try_again(ctx: Context, row: Outbox, pages: Sequence[Page], fault: Unavailable) -> None:
    """Put the message back, due after waits that double from two seconds, or as the vendor
    asks.
    """
    wait = min(timedelta(seconds=2**row.attempts), LONGEST_WAIT)
    if fault.retry_after is not None:
        wait = timedelta(seconds=min(max(fault.retry_after, 1), LONGEST_WAIT.total_seconds()))
    again_at = ctx.now + wait
    fields = {name: getattr(row, name) for name in Outbox.__dataclass_fields__}
    is_doubtful = row.is_doubtful or fault.in_doubt
    fields |= {"owner": None, "due_at": again_at, "fault": fault.reason}
    fields["is_doubtful"] = is_doubtful
    ctx.add(Outbox(**fields))
    ctx.unit.has_posts = True
    when = again_at.strftime("%H:%M:%S UTC")
    for page in pages:
        receipts.record(ctx, page, "ERROR", f"{fault.reason} Trying again at {when}.")


def _give_up(
    ctx: Context, row: Outbox, pages: Sequence[Page], fault: Unavailable | Undeliverable
) -> None:
    reason = fault.reason
    if isinstance(fault, Unavailable):
        reason = f"{reason} Given up after {row.attempts} attempts."
    log.warning("message %s (%s) is given up: %s", row.key, row.medium, reason)
    for page in pages:
        receipts.record_failure(ctx, page, reason)
    if isinstance(fault, Undeliverable):
        faults.record(
            ctx,
            row.channel_key,
            reason,
            refuses=fault.refuses,
            opted_out=fault.opted_out,
            told=row.page_key,
        )
        chat_faults.record(ctx, row, fault)
        chat_links.record_fault(ctx, row, fault)
    if row.message["kind"] in slack_links.KINDS:
        slack_links.record_failure(ctx, row, fault)
    if not pages and row.conversation_key:
        fields = {name: getattr(row, name) for name in Outbox.__dataclass_fields__}
        ctx.add(Outbox(**fields | {"owner": None, "fault": reason, "failed_at": ctx.now}))
        ctx.unit.has_posts = True


def engine_context(unit: Unit, row: Outbox, page: Page | None = None) -> Context:
    """A page's region is where what follows from it gets its ARNs."""
    region = parse_arn(page.arn).region if page else ""
    caller = engine_caller(row.account_id, region)
    return Context(unit, caller, str(row.key))
