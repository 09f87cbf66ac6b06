"""What a vendor tells later of a text or call: a receipt, once, however often it is told."""

from __future__ import annotations

from dataclasses import replace

from bot.core.access import ENGINE
from bot.core.arns import parse_arn
from bot.core.channel import Delivery
from bot.core.context import Context
from bot.core.effects import faults, receipts
from bot.core.ids import Key
from bot.core.store.contacts import Activation
from bot.core.store.engagements import Engagement, Page, Receipt

OPTED_OUT = "21610"


def record_status(ctx: Context, delivery: Delivery, page_key: str | None) -> None:
    """Record a delivery's end, for each page that the message told. A text that has arrived
    does not fail afterwards.
    """
    if delivery.receipt is None:
        return
    pages = _told(ctx, delivery, page_key)
    for page in pages:
        _record_for(ctx, page, delivery)
    if not pages and page_key is not None:
        _record_for_activation(ctx, Key(page_key), delivery)


def _record_for_activation(ctx: Context, key: Key, delivery: Delivery) -> None:
    """A code that did not arrive has no receipt; what it tells of the address is kept."""
    activation = ctx.get(Activation, key)
    if activation is not None and delivery.receipt == "ERROR":
        faults.record(
            ctx,
            activation.channel_key,
            delivery.info,
            refuses=delivery.refuses,
            opted_out=delivery.code == OPTED_OUT,
        )


def _record_for(ctx: Context, found: Page, delivery: Delivery) -> None:
    ctx.lock(Engagement, found.engagement_key)
    page = ctx.lock(Page, found.key)
    if page is None:
        return
    ctx = _engine_context(ctx, page)
    known = {
        receipt.type
        for receipt in ctx.select(Receipt, page_key=page.key)
        if receipt.vendor_id == delivery.vendor_id
    }
    if delivery.receipt in known:
        return
    if delivery.receipt == "DELIVERED":
        _record_delivered(ctx, page, delivery)
    elif delivery.receipt == "ERROR" and "DELIVERED" not in known:
        _record_error(ctx, page, delivery)


def _record_delivered(ctx: Context, page: Page, delivery: Delivery) -> None:
    info = delivery.info
    if is_call(delivery) and page.read_at is None:
        info = "The call was answered; no key was pressed."
    receipts.record(ctx, page, "DELIVERED", info, vendor_id=delivery.vendor_id)
    if page.delivered_at is None:
        ctx.update(page, delivered_at=ctx.now)
    faults.forget(ctx, page.channel_key)


def _record_error(ctx: Context, page: Page, delivery: Delivery) -> None:
    reason = delivery.info or "The vendor could not deliver it."
    receipts.record_failure(ctx, page, reason, vendor_id=delivery.vendor_id)
    faults.record(
        ctx,
        page.channel_key,
        reason,
        refuses=delivery.refuses,
        opted_out=delivery.code == OPTED_OUT,
        told=page.key,
    )


def is_call(delivery: Delivery) -> bool:
    """Twilio names calls CA..., texts SM... or MM..."""
    return delivery.vendor_id.startswith("CA")


def _told(ctx: Context, delivery: Delivery, page_key: str | None) -> list[Page]:
    """By the key in our own status address (of a page or a bundle), else by the receipts of the
    sending.
    """
    if page_key:
        return receipts.told_pages(ctx, Key(page_key))
    sent = ctx.tx.select(
        Receipt, account_id=ctx.account_id, vendor_id=delivery.vendor_id, type="SENT"
    )
    return [page for one in sent if (page := ctx.get(Page, one.page_key)) is not None]


def _engine_context(ctx: Context, page: Page) -> Context:
    """What follows (the next target's page) is the engine's work, in the page's region."""
    caller = replace(
        ctx.caller,
        principal_arn=ENGINE,
        actor="engine",
        door="engine",
        rights="administrator",
        region=parse_arn(page.arn).region,
        invoked_by=ENGINE,
    )
    return ctx.on_behalf_of(caller)
