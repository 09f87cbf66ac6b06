"""Who could be told now: what chat and the doctor show, and the API has no operation for."""

from __future__ import annotations

from bot.core.context import Context
from bot.core.effects import paging
from bot.core.effects.reachability import Finding, reach
from bot.core.registry import operation
from bot.core.store.contacts import ContactChannel
from bot.core.store.schema import Wire


@operation("imbot", "ListUnreachable")
def list_unreachable(ctx: Context) -> Wire:
    """Name every contact, plan and schedule that could tell nobody now, and why.

    `Doubts` names those that reach somebody, but not all they name. Response plans come first,
    then escalation plans, schedules and people, each by name.
    """
    found = reach(ctx.tx, account_id=ctx.account_id, media=ctx.house.media, now=ctx.now)
    return {
        "CheckedCount": found.checked,
        "Unreachable": [_document(one) for one in found.unreachable],
        "Doubts": [_document(one) for one in found.doubts],
    }


@operation("imbot", "GetContactChannelHealth")
def get_contact_channel_health(ctx: Context, *, contact_channel_id: str) -> Wire:
    """Say whether a contact channel can be paged now, and if not, or if what is sent there does
    not arrive, why. `FaultTime` is when that was found; a page is tried all the same.
    """
    channel = ctx.require(ContactChannel, contact_channel_id)
    obstacle = paging.why_not(ctx, channel)
    reason = channel.fault or obstacle
    document: Wire = {"ContactChannelArn": channel.arn, "CanBePaged": obstacle is None}
    if reason is not None:
        document["Reason"] = reason
    if channel.faulted_at is not None:
        document["FaultTime"] = channel.faulted_at
    return document


def _document(finding: Finding) -> Wire:
    return {
        "Arn": finding.arn,
        "Type": finding.type,
        "DisplayName": finding.name,
        "Reason": finding.reason,
    }
