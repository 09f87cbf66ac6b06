"""How an incident record and its events are shown: to callers, and to chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from bot.core.store.incidents import Incident, TimelineEvent
from bot.core.store.schema import Wire

IMPACTS = {1: "Critical", 2: "High", 3: "Medium", 4: "Low", 5: "No impact"}


def incident_record(incident: Incident) -> Wire:
    """The `incidentRecord` of GetIncidentRecord. No automation is ever run here."""
    record = incident_summary(incident)
    document = incident.document
    record |= {
        "automationExecutions": [],
        "dedupeString": incident.dedupe_string or incident.key,
        "lastModifiedBy": incident.modified_by,
        "lastModifiedTime": incident.modified_at,
        "notificationTargets": document.get("notificationTargets", []),
    }
    if incident.summary is not None:
        record["summary"] = incident.summary
    if chat_channel := document.get("chatChannel"):
        record["chatChannel"] = chat_channel
    return record


def incident_summary(incident: Incident) -> Wire:
    """One of the `incidentRecordSummaries` of ListIncidentRecords."""
    record: Wire = {
        "arn": incident.arn,
        "title": incident.title,
        "status": incident.status,
        "impact": incident.impact,
        "creationTime": incident.created_at,
        "incidentRecordSource": incident.source,
    }
    if incident.resolved_at is not None:
        record["resolvedTime"] = incident.resolved_at
    return record


def event_summary(event: TimelineEvent, incident_arn: str) -> Wire:
    """One of the `eventSummaries` of ListTimelineEvents: an event without its data."""
    return {
        "incidentRecordArn": incident_arn,
        "eventId": event.key,
        "eventType": event.event_type,
        "eventTime": event.event_time,
        "eventUpdatedTime": event.updated_at,
        "eventReferences": event.event_references,
    }


def event_document(event: TimelineEvent) -> Wire:
    """An event as a Notice bears it: its data parsed, its instant in ISO 8601.

    Data that is not JSON stays text. What set a trigger off can be long, and is left out.
    """
    data = parsed(event.data)
    if isinstance(data, dict):
        data.pop("rawData", None)
    return {
        "eventType": event.event_type,
        "eventTime": event.event_time.isoformat(),
        "eventData": data,
    }


def parsed(data: str) -> Any:
    """What JSON text says; the text itself where it is none."""
    try:
        return orjson.loads(data)
    except ValueError:
        return data


def json_able(value: Any) -> Any:
    """The same document with its instants in ISO 8601."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: json_able(member) for name, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [json_able(member) for member in value]
    return value
