"""Rotations: who is on call in turn, and the shifts that come of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, func, select

from bot.core.context import Context
from bot.core.effects import hand_offs, rotation_rules, schedules
from bot.core.effects.tag_rules import tags_of_pairs
from bot.core.errors import ServiceQuotaExceededException
from bot.core.ids import new_key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.rotations import Rotation, RotationOverride
from bot.core.store.schema import Wire, table_of
from bot.core.store.statements import prepared

MOST_ROTATIONS = 500
"""Rotations in an account (General Reference, L-4EA3AB3A)."""

_rotations = table_of(Rotation).c
COUNT = prepared(select(func.count()).where(_rotations.account_id == bindparam("account_id")))


@operation("ssm-contacts", "CreateRotation")
def create_rotation(
    ctx: Context,
    *,
    name: str,
    contact_ids: Sequence[str],
    time_zone_id: str,
    recurrence: Wire,
    start_time: datetime | None = None,
    tags: Sequence[Mapping[str, str]] = (),
) -> Wire:
    """Have people be on call in turn, in the order given, from `start_time` on (else now).

    Names need not be unique. Raises ResourceNotFoundException for a contact that does not
    exist, ValidationException for one that is no person, for a zone that is not IANA's and for
    a recurrence that leads to no shift, ServiceQuotaExceededException.
    Source: CreateRotation, ssm-contacts 2021-05-03.
    """
    key = new_key()
    row = Rotation(
        key=key,
        account_id=ctx.account_id,
        arn=ctx.new_arn("ssm-contacts", "rotation", key),
        name=name,
        contact_ids=list(contact_ids),
        starts_at=start_time or ctx.now,
        time_zone_id=time_zone_id,
        recurrence=dict(recurrence),
        tags=tags_of_pairs(tags),
        created_at=ctx.now,
        changed_at=ctx.now,
    )
    rotation_rules.check_rotation(ctx, row)
    _require_room(ctx)
    return {"RotationArn": ctx.add(row).arn}


@operation("ssm-contacts", "GetRotation")
def get_rotation(ctx: Context, *, rotation_id: str) -> Wire:
    return _document(ctx.require(Rotation, rotation_id))


@operation("ssm-contacts", "ListRotations")
def list_rotations(
    ctx: Context,
    *,
    rotation_name_prefix: str | None = None,
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """List rotations by their names."""
    conditions: list[ColumnElement[bool]] = []
    if rotation_name_prefix:
        conditions.append(_rotations.name.startswith(rotation_name_prefix, autoescape=True))
    found, token = listing(
        ctx,
        Rotation,
        *conditions,
        of="ListRotations",
        by="name",
        max_results=max_results,
        next_token=next_token,
    )
    return {"Rotations": list(map(_document, found))} | next_token_member(token)


@operation("ssm-contacts", "UpdateRotation")
def update_rotation(
    ctx: Context,
    *,
    rotation_id: str,
    recurrence: Wire,
    contact_ids: Sequence[str] | None = None,
    start_time: datetime | None = None,
    time_zone_id: str | None = None,
) -> None:
    """Change who is on call and when, from now on and looking back; overrides stay.

    What is not given stays as it is. Raises as CreateRotation does.
    """
    row = ctx.require(Rotation, rotation_id)
    changes = {
        "recurrence": dict(recurrence),
        "contact_ids": None if contact_ids is None else list(contact_ids),
        "starts_at": start_time,
        "time_zone_id": time_zone_id,
    }
    changed = ctx.update(row, **{n: value for n, value in changes.items() if value is not None})
    rotation_rules.check_rotation(ctx, changed, earlier=row.contact_ids)
    hand_offs.changed(ctx, changed)


@operation("ssm-contacts", "DeleteRotation")
def delete_rotation(ctx: Context, *, rotation_id: str) -> None:
    """Delete a rotation with its overrides, and take it out of every schedule that uses it.

    The model also holds a ConflictException with the schedules as dependents, but its text
    says that the rotation is deleted from all of them; so it is, and a schedule that is left
    without rotations has nobody on call. Engagements that have begun go on.
    """
    row = ctx.require(Rotation, rotation_id)
    for schedule in schedules.schedules_using(ctx, row.arn):
        kept = [arn for arn in schedule.plan["RotationIds"] if arn != row.arn]
        ctx.update(schedule, plan={**schedule.plan, "RotationIds": kept})
    for override in ctx.select(RotationOverride, rotation_key=row.key):
        ctx.delete(override)
    ctx.delete(row)


def _document(row: Rotation) -> Wire:
    return {
        "RotationArn": row.arn,
        "Name": row.name,
        "ContactIds": row.contact_ids,
        "StartTime": row.starts_at,
        "TimeZoneId": row.time_zone_id,
        "Recurrence": row.recurrence,
    }


def _require_room(ctx: Context) -> None:
    ((count,),) = ctx.tx.records(COUNT, account_id=ctx.account_id)
    if count >= MOST_ROTATIONS:
        raise ServiceQuotaExceededException(
            f"An account holds {MOST_ROTATIONS} rotations at most.",
            resource_type="ROTATION",
            quota_code="L-4EA3AB3A",
            service_code="ssm-contacts",
        )
