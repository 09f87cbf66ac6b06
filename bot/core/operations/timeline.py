"""Timeline events: what people write beside what the service writes itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from bot.core.context import Context
from bot.core.effects import timeline
from bot.core.effects.records import event_summary
from bot.core.errors import ResourceNotFoundException, ValidationException
from bot.core.ids import Key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store import filters as filtering
from bot.core.store.incidents import Incident, TimelineEvent
from bot.core.store.schema import Wire, table_of

WRITABLE = ("Custom Event", "Note")
MOST_EVENTS = 1000

_columns = table_of(TimelineEvent).c
FILTER_KEYS = {
    "eventTime": filtering.instants(_columns.event_time),
    "eventType": filtering.texts(_columns.event_type),
    "eventReference": filtering.inside(_columns.event_references),
}


@operation("ssm-incidents", "CreateTimelineEvent")
def create_timeline_event(
    ctx: Context,
    *,
    incident_record_arn: str,
    event_type: str,
    event_time: datetime,
    event_data: str,
    event_references: Sequence[Wire] = (),
) -> Wire:
    """Write an event and tell the incident's chat channels.

    `event_data` is meant to be JSON text, such as a JSON string; our choice: any text is kept.
    Of the 1,000 events of an incident only what people write is counted, so that a storm of
    alarms never keeps them from writing. Raises ValidationException for another event type.
    Source: CreateTimelineEvent, ssm-incidents 2018-05-10.
    """
    _require_writable(event_type)
    incident = ctx.require(Incident, incident_record_arn)
    written = select(func.count()).where(
        _columns.incident_key == incident.key, _columns.event_type.in_(WRITABLE)
    )
    if ctx.tx.records(written)[0][0] >= MOST_EVENTS:
        raise ValidationException(f"An incident has at most {MOST_EVENTS} timeline events.")
    event = timeline.add(
        ctx,
        incident,
        event_type,
        data=event_data,
        at=event_time,
        references=[dict(reference) for reference in event_references],
    )
    return {"incidentRecordArn": incident.arn, "eventId": event.key}


@operation("ssm-incidents", "GetTimelineEvent")
def get_timeline_event(ctx: Context, *, incident_record_arn: str, event_id: str) -> Wire:
    incident = ctx.require(Incident, incident_record_arn)
    event = _require_event(ctx, incident, event_id)
    return {"event": {**event_summary(event, incident.arn), "eventData": event.data}}


@operation("ssm-incidents", "ListTimelineEvents")
def list_timeline_events(
    ctx: Context,
    *,
    incident_record_arn: str,
    filters: Sequence[Wire] = (),
    sort_by: str = "EVENT_TIME",
    sort_order: str = "DESCENDING",
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """List the events that pass all filters by their time, newest first unless asked otherwise.

    Raises ValidationException for an unknown filter key, and, since the model knows no other
    error here, for an incident that does not exist.
    """
    incident = ctx.find(Incident, incident_record_arn)
    if incident is None:
        raise ValidationException(f"INCIDENT_RECORD {incident_record_arn} does not exist.")
    events, token = listing(
        ctx,
        TimelineEvent,
        _columns.incident_key == incident.key,
        *filtering.criteria(filters, FILTER_KEYS),
        of="ListTimelineEvents",
        by={"EVENT_TIME": "event_time"}[sort_by],
        descending=sort_order == "DESCENDING",
        max_results=max_results,
        next_token=next_token,
    )
    answer: Wire = {"eventSummaries": [event_summary(event, incident.arn) for event in events]}
    return answer | next_token_member(token, "nextToken")


@operation("ssm-incidents", "UpdateTimelineEvent")
def update_timeline_event(
    ctx: Context,
    *,
    incident_record_arn: str,
    event_id: str,
    event_type: str | None = None,
    event_time: datetime | None = None,
    event_data: str | None = None,
    event_references: Sequence[Wire] | None = None,
) -> None:
    """Change what is given; references replace all earlier ones.

    Raises ValidationException for an event of the service's own.
    """
    incident = ctx.require(Incident, incident_record_arn)
    event = _require_event(ctx, incident, event_id)
    _require_writable(event.event_type)
    changes: dict[str, Any] = {}
    if event_type is not None:
        _require_writable(event_type)
        changes["event_type"] = event_type
    if event_time is not None:
        changes["event_time"] = event_time
    if event_data is not None:
        changes["data"] = timeline.text_without_nul(event_data)
    if event_references is not None:
        changes["event_references"] = [dict(reference) for reference in event_references]
    ctx.update(event, **changes, updated_at=ctx.now)
    timeline.tell(ctx, incident)


@operation("ssm-incidents", "DeleteTimelineEvent")
def delete_timeline_event(ctx: Context, *, incident_record_arn: str, event_id: str) -> None:
    """Delete an event, if there is one; ValidationException for one of the service's own."""
    incident = ctx.find(Incident, incident_record_arn)
    event = _find_event(ctx, incident, event_id) if incident else None
    if incident is None or event is None:
        return
    _require_writable(event.event_type)
    ctx.delete(event)
    timeline.tell(ctx, incident)


def _find_event(ctx: Context, incident: Incident, event_id: str) -> TimelineEvent | None:
    event = ctx.get(TimelineEvent, Key(event_id))
    return event if event is not None and event.incident_key == incident.key else None


def _require_event(ctx: Context, incident: Incident, event_id: str) -> TimelineEvent:
    event = _find_event(ctx, incident, event_id)
    if event is None:
        raise ResourceNotFoundException("TIMELINE_EVENT", event_id)
    return event


def _require_writable(event_type: str) -> None:
    if event_type not in WRITABLE:
        raise ValidationException(
            f"Events of type {event_type} are the service's own. "
            f"Yours are of type {' or '.join(WRITABLE)}.",
            reason="FIELD_VALIDATION_FAILED",
        )
