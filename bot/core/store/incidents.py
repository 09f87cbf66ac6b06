"""Response plans, incident records, their timelines, and where in chat they are shown."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index

from bot.core.ids import Key
from bot.core.store.schema import (
    Wire,
    encrypted,
    ends_in_key,
    partial_index,
    primary,
    references,
    table,
)


@table("response_plan", Index("response_plan_arn", "arn", unique=True))
class ResponsePlan:
    """`document` holds the members of GetResponsePlan but `arn` and `name`, verbatim. At its
    `quiet_impacts` incidents are recorded and nobody is paged.
    """

    key: Key = primary()
    account_id: str
    arn: str
    name: str
    document: Wire = encrypted()
    tags: Wire
    created_at: datetime
    quiet_impacts: list[int] | None = None


@table(
    "incident",
    Index("incident_created", "created_at"),
    Index("incident_ops_item", "ops_item_id"),
    partial_index(
        "incident_resolved",
        "resolved_at",
        "created_at",
        where="resolved_at IS NOT NULL",
    ),
    partial_index(
        "incident_dedupe",
        "account_id",
        "dedupe_string",
        where="status = 'OPEN' AND dedupe_string IS NOT NULL",
        unique=True,
    ),
)
class Incident:
    """An incident record. `document` holds all that people wrote of it, so that one ciphertext
    keeps it: title, summary, chatChannel, notificationTargets and relatedItems. Beside them
    stand `quiet` (see `quiet`) and `firing`, the ARNs of the alarms that have not ended.
    `summaryEdit` holds the version, the writer and the instant of the last edit.
    """

    key: Key = primary()
    account_id: str
    arn: str = ends_in_key()
    response_plan_arn: str
    impact: int
    status: str
    dedupe_string: str | None
    """What its starts share; None where it was one start by hand."""
    source: Wire
    document: Wire = encrypted()
    tags: Wire
    created_at: datetime
    modified_at: datetime
    modified_by: str
    ops_item_id: str | None = None
    """Of the OpsItem that stands for the incident; its words are the incident's own."""
    resolved_at: datetime | None = None
    absorbed: int = 0
    """Starts of the same dedupe string that came while it was open."""
    count_due: bool = False
    """Whether a task will bring timeline and card up to `absorbed`."""

    @property
    def title(self) -> str:
        return str(self.document["title"])

    @property
    def summary(self) -> str | None:
        return self.document.get("summary")

    @property
    def quiet(self) -> Wire | None:
        """Set while nobody was paged, as the plan has it: the `impacts` at which nobody is, and
        the `engagements` that were not begun.
        """
        return self.document.get("quiet")


@table("timeline_event", Index("timeline_event_time", "incident_key", "event_time"))
class TimelineEvent:
    """Its key is its id."""

    key: Key = primary()
    account_id: str
    incident_key: Key = references("incident", on_delete="CASCADE")
    event_type: str
    event_time: datetime
    updated_at: datetime
    data: str = encrypted()
    event_references: list[Wire]


@table("finding", Index("finding_incident", "incident_key", "key"))
class Finding:
    """`details` is the union's one member, its instants in ISO 8601."""

    key: Key = primary()
    account_id: str
    incident_key: Key = references("incident", on_delete="CASCADE")
    details: Wire
    created_at: datetime
    modified_at: datetime


@table(
    "incident_conversation",
    Index("incident_conversation_channel", "incident_key", "channel_id", unique=True),
    Index("incident_conversation_message", "channel_id", "message_ts"),
)
class IncidentConversation:
    """Where an incident is shown: its card's message, once posted, and the thread under it."""

    key: Key = primary()
    account_id: str
    incident_key: Key = references("incident", on_delete="CASCADE")
    incident_arn: str
    team_id: str
    channel_id: str
    message_ts: str | None
    card_due: bool
    card_key: Key | None = None
    """The card that was put into the outbox last."""
    is_left: bool = False
    """The incident is not shown here any more; the card says where it is."""
