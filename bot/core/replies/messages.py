"""Slack messages on timelines: put there by people, and followed when they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import bindparam, literal_column, select

from bot.core.context import Context
from bot.core.dispatch import Request, answer_within
from bot.core.ids import Key
from bot.core.store.chat import TimelineMessage
from bot.core.store.incidents import Incident, IncidentConversation, TimelineEvent
from bot.core.store.schema import Wire, table_of
from bot.core.store.statements import prepared

MEMBER = "slackMessage"
"""Of a Custom Event's data: the message as it is shown."""
LONGEST = 12_000
"""Characters of an event's data. Source: CreateTimelineEvent, ssm-incidents 2018-05-10."""
MOST = 100

_i, _c = table_of(Incident).c, table_of(IncidentConversation).c
OPEN_IN = prepared(
    select(table_of(Incident))
    .join(table_of(IncidentConversation), _c.incident_key == _i.key)
    .where(
        _i.account_id == bindparam("account_id"),
        _i.status == literal_column("'OPEN'"),
        _c.channel_id == bindparam("channel"),
        _c.is_left.is_(False),
    )
    .order_by(_i.key.desc())
    .limit(MOST)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatMessage:
    """`ts` is Slack's name of the message, its instant in seconds; `link` leads to it."""

    channel_id: str
    ts: str
    author: str
    author_id: str
    text: str = field(repr=False)
    link: str

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(float(self.ts), UTC)


def incidents_meant(
    ctx: Context, channel_id: str, thread_ts: str | None, *, is_open: bool
) -> list[Incident]:
    """The incident of the card whose thread it is, else the open ones that the channel shows,
    the newest first. `is_open`: in its thread, too, only an open one counts.
    """
    where = {"channel_id": channel_id, "message_ts": thread_ts}
    shown = ctx.tx.find(IncidentConversation, **where) if thread_ts else None
    incident = ctx.get(Incident, shown.incident_key) if shown else None
    if incident is not None:
        return [] if is_open and incident.status != "OPEN" else [incident]
    return ctx.tx.fetch(Incident, OPEN_IN, account_id=ctx.account_id, channel=channel_id)


def is_on_timeline(ctx: Context, channel_id: str, ts: str) -> bool:
    return bool(ctx.select(TimelineMessage, channel_id=channel_id, message_ts=ts))


def put_on_timeline(ctx: Context, incident_arn: str, message: ChatMessage, source: str) -> bool:
    """Make a message a custom event on behalf of the caller; False where it is one already.

    Raises ServiceError.
    """
    incident = ctx.require(Incident, incident_arn)
    ctx.lock(Incident, incident.key)
    there = {"channel_id": message.channel_id, "message_ts": message.ts}
    if ctx.select(TimelineMessage, incident_arn=incident_arn, **there):
        return False
    answer = _ask(
        ctx,
        "CreateTimelineEvent",
        source,
        incidentRecordArn=incident_arn,
        eventType="Custom Event",
        eventTime=message.at,
        eventData=_data(
            {
                "text": message.text,
                "author": message.author,
                "authorId": message.author_id,
                "addedBy": ctx.caller.actor,
                "link": message.link,
                "channelId": message.channel_id,
                "messageTs": message.ts,
            }
        ),
    )
    event_key = Key(str(answer["eventId"]))
    ctx.add(
        TimelineMessage(
            key=event_key,
            account_id=ctx.account_id,
            event_key=event_key,
            incident_arn=incident_arn,
            **there,
        )
    )
    return True


def follow_edit(ctx: Context, channel_id: str, ts: str, text: str) -> None:
    """Let events say what their message says now; one that somebody rewrote stays his."""
    for row in ctx.select(TimelineMessage, channel_id=channel_id, message_ts=ts):
        event = ctx.get(TimelineEvent, row.event_key)
        message = _message(event) if event else None
        if event is None or message is None or message.get("text") == text:
            continue
        edited = message | {"text": text, "editedAt": ctx.now.isoformat()}
        names = {"incidentRecordArn": row.incident_arn, "eventId": event.key}
        _ask(ctx, "UpdateTimelineEvent", channel_id, **names, eventData=_data(edited))


def follow_deletion(ctx: Context, channel_id: str, ts: str) -> None:
    for row in ctx.select(TimelineMessage, channel_id=channel_id, message_ts=ts):
        event = ctx.get(TimelineEvent, row.event_key)
        if event is not None:
            names = {"incidentRecordArn": row.incident_arn, "eventId": event.key}
            _ask(ctx, "DeleteTimelineEvent", channel_id, **names)


def _message(event: TimelineEvent) -> Wire | None:
    try:
        data = orjson.loads(event.data)
    except ValueError:
        return None
    found = data.get(MEMBER) if isinstance(data, Mapping) else None
    return dict(found) if isinstance(found, Mapping) else None


def _data(message: Wire) -> str:
    """The event's data as JSON text; a long message is cut where it shows."""
    data = orjson.dumps({MEMBER: message}).decode()
    text = str(message["text"])
    while len(data) > LONGEST:
        text = text[: len(text) - (len(data) - LONGEST) // 2 - 2]
        data = orjson.dumps({MEMBER: message | {"text": f"{text}…"}}).decode()
    return data


def _ask(ctx: Context, operation: str, source: str, **parameters: Any) -> dict[str, Any]:
    request = Request(
        service="ssm-incidents",
        operation=operation,
        parameters=parameters,
        caller=ctx.caller,
        source=source,
        request_id=ctx.request_id,
    )
    return answer_within(ctx, request)
