"""Telling those who were paged that nobody waits for them any more."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import bindparam, select

from bot.core.channel import StopNotice
from bot.core.context import Context
from bot.core.effects import jobs, outbox, paging
from bot.core.effects.closing import DELETED, RESOLVED
from bot.core.ids import Key, new_key
from bot.core.registry import task
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Engagement, Page, Receipt, Target
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared

PEOPLE_A_SLICE = 50
LOOKS = (timedelta(seconds=5), timedelta(seconds=25))
"""A page that was leaving when it was stopped is waited for: longer than a send may take."""
MEDIA = ("SMS", "EMAIL")
"""Nobody is called to hear that nothing is to be done."""

_receipts = table_of(Receipt).c
LAST_SENT = prepared(
    select(_receipts.vendor_id)
    .where(_receipts.page_key == bindparam("page"), _receipts.type == "SENT")
    .order_by(_receipts.key.desc())
    .limit(1)
)


@task
def say_goodbye(
    ctx: Context, people: list[list[Key]], words: str, reason: str, look: int = 0
) -> None:
    """Tell each person, named by the engagements that ended, once at each address.

    Who acknowledged one of them is not told, nor who was never reached.
    """
    late: list[list[Key]] = []
    for keys in people[:PEOPLE_A_SLICE]:
        pages = [page for key in keys for page in ctx.select(Page, engagement_key=key)]
        if any(page.read_at is not None for page in pages):
            continue
        if look < len(LOOKS) and any(_is_leaving(ctx, page) for page in pages):
            late.append(keys)
            continue
        _tell(ctx, pages, words, reason)
    more = {"words": words, "reason": reason}
    if late:
        at = ctx.now + LOOKS[look]
        jobs.defer(ctx, "say_goodbye", at=at, people=late, look=look + 1, **more)
    if rest := people[PEOPLE_A_SLICE:]:
        jobs.behind_pages(ctx, "say_goodbye", people=rest, look=look, **more)


def _is_leaving(ctx: Context, page: Page) -> bool:
    """It has not left, and is not known to have failed."""
    if page.sent_at is not None:
        return False
    targets = ctx.select(Target, engagement_key=page.engagement_key)
    return any(one.page_key == page.key and not one.has_failed for one in targets)


def _tell(ctx: Context, pages: list[Page], words: str, reason: str) -> None:
    told: set[str] = set()
    for page in pages:
        channel = ctx.get(ContactChannel, page.channel_key) if page.channel_key else None
        if page.sent_at is None or channel is None or channel.type not in MEDIA:
            continue
        if channel.address_fingerprint in told or paging.why_not(ctx, channel) is not None:
            continue
        told.add(channel.address_fingerprint)
        _send(ctx, page, channel, words, "" if reason in (RESOLVED, DELETED) else reason)


def _send(ctx: Context, page: Page, channel: ContactChannel, words: str, reason: str) -> None:
    engagement = ctx.get(Engagement, page.engagement_key)
    if engagement is None:
        return
    texts = engagement.texts
    sent = ctx.tx.records(LAST_SENT, page=page.key)
    notice = StopNotice(
        key=new_key(),
        address=channel.address,
        created_at=ctx.now,
        subject=texts["Subject"],
        public_subject=texts.get("PublicSubject") or "The page that you were sent",
        words=words,
        reason=reason,
        is_test=engagement.is_test,
        page_id=sent[0][0] if sent else None,
    )
    outbox.send(ctx, channel.type.lower(), notice, channel_key=channel.key)
