"""What is remembered of chat: how fast a channel is told, and messages on timelines."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index

from bot.core.ids import Key
from bot.core.store.schema import primary, references, table


@table("chat_pace", Index("chat_pace_channel", "account_id", "channel_id", unique=True))
class ChatPace:
    """When a Slack channel may be told next, whatever process tells it. Before `quiet_until`
    Slack has asked to wait.
    """

    key: Key = primary()
    account_id: str
    channel_id: str
    next_at: datetime
    drawn_at: datetime | None = None
    quiet_until: datetime | None = None


@table(
    "timeline_message",
    Index("timeline_message_event", "event_key", unique=True),
    Index("timeline_message_place", "channel_id", "message_ts"),
)
class TimelineMessage:
    """A Slack message that stands on a timeline: its edit and deletion follow to the event."""

    key: Key = primary()
    account_id: str
    event_key: Key = references("timeline_event", on_delete="CASCADE")
    incident_arn: str
    channel_id: str
    message_ts: str
