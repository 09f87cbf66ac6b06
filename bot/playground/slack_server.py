"""Slack's side of the wire: the Web API, response URLs, uploads, and events to the bot."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.playground import slack_lookups as _lookups  # noqa: F401 - fills METHODS
from bot.playground import slack_views as _views  # noqa: F401 - fills METHODS
from bot.playground.pulse import Faults, Json, Pulse
from bot.playground.slack_api import METHODS, USUAL_SCOPES, add_ephemeral, content, replace
from bot.playground.slack_door import Door
from bot.playground.slack_state import (
    APP_ID,
    BOT_ID,
    TEAM_ID,
    Conversation,
    SlackError,
    Workspace,
    new_id,
)

TRIGGER_LIFE = 3.0
RESPONSES = 5
"""How often one response URL may be used."""
_MESSAGE_EVENTS = {
    "im": "message.im",
    "channel": "message.channels",
    "group": "message.groups",
}
_LISTS = ("blocks", "metadata", "attachments", "view", "files")


@dataclass(slots=True)
class ResponseUrl:
    channel: Conversation
    user: str
    message_ts: str | None = None
    thread_ts: str | None = None
    uses: int = 0


class SlackServer:
    """Signs `slack_api.Api` by shape. `subscribed` holds the bot's event subscriptions."""

    def __init__(
        self,
        pulse: Pulse,
        *,
        bot_token: str,
        app_token: str,
        signing_secret: str,
        retry_delays: Sequence[float],
    ) -> None:
        self.pulse = pulse
        self.workspace = Workspace(pulse.now)
        self.door = Door(pulse, signing_secret, retry_delays)
        self.faults = Faults()
        self.scopes = USUAL_SCOPES
        self.subscribed = {
            "app_mention",
            "message.im",
            "message.channels",
            "message.groups",
            "reaction_added",
            "app_home_opened",
            "member_joined_channel",
        }
        self.url = ""
        self.calls: list[tuple[str, Json]] = []
        """Every method that the bot called, with its arguments."""
        self._tokens = {bot_token: "bot", app_token: "app"}
        self._triggers: dict[str, tuple[str, float]] = {}
        self._responses: dict[str, ResponseUrl] = {}
        self.last_event: Json = {}

    async def start(self) -> None:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_post("/upload/{file}", self._upload)
        app.router.add_post("/response/{id}", self._respond)
        app.router.add_get("/socket", self.door.connect)
        self.url = await self.pulse.serve(app)

    # the Web API

    async def _call(self, request: web.Request) -> web.StreamResponse:
        return await self.faults.answer(request.match_info["method"], request, self._answer)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        try:
            answer = {"ok": True, **self._run(name, request, await _arguments(request))}
        except SlackError as error:
            answer = {"ok": False, "error": error.error, **error.more}
        headers = {"X-OAuth-Scopes": ",".join(sorted(self.scopes))}
        return web.json_response(answer, headers=headers)

    def _run(self, name: str, request: web.Request, arguments: Json) -> Json:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = token or str(arguments.pop("token", ""))
        if not token:
            raise SlackError("not_authed")
        kind = self._tokens.get(token)
        if kind is None:
            raise SlackError("invalid_auth")
        if name == "apps.connections.open":
            return self._open_connection(kind)
        if name not in METHODS:
            raise SlackError("unknown_method", req_method=name)
        scope, function = METHODS[name]
        if kind != "bot":
            raise SlackError("not_allowed_token_type")
        if scope and scope not in self.scopes:
            provided = ",".join(sorted(self.scopes))
            raise SlackError("missing_scope", needed=scope, provided=provided)
        self.calls.append((name, arguments))
        answer = function(self, arguments)
        self.pulse.changed()
        return answer

    def _open_connection(self, kind: str) -> Json:
        if kind != "app":
            raise SlackError("not_allowed_token_type")
        ticket = new_id("X")
        self.door.tickets.add(ticket)
        return {"url": f"{self.url.replace('http', 'ws', 1)}/socket?ticket={ticket}"}

    async def _upload(self, request: web.Request) -> web.Response:
        file = self.workspace.files.get(request.match_info["file"])
        if file is None:
            raise web.HTTPNotFound
        if request.content_type.startswith("multipart/"):
            form = await request.post()
            parts = [
                part.file.read() for part in form.values() if isinstance(part, web.FileField)
            ]
            file.content = b"".join(parts)
        else:
            file.content = await request.read()
        return web.Response(text=f"OK - {len(file.content)}")

    # triggers and response URLs

    def new_trigger(self, user: str) -> str:
        trigger = new_id("1.")
        self._triggers[trigger] = (user, time.monotonic() + TRIGGER_LIFE)
        return trigger

    def use_trigger(self, trigger_id: Any) -> str:
        if trigger_id not in self._triggers:
            raise SlackError("invalid_trigger_id")
        user, until = self._triggers[trigger_id]
        if until < time.monotonic():
            raise SlackError("expired_trigger_id")
        if not user:
            raise SlackError("exchanged_trigger_id")
        self._triggers[trigger_id] = ("", until)
        return user

    def new_response_url(self, response: ResponseUrl) -> str:
        name = new_id("R")
        self._responses[name] = response
        return f"{self.url}/response/{name}"

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        return await self.faults.answer("response_url", request, self._take_response)

    async def _take_response(self, request: web.Request) -> web.StreamResponse:
        response = self._responses.get(request.match_info["id"])
        if response is None or response.uses >= RESPONSES:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        response.uses += 1
        try:
            self.show_response(response, await _arguments(request))
        except SlackError as error:
            answer = {"ok": False, "error": error.error, **error.more}
            return web.json_response(answer, status=400)
        return web.Response(text="ok")

    def show_response(self, response: ResponseUrl, body: Json) -> None:
        """Do what the bot wrote to a response URL, or answered to a command."""
        channel, ts = response.channel, response.message_ts
        if body.get("delete_original") and ts:
            self._remove(channel, ts)
        elif body.get("replace_original") and ts:
            message = channel.find(ts)
            replace(message, body, at=self.workspace.new_ts())
            if message in channel.messages:
                self.echo(channel, message, "message_changed")
        elif body.get("response_type") == "in_channel":
            more = content(body)
            thread_ts = body.get("thread_ts")
            text = more.pop("text")
            bot = self.workspace.bot.id
            message = self.workspace.post(
                channel, bot, text, bot_id=BOT_ID, thread_ts=thread_ts, **more
            )
            self.echo(channel, message)
        else:
            thread_ts = body.get("thread_ts") or response.thread_ts
            add_ephemeral(self, channel, response.user, body | {"thread_ts": thread_ts})
        self.pulse.changed()

    @staticmethod
    def _remove(channel: Conversation, ts: str) -> None:
        channel.messages[:] = [m for m in channel.messages if m["ts"] != ts]
        channel.ephemerals[:] = [m for m in channel.ephemerals if m["ts"] != ts]

    # events

    def echo(
        self,
        channel: Conversation,
        message: Json,
        subtype: str | None = None,
        *,
        before: Json | None = None,
    ) -> None:
        """Tell the bot of a message that was written, changed or deleted, also of its own."""
        place: Json = {
            "type": "message",
            "channel": channel.id,
            "channel_type": channel.kind,
        }
        if subtype in ("message_changed", "message_deleted"):
            ts = self.workspace.new_ts()
            event = place | {"subtype": subtype, "hidden": True, "ts": ts, "event_ts": ts}
            if subtype == "message_deleted":
                event |= {"deleted_ts": message["ts"], "previous_message": dict(message)}
            else:
                event |= {"message": dict(message)} | (
                    {"previous_message": before} if before else {}
                )
            self.tell(event, channel)
        else:
            event = message | place | {"event_ts": message["ts"]}
            self.tell(event | ({"subtype": subtype} if subtype else {}), channel)

    def tell(
        self, event: Json, channel: Conversation | None = None, *, copies: int = 1
    ) -> None:
        """Deliver an event in the background if the bot subscribed to it and may see it.

        `copies` over 1: the same event again, at the same time, as Slack's retries do it.
        """
        kind = event["type"]
        if kind == "message" and channel is not None:
            kinds = {
                "im": "message.im",
                "channel": "message.channels",
                "group": "message.groups",
            }
            kind = kinds[channel.kind]
        seen = channel is None or channel.has_bot
        if kind not in self.subscribed or not seen or not self.door.is_open:
            return
        self.last_event = self._outer(event, channel)
        self.redeliver(copies, first=0)

    def redeliver(self, times: int = 1, *, first: int = 1) -> None:
        """Deliver the last event again under its old id, as the retries `first`, ..."""
        payload = self.last_event
        for number in range(first, first + times):
            name = f"Slack event {payload['event']['type']}"
            self.pulse.spawn(self.door.event(payload, number=number), name)

    def _outer(self, event: Json, channel: Conversation | None) -> Json:
        authorization = {
            "enterprise_id": None,
            "team_id": TEAM_ID,
            "user_id": self.workspace.bot.id,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        return {
            "token": "playground",
            "team_id": TEAM_ID,
            "context_team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "event": deepcopy(event),
            "type": "event_callback",
            "event_id": new_id("Ev"),
            "event_time": int(self.pulse.now().timestamp()),
            "authorizations": [authorization],
            "is_ext_shared_channel": bool(channel and channel.is_shared),
            "event_context": new_id("4-"),
        }


async def _arguments(request: web.Request) -> Json:
    """A call's arguments from its query, form or JSON; nested ones may be JSON in a string."""
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        arguments |= body
    else:
        arguments |= {name: str(value) for name, value in (await request.post()).items()}
    for name in _LISTS:
        if isinstance(arguments.get(name), str):
            try:
                arguments[name] = json.loads(arguments[name])
            except ValueError:
                raise SlackError(f"invalid_{name}_format") from None
    return arguments
