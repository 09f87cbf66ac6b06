"""Proving an address: codes are sent there, come back, and are counted when they are wrong."""

from __future__ import annotations

import hmac
from datetime import timedelta

from sqlalchemy import bindparam, select

from bot.core.context import Context
from bot.core.effects import caps, faults, paging, spelling
from bot.core.errors import ValidationException
from bot.core.ids import new_code, new_key, new_secret_key
from bot.core.store.accounts import FailedTry
from bot.core.store.contacts import Activation, Contact, ContactChannel
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared

CODES_LIVE = timedelta(hours=24)
MOST_TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
"""Our choice, all three; the service's own are not documented."""

_tries = table_of(FailedTry).c
LATEST_TRIES = prepared(
    select(table_of(FailedTry))
    .where(
        _tries.account_id == bindparam("account_id"),
        _tries.door == bindparam("door"),
        _tries.who == bindparam("who"),
    )
    .order_by(_tries.key.desc())
    .limit(MOST_TRIES)
)


def can_carry(ctx: Context, channel: ContactChannel) -> bool:
    """Whether this program has the settings of the channel's medium."""
    return channel.type.lower() in ctx.house.media


def needs_start(channel: ContactChannel) -> bool:
    """Whether only START, texted from the address, brings it back. Mail knows no such word."""
    return channel.opted_out_at is not None and channel.type != "EMAIL"


def issue(ctx: Context, channel: ContactChannel) -> None:
    """Send a new code to the address; earlier ones are void.

    Raises ValidationException where the medium has no settings, the person opted out, a text
    would go to a landline, or a daily limit is reached.
    """
    if not can_carry(ctx, channel):
        raise ValidationException(paging.NO_SETTINGS.format(channel.type))
    if channel.type == "SMS" and spelling.is_landline(channel.address):
        raise ValidationException(faults.LANDLINE)
    require_no_opt_out(channel)
    limit = caps.reached(ctx, "activation", channel.address_fingerprint)
    if limit is not None:
        raise ValidationException(limit.words)
    void(ctx, channel)
    row = ctx.add(
        Activation(
            key=new_key(),
            account_id=ctx.account_id,
            channel_key=channel.key,
            code=new_code(),
            message_key=new_secret_key(),
            created_at=ctx.now,
            expires_at=ctx.now + CODES_LIVE,
        )
    )
    contact = ctx.get(Contact, channel.contact_key)
    name = (contact.display_name or contact.alias) if contact else channel.name
    paging.send_activation(ctx, channel, name, row)


def void(ctx: Context, channel: ContactChannel) -> None:
    """Let no code that was sent so far prove the address."""
    for row in ctx.select(Activation, channel_key=channel.key, used_at=None):
        if row.expires_at > ctx.now:
            ctx.update(row, expires_at=ctx.now)


def require_no_opt_out(channel: ContactChannel) -> None:
    """Raises ValidationException, with the way back in its message."""
    if needs_start(channel):
        raise ValidationException(
            "The recipient opted out. They reply START from that number first; "
            "that brings a new activation code."
        )


def prove(ctx: Context, channel: ContactChannel, code: str, *, door: str, who: str) -> bool:
    """Activate the channel if this is the code that was sent last, and is not expired.

    The code that has activated the channel stays right, so that a call may be repeated. A wrong
    code is counted against `who` at `door`, even if the request is then refused, so nothing may
    have been written before. Where that is locked, or START is missing, no code is right and
    none is counted.
    """
    channel = ctx.lock(ContactChannel, channel.key) or channel  # tries come one after another
    if is_locked(ctx, door, who) or needs_start(channel):
        return False
    for row in ctx.select(Activation, channel_key=channel.key):
        is_live = row.expires_at > ctx.now and (not row.used_at or channel.is_activated)
        if is_live and is_same_code(row.code, code):
            ctx.update(row, used_at=ctx.now)
            mended = {"opted_out_at": None, "fault": None, "faulted_at": None}
            ctx.update(channel, is_activated=True, **mended)
            return True
    count_failure(ctx, door, who)
    return False


def is_same_code(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def is_locked(ctx: Context, door: str, who: str) -> bool:
    """Whether MOST_TRIES wrong codes within LOCKED_FOR, the last within LOCKED_FOR, came there.

    `who` is the fingerprint of an address, or a chat user's id.
    """
    tries = ctx.tx.fetch(FailedTry, LATEST_TRIES, account_id=ctx.account_id, door=door, who=who)
    if len(tries) < MOST_TRIES:
        return False
    first, last = tries[-1].at, tries[0].at
    return ctx.now - last < LOCKED_FOR and last - first < LOCKED_FOR


def require_unlocked(ctx: Context, door: str, who: str) -> None:
    """Raises ValidationException, which botocore does not try again by itself."""
    if is_locked(ctx, door, who):
        minutes = LOCKED_FOR // timedelta(minutes=1)
        raise ValidationException(
            f"Too many wrong codes came this way. Wait {minutes} minutes, or use another way."
        )


def count_failure(ctx: Context, door: str, who: str) -> None:
    """Remember a wrong code, even if the request is then refused."""
    ctx.keep(
        FailedTry(key=new_key(), account_id=ctx.account_id, door=door, who=who, at=ctx.now)
    )
