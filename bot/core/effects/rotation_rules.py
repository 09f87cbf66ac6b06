"""What a rotation and its overrides must keep to when they are written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.core.context import Context
from bot.core.effects import schedules
from bot.core.errors import ValidationException
from bot.core.planner.recurrence import parse_recurrence
from bot.core.store.contacts import Contact
from bot.core.store.rotations import Rotation
from bot.core.store.schema import Wire

SHORTEST_OVERRIDE = timedelta(minutes=30)
FURTHEST_AHEAD = timedelta(days=184)
"""Six months, and no month is shorter than it should be. The console's rules (user guide)."""


def check_rotation(ctx: Context, row: Rotation, *, earlier: Sequence[str] = ()) -> None:
    """Hold a rotation to its rules; the `earlier` members are not looked up.

    Raises ResourceNotFoundException, ValidationException.
    """
    check_timing(row.time_zone_id, row.recurrence)
    for arn in row.contact_ids:
        if arn not in earlier and ctx.require(Contact, arn).type != "PERSONAL":
            raise refused("ContactIds", f"{arn} is not a person")
    try:
        schedules.rotation_of(row)
    except ValueError as fault:
        raise refused("Recurrence", str(fault)) from fault


def check_timing(time_zone_id: str, recurrence: Wire) -> None:
    """Raises ValidationException for a zone or a recurrence that tells no shift."""
    try:
        schedules.check_zone(time_zone_id)
    except ValueError as fault:
        raise refused("TimeZoneId", str(fault)) from fault
    try:
        parse_recurrence(recurrence)
    except ValueError as fault:
        raise refused("Recurrence", str(fault)) from fault


def check_override(
    row: Rotation, contact_ids: Sequence[str], start: datetime, end: datetime, now: datetime
) -> None:
    """Raises ValidationException for what the console does not let one do, either: an override
    of less than half an hour, one that begins more than six months ahead, or one by somebody
    who is not in the rotation.
    """
    if end - start < SHORTEST_OVERRIDE:
        raise refused("EndTime", "an override lasts 30 minutes or more")
    if start - now > FURTHEST_AHEAD:
        raise refused("StartTime", "an override begins within the next six months")
    for arn in contact_ids:
        if arn not in row.contact_ids:
            raise refused("NewContactIds", f"{arn} is not in the rotation")


def check_range(start: datetime, end: datetime) -> None:
    if end <= start:
        raise refused("EndTime", "a range ends after it starts")


def refused(name: str, message: str) -> ValidationException:
    return ValidationException(
        f"Invalid value provided - {name}: {message.rstrip('.')}.",
        reason="FIELD_VALIDATION_FAILED",
        fields=[{"Name": name, "Message": message}],
    )
