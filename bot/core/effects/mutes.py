"""Muted contacts: nothing is sent to them until an instant, and nothing is silent about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.core.context import Context
from bot.core.effects import timeline
from bot.core.store.contacts import Contact
from bot.core.store.engagements import Engagement

IS_MUTED = "IsMuted"
"""Our own member of a plan that is frozen into an engagement: its contact was muted then."""


def noted(ctx: Context, contact: Contact, plan: Mapping[str, Any]) -> dict[str, Any]:
    """The plan to be frozen, with a note where the contact is muted: a page that is sent at
    once needs no look at its contact then.
    """
    return {**plan, IS_MUTED: True} if is_muted(ctx, contact) else dict(plan)


def muted_contact(ctx: Context, engagement: Engagement) -> Contact | None:
    """The contact that an engagement is of, if it is muted now; a plan or schedule may be."""
    is_fresh = engagement.stage is None and engagement.round is None
    if is_fresh and not engagement.plan.get(IS_MUTED):
        return None
    contact = ctx.get(Contact, engagement.contact_key)
    return contact if contact is not None and is_muted(ctx, contact) else None


def is_muted(ctx: Context, contact: Contact) -> bool:
    return contact.muted_until is not None and contact.muted_until > ctx.now


def why(contact: Contact) -> str:
    """What the receipt of a page says that a mute has kept back."""
    until = f"{contact.muted_until:%Y-%m-%d %H:%M} UTC"
    by = f" by {contact.muted_by}" if contact.muted_by else ""
    return f"Not sent: {contact.alias} is muted until {until}{by}."


def count_withheld(
    ctx: Context, engagement: Engagement, contact: Contact, withheld: int
) -> None:
    """Count what was kept back, with the contact and on the timeline."""
    current = ctx.lock(Contact, contact.key) or contact
    ctx.update(current, pages_withheld=(current.pages_withheld or 0) + withheld)
    timeline.record_engagement(
        ctx,
        engagement,
        timeline.MUTED,
        mutedUntil=contact.muted_until.isoformat() if contact.muted_until else None,
        mutedBy=contact.muted_by,
        withheld=withheld,
    )
