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
        if _has_answered(ctx, keys, pages):
            continue
        failed = _failed(ctx, keys)
        if look < len(LOOKS) and any(_is_leaving(page, failed) for page in pages):
            late.append(keys)
            continue
        _tell(ctx, [one for one in pages if _was_reached(one, failed)], words, reason)
    more = {"words": words, "reason": reason}
    if late:
        at = ctx.now + LOOKS[look]
        jobs.defer(ctx, "say_goodbye", at=at, people=late, look=look + 1, **more)
    if rest := people[PEOPLE_A_SLICE:]:
        jobs.behind_pages(ctx, "say_goodbye", people=rest, look=look, **more)


def _has_answered(ctx: Context, keys: list[Key], pages: list[Page]) -> bool:
    """By a page, or without one: in Slack."""
    if any(page.read_at is not None for page in pages):
        return True
    found = [ctx.get(Engagement, key) for key in keys]
    return any(one is not None and one.acknowledged_by == one.contact_arn for one in found)


def _failed(ctx: Context, keys: list[Key]) -> set[Key | None]:
    """The pages of engagements that could not be delivered, at the last try at least."""
    targets = [one for key in keys for one in ctx.select(Target, engagement_key=key)]
    return {target.page_key for target in targets if target.has_failed}


def _is_leaving(page: Page, failed: set[Key | None]) -> bool:
    """It is on its way to the vendor now; one that waits for its turn leaves no more."""
    return page.sent_at is None and page.waits_until is None and page.key not in failed


def _was_reached(page: Page, failed: set[Key | None]) -> bool:
    is_lost = page.key in failed and page.delivered_at is None
    return page.sent_at is not None and not is_lost


def _tell(ctx: Context, pages: list[Page], words: str, reason: str) -> None:
    told: set[str] = set()
    for page in pages:
        channel = ctx.get(ContactChannel, page.channel_key) if page.channel_key else None
        if channel is None or channel.type not in MEDIA:
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
