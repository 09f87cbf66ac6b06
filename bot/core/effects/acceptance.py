"""Accepting a page: its receipts, and the engagement that it answers."""

from __future__ import annotations

from typing import Literal

from bot.core.context import Context
from bot.core.effects import engagements, receipts
from bot.core.store.engagements import Engagement, Page

AcceptType = Literal["DELIVERED", "READ"]


def accept(
    ctx: Context, page: Page, *, accept_type: AcceptType, code: str, note: str | None = None
) -> Page:
    """Record that a page arrived and, where it was read, acknowledge its engagement.

    A page that was read has also been delivered; both receipts bear the code (facts 3.2), and
    the note after it. Accepting twice, or after the engagement is over, adds nothing further
    but what this page's own receipts still lack.
    """
    engagement = ctx.lock(Engagement, page.engagement_key)
    page = ctx.get(Page, page.key) or page  # as it is under the lock
    if page.delivered_at is None:
        receipts.record(ctx, page, "DELIVERED", code, note=note)
        page = ctx.update(page, delivered_at=ctx.now)
    if accept_type == "DELIVERED" or page.read_at is not None:
        return page
    receipts.record(ctx, page, "READ", code, note=note)
    page = ctx.update(page, read_at=ctx.now)
    if engagement is not None:
        engagements.acknowledge(ctx, engagement, page.contact_arn)
    return page
