"""A text that a person sent back: what it does, and the words it is answered with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.core.audit import audit_row
from bot.core.channel import Reply
from bot.core.context import Context
from bot.core.dispatch import Request, new_request_id
from bot.core.effects import activations, phone_numbers, receipts
from bot.core.effects.addresses import fingerprint
from bot.core.effects.names import shown_name
from bot.core.errors import ServiceError
from bot.core.ids import new_key
from bot.core.replies.accepting import (
    activate,
    contact_caller,
    proved_by,
)
from bot.core.replies.answers import Answer, read_answer
from bot.core.replies.bundled import accept_told, find_told
from bot.core.store.accounts import FailedTry
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Page

HELP_ANSWERS = 3
ANSWER_WINDOW = timedelta(hours=1)
"""So many help answers go to one address in that time: two machines never talk for long."""

HELP = (
    "This is imbot. Reply with only the 6-digit code of a page to acknowledge it, "
    "UNSUBSCRIBE to stop pages to this address, START to get them again."
)
TURNED_OFF = "You will not be paged here any more. Reply START to come back."
CODE_SENT = "A new activation code is on its way. Reply with it to be paged here again."
NOTHING_OFF = "Pages to this address were not turned off."
WRONG = "No page to this address bears that code. Please check it and reply again."
LOCKED = (
    "Too many wrong codes: replies from here are not read for 15 minutes. "
    "Chat, the call and the mail's link still work."
)


def answer_text(ctx: Context, reply: Reply, medium: str) -> str | None:
    """Do what a text asks, and say so; None where nothing is to be said."""
    address = fingerprint(ctx.unit.tx.vault, medium, reply.sender)
    if reply.opted_out or reply.opted_in:
        phone_numbers.heard(ctx, reply.sender, is_out=reply.opted_out)
    words = answer_from(ctx, address, _meaning(reply), medium)
    return None if reply.opted_out or reply.opted_in else words


def answer_from(ctx: Context, address: str, answer: Answer, medium: str) -> str | None:
    """Do what was asked from an address, which is given by its fingerprint, and say so."""
    channels = channels_of(ctx, address)
    if answer.kind == "code":
        return _answer_code(ctx, answer.code, address, channels, medium)
    if not channels:
        return None
    if answer.kind == "unsubscribe":
        turn_off(ctx, address, medium)
        return TURNED_OFF
    if answer.kind == "start":
        try:
            return CODE_SENT if turn_on_again(ctx, channels, medium) else NOTHING_OFF
        except ServiceError as refusal:
            return refusal.message
    may_help = may_answer(ctx, f"{medium} help", address, most=HELP_ANSWERS)
    return HELP if may_help else None


def channels_of(ctx: Context, address: str) -> list[ContactChannel]:
    """The live contact channels with that address, which is given by its fingerprint."""
    return ctx.select(
        ContactChannel,
        account_id=ctx.account_id,
        address_fingerprint=address,
        deleted_at=None,
    )


def turn_off(ctx: Context, address: str, source: str) -> None:
    for channel in receipts.turn_off(ctx, address):
        _audit(ctx, channel, "Unsubscribe", source)


def turn_on_again(ctx: Context, channels: Sequence[ContactChannel], source: str) -> bool:
    """Send a new activation code to each channel that was turned off; it stays deactivated.

    Answers whether a code is on its way: a medium without settings carries none. Raises
    ServiceError where none may be sent; the channels can then have one sent later.
    """
    sent, refusals = 0, list[ServiceError]()
    for channel in channels:
        if channel.opted_out_at is None:
            continue
        back = ctx.update(channel, opted_out_at=None, is_activated=False)
        _audit(ctx, channel, "Start", source)
        if not activations.can_carry(ctx, back):
            continue
        try:
            activations.issue(ctx.on_behalf_of(contact_caller(ctx, channel.contact_arn)), back)
            sent += 1
        except ServiceError as refusal:
            refusals.append(refusal)
    if refusals and not sent:
        raise refusals[0]
    return sent > 0


def _meaning(reply: Reply) -> Answer:
    """The vendor's word on opting out and in goes before ours: it may know more languages."""
    if reply.opted_out:
        return Answer(kind="unsubscribe")
    if reply.opted_in:
        return Answer(kind="start")
    return read_answer(reply.body)


def _answer_code(
    ctx: Context,
    code: str,
    address: str,
    channels: Sequence[ContactChannel],
    medium: str,
) -> str | None:
    if activations.is_locked(ctx, medium, address):
        return None
    try:
        if pages := find_told(ctx, code, address):
            return _accept(ctx, pages, medium)
        if (channel := proved_by(ctx, channels, code)) is not None:
            return _activate(ctx, channel, code, medium)
    except ServiceError as refusal:
        return refusal.message
    if not channels:
        return None
    activations.count_failure(ctx, medium, address)
    return LOCKED if activations.is_locked(ctx, medium, address) else WRONG


def _accept(ctx: Context, pages: Sequence[Page], medium: str) -> str:
    contact_arn = pages[0].contact_arn
    accepted = accept_told(ctx, pages, contact_caller(ctx, contact_arn), medium)
    return accepted.words(shown_name(ctx, contact_arn))


def _activate(ctx: Context, channel: ContactChannel, code: str, medium: str) -> str:
    if channel.is_activated:
        return "Already activated: pages for you come here."
    activate(ctx, channel, code, contact_caller(ctx, channel.contact_arn), medium)
    return "Activated. Pages for you will come here."


def may_answer(ctx: Context, door: str, address: str, *, most: int) -> bool:
    """Whether fewer than `most` such answers went to an address within ANSWER_WINDOW; one more
    is counted.
    """
    given = ctx.select(FailedTry, account_id=ctx.account_id, door=door, who=address)
    recent = [row for row in given if ctx.now - row.at < ANSWER_WINDOW]
    for row in given:
        if row not in recent:
            ctx.delete(row)
    if len(recent) >= most:
        return False
    ctx.add(
        FailedTry(key=new_key(), account_id=ctx.account_id, door=door, who=address, at=ctx.now)
    )
    return True


def _audit(ctx: Context, channel: ContactChannel, operation: str, source: str) -> None:
    """Opting out and back is no operation of the API; the audit knows it all the same."""
    request = Request(
        service="imbot",
        operation=operation,
        parameters={"ContactChannelId": channel.arn},
        caller=contact_caller(ctx, channel.contact_arn),
        source=source,
        request_id=new_request_id(),
    )
    ctx.add(audit_row(request, ctx.now, "OK"))
