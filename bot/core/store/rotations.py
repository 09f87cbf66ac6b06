"""On-call rotations, the overrides that take their shifts from them for a while, who looks out
for their hand-offs, and links to their calendars.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Index

from bot.core.ids import Key
from bot.core.store.schema import Wire, primary, references, table

TellPeople = Literal["NOBODY", "BY_MAIL_OR_CHAT", "ALSO_BY_TEXT"]


@table(
    "rotation",
    Index("rotation_arn", "arn", unique=True),
    Index("rotation_name", "account_id", "name"),
)
class Rotation:
    """`contact_ids` are ARNs in the order of the shifts; `recurrence` is the wire's own,
    verbatim. `changed_at` is when it, or an override of it, was changed last.
    """

    key: Key = primary()
    account_id: str
    arn: str
    name: str
    contact_ids: list[str]
    starts_at: datetime
    time_zone_id: str
    recurrence: Wire
    tags: Wire
    created_at: datetime
    changed_at: datetime


@table("rotation_override", Index("rotation_override_rotation", "rotation_key", "starts_at"))
class RotationOverride:
    """Who is on call instead, from `starts_at` until before `ends_at`; nobody where
    `contact_ids` is empty. Its id on the wire is its key. `taken_by` is the principal who took
    over a shift by it, and may so give it back.
    """

    key: Key = primary()
    account_id: str
    rotation_key: Key = references("rotation", on_delete="CASCADE")
    contact_ids: list[str]
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    taken_by: str | None = None


@table(
    "hand_off_watch",
    Index("hand_off_watch_rotation", "rotation_key", unique=True),
)
class HandOffWatch:
    """Who were on call when a rotation was looked at last (None: nobody looks out for it), when
    it is looked at again, and who is told of a hand-off.

    `topic_arns` None: the topics of the response plans that engage a schedule of the rotation.
    """

    key: Key = primary()
    account_id: str
    rotation_key: Key = references("rotation", on_delete="CASCADE")
    on_call: list[str] | None = None
    wake_at: datetime | None = None
    topic_arns: list[str] | None = None
    tell_people: TellPeople = "BY_MAIL_OR_CHAT"


@table(
    "calendar_link",
    Index("calendar_link_of", "account_id", "principal_arn", "of_key", unique=True),
)
class CalendarLink:
    """Whoever knows its address reads the shifts of a rotation, a person or a schedule, until
    this row, or what it names, is gone.
    """

    key: Key = primary()
    account_id: str
    principal_arn: str
    of_key: Key
    of_arn: str
    created_at: datetime
