"""Who is on call: rotations and overrides as they are stored, handed to the pure resolver."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from zoneinfo import available_timezones

import orjson
from sqlalchemy import bindparam, select

from bot.core.context import Context
from bot.core.ids import Key
from bot.core.planner import rotations as planner
from bot.core.planner.recurrence import parse_recurrence
from bot.core.store.contacts import Contact
from bot.core.store.kinds import instant_to_integer
from bot.core.store.rotations import Rotation, RotationOverride
from bot.core.store.schema import Wire, table_of
from bot.core.store.statements import prepared

MOST_CHANGES = 64
"""Shifts that are looked through for the next one of somebody else."""
KEPT = 512
"""Resolvers that are kept, one a rotation: an account has 500 of them at most."""

_overrides = table_of(RotationOverride).c
CURRENT = prepared(
    select(table_of(RotationOverride))
    .where(
        _overrides.rotation_key == bindparam("rotation"),
        _overrides.starts_at <= bindparam("now"),
        _overrides.ends_at > bindparam("now"),
    )
    .order_by(_overrides.starts_at, _overrides.key)
)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def check_zone(name: str) -> None:
    """Raises ValueError for what is no IANA zone; abbreviations (PST, EST5EDT) are none."""
    is_abbreviation = "/" not in name and name.upper() == name and name != "UTC"
    if is_abbreviation or name not in _zones():
        raise ValueError(f"{name} is no time zone of the IANA database, such as Europe/Dublin")


def rotation_of(row: Rotation) -> planner.Rotation:
    """Raises ValueError for what can be no rotation, and was never stored.

    What was made of a row before, with the shifts that it has looked up, serves again, in
    every thread. It is found by all that the resolver reads, so that it cannot be out of date.
    """
    recurrence = orjson.dumps(row.recurrence)
    members = tuple(row.contact_ids)
    return _resolved(row.key, members, row.starts_at, row.time_zone_id, recurrence)


@lru_cache(KEPT)
def _resolved(
    key: Key,  # noqa: ARG001 - two rotations that are alike are not asked alike
    members: tuple[str, ...],
    starts_at: datetime,
    zone: str,
    recurrence: bytes,
) -> planner.Rotation:
    return planner.Rotation(
        members=members,
        starts_at=starts_at,
        zone=zone,
        recurrence=parse_recurrence(orjson.loads(recurrence)),
    )


def overrides_of(ctx: Context, row: Rotation) -> tuple[planner.Override, ...]:
    """All overrides of a rotation; a shift is told in full, and any of them may cut it."""
    return planned(ctx.select(RotationOverride, rotation_key=row.key))


def planned(rows: Iterable[RotationOverride]) -> tuple[planner.Override, ...]:
    return tuple(
        planner.Override(
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            members=tuple(row.contact_ids),
            key=row.key,
        )
        for row in rows
    )


def rotations_in(ctx: Context, schedule: Contact) -> list[Rotation]:
    """The schedule's rotations that exist, in its own order."""
    found = (ctx.find(Rotation, arn) for arn in schedule.plan.get("RotationIds", ()))
    return [rotation for rotation in found if rotation is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOff:
    """Who is on call now and who is from `at` on, as ARNs; `at` is None where nothing changes
    before `unchanged_until`, which is None where nothing ever does.
    """

    now: tuple[str, ...]
    at: datetime | None = None
    next: tuple[str, ...] = ()
    since: datetime | None = None
    unchanged_until: datetime | None = None


def hand_off(ctx: Context, row: Rotation) -> HandOff:
    """The next instant at which other people, or nobody, are on call in a rotation, and the one
    at which the shift or gap of now began; None where nobody was ever on call.
    """
    rotation, overrides = rotation_of(row), overrides_of(ctx, row)
    since = planner.last_change(rotation, overrides, ctx.now)
    now = _members(planner.on_call(rotation, overrides, ctx.now))
    at: datetime | None = ctx.now
    for _ in range(MOST_CHANGES):
        at = planner.next_change(rotation, overrides, at) if at else None
        following = _members(planner.on_call(rotation, overrides, at)) if at else ()
        if at is not None and set(following) != set(now):
            return HandOff(now=now, at=at, next=following, since=since)
    return HandOff(now=now, since=since, unchanged_until=at)


def _members(shift: planner.Shift | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(shift.members)) if shift else ()


def on_call_now(ctx: Context, schedule: Contact) -> list[str]:
    """ARNs of the people on call in any of its rotations, each once; [] in a gap."""
    people: dict[str, None] = {}
    for row in rotations_in(ctx, schedule):
        found = ctx.tx.fetch(
            RotationOverride, CURRENT, rotation=row.key, now=instant_to_integer(ctx.now)
        )
        people |= dict.fromkeys(members_at(row, found, ctx.now))
    return list(people)


def members_at(
    row: Rotation, overrides: Iterable[RotationOverride], at: datetime
) -> tuple[str, ...]:
    """ARNs of the people on call in a rotation; `overrides` are those that hold at `at`."""
    return _members(planner.on_call(rotation_of(row), planned(overrides), at))


def frozen_plan(ctx: Context, schedule: Contact, *, is_essential: bool) -> Wire:
    """What an engagement of a schedule runs on: one stage of whoever is on call now, none in a
    gap. Each of them is as essential as the schedule is.
    """
    targets = [
        {"ContactTargetInfo": {"ContactId": arn, "IsEssential": is_essential}}
        for arn in on_call_now(ctx, schedule)
    ]
    stages = [{"DurationInMinutes": 0, "Targets": targets}] if targets else []
    return {**schedule.plan, "Stages": stages}


def schedules_using(ctx: Context, rotation_arn: str) -> list[Contact]:
    schedules = ctx.select(
        Contact, account_id=ctx.account_id, type="ONCALL_SCHEDULE", deleted_at=None
    )
    return [one for one in schedules if rotation_arn in one.plan.get("RotationIds", ())]


def rotations_of_member(ctx: Context, contact_arn: str) -> Sequence[str]:
    """ARNs of the rotations whose order, or whose overrides to come, name somebody."""
    naming = []
    for row in ctx.select(Rotation, account_id=ctx.account_id):
        overrides = ctx.select(RotationOverride, rotation_key=row.key)
        to_come = [one for one in overrides if one.ends_at > ctx.now]
        if contact_arn in row.contact_ids or any(contact_arn in o.contact_ids for o in to_come):
            naming.append(row.arn)
    return naming
