"""A code typed in chat: it needs no page id, and who typed it is the one on record."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from bot.core.context import Context
from bot.core.effects import activations
from bot.core.effects.names import shown_name
from bot.core.replies.accepting import (
    activate,
    proved_by,
)
from bot.core.replies.bundled import accept_told, find_groups, state_of
from bot.core.store.contacts import Activation, ContactChannel
from bot.core.store.engagements import Page
from bot.core.store.kinds import instant_to_integer
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared

DOOR = "slack"

SEVERAL = (
    "Several open pages bear that code. Type it in the thread of the page's incident, "
    "or reply to the page on the phone."
)
WRONG = (
    "No open page bears that code. Codes are known for a day after their engagement is over."
)
LOCKED = (
    "Too many wrong codes: yours are not read here for 15 minutes. "
    "The phone and the mail's link still work."
)

_channels = table_of(ContactChannel).c
_activations = table_of(Activation).c
WAITING = prepared(
    select(table_of(ContactChannel))
    .where(
        _channels.account_id == bindparam("account_id"),
        _channels.deleted_at.is_(None),
        _channels.is_activated.is_(False),
        _channels.key.in_(
            select(_activations.channel_key).where(
                _activations.account_id == bindparam("account_id"),
                _activations.used_at.is_(None),
                _activations.expires_at > bindparam("now"),
            )
        ),
    )
    .order_by(_channels.key)
)
"""Channels with an activation code that may still prove them: few at any time."""


def chat_code_in(ctx: Context, code: str, incident_arn: str | None) -> str:
    """Accept the page, or activate the channel, whose code a chat user typed, and say so.

    `incident_arn` is the incident of the thread it was typed in, whose pages go first.
    Raises ServiceError for what the user may not do.
    """
    who = ctx.caller.principal_arn.rpartition("/")[2]  # in every channel, whatever its role
    if activations.is_locked(ctx, DOOR, who):
        return LOCKED
    groups = _groups(ctx, code, incident_arn)
    waiting = [pages for pages in groups if not state_of(ctx, pages)]
    if len(waiting) > 1:
        return SEVERAL
    if groups:
        return _accept(ctx, (waiting or groups)[0])
    channels = ctx.tx.fetch(
        ContactChannel,
        WAITING,
        account_id=ctx.account_id,
        now=instant_to_integer(ctx.now),
    )
    channel = proved_by(ctx, channels, code)
    if channel is not None:
        activate(ctx, channel, code, ctx.caller, DOOR)
        return (
            f"Activated: {channel.name} of {shown_name(ctx, channel.contact_arn)} can be paged."
        )
    activations.count_failure(ctx, DOOR, who)
    return LOCKED if activations.is_locked(ctx, DOOR, who) else WRONG


def _groups(ctx: Context, code: str, incident_arn: str | None) -> list[list[Page]]:
    found = [pages for pages in find_groups(ctx, code) if pages]
    of_incident = [
        pages
        for pages in found
        if incident_arn and any(page.incident_arn == incident_arn for page in pages)
    ]
    return of_incident or found


def _accept(ctx: Context, pages: Sequence[Page]) -> str:
    accepted = accept_told(ctx, pages, ctx.caller, DOOR)
    who = shown_name(ctx, pages[0].contact_arn)
    if not accepted.fresh:
        return accepted.closed
    if accepted.count == 1:
        return f"Acknowledged the page to {who}."
    return f"Acknowledged {accepted.fresh} of {accepted.count} pages to {who}."
