"""Rotations, schedules and people by what they are called in chat."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.context import Context
from bot.core.effects import mutes, schedules
from bot.core.effects.names import shown_name
from bot.core.errors import ResourceNotFoundException, ValidationException
from bot.core.store.contacts import Contact
from bot.core.store.rotations import Rotation
from bot.core.store.schema import Wire


def rotation_called(ctx: Context, name: str, *, members: Sequence[str] = ()) -> Rotation:
    """A rotation by its ARN or name, or the one of a schedule; of several, the one that any of
    these people (ARNs) is a member of.

    Raises ResourceNotFoundException, ValidationException where the name fits several.
    """
    found = ctx.find(Rotation, name)
    if found is not None:
        return found
    fitting = [] if name.startswith("arn:") else _named(ctx, name)
    if not fitting and (schedule := contact_called(ctx, name)) is not None:
        fitting = schedules.rotations_in(ctx, schedule)
    if len(fitting) > 1 and members:
        fitting = [one for one in fitting if not set(members).isdisjoint(one.contact_ids)]
    if not fitting:
        raise ResourceNotFoundException("ROTATION", name)
    if len(fitting) > 1:
        told = ", ".join(f"{one.name} ({one.arn})" for one in fitting)
        raise ValidationException(f"{name} may be one of several rotations: {told}.")
    return fitting[0]


def _named(ctx: Context, name: str) -> list[Rotation]:
    """As it is spelled, else in any case."""
    exactly = ctx.select(Rotation, account_id=ctx.account_id, name=name)
    if exactly:
        return exactly
    wanted = name.casefold()
    every = ctx.select(Rotation, account_id=ctx.account_id)
    return [one for one in every if one.name.casefold() == wanted]


def contact_called(ctx: Context, name: str) -> Contact | None:
    """A contact by its ARN or alias."""
    if name.startswith("arn:"):
        return ctx.find(Contact, name)
    return ctx.find_by(Contact, account_id=ctx.account_id, alias=name.lower(), deleted_at=None)


def people(ctx: Context, arns: Sequence[str]) -> list[Wire]:
    """OnCallPerson documents."""
    return [_person(ctx, arn) for arn in arns]


def _person(ctx: Context, arn: str) -> Wire:
    document: Wire = {"ContactArn": arn, "DisplayName": shown_name(ctx, arn)}
    contact = ctx.find(Contact, arn)
    if contact is not None and mutes.is_muted(ctx, contact):
        document["MutedUntil"] = contact.muted_until
    return document
