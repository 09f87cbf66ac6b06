"""Pages that waited for one contact channel leave as one message, under one code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, null, select, update

from bot.core.channel import Bundle as BundleMessage
from bot.core.context import Context
from bot.core.effects import caps, jobs, mutes, outbox, paging, receipts
from bot.core.effects.callback_urls import status_url, voice_url
from bot.core.effects.closing import not_needed_words
from bot.core.effects.links import link
from bot.core.ids import Key, new_key, new_secret_key
from bot.core.store.bundles import Bundle
from bot.core.store.contacts import Contact, ContactChannel
from bot.core.store.engagements import Engagement, Page
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared

MOST_SHOWN = 20
"""Pages whose texts a message says; of the others it says how many they are."""
CODES_KEPT = timedelta(hours=24)

_pages, _engagements = table_of(Page).c, table_of(Engagement).c
WAITING = prepared(
    select(table_of(Page))
    .where(_pages.channel_key == bindparam("channel"), _pages.waits_until.is_not(None))
    .order_by(_pages.key)
    .with_for_update(key_share=True)
)
LEAVE = prepared(
    update(table_of(Page))
    .where(_pages.channel_key == bindparam("channel"), _pages.waits_until.is_not(None))
    .values(told_at=bindparam("now"), waits_until=null())
)
OVER = prepared(
    select(_pages.key, _engagements.acknowledged_by)
    .join(table_of(Engagement), _engagements.key == _pages.engagement_key)
    .where(
        _pages.channel_key == bindparam("channel"),
        _pages.waits_until.is_not(None),
        _engagements.acknowledged_at.is_not(None) | _engagements.stopped_at.is_not(None),
    )
)


def leave(ctx: Context, channel_key: Key) -> None:
    """Send what waits for a channel, if its time has come: one page as it is, more as a bundle.

    Pages that nobody needs any more drop out. Too early, it sets its alarm again.
    """
    channel = ctx.lock(ContactChannel, channel_key)
    waiting = ctx.tx.fetch(Page, WAITING, channel=channel_key)
    times = [page.waits_until for page in waiting if page.waits_until]
    if channel is None or not times:
        return
    if (opens_at := min(times)) > ctx.now:
        jobs.defer(ctx, "leave_together", at=opens_at, channel_key=channel_key)
        return
    over: dict[str, str | None] = {}
    for page_key, acknowledged_by in ctx.tx.records(OVER, channel=channel_key):
        over[page_key] = acknowledged_by
    ctx.tx.execute(LEAVE, channel=channel_key, now=ctx.now)
    for page in waiting:
        if page.key in over:
            _drop(ctx, page, over[page.key])
    wanted = [page for page in waiting if page.key not in over]
    if wanted:
        send(ctx, channel, in_order(wanted), counts=True)


def send(
    ctx: Context, channel: ContactChannel, pages: Sequence[Page], *, counts: bool = False
) -> None:
    """Send pages to a channel now. Where it cannot be paged, each of them has failed.

    Without `counts` their message was counted to the daily limits before, and has not left.
    """
    engagement = ctx.get(Engagement, pages[0].engagement_key)
    reason = paging.why_not(ctx, channel) or _why_muted(ctx, channel, pages)
    if reason is None and engagement is not None and counts:
        reason = caps.refusal(ctx, engagement, channel)
    if reason is not None or engagement is None:
        for page in pages:
            ctx.update(page, told_at=page.sent_at)
            receipts.record_failure(ctx, page, reason or "")
    elif len(pages) == 1:
        paging.send_now(ctx, engagement, pages[0], channel)
    else:
        _send_bundle(ctx, channel, pages)
    ctx.unit.pages += 1


def _why_muted(ctx: Context, channel: ContactChannel, pages: Sequence[Page]) -> str | None:
    contact = ctx.get(Contact, channel.contact_key)
    if contact is None or not mutes.is_muted(ctx, contact):
        return None
    for page in pages:
        engagement = ctx.get(Engagement, page.engagement_key)
        if engagement is not None:
            mutes.count_withheld(ctx, engagement, contact, 1)
    return mutes.why(contact)


def in_order(pages: Sequence[Page]) -> list[Page]:
    """The first page of an incident before repeats, the newest first."""
    return sorted(pages, key=lambda page: (page.sent_at is None, page.key), reverse=True)


def close(ctx: Context, bundle_key: Key) -> None:
    """Forget the code of a bundle, once those of all its pages are forgotten."""
    bundle = ctx.get(Bundle, bundle_key)
    if bundle is None:
        return
    if any(page.closed_at is None for page in receipts.told_pages(ctx, bundle_key)):
        jobs.defer(ctx, "close_bundle", at=ctx.now + CODES_KEPT, bundle_key=bundle_key)
        return
    ctx.update(bundle, closed_at=ctx.now)


def message_of(
    ctx: Context, bundle: Bundle, pages: Sequence[Page], **fields: Any
) -> BundleMessage:
    """What a bundle says of these pages of it; `fields` are what the medium adds."""
    arns = {page.incident_arn for page in pages}
    again = set(bundle.page_keys[len(bundle.page_keys) - bundle.repeats :])
    return BundleMessage(
        pages=[_shown(ctx, page, page.key in again) for page in pages[:MOST_SHOWN]],
        count=len(pages),
        incidents=None if None in arns else len(arns),
        **fields,
    )


def _drop(ctx: Context, page: Page, acknowledged_by: str | None) -> None:
    why = not_needed_words(ctx, acknowledged_by)
    receipts.record(ctx, page, "STOP", f"Not sent: {why}.")
    ctx.update(page, told_at=page.sent_at)


def _send_bundle(ctx: Context, channel: ContactChannel, pages: Sequence[Page]) -> None:
    address = channel.address_fingerprint
    code, code_fingerprint = paging.free_code(ctx, address)
    row = ctx.add(
        Bundle(
            key=new_key(),
            account_id=ctx.account_id,
            contact_arn=channel.contact_arn,
            channel_key=channel.key,
            channel_arn=channel.arn,
            page_keys=[page.key for page in pages],
            repeats=sum(page.sent_at is not None for page in pages),
            address_fingerprint=address,
            code=code,
            code_fingerprint=code_fingerprint,
            created_at=ctx.now,
        )
    )
    is_mail = channel.type == "EMAIL"
    message = message_of(
        ctx,
        row,
        pages,
        key=new_secret_key(),
        address=channel.address,
        created_at=ctx.now,
        code=code,
        ack_url=link(ctx, "ack", row.key) if is_mail else None,
        unsubscribe_url=link(ctx, "unsubscribe", channel.key) if is_mail else None,
        voice_url=voice_url(ctx, channel, bundle_key=row.key),
        status_url=status_url(ctx, channel, row.key),
    )
    outbox.send(ctx, channel.type.lower(), message, page_key=row.key, channel_key=channel.key)
    jobs.defer(ctx, "close_bundle", at=ctx.now + CODES_KEPT, bundle_key=row.key)


def _shown(ctx: Context, page: Page, is_again: bool) -> Mapping[str, Any]:
    engagement = ctx.get(Engagement, page.engagement_key)
    texts = engagement.texts if engagement else {}
    return {
        "subject": texts.get("Subject", ""),
        "content": texts.get("Content", ""),
        "public_subject": texts.get("PublicSubject") or "",
        "incident_arn": page.incident_arn,
        "at": page.created_at.isoformat(),
        "is_again": is_again,
        "is_test": engagement is not None and engagement.is_test,
    }
