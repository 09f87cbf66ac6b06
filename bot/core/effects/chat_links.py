"""What topics tell in the Slack channels and Chime rooms that are linked to them."""

from __future__ import annotations

from collections.abc import Collection

import orjson
from sqlalchemy import bindparam, exists, select

from bot.core.channel import TopicMessage, Undeliverable
from bot.core.context import Context
from bot.core.effects import outbox
from bot.core.ids import Key, new_key
from bot.core.store.accounts import SlackChannelConfiguration, TopicLink
from bot.core.store.notices import ChimeWebhook, NotificationThread
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.subscriptions import Subscription
from bot.core.store.work import Outbox

KIND = "topic_message"
CHIME = ""
"""The `channel_id` of a link to a Chime room."""

_subscriptions, _links = table_of(Subscription).c, table_of(TopicLink).c
READERS = prepared(
    select(
        exists().where(
            _subscriptions.topic_arn == bindparam("topic"),
            _subscriptions.confirmed_at.is_not(None),
        ),
        exists().where(_links.topic_arn == bindparam("topic"), _links.channel_id == CHIME),
        exists().where(_links.topic_arn == bindparam("topic"), _links.channel_id != CHIME),
    )
)


def has_readers(ctx: Context, topic_arn: str, *, has_cards: bool) -> bool:
    """Whether anybody reads a topic; Slack channels do not count where they have the card."""
    [(subscribed, chime, slack)] = ctx.tx.records(READERS, topic=topic_arn)
    return bool(subscribed or chime or (slack and not has_cards))


def relay(
    ctx: Context,
    topic_arn: str,
    text: str,
    subject: str | None = None,
    *,
    but_not: Collection[str] | None = (),
) -> None:
    """Show what a topic published in the chats that are linked to it, after the commit.

    Slack channels `but_not` have it already; None: all of them have.
    """
    for link in ctx.select(TopicLink, account_id=ctx.account_id, topic_arn=topic_arn):
        if link.channel_id == CHIME:
            webhook = ctx.get(ChimeWebhook, link.configuration_key)
            if webhook is not None and is_open(webhook) and "chime" in ctx.house.media:
                message = _message(ctx, webhook.url, topic_arn, text, subject)
                outbox.send(ctx, "chime", message, channel_key=webhook.key)
        elif but_not is not None and link.channel_id not in but_not:
            _post(ctx, link, topic_arn, text, subject)


def _post(
    ctx: Context, link: TopicLink, topic_arn: str, text: str, subject: str | None
) -> None:
    if "slack" not in ctx.house.media:
        return
    if ctx.get(SlackChannelConfiguration, link.configuration_key) is None:
        return
    message = _message(ctx, link.channel_id, topic_arn, text, subject)
    thread_id = thread_id_of(text)
    if thread_id is None:
        outbox.send(ctx, "slack", message)
        return
    outbox.post_in_order(ctx, message, _thread(ctx, link.channel_id, thread_id).key)


def thread_id_of(text: str) -> str | None:
    """The thread that a custom notification asks for. Source: facts 6.6."""
    if '"threadId"' not in text:
        return None
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    metadata = document.get("metadata") if isinstance(document, dict) else None
    is_custom = isinstance(metadata, dict) and document.get("source") == "custom"
    found = metadata.get("threadId") if is_custom and isinstance(metadata, dict) else None
    return found[:256] if isinstance(found, str) and found else None


def is_open(webhook: ChimeWebhook) -> bool:
    return bool(webhook.document["State"] == "ENABLED")


def record_fault(ctx: Context, row: Outbox, fault: Undeliverable) -> None:
    """A Chime webhook that is gone is told nothing more until it is given a URL again;
    DescribeChimeWebhookConfigurations says why.
    """
    if row.medium != "chime" or fault.refuses != "address" or row.channel_key is None:
        return
    webhook = ctx.lock(ChimeWebhook, row.channel_key)
    if webhook is not None and webhook.url == row.message["address"]:
        state = {"State": "DISABLED", "StateReason": fault.reason}
        ctx.update(webhook, document=webhook.document | state)


def record_sent(ctx: Context, row: Outbox, ts: str) -> None:
    """Keep where a thread begins."""
    if row.message["kind"] != KIND or row.conversation_key is None:
        return
    thread = ctx.lock(NotificationThread, row.conversation_key)
    if thread is not None and thread.message_ts is None:
        ctx.update(thread, message_ts=ts)


def _thread(ctx: Context, channel_id: str, thread_id: str) -> NotificationThread:
    place = {
        "account_id": ctx.account_id,
        "channel_id": channel_id,
        "thread_id": thread_id,
    }
    if (found := ctx.find_by(NotificationThread, **place)) is not None:
        return found
    fresh = NotificationThread(key=new_key(), begun_at=ctx.now, **place)
    if ctx.tx.insert_or_ignore(fresh):
        return fresh
    return ctx.find_by(NotificationThread, **place) or fresh


def _message(
    ctx: Context, address: str, topic_arn: str, text: str, subject: str | None
) -> TopicMessage:
    return TopicMessage(
        key=new_key(),
        address=address,
        created_at=ctx.now,
        topic_arn=topic_arn,
        text=text,
        subject=subject,
    )


def thread_of(row: Outbox) -> Key | None:
    """The thread that a message goes into, where it goes into one."""
    return row.conversation_key if row.message["kind"] == KIND else None
