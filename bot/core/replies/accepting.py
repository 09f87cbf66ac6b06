"""Accepting a page and proving an address, for whoever the code, key or button came from."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import datetime

from bot.core.access import ENGINE, Caller
from bot.core.arns import parse_arn
from bot.core.context import Context, Unit
from bot.core.dispatch import Request, answer_within, new_request_id
from bot.core.effects.closing import closed_words, over_words
from bot.core.effects.names import alias_of
from bot.core.regions import region_within
from bot.core.store.contacts import Activation, ContactChannel
from bot.core.store.engagements import Engagement, Page


def door_context(unit: Unit, account_id: str, region: str) -> Context:
    """A context of the house itself, until it is known who answers."""
    caller = Caller(
        account_id=account_id,
        principal_arn=ENGINE,
        actor="reply",
        door="reply",
        region=region,
        rights="contact",
    )
    return Context(unit, caller, new_request_id())


def contact_caller(ctx: Context, contact_arn: str) -> Caller:
    """The contact, who may accept its pages and prove its addresses."""
    region = region_within(ctx, parse_arn(contact_arn).region)
    return Caller(
        account_id=ctx.account_id,
        principal_arn=contact_arn,
        actor=alias_of(contact_arn),
        door="reply",
        region=region,
        rights="contact",
    )


def accept_page(ctx: Context, page: Page, caller: Caller, source: str) -> str:
    """Accept a page as its code would; answers why it was closed before, "" where it was not.

    A page whose engagement is over gets the receipts that it lacks. `source` is the medium that
    the answer came by. Raises ServiceError.
    """
    ctx.lock(Engagement, page.engagement_key)  # of two who answer at once, one is first
    page = ctx.get(Page, page.key) or page
    closed = closed_words(ctx, page)
    if page.read_at is not None:
        return closed
    _ask(
        ctx,
        "AcceptPage",
        caller,
        source,
        PageId=page.arn,
        ContactChannelId=page.channel_arn,
        AcceptType="READ",
        AcceptCode=page.code,
        AcceptCodeValidation="ENFORCE",
    )
    return closed


def accept_engagement(ctx: Context, engagement: Engagement, source: str) -> str:
    """Acknowledge an engagement as its contact; answers why it was closed before, "" where it
    was not. `source` is the medium that the answer came by. Raises ServiceError.
    """
    engagement = ctx.lock(Engagement, engagement.key) or engagement
    if closed := over_words(ctx, engagement):
        return closed
    _ask(
        ctx,
        "AcknowledgeEngagement",
        contact_caller(ctx, engagement.contact_arn),
        source,
        service="imbot",
        EngagementId=engagement.arn,
        Note=f"by {source}",
    )
    return ""


def activate(
    ctx: Context, channel: ContactChannel, code: str, caller: Caller, source: str
) -> None:
    """Raises ServiceError."""
    _ask(
        ctx,
        "ActivateContactChannel",
        caller,
        source,
        ContactChannelId=channel.arn,
        ActivationCode=code,
    )


def find_page(ctx: Context, code: str, address: str) -> Page | None:
    """The page of that code at that address (its fingerprint), while the code is known."""
    return ctx.tx.find(
        Page,
        account_id=ctx.account_id,
        code_fingerprint=code_fingerprint(ctx, code),
        address_fingerprint=address,
        closed_at=None,
    )


def code_fingerprint(ctx: Context, code: str) -> str:
    return ctx.unit.tx.vault.fingerprint(f"code {code}")


def proved_by(
    ctx: Context, channels: Iterable[ContactChannel], code: str
) -> ContactChannel | None:
    """The channel whose latest activation code it is, one that still waits for it first."""
    matching = [
        channel
        for channel in channels
        if (latest := latest_activation(ctx, channel)) is not None
        and hmac.compare_digest(latest.code.encode(), code.encode())
        and (channel.is_activated or is_current(latest, ctx.now))
    ]
    matching.sort(key=lambda channel: channel.is_activated)
    return matching[0] if matching else None


def latest_activation(ctx: Context, channel: ContactChannel) -> Activation | None:
    rows = ctx.tx.select(Activation, channel_key=channel.key)
    return rows[-1] if rows else None


def is_current(activation: Activation, now: datetime) -> bool:
    return activation.used_at is None and now < activation.expires_at


def _ask(
    ctx: Context,
    operation: str,
    caller: Caller,
    source: str,
    *,
    service: str = "ssm-contacts",
    **parameters: str,
) -> None:
    request = Request(
        service=service,
        operation=operation,
        parameters=parameters,
        caller=caller,
        source=source,
        request_id=new_request_id(),
    )
    answer_within(ctx, request)
