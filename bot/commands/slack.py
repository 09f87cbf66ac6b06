"""Bolt's listeners: commit what came under its unique key, acknowledge, and let a job do the
work.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.logger.messages import warning_client_prioritized_and_token_skipped
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.forms import ADD_TO_TIMELINE
from bot.commands.forms import NEEDED, FormDoor
from bot.core.deliveries import Deliveries
from bot.core.replies import is_on_timeline
from bot.settings import Settings

log = logging.getLogger(__name__)

DOOR = "slack"
ANYTHING = re.compile(".*", re.DOTALL)
BARE_CODE = re.compile(r"^\W*(?:ack(?:nowledge)?\W+)?\d{6,10}\W*$", re.IGNORECASE)
OWN_OR_SYSTEM = frozenset({"bot_message", "channel_join"})
CHANGES = frozenset({"message_changed", "message_deleted"})

Ack = Callable[..., Awaitable[Any]]


class SlackDoor:
    """One catch-all listener a kind: Bolt scans listeners one by one, routing here is a
    look-up.
    """

    def __init__(
        self, settings: Settings, client: AsyncWebClient, deliveries: Deliveries
    ) -> None:
        self._deliveries = deliveries
        secret = settings.slack_signing_secret
        self._app_token = settings.slack_app_token
        logging.getLogger("slack_bolt.AsyncApp").addFilter(_is_news)
        self._app = AsyncApp(
            client=client,
            signing_secret=secret.get_secret_value() if secret else "",
            process_before_response=True,
            request_verification_enabled=False,
        )
        self._verifier = SignatureVerifier(secret.get_secret_value()) if secret else None
        self._app.event(ANYTHING)(self._on_event)
        self._app.command(ANYTHING)(self._on_command)
        self._app.action(ANYTHING)(self._on_action)
        self._app.shortcut(ANYTHING)(self._on_shortcut)
        self._app.view(ANYTHING)(self._on_view)
        self._forms = FormDoor(settings, client, deliveries)
        self._emoji = settings.timeline_emoji
        self._socket: AsyncSocketModeHandler | None = None

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request of Slack's: events, slash commands and interactivity share one
        address. Nothing is parsed before its signature, not older than five minutes, is found
        good. Without a signing secret nobody can prove to be Slack; Socket Mode then is the
        only way in.
        """
        if self._verifier is None:
            return web.Response(status=404, text="SLACK_SIGNING_SECRET is not set here.\n")
        if not _is_signed(self._verifier, await request.read(), request.headers):
            return web.Response(status=401, text="This is not signed by Slack.\n")
        bolt_request = await to_bolt_request(request)
        return await to_aiohttp_response(await self._app.async_dispatch(bolt_request))

    async def connect(self) -> None:
        """Open the Socket Mode connection, where there is an app token, and keep it open.

        Slack may be away or refuse the token: it is asked again with growing waits, and nothing
        else waits for it. Once open, the connection mends itself.
        """
        if self._app_token is None:
            return
        wait = 1.0
        while True:
            self._socket = AsyncSocketModeHandler(self._app, self._app_token.get_secret_value())
            try:
                await self._socket.connect_async()  # type: ignore[no-untyped-call]
                return
            except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as fault:
                log.warning("Socket Mode cannot be opened yet: %s", type(fault).__name__)
                await self._socket.close_async()  # type: ignore[no-untyped-call]
            await asyncio.sleep(wait)
            wait = min(wait * 2, 60)

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close_async()  # type: ignore[no-untyped-call]

    async def _on_event(self, body: Mapping[str, Any]) -> None:
        document = _read_event(body, self._emoji)
        if document is None:
            return
        if document["kind"] in ("edit", "deletion") and not await self._is_kept(document):
            return
        await self._deliveries.accept(DOOR, str(body["event_id"]), document)

    async def _is_kept(self, document: Mapping[str, Any]) -> bool:
        """Most messages that change stand on no timeline: they are not worth a row."""
        channel, ts = document["channel"], document["ts"]
        return await self._deliveries.look(lambda ctx: is_on_timeline(ctx, channel, ts))

    async def _on_command(self, ack: Ack, body: Mapping[str, Any]) -> None:
        document = {
            "kind": "command",
            "team": body["team_id"],
            "user": body["user_id"],
            "channel": body["channel_id"],
            "text": body.get("text", ""),
            "thread_ts": None,
        }
        await self._deliveries.accept(DOOR, str(body["trigger_id"]), document)
        await ack()

    async def _on_action(self, ack: Ack, body: Mapping[str, Any]) -> None:
        action = body["actions"][0]
        message = body.get("message", {})
        document = {
            "kind": "action",
            "team": body["team"]["id"],
            "user": body["user"]["id"],
            "channel": body.get("channel", {}).get("id", body["user"]["id"]),
            "action": action["action_id"],
            "value": action.get("value", ""),
            "thread_ts": message.get("thread_ts") or message.get("ts"),
        }
        unique = f"{action['action_id']} {action.get('action_ts')} {body['user']['id']}"
        is_form = action["action_id"] in NEEDED
        if not (is_form and await self._forms.open(document, body["trigger_id"])):
            await self._deliveries.accept(DOOR, unique, document)
        await ack()

    async def _on_shortcut(self, ack: Ack, body: Mapping[str, Any]) -> None:
        """The menu of a message: it goes to the one incident that is meant, or it is asked."""
        if body["type"] != "message_action" or body["callback_id"] != ADD_TO_TIMELINE:
            await ack()
            return
        message = body["message"]
        document = {
            "kind": "pin",
            "by": "shortcut",
            "team": body["team"]["id"],
            "user": body["user"]["id"],
            "channel": body["channel"]["id"],
            "ts": message["ts"],
            "thread_ts": message.get("thread_ts"),
        }
        if not await self._forms.choose_incident(document, body["trigger_id"]):
            await self._deliveries.accept(DOOR, str(body["trigger_id"]), document)
        await ack()

    async def _on_view(self, ack: Ack, body: Mapping[str, Any]) -> None:
        await ack(**await self._forms.submit(body))


def _is_signed(verifier: SignatureVerifier, body: bytes, headers: Mapping[str, str]) -> bool:
    timestamp = headers.get("X-Slack-Request-Timestamp", "")
    signature = headers.get("X-Slack-Signature", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    try:
        return verifier.is_valid(body.decode(), timestamp, signature.encode("ascii").decode())
    except UnicodeError:
        return False


def _read_event(body: Mapping[str, Any], emoji: str) -> dict[str, Any] | None:
    """What of an event is worth a row: a mention, a direct message, a bare code in a thread,
    the emoji that means the timeline, and what becomes of messages.
    """
    event = body["event"]
    if event["type"] == "reaction_added":
        return _read_reaction(body, emoji)
    if event.get("subtype") in CHANGES:
        return _read_change(body)
    if event.get("bot_id") or event.get("subtype") in OWN_OR_SYSTEM or not event.get("user"):
        return None
    is_direct = event.get("channel_type") == "im"
    is_code = bool(event.get("thread_ts") and BARE_CODE.match(event.get("text", "")))
    is_wanted = event["type"] == "app_mention" or (
        event["type"] == "message" and (is_direct or is_code)
    )
    if not is_wanted:
        return None
    return {
        "kind": "message",
        "team": event.get("team") or body.get("team_id", ""),
        "user": event["user"],
        "channel": event["channel"],
        "text": event.get("text", ""),
        "thread_ts": event.get("thread_ts") or event["ts"],
        "is_reply": bool(event.get("thread_ts")),
        "is_direct": is_direct,
        "is_mention": event["type"] == "app_mention",
    }


def _read_reaction(body: Mapping[str, Any], emoji: str) -> dict[str, Any] | None:
    event = body["event"]
    item = event["item"]
    if event["reaction"].partition("::")[0] != emoji or item.get("type") != "message":
        return None
    return {
        "kind": "pin",
        "by": "emoji",
        "team": body.get("team_id", ""),
        "user": event["user"],
        "channel": item["channel"],
        "ts": item["ts"],
        "thread_ts": None,
    }


def _read_change(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """An edit or a deletion; of a message with replies, Slack leaves a tombstone.

    None for what changes no text (previews of links, the first reply in a thread), and for the
    bot's own messages, whose cards change often.
    """
    event = body["event"]
    before, after = event.get("previous_message") or {}, event.get("message") or {}
    is_gone = event["subtype"] == "message_deleted" or after.get("subtype") == "tombstone"
    ts = event.get("deleted_ts") or after.get("ts") or before.get("ts")
    is_own = bool(after.get("app_id")) and after["app_id"] == body.get("api_app_id")
    if not ts or is_own or (not is_gone and before.get("text") == after.get("text")):
        return None
    return {
        "kind": "deletion" if is_gone else "edit",
        "team": body.get("team_id", ""),
        "author": str(before.get("user") or after.get("user") or ""),
        "channel": event["channel"],
        "ts": ts,
        "text": "" if is_gone else after.get("text", ""),
        "files": [] if is_gone else [{"name": f.get("name")} for f in after.get("files") or ()],
    }


def _is_news(record: logging.LogRecord) -> bool:
    """Bolt takes our SLACK_BOT_TOKEN for a setting of its own, which `client` goes before."""
    return record.getMessage() != warning_client_prioritized_and_token_skipped()
