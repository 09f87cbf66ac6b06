"""The outbox: a message that must leave is a row that commits with its cause."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Any

from bot.core.channel import (
    Activation,
    Bundle,
    ChannelCheck,
    DirectPage,
    FaultNotice,
    HandOff,
    LinkRequest,
    MailAnswer,
    Message,
    Notice,
    Notification,
    Page,
    Post,
    StopNotice,
    TopicMessage,
)
from bot.core.context import Context
from bot.core.ids import Key
from bot.core.store.kinds import instant_to_integer, integer_to_instant
from bot.core.store.work import Outbox

KINDS: dict[str, type[Message]] = {
    "page": Page,
    "bundle": Bundle,
    "activation": Activation,
    "stop_notice": StopNotice,
    "mail_answer": MailAnswer,
    "fault_notice": FaultNotice,
    "post": Post,
    "notice": Notice,
    "hand_off": HandOff,
    "direct_page": DirectPage,
    "link_request": LinkRequest,
    "notification": Notification,
    "topic_message": TopicMessage,
    "channel_check": ChannelCheck,
}
PAGING = frozenset({"page", "bundle", "activation", "direct_page"})
"""What somebody waits for goes before what only informs."""
FIELDS = {kind: tuple(f.name for f in dataclasses.fields(KINDS[kind])) for kind in KINDS}
VALUES = {kind: attrgetter(*FIELDS[kind]) for kind in KINDS}


def send(
    ctx: Context,
    medium: str,
    message: Message,
    *,
    page_key: Key | None = None,
    channel_key: Key | None = None,
    conversation_key: Key | None = None,
) -> None:
    """Let a message leave after the commit, carried at once by this process: it is born
    owned. Of a conversation it must be the first.
    """
    row = ctx.add(
        _row(
            ctx,
            medium,
            message,
            owner=ctx.house.name_owner(),
            attempts=1,
            page_key=page_key,
            channel_key=channel_key,
            conversation_key=conversation_key,
        )
    )
    ctx.unit.born.append(row)


def send_later(ctx: Context, medium: str, message: Message, at: datetime) -> None:
    """Let a message leave at an instant to come, carried by whoever claims it then."""
    row = _row(ctx, medium, message, owner=None, attempts=0)
    ctx.add(replace(row, due_at=at))
    ctx.unit.has_posts = True


def post_in_order(
    ctx: Context, message: Post | Notice | DirectPage | TopicMessage, conversation_key: Key
) -> None:
    """Let a chat message leave after all earlier ones of its conversation."""
    ctx.add(
        _row(ctx, "slack", message, owner=None, attempts=0, conversation_key=conversation_key)
    )
    ctx.unit.has_posts = True


def _row(
    ctx: Context,
    medium: str,
    message: Message,
    *,
    owner: str | None,
    attempts: int,
    page_key: Key | None = None,
    channel_key: Key | None = None,
    conversation_key: Key | None = None,
) -> Outbox:
    return Outbox(
        key=Key(message.key),
        account_id=ctx.account_id,
        medium=medium,
        lane="page" if message.kind in PAGING else "notification",
        message=message_document(message),
        page_key=page_key,
        channel_key=channel_key,
        conversation_key=conversation_key,
        owner=owner,
        attempts=attempts,
        due_at=ctx.now,
        created_at=ctx.now,
    )


def message_document(message: Message) -> dict[str, Any]:
    kind = message.kind
    document = dict(zip(FIELDS[kind], VALUES[kind](message), strict=True))
    document["created_at"] = instant_to_integer(message.created_at)
    return document


def message_of(document: Mapping[str, Any], **changes: Any) -> Message:
    """Read a document back; `changes` are what only the courier knows (repeats, thread_ts)."""
    fields = {**document, **changes}
    fields["created_at"] = integer_to_instant(fields["created_at"])
    return KINDS[fields["kind"]](**fields)
