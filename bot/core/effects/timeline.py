"""The timeline writes itself: an event of the service, and the news of it to chat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from bot.core.context import Context
from bot.core.effects import jobs
from bot.core.ids import Key, new_key
from bot.core.store.engagements import Engagement
from bot.core.store.incidents import Incident, TimelineEvent

PAGED = "SSM Contacts Page for Incident"
ACKNOWLEDGED = "SSM Contacts Page Acknowledgement for Incident"
STARTED = "SSM Incident Start"
TRIGGERED = "SSM Incident Trigger"
UPDATED = "SSM Incident Record Update"
UNREACHED = "SSM Contacts Engagement Unreachable for Incident"
STOPPED = "SSM Contacts Engagement Stop for Incident"
REFUSED = "SSM Incident Action Refused"
NOBODY_ON_CALL = "SSM Contacts Nobody On Call for Incident"
NOT_IN_SLACK = "SSM Contacts Slack Message Failed for Incident"
MUTED = "SSM Contacts Engagement Muted for Incident"
ADDRESS_REFUSED = "SSM Contacts Contact Channel Refused for Incident"
QUIET = "SSM Incident Recorded Without Paging"
ALARM_ENDED = "SSM Incident Alarm Ended"
NOT_TOLD_IN_CHAT = "SSM Incident Notification Failure"
"""The last ten are ours: the service is silent where nobody could be told."""
UNREACHING = frozenset({UNREACHED, NOBODY_ON_CALL, MUTED})
"""They say that an engagement reaches nobody."""


def record(ctx: Context, incident: Incident, event_type: str, **data: Any) -> TimelineEvent:
    """Add an event of the service's own; `data` is its eventData, spelled as facts 4.4."""
    text = orjson.dumps(data, default=str).decode()
    return add(ctx, incident, event_type, data=text, at=ctx.now)


def record_engagement(
    ctx: Context, engagement: Engagement, event_type: str, **more: Any
) -> None:
    """Add an event about an engagement to its incident, where it names one of ours."""
    incident = about(ctx, engagement.incident_arn)
    if incident is not None:
        who = {"contactArn": engagement.contact_arn, "engagementArn": engagement.arn}
        record(ctx, incident, event_type, **who, **more)


def add(
    ctx: Context,
    incident: Incident,
    event_type: str,
    *,
    data: str,
    at: datetime,
    references: Sequence[dict[str, Any]] = (),
) -> TimelineEvent:
    """Add an event and tell the incident's chat channels. `data` is JSON text."""
    event = ctx.add(
        TimelineEvent(
            key=new_key(),
            account_id=incident.account_id,
            incident_key=incident.key,
            event_type=event_type,
            event_time=at,
            updated_at=ctx.now,
            data=text_without_nul(data),
            event_references=list(references),
        )
    )
    if event_type != TRIGGERED:
        tell(ctx, incident, event_key=event.key)
    return event


def tell(ctx: Context, incident: Incident, *, event_key: Key | None = None) -> None:
    """Have the incident's chat channels and topics told of an event, or only its card drawn
    anew. An incident without any costs nothing.
    """
    document = incident.document
    has_chat = document.get("chatChannel", {}).get("chatbotSns")
    if event_key and (has_chat or document.get("notificationTargets")):
        jobs.behind_pages(ctx, "tell_incident", incident_key=incident.key, event_key=event_key)
    elif has_chat:
        jobs.behind_pages(ctx, "tell_chat", incident_key=incident.key, event_key=None)


def about(ctx: Context, incident_arn: str | None) -> Incident | None:
    """The incident that an engagement names, where it names one of ours."""
    return ctx.find(Incident, incident_arn) if incident_arn else None


def text_without_nul(text: str) -> str:
    """PostgreSQL's text holds no NUL, so it becomes the replacement character on both
    stores.
    """
    return text.replace("\x00", "\ufffd")
