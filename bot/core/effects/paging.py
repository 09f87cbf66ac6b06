"""Telling one contact channel: a page with its code, and its message in the outbox."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import BindParameter, bindparam, select, union_all

from bot.core.channel import Activation as ActivationMessage
from bot.core.channel import Page as PageMessage
from bot.core.context import Context, Unit
from bot.core.effects import caps, outbox, pace, reachability, receipts
from bot.core.effects.callback_urls import status_url, voice_url
from bot.core.effects.links import link
from bot.core.effects.names import alias_of
from bot.core.effects.sender_card import card_url
from bot.core.ids import new_code, new_key, new_secret_key
from bot.core.store.bundles import Bundle
from bot.core.store.contacts import Activation, ContactChannel
from bot.core.store.engagements import Engagement, Page
from bot.core.store.schema import table_of
from bot.core.store.statements import Prepared, prepared

NO_SETTINGS = "No settings for {} are given to this program, so nothing was sent."
WHY_NOT: Mapping[reachability.Obstacle, str] = {
    "missing": "The plan names a contact channel that does not exist.",
    "deleted": "The contact channel was deleted.",
    "opted out": (
        "The recipient opted out; START from that address brings a new activation code."
    ),
    "not activated": "The contact channel is not activated.",
    "without settings": NO_SETTINGS,
}


FIRST, MORE = 2, 32
"""Codes that are drawn at once: for a transaction's first pages, and for all others."""


def _taken(number: int) -> Prepared:
    """Which of so many codes are in use, and at which addresses."""
    codes: list[BindParameter[str]] = [bindparam(f"code_{each}") for each in range(number)]
    columns = (table_of(Page).c, table_of(Bundle).c)
    return prepared(
        union_all(
            *(
                select(c.code_fingerprint, c.address_fingerprint).where(
                    c.code_fingerprint.in_(codes), c.closed_at.is_(None)
                )
                for c in columns
            )
        )
    )


TAKEN = {number: _taken(number) for number in (FIRST, MORE)}


def why_not(ctx: Context, channel: ContactChannel | None) -> str | None:
    """Say why a channel cannot be paged now; None where it can."""
    found = reachability.obstacle(channel, ctx.house.media)
    return WHY_NOT[found].format(channel.type if channel else "") if found else None


def page_channel(
    ctx: Context,
    engagement: Engagement,
    channel_arn: str,
    channel: ContactChannel | None,
    *,
    withheld: str | None = None,
) -> tuple[Page, bool]:
    """Page a contact channel; a channel that cannot be paged gets an ERROR receipt instead.

    So does one that is `withheld`, for that reason. A page that comes too soon after another
    one waits. Answers the page and whether it is on its way, or waits for it.
    """
    reason, slot = withheld or why_not(ctx, channel), None
    if channel is not None and reason is None:
        slot = pace.slot(ctx, channel)
        reason = caps.refusal(ctx, engagement, channel, counts=slot is None)
    page = ctx.add(_page(ctx, engagement, channel_arn, channel, slot, is_over=bool(reason)))
    if reason is not None or channel is None:
        receipts.record(ctx, page, "ERROR", reason or "")
        return page, False
    ctx.unit.channels.add(channel.key)
    if slot is not None:
        pace.wait(ctx, page, channel, slot)
    else:
        send_now(ctx, engagement, page, channel)
    ctx.unit.pages += 1
    return page, True


def _page(
    ctx: Context,
    engagement: Engagement,
    channel_arn: str,
    channel: ContactChannel | None,
    slot: pace.Slot | None,
    *,
    is_over: bool,
) -> Page:
    fingerprint = channel.address_fingerprint if channel else ""
    code, code_fingerprint = free_code(ctx, fingerprint)
    key = new_key()
    return Page(
        key=key,
        account_id=ctx.account_id,
        arn=ctx.new_arn("ssm-contacts", "page", alias_of(engagement.contact_arn), key),
        engagement_key=engagement.key,
        engagement_arn=engagement.arn,
        contact_key=engagement.contact_key,
        contact_arn=engagement.contact_arn,
        channel_key=channel.key if channel else None,
        channel_arn=channel_arn,
        incident_arn=engagement.incident_arn,
        sender=engagement.sender,
        address_fingerprint=fingerprint,
        code=code,
        code_fingerprint=code_fingerprint,
        told_at=None if is_over else (slot.at if slot else ctx.now),
        waits_until=slot.at if slot and not is_over else None,
        closed_at=ctx.now if is_over else None,
        created_at=ctx.now,
    )


def free_code(ctx: Context, address_fingerprint: str) -> tuple[str, str]:
    """A code that no open page or bundle bears at that address, with the fingerprint that finds
    it.
    """
    unit = ctx.unit
    while True:
        if not unit.drawn:
            _draw(unit)
        code, fingerprint = unit.drawn.pop()
        place = fingerprint, address_fingerprint
        if place not in unit.codes:
            unit.codes.add(place)
            return code, fingerprint


def _draw(unit: Unit) -> None:
    """Draw several codes, and look with one statement where they are in use."""
    number = MORE if unit.codes else FIRST
    codes = [new_code() for _ in range(number)]
    fingerprint = unit.tx.vault.fingerprint
    unit.drawn = [(code, fingerprint(f"code {code}")) for code in codes]
    given = {f"code_{each}": mark for each, (_, mark) in enumerate(unit.drawn)}
    unit.codes.update((mark, place) for mark, place in unit.tx.records(TAKEN[number], **given))


def send_page(
    ctx: Context, engagement: Engagement, page: Page, channel: ContactChannel
) -> bool:
    """Send a page again, or let it wait for the channel's next message; it keeps its code.

    Answers whether it is on its way, or waits for it.
    """
    if page.waits_until is not None:
        return True
    slot = pace.slot(ctx, channel)
    if reason := caps.refusal(ctx, engagement, channel, counts=slot is None):
        receipts.record_failure(ctx, page, reason)
        return False
    if slot is not None:
        ctx.update(page, told_at=slot.at, waits_until=slot.at)
        pace.wait(ctx, page, channel, slot)
    else:
        ctx.update(page, told_at=ctx.now)
        send_now(ctx, engagement, page, channel)
    return True


def send_now(ctx: Context, engagement: Engagement, page: Page, channel: ContactChannel) -> None:
    """Put a page's message into the outbox; its code counts where it goes now."""
    if page.address_fingerprint != channel.address_fingerprint:
        ctx.update(page, address_fingerprint=channel.address_fingerprint)
    texts = engagement.texts
    public_subject = texts.get("PublicSubject") or "An incident needs your attention"
    is_mail = channel.type == "EMAIL"
    message = PageMessage(
        key=new_secret_key(),
        address=channel.address,
        created_at=ctx.now,
        subject=texts["Subject"],
        content=texts["Content"],
        public_subject=public_subject,
        code=page.code,
        incident_arn=page.incident_arn,
        is_test=engagement.is_test,
        ack_url=link(ctx, "ack", page.key) if is_mail else None,
        unsubscribe_url=link(ctx, "unsubscribe", channel.key) if is_mail else None,
        voice_url=voice_url(ctx, channel, page_key=page.key),
        status_url=status_url(ctx, channel, page.key),
    )
    outbox.send(ctx, channel.type.lower(), message, page_key=page.key, channel_key=channel.key)


def send_activation(
    ctx: Context, channel: ContactChannel, contact_name: str, row: Activation
) -> None:
    """Send an activation code by the channel's own medium."""
    is_mail = channel.type == "EMAIL"
    message = ActivationMessage(
        key=row.message_key,
        address=channel.address,
        created_at=ctx.now,
        contact_name=contact_name,
        code=row.code,
        unsubscribe_url=link(ctx, "unsubscribe", channel.key) if is_mail else None,
        sender_card_url=card_url(ctx) if is_mail else None,
        voice_url=voice_url(ctx, channel, activation_key=row.key),
        status_url=status_url(ctx, channel, row.key) if channel.type == "SMS" else None,
    )
    outbox.send(ctx, channel.type.lower(), message, channel_key=channel.key)
