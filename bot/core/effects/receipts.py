"""What became of a page: a receipt, and what follows from it for the engagement."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import BigInteger, Text, bindparam, insert, literal, select, update

from bot.core.channel import ReceiptType
from bot.core.context import Context
from bot.core.effects import jobs
from bot.core.ids import Key, new_key
from bot.core.store.bundles import Bundle
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Page, Receipt, Target
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared

LONGEST_INFO = 2048

_page = table_of(Page).c
SENT_AT = prepared(
    update(table_of(Page))
    .where(_page.key == bindparam("page"))
    .values(sent_at=bindparam("now"))
)
SENT = prepared(
    insert(table_of(Receipt)).from_select(
        ["key", "account_id", "page_key", "channel_arn", "type", "info", "vendor_id", "at"],
        select(
            bindparam("receipt", type_=Text),
            _page.account_id,
            _page.key,
            _page.channel_arn,
            literal("SENT"),
            bindparam("vendor", type_=Text),
            bindparam("vendor", type_=Text),
            bindparam("now", type_=BigInteger),
        ).where(_page.key == bindparam("page")),
    )
)
"""What every page goes through, without reading the page."""


def record(
    ctx: Context,
    page: Page,
    receipt: ReceiptType,
    info: str,
    *,
    vendor_id: str | None = None,
    note: str | None = None,
) -> None:
    """Write a receipt. `info` is a vendor's id, an accept code, or a sentence why not; what
    people wrote is its `note`, which is kept encrypted.
    """
    ctx.add(
        Receipt(
            key=new_key(),
            account_id=page.account_id,
            page_key=page.key,
            channel_arn=page.channel_arn,
            type=receipt,
            info=info[:LONGEST_INFO],
            vendor_id=vendor_id,
            at=ctx.now,
            note=note,
        )
    )


def record_sent(ctx: Context, sent: Sequence[tuple[Key, str]]) -> None:
    """Write the SENT receipts of pages, or of each page of bundles, with the vendor's ids, and
    when they left.
    """
    if _mark_sent(ctx, sent) < len(sent):
        sent = [(page, vendor_id) for key, vendor_id in sent for page in _pages_of(ctx, key)]
        _mark_sent(ctx, sent)
    receipts = [
        {
            "receipt": new_key(),
            "page": page_key,
            "vendor": vendor_id[:LONGEST_INFO],
            "now": ctx.now,
        }
        for page_key, vendor_id in sent
    ]
    ctx.tx.execute_many(SENT, receipts)


def _mark_sent(ctx: Context, sent: Sequence[tuple[Key, str]]) -> int:
    """Answers how many pages there were."""
    return ctx.tx.execute_many(SENT_AT, [{"page": key, "now": ctx.now} for key, _ in sent])


def _pages_of(ctx: Context, key: Key) -> Sequence[Key]:
    bundle = ctx.get(Bundle, key)
    return [Key(each) for each in bundle.page_keys] if bundle else [key]


def told_pages(ctx: Context, key: Key | None) -> list[Page]:
    """The page that a message told, or those of the bundle."""
    if key is None:
        return []
    if (page := ctx.get(Page, key)) is not None:
        return [page]
    bundle = ctx.get(Bundle, key)
    keys = bundle.page_keys if bundle else ()
    return [page for each in keys if (page := ctx.get(Page, Key(each))) is not None]


def record_failure(
    ctx: Context, page: Page, reason: str, *, vendor_id: str | None = None
) -> None:
    """Write an ERROR receipt and let the engagement move on: this target will not be
    reached.
    """
    record(ctx, page, "ERROR", reason, vendor_id=vendor_id)
    for target in ctx.select(Target, page_key=page.key):
        if not target.has_failed:
            ctx.update(target, has_failed=True)
    jobs.defer(ctx, "advance_engagement", at=ctx.now, engagement_key=page.engagement_key)


def turn_off(ctx: Context, address_fingerprint: str) -> list[ContactChannel]:
    """Turn off every contact channel with that address, until START and a new activation
    code.
    """
    channels = ctx.select(
        ContactChannel,
        account_id=ctx.account_id,
        address_fingerprint=address_fingerprint,
        deleted_at=None,
    )
    return [
        ctx.update(channel, is_activated=False, opted_out_at=ctx.now) for channel in channels
    ]
