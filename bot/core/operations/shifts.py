"""Shifts: what a rotation and its overrides come to, stored or only thought of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from bot.core.context import Context
from bot.core.effects import rotation_rules, schedules
from bot.core.listing import DEFAULT, next_token_member, place_in, token_to
from bot.core.planner import rotations as planner
from bot.core.planner.recurrence import parse_recurrence
from bot.core.registry import operation
from bot.core.store.kinds import instant_to_integer, integer_to_instant
from bot.core.store.rotations import Rotation
from bot.core.store.schema import Wire


@operation("ssm-contacts", "ListRotationShifts")
def list_rotation_shifts(
    ctx: Context,
    *,
    rotation_id: str,
    end_time: datetime,
    start_time: datetime | None = None,
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """List the shifts that overlap a range, from `start_time` (else now) on, in their order.

    An override splits the shifts that it takes from; its own shift names who would have been
    on call. In a gap there is no shift. Source: ListRotationShifts, ssm-contacts 2021-05-03.
    """
    row = ctx.require(Rotation, rotation_id)
    binding = f"ListRotationShifts {row.key} {start_time} {end_time}"
    start = _start(ctx, start_time or ctx.now, end_time, next_token, binding)
    overrides = schedules.overrides_of(ctx, row)
    found = planner.shifts(schedules.rotation_of(row), overrides, start, end_time)
    return _listed(ctx, found, max_results, binding)


@operation("ssm-contacts", "ListPreviewRotationShifts")
def list_preview_rotation_shifts(
    ctx: Context,
    *,
    end_time: datetime,
    members: Sequence[str],
    time_zone_id: str,
    recurrence: Wire,
    rotation_start_time: datetime | None = None,
    start_time: datetime | None = None,
    overrides: Sequence[Wire] = (),
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """List the shifts that a rotation would have; members are any names. Nothing is stored.

    The rotation starts at `rotation_start_time`, else at `start_time`, else now. Raises
    ValidationException as CreateRotation does, and for an override without both its ends.
    """
    rotation_rules.check_timing(time_zone_id, recurrence)
    starts_at = rotation_start_time or start_time or ctx.now
    rotation = planner.Rotation(
        members=tuple(members),
        starts_at=starts_at,
        zone=time_zone_id,
        recurrence=parse_recurrence(recurrence),
    )
    asked = (rotation_start_time, start_time, end_time, members, time_zone_id, recurrence)
    binding = f"ListPreviewRotationShifts {asked} {overrides}"
    start = _start(ctx, start_time or starts_at, end_time, next_token, binding)
    found = planner.shifts(rotation, _preview(overrides), start, end_time)
    return _listed(ctx, found, max_results, binding)


def _preview(documents: Sequence[Wire]) -> tuple[planner.Override, ...]:
    overrides = []
    for number, document in enumerate(documents):
        start, end = document.get("StartTime"), document.get("EndTime")
        if start is None or end is None or end <= start:
            raise rotation_rules.refused("Overrides", "an override ends after it starts")
        members = tuple(document.get("NewMembers", ()))
        key = f"{number:08}"
        overrides.append(
            planner.Override(starts_at=start, ends_at=end, members=members, key=key)
        )
    return tuple(overrides)


def _start(
    ctx: Context, start: datetime, end: datetime, next_token: str | None, binding: str
) -> datetime:
    """Where a listing goes on: at the beginning of the shift that its token names."""
    if next_token:
        (place,) = place_in(ctx, next_token, binding)
        return integer_to_instant(place)
    rotation_rules.check_range(start, end)
    return start


def _listed(
    ctx: Context, found: Iterable[planner.Shift], max_results: int | None, binding: str
) -> Wire:
    limit = max_results or DEFAULT
    shifts = list(islice(found, limit + 1))
    token = None
    if len(shifts) > limit:
        token = token_to(ctx, [instant_to_integer(shifts[limit].starts_at)], binding)
    return {"RotationShifts": list(map(_document, shifts[:limit]))} | next_token_member(token)


def _document(shift: planner.Shift) -> Wire:
    document: Wire = {
        "ContactIds": list(shift.members),
        "StartTime": shift.starts_at,
        "EndTime": shift.ends_at,
        "Type": shift.type,
    }
    if shift.type == "OVERRIDDEN":
        document["ShiftDetails"] = {"OverriddenContactIds": list(shift.overridden)}
    return document
