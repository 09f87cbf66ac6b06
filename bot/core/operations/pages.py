"""Pages: accepting them, and what became of them."""

from __future__ import annotations

from typing import Literal

from bot.core.access import authorise_without_code
from bot.core.context import Context
from bot.core.effects import acceptance, activations
from bot.core.errors import ValidationException
from bot.core.ids import Key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.bundles import Bundle
from bot.core.store.contacts import Contact
from bot.core.store.engagements import Engagement, Page, Receipt, Target
from bot.core.store.schema import Wire, table_of

_pages = table_of(Page).c
_receipts = table_of(Receipt).c


@operation("ssm-contacts", "AcceptPage")
def accept_page(
    ctx: Context,
    *,
    page_id: str,
    accept_type: acceptance.AcceptType,
    accept_code: str,
    contact_channel_id: str | None = None,
    note: str | None = None,
    accept_code_validation: Literal["ENFORCE", "IGNORE"] = "ENFORCE",
) -> None:
    """Acknowledge a page (READ), or say that it arrived (DELIVERED).

    Repeating it, or accepting a page whose engagement is over, is allowed and tells nobody
    again. Our choice: the code is enforced unless an administrator asks to IGNORE it, and
    five wrong ones within 15 minutes lock that address, for callers of this door, for 15
    minutes.
    Raises ValidationException for a wrong code, while locked, and for a contact channel that
    the page did not go to. Source: AcceptPage, ssm-contacts 2021-05-03.
    """
    page = ctx.require(Page, page_id)
    if contact_channel_id is not None and contact_channel_id != page.channel_arn:
        raise ValidationException("The page did not go to this contact channel.")
    if accept_code_validation == "ENFORCE":
        _require_code(ctx, page, accept_code)
    else:
        authorise_without_code(ctx.caller)
    acceptance.accept(ctx, page, accept_type=accept_type, code=accept_code, note=note)


@operation("ssm-contacts", "DescribePage")
def describe_page(ctx: Context, *, page_id: str) -> Wire:
    """Show a page with the texts of its engagement; SentTime is that of the last sending."""
    page = ctx.require(Page, page_id)
    engagement = ctx.get(Engagement, page.engagement_key)
    return _summary(page) | (engagement.texts if engagement else {})


@operation("ssm-contacts", "ListPagesByContact")
def list_pages_by_contact(
    ctx: Context,
    *,
    contact_id: str,
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """List the pages of a contact over all engagements, newest first.

    A contact that bears the alias of a deleted one does not inherit its pages.
    """
    contact = ctx.require(Contact, contact_id)
    pages, token = listing(
        ctx,
        Page,
        _pages.contact_key == contact.key,
        of="ListPagesByContact",
        descending=True,
        max_results=max_results,
        next_token=next_token,
    )
    return {"Pages": list(map(_summary, pages))} | next_token_member(token)


@operation("ssm-contacts", "ListPagesByEngagement")
def list_pages_by_engagement(
    ctx: Context,
    *,
    engagement_id: str,
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """List the pages of one person's engagement, newest first.

    An escalation plan's own engagement has none; those of its people have.
    """
    engagement = ctx.require(Engagement, engagement_id)
    pages, token = listing(
        ctx,
        Page,
        _pages.engagement_key == engagement.key,
        of="ListPagesByEngagement",
        descending=True,
        max_results=max_results,
        next_token=next_token,
    )
    return {"Pages": list(map(_summary, pages))} | next_token_member(token)


@operation("ssm-contacts", "ListPageReceipts")
def list_page_receipts(
    ctx: Context,
    *,
    page_id: str,
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """List a page's receipts in the order in which they came (our choice), the newest last."""
    page = ctx.require(Page, page_id)
    receipts, token = listing(
        ctx,
        Receipt,
        _receipts.page_key == page.key,
        of="ListPageReceipts",
        max_results=max_results,
        next_token=next_token,
    )
    return {"Receipts": list(map(_receipt, receipts))} | next_token_member(token)


@operation("ssm-contacts", "ListPageResolutions")
def list_page_resolutions(ctx: Context, *, page_id: str, next_token: str | None = None) -> Wire:
    """Tell how a page came about: escalation plan, on-call schedule, person, in this order.

    StageIndex is the stage of the escalation plan, from 0, that led to a schedule or person;
    without an escalation plan there is none. A chain is never longer than one answer, so that
    no token fits. Source: ListPageResolutions and ResolutionContact, ssm-contacts 2021-05-03.
    """
    page = ctx.require(Page, page_id)
    if next_token:
        raise ValidationException("The next token was not made by this listing.")
    chain = _chain(ctx, page)
    resolutions = []
    stage = None
    for above, engagement in zip((None, *chain), chain, strict=False):
        if above is not None and above.contact_type == "ESCALATION":
            led = ctx.find_by(Target, engagement_key=above.key, child_key=engagement.key)
            stage = led.stage if led else None
        document: Wire = {
            "ContactArn": engagement.contact_arn,
            "Type": engagement.contact_type,
        }
        resolutions.append(document if stage is None else document | {"StageIndex": stage})
    return {"PageResolutions": resolutions}


def _chain(ctx: Context, page: Page) -> list[Engagement]:
    """The page's engagement, and before it those that led to it, the first one first."""
    chain: list[Engagement] = []
    key: Key | None = page.engagement_key
    while key is not None and (engagement := ctx.get(Engagement, key)) is not None:
        chain.insert(0, engagement)
        key = engagement.parent_key
    return chain


def _require_code(ctx: Context, page: Page, code: str) -> None:
    """Raises ValidationException; a wrong code is counted all the same."""
    ctx.lock(Engagement, page.engagement_key)  # so that tries come one after another
    door, who = ctx.caller.door, page.address_fingerprint or page.key
    activations.require_unlocked(ctx, door, who)
    if not activations.is_same_code(page.code, code) and not _is_of_bundle(ctx, page, code):
        activations.count_failure(ctx, door, who)
        raise ValidationException("The accept code is wrong.")


def _is_of_bundle(ctx: Context, page: Page, code: str) -> bool:
    """Whether it is the code of an open bundle that the page left with."""
    bundle = ctx.find_by(
        Bundle,
        account_id=ctx.account_id,
        code_fingerprint=ctx.unit.tx.vault.fingerprint(f"code {code}"),
        address_fingerprint=page.address_fingerprint,
        closed_at=None,
    )
    return bundle is not None and page.key in bundle.page_keys


def _summary(page: Page) -> Wire:
    document = {
        "PageArn": page.arn,
        "EngagementArn": page.engagement_arn,
        "ContactArn": page.contact_arn,
        "Sender": page.sender,
        "IncidentId": page.incident_arn,
        "SentTime": page.sent_at,
        "DeliveryTime": page.delivered_at,
        "ReadTime": page.read_at,
    }
    return {name: value for name, value in document.items() if value is not None}


def _receipt(receipt: Receipt) -> Wire:
    document: Wire = {
        "ContactChannelArn": receipt.channel_arn,
        "ReceiptType": receipt.type,
        "ReceiptTime": receipt.at,
    }
    info = " ".join(filter(None, (receipt.info, receipt.note)))
    return document | ({"ReceiptInfo": info} if info else {})
