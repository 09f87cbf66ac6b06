"""Numbers that texts of topics do not go to, because whoever has them said so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from bot.core.context import Context
from bot.core.effects.addresses import fingerprint, normalised
from bot.core.ids import new_key
from bot.core.store.contacts import ContactChannel
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.subscriptions import OptedOutNumber, Subscription

TOLD = prepared(
    select(table_of(Subscription).c.key)
    .where(table_of(Subscription).c.endpoint_fingerprint == bindparam("endpoint"))
    .limit(1)
)


def opted_out_at(ctx: Context, number: str) -> datetime | None:
    """Since when; by the topics' own list, or by the contact channels of that number unless
    it was opted in for topics after that.
    """
    mark = fingerprint(ctx.unit.tx.vault, "SMS", number)
    own = _found(ctx, mark)
    if own is not None and own.opted_out_at is not None:
        return own.opted_out_at
    channels = ctx.select(
        ContactChannel, account_id=ctx.account_id, address_fingerprint=mark, deleted_at=None
    )
    since = max((c.opted_out_at for c in channels if c.opted_out_at), default=None)
    back = own.opted_in_at if own else None
    return None if since and back and back > since else since


def opted_out(ctx: Context) -> set[str]:
    """All such numbers, in E.164."""
    rows = ctx.select(OptedOutNumber, account_id=ctx.account_id)
    found = {row.address for row in rows if row.opted_out_at is not None}
    channels = table_of(ContactChannel)
    off = channels.select().where(
        channels.c.account_id == ctx.account_id,
        channels.c.opted_out_at.is_not(None),
        channels.c.deleted_at.is_(None),
        channels.c.type != "EMAIL",
    )
    for channel in ctx.tx.fetch(ContactChannel, off):
        if opted_out_at(ctx, channel.address) is not None:
            found.add(channel.address)
    return found


def last_opted_in(ctx: Context, number: str) -> datetime | None:
    found = _found(ctx, fingerprint(ctx.unit.tx.vault, "SMS", number))
    return found.opted_in_at if found else None


def record_opt_out(ctx: Context, number: str) -> None:
    _write(ctx, number, opted_out_at=ctx.now)


def heard(ctx: Context, number: str, *, is_out: bool) -> None:
    """The owner of a number replied STOP or START. Numbers that are told nothing are not kept:
    only subscribed ones, and those that the list has.
    """
    place = normalised("SMS", number)
    mark = ctx.unit.tx.vault.fingerprint(f"endpoint sms {place}")
    is_told = bool(ctx.tx.records(TOLD, endpoint=mark))
    found = _found(ctx, fingerprint(ctx.unit.tx.vault, "SMS", number))
    if is_out and (is_told or found):
        record_opt_out(ctx, number)
    elif not is_out and found is not None:
        ctx.update(found, opted_out_at=None)


def opt_in(ctx: Context, number: str) -> None:
    """By the account, which may do so once in 30 days."""
    _write(ctx, number, opted_out_at=None, opted_in_at=ctx.now)


def _write(ctx: Context, number: str, **changes: datetime | None) -> None:
    mark = fingerprint(ctx.unit.tx.vault, "SMS", number)
    found = _found(ctx, mark)
    if found is not None:
        ctx.update(found, **changes)
        return
    ctx.add(
        OptedOutNumber(
            key=new_key(),
            account_id=ctx.account_id,
            address=normalised("SMS", number),
            address_fingerprint=mark,
            opted_out_at=changes["opted_out_at"],
            opted_in_at=changes.get("opted_in_at"),
        )
    )


def _found(ctx: Context, mark: str) -> OptedOutNumber | None:
    return ctx.find_by(OptedOutNumber, account_id=ctx.account_id, address_fingerprint=mark)
