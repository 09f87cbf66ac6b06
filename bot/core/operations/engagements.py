"""Engagements: runs of a contact's plan, started, described and stopped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.core.context import Context
from bot.core.effects import engagements, goodbyes, timeline
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.contacts import Contact
from bot.core.store.engagements import Engagement
from bot.core.store.kinds import instant_to_integer
from bot.core.store.schema import Wire, table_of

_engagements = table_of(Engagement).c


@operation("ssm-contacts", "StartEngagement")
def start_engagement(
    ctx: Context,
    *,
    contact_id: str,
    sender: str,
    subject: str,
    content: str,
    public_subject: str | None = None,
    public_content: str | None = None,
    incident_id: str | None = None,
) -> Wire:
    """Run a contact's plan as it is now; its first stage begins in this transaction.

    `incident_id` is free text; where it is the ARN of an incident of this account, the
    incident's timeline tells of the pages. Source: StartEngagement, ssm-contacts 2021-05-03.
    """
    contact = ctx.require(Contact, contact_id)
    texts = {
        "Sender": sender,
        "Subject": subject,
        "Content": content,
        "PublicSubject": public_subject,
        "PublicContent": public_content,
    }
    engagement = engagements.start(
        ctx,
        contact,
        sender=sender,
        texts={name: text for name, text in texts.items() if text is not None},
        incident_arn=incident_id,
    )
    return {"EngagementArn": engagement.arn}


@operation("ssm-contacts", "StopEngagement")
def stop_engagement(ctx: Context, *, engagement_id: str, reason: str | None = None) -> None:
    """Begin no further stage, here or in what the plan began, and send nothing that waits.

    Pages that were sent stay sent; whoever got one and did not answer it is told, by mail or
    text. An engagement that is over already stays as it is.
    """
    engagement = ctx.require(Engagement, engagement_id)
    stopped = goodbyes.stop_and_tell(
        ctx, [engagement], reason or f"Stopped by {ctx.caller.actor}."
    )
    if any(one.key == engagement.key for one in stopped):
        by = ctx.caller.actor
        timeline.record_engagement(ctx, engagement, timeline.STOPPED, stoppedBy=by)


@operation("ssm-contacts", "DescribeEngagement")
def describe_engagement(ctx: Context, *, engagement_id: str) -> Wire:
    """Show an engagement with all its texts. A stop sets StopTime, accepting does not."""
    engagement = ctx.require(Engagement, engagement_id)
    return _summary(engagement) | engagement.texts


@operation("ssm-contacts", "ListEngagements")
def list_engagements(
    ctx: Context,
    *,
    incident_id: str | None = None,
    time_range_value: Mapping[str, datetime] | None = None,
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """List engagements, those of people within escalation plans included, newest first.

    A time range holds the engagements that started in it, both ends included.
    """
    conditions = []
    if incident_id is not None:
        conditions.append(_engagements.incident_arn == incident_id)
    given = time_range_value or {}
    if start := given.get("StartTime"):
        conditions.append(_engagements.started_at >= instant_to_integer(start))
    if end := given.get("EndTime"):
        conditions.append(_engagements.started_at <= instant_to_integer(end))
    found, token = listing(
        ctx,
        Engagement,
        *conditions,
        of="ListEngagements",
        descending=True,
        max_results=max_results,
        next_token=next_token,
    )
    return {"Engagements": list(map(_summary, found))} | next_token_member(token)


def _summary(engagement: Engagement) -> Wire:
    document: dict[str, Any] = {
        "EngagementArn": engagement.arn,
        "ContactArn": engagement.contact_arn,
        "Sender": engagement.sender,
        "IncidentId": engagement.incident_arn,
        "StartTime": engagement.started_at,
        "StopTime": engagement.stopped_at,
    }
    return {name: value for name, value in document.items() if value is not None}
