"""Messages through Slack's Web API."""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.http import leaves_open, never_left, retry_after
from bot.channels.slack.blocks import TEXT_LIMIT, Block, Markup, clip, context
from bot.channels.slack.cards import Card, incident_card, timeline_entry
from bot.channels.slack.direct import direct_page_card, link_request_card
from bot.channels.slack.files import Files, files_of
from bot.channels.slack.notifications import topic_card
from bot.channels.slack.on_call import hand_off_card
from bot.channels.slack.sayings import is_told_to_the_channel
from bot.core.channel import (
    ChannelCheck,
    Delivery,
    DirectPage,
    Envelope,
    HandOff,
    LinkRequest,
    Notice,
    Post,
    Sent,
    TopicMessage,
    Unavailable,
    Undeliverable,
)

log = logging.getLogger(__name__)

SlackMessage = Post | Notice | HandOff | DirectPage | LinkRequest | TopicMessage

UNREADABLE = (SlackClientError, ValueError, AttributeError)
"""What the library raises for answers that are no JSON objects."""
EVENT_TYPE = "imbot_message"
CLOCK_TOLERANCE = timedelta(seconds=15)
"""How far Slack's clock may be behind ours."""
LISTING = 200
LISTINGS = 5

REASONS = {
    "account_inactive": "The bot was removed from the workspace.",
    "cant_update_message": "The message cannot be changed any more.",
    "channel_is_archived": "The channel is archived.",
    "channel_not_found": "The channel does not exist, or the bot is not in it.",
    "edit_window_closed": "The message cannot be changed any more.",
    "ekm_access_denied": "The workspace's administrators have suspended posting.",
    "invalid_auth": "Slack refused the token: check SLACK_BOT_TOKEN.",
    "is_archived": "The channel is archived.",
    "message_not_found": "The message was deleted.",
    "missing_scope": "The app lacks a permission: install it again from manifest.yml.",
    "msg_too_long": "The message is too long.",
    "no_permission": "The bot may not post there.",
    "not_authed": "Slack got no token: check SLACK_BOT_TOKEN.",
    "not_in_channel": "The bot is not in the channel: invite it.",
    "restricted_action": "The workspace does not let the bot post there.",
    "restricted_action_read_only_channel": "The channel is read-only.",
    "thread_not_found": "The thread was deleted.",
    "token_expired": "The token has expired: check SLACK_BOT_TOKEN.",
    "messages_tab_disabled": "Direct messages to the app are off: switch its messages tab on.",
    "cannot_dm_bot": "This is a bot, which takes no direct messages.",
    "user_disabled": "The person was deactivated in Slack.",
    "user_not_found": "Slack does not know the person.",
    "user_not_visible": "The bot may not see the person.",
    "token_revoked": "The token was revoked: check SLACK_BOT_TOKEN.",
    "user_not_in_channel": "The person is not in the channel.",
}
TEMPORARY = {
    "accesslimited",
    "fatal_error",
    "internal_error",
    "message_limit_exceeded",
    "rate_limited",
    "ratelimited",
    "request_timeout",
    "service_unavailable",
    "team_added_to_org",
}
HALF_DONE = {"fatal_error", "internal_error"}
"""Temporary errors after which, as Slack says, a part may have been done."""
BAD_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"}


class SlackChannel:
    """Posts and updates in one workspace."""

    def __init__(self, client: AsyncWebClient, timeout: float = 15.0) -> None:
        """`client` should share an aiohttp session; `timeout`: total of one call, seconds.

        The library's own retries are off here: after a lost answer they would post a second
        time, and nothing would say so.
        """
        self._client = copy.copy(client)
        self._client.retry_handlers = []
        self._timeout = timeout
        self._files = Files(self._call, client.session, timeout)

    async def send(self, message: SlackMessage | ChannelCheck) -> Sent:
        """Post, update or whisper one message, and attach its files in its thread.

        Blocks that Slack refuses are left away; the text says the same, less nicely.
        Files are handed over before the message is posted, and shown after it; where Slack
        does not take one, the message says so. Raises Unavailable or Undeliverable.
        """
        if isinstance(message, ChannelCheck):
            return await self._look_at(message)
        message = as_post(message)
        blocks = [dict(block) for block in message.blocks]
        shown = {}
        for file in await files_of(message):
            file_id, note = await self._files.upload(message, file)
            blocks += [context(note)] if note else []
            shown.update({file_id: file} if file_id else {})
        if message.repeats and message.ts is None and blocks:
            blocks.append(context("(repeat) This may have been posted before."))
        method, arguments = _arguments(message, blocks)
        try:
            answer = await self._call(method, arguments)
        except Undeliverable as refusal:
            if refusal.code not in BAD_BLOCKS or not blocks:
                raise
            log.warning("slack refused the blocks of message %s", message.key)
            answer = await self._call(method, _arguments(message, [])[1])
        ts = str(answer.get("ts") or answer.get("message_ts") or "")
        if not ts:
            raise Unavailable("Slack's answer names no message.", in_doubt=True)
        if shown:
            channel = str(answer.get("channel") or message.address)
            await self._files.show(message, shown, channel, message.thread_ts or ts)
        return Sent(ts)

    async def was_sent(
        self, message: SlackMessage | ChannelCheck
    ) -> Sent | Literal[False] | None:
        """Look for the message's key in the metadata of what was posted since.

        None for updates, which may be repeated, for whispers, which no history holds, and
        where the history cannot be read to its end.
        """
        if isinstance(message, ChannelCheck):
            return None
        message = as_post(message)
        if message.ts is not None or message.ephemeral_user is not None:
            return None
        try:
            async for posted in self._posted_since(message):
                payload = (posted.get("metadata") or {}).get("event_payload") or {}
                if payload.get("key") == message.key and posted.get("ts"):
                    return Sent(str(posted["ts"]))
        except (Unavailable, Undeliverable):
            return None
        return False

    async def poll(self, vendor_id: str) -> Delivery | None:  # noqa: ARG002
        return None

    async def close(self) -> None:
        """Nothing to close: the client belongs to whoever made it."""

    async def _look_at(self, check: ChannelCheck) -> Sent:
        """Raises Undeliverable where a post would be refused. Without the right to look
        (`missing_scope`) nothing is known, and nothing said.
        """
        try:
            answer = await self._call(
                "conversations.info", {"channel": check.address}, as_form=True
            )
        except Undeliverable as refusal:
            if refusal.code == "missing_scope":
                return Sent("")
            raise
        channel = answer.get("channel") or {}
        if channel.get("is_archived"):
            raise _refused("is_archived")
        if channel.get("is_member") is False:
            raise _refused("not_in_channel")
        return Sent(check.address)

    async def _posted_since(self, message: Post) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the posts of the message's place. Raises Unavailable if they do not end."""
        oldest = (message.created_at - CLOCK_TOLERANCE).timestamp()
        arguments: dict[str, Any] = {
            "channel": message.address,
            "oldest": f"{oldest:.6f}",
            "limit": LISTING,
            "include_all_metadata": "true",
        }
        method = "conversations.history"
        if message.thread_ts:
            method = "conversations.replies"
            arguments["ts"] = message.thread_ts
        for _ in range(LISTINGS):
            answer = await self._call(method, arguments, as_form=True)
            for posted in answer.get("messages") or ():
                yield posted
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            arguments["cursor"] = cursor
        raise Unavailable("There are too many messages to look through.")

    async def _call(
        self, method: str, arguments: Mapping[str, Any], *, as_form: bool = False
    ) -> Mapping[str, Any]:
        """Call a method. Raises Unavailable, or Undeliverable with Slack's error as code."""
        form, body = (dict(arguments), None) if as_form else (None, dict(arguments))
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._client.api_call(method, params=form, json=body)
        except SlackApiError as refusal:
            raise translate(refusal) from None
        except (aiohttp.ClientError, OSError, *UNREADABLE) as error:
            raise _unanswered(error) from None
        data = answer.data
        if not isinstance(data, dict):
            raise Unavailable("Slack's answer cannot be understood.", in_doubt=True)
        return data


def as_post(message: SlackMessage) -> Post:
    """Choose a notice's words: the card, or an event as a reply in the card's thread."""
    if isinstance(message, Post):
        return message
    if isinstance(message, HandOff):
        return _post_of(message, hand_off_card(message))
    if isinstance(message, TopicMessage):
        return _post_of(message, topic_card(message), thread_ts=message.thread_ts)
    if isinstance(message, LinkRequest):
        return _post_of(message, link_request_card(message))
    if isinstance(message, DirectPage):
        return _post_of(message, direct_page_card(message), ts=message.ts)
    if message.event is None:
        card = incident_card(
            message.incident,
            people=message.people,
            recent=message.recent,
            nobody_reached=message.nobody_reached,
            absorbed=message.absorbed,
            is_quiet=message.is_quiet,
            links=message.links,
            moved_to=message.moved_to,
            at=message.created_at,
        )
    else:
        card = Card(text=timeline_entry(message.event))
    is_broadcast = message.event is not None and (
        message.nobody_reached or is_told_to_the_channel(message.event)
    )
    post = _post_of(message, card, ts=message.ts, thread_ts=message.thread_ts)
    return replace(post, broadcast=is_broadcast)


def _post_of(
    message: Envelope, card: Card, ts: str | None = None, thread_ts: str | None = None
) -> Post:
    return Post(
        key=message.key,
        address=message.address,
        created_at=message.created_at,
        repeats=message.repeats,
        text=card.text,
        blocks=card.blocks,
        thread_ts=thread_ts,
        ts=ts,
    )


def _unanswered(error: Exception) -> Unavailable:
    """Say why there is no answer. Slow connecting counts as doubt, too: it cannot be told."""
    if isinstance(error, TimeoutError):
        reason = "Slack did not answer in time."
    elif isinstance(error, UNREADABLE):
        reason = f"Slack's answer cannot be understood ({type(error).__name__})."
    else:
        reason = f"Slack cannot be reached ({type(error).__name__})."
    return Unavailable(reason, in_doubt=not never_left(error))


def translate(refusal: SlackApiError) -> Unavailable | Undeliverable:
    """Say what a refusal means. Source: Slack, "Using the Web API", "Rate limits"."""
    response = refusal.response
    data = getattr(response, "data", None)
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    code = str(data.get("error", "")) if isinstance(data, dict) else ""
    wait = retry_after(getattr(response, "headers", {}))
    if status == 429 or code in TEMPORARY:
        reason = f"Slack asks to wait ({code or status})."
        return Unavailable(reason, retry_after=wait, in_doubt=code in HALF_DONE)
    if status >= 500 or not code:
        reason = f"Slack is broken (HTTP {status})."
        return Unavailable(reason, retry_after=wait, in_doubt=leaves_open(status))
    return _refused(code)


def _refused(code: str) -> Undeliverable:
    reason = REASONS.get(code, "Slack refuses the message.")
    return Undeliverable(f"{reason} ({code})", code=code)


def _arguments(message: Post, blocks: list[Block]) -> tuple[str, dict[str, Any]]:
    """Say a post as a method and its arguments."""
    mark = "(repeat) " if message.repeats and message.ts is None else ""
    arguments: dict[str, Any] = {
        "channel": message.address,
        "text": mark + clip(Markup(message.text), TEXT_LIMIT - len(mark)),
    }
    if blocks:
        arguments["blocks"] = blocks
    if message.ephemeral_user is not None:
        arguments["user"] = message.ephemeral_user
        if message.thread_ts:
            arguments["thread_ts"] = message.thread_ts
        return "chat.postEphemeral", arguments
    arguments["metadata"] = {"event_type": EVENT_TYPE, "event_payload": {"key": message.key}}
    if message.ts is not None:
        if not blocks:
            arguments["blocks"] = []
        return "chat.update", arguments | {"ts": message.ts}
    arguments |= {"unfurl_links": False, "unfurl_media": False}
    if message.thread_ts:
        arguments["thread_ts"] = message.thread_ts
        if message.broadcast:
            arguments["reply_broadcast"] = True
    return "chat.postMessage", arguments
