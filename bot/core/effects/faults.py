"""A permanent error of an address: kept with it, and told to its owner, once."""

from __future__ import annotations

from bot.core.channel import FaultNotice, Refusal
from bot.core.context import Context
from bot.core.effects import outbox, receipts, timeline
from bot.core.effects.names import shown_name
from bot.core.effects.reachability import obstacle
from bot.core.ids import Key, new_key
from bot.core.store.contacts import ContactChannel, Medium

TELLS: tuple[Medium, ...] = ("EMAIL", "SMS")
"""By what an owner is told, best first; nobody is called for it."""
BY_CALL = (
    "Create a VOICE contact channel with the same number: its activation code comes by a call."
)
LANDLINE = f"The number is a landline, which takes no texts. {BY_CALL}"


def record(
    ctx: Context,
    channel_key: Key | None,
    reason: str,
    *,
    refuses: Refusal,
    opted_out: bool = False,
    told: Key | None = None,
) -> None:
    """Hear that a message to a contact channel will never arrive.

    What is about the address is kept with it until it is activated again, moved, or a message
    arrives after all; its owner is told at the first time. An opt-out turns off all channels
    with that address. `told` is the page or the bundle of pages that the message bore.
    """
    channel = ctx.get(ContactChannel, channel_key) if channel_key else None
    if channel is None or channel.deleted_at is not None:
        return
    if opted_out:
        receipts.turn_off(ctx, channel.address_fingerprint)
        return
    if not refuses:
        return
    fault = f"{reason} {_other_way(ctx, channel)}".rstrip() if refuses == "texts" else reason
    if channel.fault == fault:
        return
    known = channel.fault is not None
    channel = ctx.update(channel, fault=fault, faulted_at=ctx.now)
    if not known:
        _tell_owner(ctx, channel, fault, told)


def forget(ctx: Context, channel_key: Key | None) -> None:
    """Hear that a message has arrived there."""
    channel = ctx.get(ContactChannel, channel_key) if channel_key else None
    if channel is not None and channel.fault is not None:
        ctx.update(channel, fault=None, faulted_at=None)


def _other_way(ctx: Context, channel: ContactChannel) -> str:
    """The next step; "" where the number is known for calls already."""
    siblings = _siblings(ctx, channel)
    has_voice = any(
        one.type == "VOICE" and one.address_fingerprint == channel.address_fingerprint
        for one in siblings
    )
    return "" if has_voice else BY_CALL


def _siblings(ctx: Context, channel: ContactChannel) -> list[ContactChannel]:
    return ctx.select(ContactChannel, contact_key=channel.contact_key, deleted_at=None)


def _tell_owner(ctx: Context, channel: ContactChannel, fault: str, told: Key | None) -> None:
    """By another channel of the same contact, else where the incident is shown."""
    others = [
        one
        for one in _siblings(ctx, channel)
        if one.type in TELLS
        and one.fault is None
        and one.address_fingerprint != channel.address_fingerprint
        and obstacle(one, ctx.house.media) is None
    ]
    if others:
        best = min(others, key=lambda one: TELLS.index(one.type))
        _send(ctx, best, channel, fault)
        return
    for page in receipts.told_pages(ctx, told)[:1]:
        incident = timeline.about(ctx, page.incident_arn)
        if incident is not None:
            who = {"contactArn": channel.contact_arn, "contactChannelArn": channel.arn}
            about = {"channelName": channel.name, "channelType": channel.type}
            timeline.record(
                ctx, incident, timeline.ADDRESS_REFUSED, **who, **about, reason=fault
            )


def _send(ctx: Context, by: ContactChannel, about: ContactChannel, fault: str) -> None:
    message = FaultNotice(
        key=new_key(),
        address=by.address,
        created_at=ctx.now,
        contact_name=shown_name(ctx, about.contact_arn),
        channel_name=about.name,
        medium=about.type,
        fault=fault,
    )
    outbox.send(ctx, by.type.lower(), message, channel_key=by.key)
