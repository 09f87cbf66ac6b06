"""Overrides: other people on call for a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.core.context import Context
from bot.core.effects import hand_offs, rotation_rules
from bot.core.errors import ResourceNotFoundException
from bot.core.ids import Key, new_key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.kinds import instant_to_integer
from bot.core.store.rotations import Rotation, RotationOverride
from bot.core.store.schema import Wire, table_of

_overrides = table_of(RotationOverride).c


@operation("ssm-contacts", "CreateRotationOverride")
def create_rotation_override(
    ctx: Context,
    *,
    rotation_id: str,
    new_contact_ids: Sequence[str],
    start_time: datetime,
    end_time: datetime,
) -> Wire:
    """Put others on call for a while, in place of everybody; an empty list puts nobody.

    It counts at once, for engagements that begin from now on. Where overrides overlap, the one
    that was made last counts. Our choice, as the console has it: half an hour or more, within
    six months, members of the rotation only; else ValidationException.
    Source: CreateRotationOverride, ssm-contacts 2021-05-03.
    """
    rotation = ctx.require(Rotation, rotation_id)
    rotation_rules.check_override(rotation, new_contact_ids, start_time, end_time, ctx.now)
    row = ctx.add(
        RotationOverride(
            key=new_key(),
            account_id=ctx.account_id,
            rotation_key=rotation.key,
            contact_ids=list(new_contact_ids),
            starts_at=start_time,
            ends_at=end_time,
            created_at=ctx.now,
        )
    )
    hand_offs.changed(ctx, rotation)
    return {"RotationOverrideId": row.key}


@operation("ssm-contacts", "GetRotationOverride")
def get_rotation_override(ctx: Context, *, rotation_id: str, rotation_override_id: str) -> Wire:
    rotation = ctx.require(Rotation, rotation_id)
    row = _require(ctx, rotation, rotation_override_id)
    return _document(row) | {"RotationArn": rotation.arn}


@operation("ssm-contacts", "ListRotationOverrides")
def list_rotation_overrides(
    ctx: Context,
    *,
    rotation_id: str,
    start_time: datetime,
    end_time: datetime,
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """List the overrides that take something of a range, in the order of their beginnings."""
    rotation = ctx.require(Rotation, rotation_id)
    rotation_rules.check_range(start_time, end_time)
    found, token = listing(
        ctx,
        RotationOverride,
        _overrides.rotation_key == rotation.key,
        _overrides.starts_at < instant_to_integer(end_time),
        _overrides.ends_at > instant_to_integer(start_time),
        of="ListRotationOverrides",
        by="starts_at",
        max_results=max_results,
        next_token=next_token,
    )
    return {"RotationOverrides": list(map(_document, found))} | next_token_member(token)


@operation("ssm-contacts", "DeleteRotationOverride")
def delete_rotation_override(
    ctx: Context, *, rotation_id: str, rotation_override_id: str
) -> None:
    """Put those back on call whose turn it is, at once. Engagements that have begun go on."""
    rotation = ctx.require(Rotation, rotation_id)
    ctx.delete(_require(ctx, rotation, rotation_override_id))
    hand_offs.changed(ctx, rotation)


def _require(ctx: Context, rotation: Rotation, override_id: str) -> RotationOverride:
    row = ctx.get(RotationOverride, Key(override_id))
    if row is None or row.rotation_key != rotation.key:
        raise ResourceNotFoundException("ROTATION_OVERRIDE", override_id)
    return row


def _document(row: RotationOverride) -> Wire:
    return {
        "RotationOverrideId": row.key,
        "NewContactIds": row.contact_ids,
        "StartTime": row.starts_at,
        "EndTime": row.ends_at,
        "CreateTime": row.created_at,
    }
