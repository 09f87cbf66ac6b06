"""On-call rotations, and the overrides that take their shifts from them for a while."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index

from bot.core.ids import Key
from bot.core.store.schema import Wire, primary, references, table


@table(
    "rotation",
    Index("rotation_arn", "arn", unique=True),
    Index("rotation_name", "account_id", "name"),
)
class Rotation:
    """`contact_ids` are ARNs in the order of the shifts; `recurrence` is the wire's own,
    verbatim.
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


@table("rotation_override", Index("rotation_override_rotation", "rotation_key", "starts_at"))
class RotationOverride:
    """Who is on call instead, from `starts_at` until before `ends_at`; nobody where
    `contact_ids` is empty. Its id on the wire is its key.
    """

    key: Key = primary()
    account_id: str
    rotation_key: Key = references("rotation", on_delete="CASCADE")
    contact_ids: list[str]
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
