"""The buttons behind a mail's links. Looking changes nothing; only pressing does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.core.context import Context
from bot.core.effects import receipts
from bot.core.effects.links import key_of
from bot.core.effects.names import shown_name
from bot.core.errors import ServiceError
from bot.core.replies.accepting import contact_caller
from bot.core.replies.bundled import accept_told, state_of
from bot.core.replies.texts import channels_of, turn_off, turn_on_again
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Engagement, Page

GONE = "This link is not known here any more."


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPage:
    """A page, or a bundle of them, as its mail's link shows it. `others` are the further pages'
    subjects. `state` says why nothing of it waits for an answer, else "".
    """

    subject: str = field(repr=False)
    others: Sequence[str] = field(default=(), repr=False)
    contact: str
    is_test: bool
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsubscribePage:
    contact: str
    channel: str
    is_off: bool


def mail_page(ctx: Context, token: str) -> MailPage | None:
    pages = _pages(ctx, token)
    found = [ctx.get(Engagement, page.engagement_key) for page in pages]
    engagements = [engagement for engagement in found if engagement is not None]
    if not engagements:
        return None
    subject, *others = (engagement.texts["Subject"] for engagement in engagements)
    return MailPage(
        subject=subject,
        others=others,
        contact=shown_name(ctx, pages[0].contact_arn),
        is_test=all(engagement.is_test for engagement in engagements),
        state=state_of(ctx, pages),
    )


def mail_accept(ctx: Context, token: str) -> str:
    pages = _pages(ctx, token)
    if not pages:
        return GONE
    contact_arn = pages[0].contact_arn
    try:
        accepted = accept_told(ctx, pages, contact_caller(ctx, contact_arn), "EMAIL")
    except ServiceError as refusal:
        return refusal.message
    return accepted.words(shown_name(ctx, contact_arn))


def unsubscribe_page(ctx: Context, token: str) -> UnsubscribePage | None:
    channel = _channel(ctx, token)
    if channel is None:
        return None
    return UnsubscribePage(
        contact=shown_name(ctx, channel.contact_arn),
        channel=channel.name,
        is_off=channel.opted_out_at is not None,
    )


def unsubscribe(ctx: Context, token: str) -> str:
    channel = _channel(ctx, token)
    if channel is None:
        return GONE
    if channel.opted_out_at is None:
        turn_off(ctx, channel.address_fingerprint, "EMAIL")
    return "No more mail will be sent to this address."


def subscribe_again(ctx: Context, token: str) -> str:
    """What START is to a text: a new activation code, which alone brings the pages back."""
    channel = _channel(ctx, token)
    if channel is None:
        return GONE
    try:
        was_off = turn_on_again(ctx, channels_of(ctx, channel.address_fingerprint), "EMAIL")
    except ServiceError as refusal:
        return refusal.message
    if not was_off:
        return "Pages to this address were not turned off."
    return (
        "A new activation code is on its way to this address. Type it in chat to be paged here."
    )


def _pages(ctx: Context, token: str) -> list[Page]:
    return receipts.told_pages(ctx, key_of(ctx.unit.tx.vault, "ack", token))


def _channel(ctx: Context, token: str) -> ContactChannel | None:
    key = key_of(ctx.unit.tx.vault, "unsubscribe", token)
    channel = ctx.get(ContactChannel, key) if key else None
    return None if channel is None or channel.deleted_at is not None else channel
