"""A delivery's way in and out: the request that it makes, and the post that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.channels.slack.results import Card
from bot.core.channel import Post
from bot.core.context import Context
from bot.core.dispatch import Request
from bot.core.ids import new_key

Document = Mapping[str, Any]


def request_of(
    ctx: Context,
    document: Document,
    service: str,
    operation: str,
    parameters: Mapping[str, Any],
    region: str | None = None,
) -> Request:
    """A request on behalf of the context's caller, from the chat channel of the delivery."""
    caller = ctx.caller if region is None else replace(ctx.caller, region=region)
    return Request(
        service=service,
        operation=operation,
        parameters=parameters,
        caller=caller,
        source=document["channel"],
        request_id=ctx.request_id,
    )


def whisper_of(ctx: Context, document: Document, card: Card) -> Post:
    """An answer that only the one who asked sees, where he sees it."""
    channel, user = document["channel"], document["user"]
    is_direct = document.get("is_direct") or channel == user or channel.startswith("D")
    post = replace(post_of(ctx, document, card), thread_ts=document.get("thread_ts"))
    return post if is_direct else replace(post, ephemeral_user=user)


def post_of(ctx: Context, document: Document, card: Card) -> Post:
    """An answer where it was asked: in its thread; in the channel for a slash command."""
    return Post(
        key=new_key(),
        address=document["channel"],
        created_at=ctx.now,
        text=card.text,
        blocks=card.blocks,
        thread_ts=document.get("thread_ts"),
        attachment=card.attachment,
        picture=card.picture,
    )
