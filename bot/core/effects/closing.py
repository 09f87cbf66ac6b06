"""Why a page waits for no answer any more, in the words that every medium says."""

from __future__ import annotations

from datetime import datetime

from bot.core.context import Context
from bot.core.effects.names import shown_name
from bot.core.store.engagements import Engagement, Page

RESOLVED = "The incident was resolved"
DELETED = "The incident was deleted"
"""Reasons of a stop that nobody gave: what became of the incident."""
LONGEST_NAME = 40


def closed_words(ctx: Context, page: Page) -> str:
    """Say why a page is not waiting for an answer any more; "" where it is."""
    engagement = ctx.get(Engagement, page.engagement_key)
    if engagement is not None and engagement.acknowledged_at is not None:
        return over_words(ctx, engagement)
    if page.read_at is not None:
        who = shown_name(ctx, page.contact_arn)
        return f"Already acknowledged by {who} at {time_of_day(page.read_at)}."
    return over_words(ctx, engagement) if engagement is not None else ""


def over_words(ctx: Context, engagement: Engagement) -> str:
    """Say why an engagement waits for nobody any more; "" where it does."""
    if engagement.acknowledged_at is not None:
        who = shown_name(ctx, engagement.acknowledged_by or engagement.contact_arn)
        return f"Already acknowledged by {who} at {time_of_day(engagement.acknowledged_at)}."
    if engagement.stopped_at is not None:
        at, by = engagement.stopped_at, engagement.stopped_by
        return stopped_words(engagement.stop_reason, by=by, at=at)
    return ""


def stopped_words(reason: str | None, *, by: str | None, at: datetime) -> str:
    """Say who ended it; a reason that somebody gave is not for every medium, and left out."""
    what = reason[0].lower() + reason[1:] if reason in (RESOLVED, DELETED) else "stopped"
    who = f" by {by[:LONGEST_NAME]}" if by else ""
    return f"No longer needed: {what}{who} at {time_of_day(at)}."


def not_needed_words(ctx: Context, acknowledged_by: str | None) -> str:
    """What the receipt of a page says that was held back: its engagement is over."""
    if acknowledged_by is None:
        return "the engagement was stopped"
    return f"acknowledged by {shown_name(ctx, acknowledged_by)}"


def time_of_day(at: datetime) -> str:
    return at.strftime("%H:%M UTC")
