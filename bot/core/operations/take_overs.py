"""Taking over a shift for a while, and giving it back: overrides that need no administrator."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.access import slack_user_of
from bot.core.context import Context
from bot.core.effects import hand_offs, rotation_rules, schedules
from bot.core.effects.on_call_names import contact_called, people, rotation_called
from bot.core.errors import (
    AccessDeniedException,
    ResourceNotFoundException,
    ValidationException,
)
from bot.core.ids import Key, new_key
from bot.core.registry import operation
from bot.core.store.rotations import Rotation, RotationOverride
from bot.core.store.schema import Wire
from bot.core.store.slack_links import SlackLink


@operation("imbot", "TakeOverShift")
def take_over_shift(
    ctx: Context,
    *,
    rotation_id: str,
    contact_id: str | None = None,
    duration_in_minutes: int | None = None,
) -> Wire:
    """Put one member of a rotation on call now, in place of everybody, by an override.

    Without a duration it lasts until others would be on call, and half an hour at least.
    Raises ValidationException for who is no member, where it is not said who takes over, and
    where no end is given and none will come.
    """
    candidates = _candidates(ctx, contact_id)
    row = rotation_called(ctx, rotation_id, members=candidates)
    taker = next((arn for arn in candidates if arn in row.contact_ids), candidates[0])
    ends_at = _end(ctx, found := schedules.hand_off(ctx, row), duration_in_minutes)
    rotation_rules.check_override(row, [taker], ctx.now, ends_at, ctx.now)
    override = ctx.add(
        RotationOverride(
            key=new_key(),
            account_id=ctx.account_id,
            rotation_key=row.key,
            contact_ids=[taker],
            starts_at=ctx.now,
            ends_at=ends_at,
            created_at=ctx.now,
            taken_by=ctx.caller.principal_arn,
        )
    )
    hand_offs.changed(ctx, row)
    return {
        "RotationArn": row.arn,
        "Name": row.name,
        "RotationOverrideId": override.key,
        "Now": people(ctx, [taker]),
        "Displaced": people(ctx, [arn for arn in found.now if arn != taker]),
        "StartTime": override.starts_at,
        "EndTime": override.ends_at,
    }


@operation("imbot", "GiveBackShift")
def give_back_shift(ctx: Context, *, rotation_id: str, rotation_override_id: str) -> Wire:
    """End a take-over now; what was of it stays in the lists. Twice is once.

    Raises AccessDeniedException for an override that is no take-over: it has its own operation.
    """
    row = rotation_called(ctx, rotation_id)
    override = _override(ctx, row, rotation_override_id)
    if override.taken_by is None:
        raise AccessDeniedException(
            "This override is no take-over; an administrator deletes it by "
            "ssm-contacts delete-rotation-override."
        )
    if override.starts_at >= ctx.now:
        ctx.delete(override)
    elif override.ends_at > ctx.now:
        ctx.update(override, ends_at=ctx.now)
    hand_offs.changed(ctx, row)
    now = schedules.hand_off(ctx, row).now
    return {"RotationArn": row.arn, "Name": row.name, "Now": people(ctx, now)}


def _candidates(ctx: Context, contact_id: str | None) -> list[str]:
    """ARNs of who may be meant: whoever is named, else the contacts linked to the Slack user
    who asks.
    """
    if contact_id is not None:
        contact = contact_called(ctx, contact_id)
        if contact is None or contact.type != "PERSONAL":
            raise ResourceNotFoundException("CONTACT", contact_id)
        return [contact.arn]
    user_id = slack_user_of(ctx.caller)
    links = ctx.select(SlackLink, account_id=ctx.account_id, user_id=user_id) if user_id else []
    linked = [one.contact_arn for one in links if one.confirmed_at is not None]
    if not linked:
        raise ValidationException(
            "Say who takes over: name the contact (`... as ana`), or link yourself to it first "
            "(`@aws link me to ana`)."
        )
    return linked


def _end(ctx: Context, found: schedules.HandOff, minutes: int | None) -> datetime:
    if minutes is not None:
        return ctx.now + timedelta(minutes=minutes)
    if found.at is None:
        raise ValidationException("This shift has no end: say for how long, such as for 4h.")
    return max(found.at, ctx.now + rotation_rules.SHORTEST_OVERRIDE)


def _override(ctx: Context, row: Rotation, override_id: str) -> RotationOverride:
    found = ctx.get(RotationOverride, Key(override_id))
    if found is None or found.rotation_key != row.key:
        raise ResourceNotFoundException("ROTATION_OVERRIDE", override_id)
    return found
