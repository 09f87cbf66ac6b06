"""Contact channels: the addresses of people, and the proof that they are theirs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from bot.core.access import sees_addresses
from bot.core.context import Context
from bot.core.effects import activations, addresses, faults, spelling
from bot.core.errors import (
    ConflictException,
    ServiceQuotaExceededException,
    ValidationException,
)
from bot.core.ids import new_key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.contacts import Activation, Contact, ContactChannel, Medium
from bot.core.store.schema import Wire, table_of

MOST_CODES = 10
CODES_WITHIN = timedelta(hours=1)
"""Codes that SendActivationCode sends to a channel. Our choice; the service names no number."""

_channels = table_of(ContactChannel).c


@operation("ssm-contacts", "CreateContactChannel")
def create_contact_channel(
    ctx: Context,
    *,
    contact_id: str,
    name: str,
    type: Medium,  # noqa: A002 - the model's word
    delivery_address: Mapping[str, str],
    defer_activation: bool = False,
) -> Wire:
    """Give a person an address, and send the activation code there unless that is put off.

    Numbers are stored as E.164, mail addresses with their domain in ASCII. Where the medium has
    no settings, or a landline is to be texted, no code is sent, and SendActivationCode says
    why. Raises ConflictException where the contact has this address in this medium already,
    ValidationException for no address.
    Source: CreateContactChannel, ssm-contacts 2021-05-03.
    """
    contact = ctx.require(Contact, contact_id)
    _require_person(contact)
    ctx.lock(Contact, contact.key)
    address = spelling.checked(type, delivery_address.get("SimpleAddress"))
    fingerprint = addresses.fingerprint(ctx.unit.tx.vault, type, address)
    _require_new(ctx, contact.key, type, fingerprint)
    channel = ContactChannel(
        key=new_key(),
        account_id=ctx.account_id,
        contact_key=contact.key,
        contact_arn=contact.arn,
        arn=ctx.new_arn("ssm-contacts", "contact-channel", contact.alias, str(uuid4())),
        name=name,
        type=type,
        created_at=ctx.now,
        **_new_address(ctx, type, address, fingerprint),
    )
    ctx.add(channel)
    if not defer_activation:
        _send_first_code(ctx, channel)
    return {"ContactChannelArn": channel.arn}


@operation("ssm-contacts", "GetContactChannel")
def get_contact_channel(ctx: Context, *, contact_channel_id: str) -> Wire:
    """Show a channel; its address is masked for callers who do not administer contacts."""
    return _document(ctx, ctx.require(ContactChannel, contact_channel_id))


@operation("ssm-contacts", "ListContactChannels")
def list_contact_channels(
    ctx: Context,
    *,
    contact_id: str,
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """List a contact's channels, activated or not, in the order of their creation."""
    contact = ctx.require(Contact, contact_id)
    channels, token = listing(
        ctx,
        ContactChannel,
        _channels.contact_key == contact.key,
        _channels.deleted_at.is_(None),
        of="ListContactChannels",
        max_results=max_results,
        next_token=next_token,
    )
    documents = [_document(ctx, channel) for channel in channels]
    return {"ContactChannels": documents} | next_token_member(token)


@operation("ssm-contacts", "UpdateContactChannel")
def update_contact_channel(
    ctx: Context,
    *,
    contact_channel_id: str,
    name: str | None = None,
    delivery_address: Mapping[str, str] | None = None,
) -> None:
    """Rename a channel, or move it to another address.

    Our choice: another address is not activated, earlier codes are void and a new one is sent
    there; the same address, however spelled, changes nothing. A page that is under way can
    still be answered from the old address.
    """
    channel = ctx.require(ContactChannel, contact_channel_id)
    changes: dict[str, Any] = {} if name is None else {"name": name}
    moved = _moved(ctx, channel, delivery_address)
    if changes | moved:
        channel = ctx.update(channel, **changes | moved)
    if moved:
        activations.void(ctx, channel)
        _send_first_code(ctx, channel)


@operation("ssm-contacts", "DeleteContactChannel")
def delete_contact_channel(ctx: Context, *, contact_channel_id: str) -> None:
    """Delete a channel; a plan that names it passes over it, with an ERROR receipt."""
    channel = ctx.require(ContactChannel, contact_channel_id)
    ctx.update(channel, deleted_at=ctx.now)


@operation("ssm-contacts", "SendActivationCode")
def send_activation_code(ctx: Context, *, contact_channel_id: str) -> None:
    """Send a new activation code; earlier ones are void.

    Raises ValidationException where the medium has no settings, the number is a landline (its
    code comes by a VOICE channel) or the recipient opted out by text,
    ServiceQuotaExceededException after MOST_CODES within an hour. Mail has no START, so after
    an opt-out by mail the code itself is the way back.
    """
    channel = ctx.require(ContactChannel, contact_channel_id)
    since = ctx.now - CODES_WITHIN
    codes = ctx.select(Activation, channel_key=channel.key)
    if sum(code.created_at > since for code in codes) >= MOST_CODES:
        raise ServiceQuotaExceededException(
            f"At most {MOST_CODES} activation codes an hour are sent to a contact channel.",
            resource_type="CONTACT_CHANNEL",
            resource_id=channel.arn,
            quota_code="ActivationCodesPerHour",
            service_code="ssm-contacts",
        )
    activations.issue(ctx, channel)


@operation("ssm-contacts", "ActivateContactChannel")
def activate_contact_channel(
    ctx: Context, *, contact_channel_id: str, activation_code: str
) -> None:
    """Activate a channel by the code that was sent to it last, within 24 hours.

    Five wrong codes within 15 minutes lock that address, for callers of this door, for 15
    minutes. Raises ValidationException for a wrong or expired code, while locked, and where
    the recipient opted out and has not texted START. Source of the limits: our choice.
    """
    channel = ctx.require(ContactChannel, contact_channel_id)
    activations.require_no_opt_out(channel)
    door, who = ctx.caller.door, channel.address_fingerprint
    activations.require_unlocked(ctx, door, who)
    if not activations.prove(ctx, channel, activation_code, door=door, who=who):
        raise ValidationException(
            "The activation code is wrong or has expired. SendActivationCode sends a new one."
        )


@operation("ssm-contacts", "DeactivateContactChannel")
def deactivate_contact_channel(ctx: Context, *, contact_channel_id: str) -> None:
    """Turn a channel off; only an activation code turns it on again, and no earlier one."""
    channel = ctx.require(ContactChannel, contact_channel_id)
    activations.void(ctx, channel)
    ctx.update(channel, is_activated=False)


def _moved(
    ctx: Context, channel: ContactChannel, delivery_address: Mapping[str, str] | None
) -> dict[str, Any]:
    """The changes that another address brings; none where it is the same one."""
    if delivery_address is None:
        return {}
    address = spelling.checked(channel.type, delivery_address.get("SimpleAddress"))
    fingerprint = addresses.fingerprint(ctx.unit.tx.vault, channel.type, address)
    if fingerprint == channel.address_fingerprint:
        return {}
    _require_new(ctx, channel.contact_key, channel.type, fingerprint)
    return _new_address(ctx, channel.type, address, fingerprint)


def _new_address(
    ctx: Context, medium: Medium, address: str, fingerprint: str
) -> dict[str, Any]:
    """What a contact channel is at an address that nobody has proved yet."""
    is_landline = medium == "SMS" and spelling.is_landline(address)
    return {
        "address": address,
        "address_fingerprint": fingerprint,
        "is_activated": False,
        "opted_out_at": _opted_out_at(ctx, fingerprint),
        "fault": faults.LANDLINE if is_landline else None,
        "faulted_at": ctx.now if is_landline else None,
    }


def _require_person(contact: Contact) -> None:
    if contact.type != "PERSONAL":
        raise ValidationException("Only a PERSONAL contact has contact channels.")


def _send_first_code(ctx: Context, channel: ContactChannel) -> None:
    """Send a code unless there are no settings, whoever has that address opted out, or it is a
    landline to be texted.
    """
    is_open = channel.fault is None and not activations.needs_start(channel)
    if is_open and activations.can_carry(ctx, channel):
        activations.issue(ctx, channel)


def _opted_out_at(ctx: Context, fingerprint: str) -> datetime | None:
    """When the person opted out who has that address already, in another contact channel."""
    others = ctx.select(
        ContactChannel,
        account_id=ctx.account_id,
        address_fingerprint=fingerprint,
        deleted_at=None,
    )
    return max((o.opted_out_at for o in others if o.opted_out_at), default=None)


def _require_new(ctx: Context, contact_key: str, medium: Medium, fingerprint: str) -> None:
    earlier = ctx.tx.find(
        ContactChannel,
        contact_key=contact_key,
        type=medium,
        address_fingerprint=fingerprint,
        deleted_at=None,
    )
    if earlier is not None:
        raise ConflictException(
            "The contact has a contact channel with this address already.",
            "CONTACT_CHANNEL",
            earlier.arn,
        )


def _document(ctx: Context, channel: ContactChannel) -> Wire:
    address = channel.address
    if not sees_addresses(ctx.caller):
        address = spelling.masked(channel.type, address)
    return {
        "ContactChannelArn": channel.arn,
        "ContactArn": channel.contact_arn,
        "Name": channel.name,
        "Type": channel.type,
        "DeliveryAddress": {"SimpleAddress": address},
        "ActivationStatus": "ACTIVATED" if channel.is_activated else "NOT_ACTIVATED",
    }
