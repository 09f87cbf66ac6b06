"""How Slack brings things to the bot: signed HTTP requests, or envelopes over Socket Mode."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from bot.playground.pulse import Json, Pulse
from bot.playground.slack_state import APP_ID

Kind = Literal["events_api", "slash_commands", "interactive"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot answered. `status` 0: nothing came in time; `body` is what it then bore."""

    status: int
    body: Json | str = ""
    reason: str = ""
    """As in X-Slack-Retry-Reason: http_timeout, http_error or connection_failed."""
    is_final: bool = False
    """The bot asked not to be told again (X-Slack-No-Retry)."""

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass(slots=True)
class Socket:
    ws: web.WebSocketResponse
    waiting: dict[str, asyncio.Future[Json | str]] = field(default_factory=dict)


class Door:
    """Delivers payloads; to an open socket if there is one, else to `url`.

    `patience`: seconds until the bot must have answered. `retry_delays`: seconds before each
    further delivery of an event; a command or an action is delivered once.
    Source: Slack, "Events API: retries", "Verifying requests", "Socket Mode".
    """

    def __init__(
        self, pulse: Pulse, signing_secret: str, retry_delays: Sequence[float]
    ) -> None:
        self._pulse = pulse
        self._secret = signing_secret
        self.url: str | None = None
        self.patience = 3.0
        self.retry_delays = tuple(retry_delays)
        self.tickets: set[str] = set()
        self._sockets: list[Socket] = []

    def signed(self, body: str, *, timestamp: int | None = None) -> dict[str, str]:
        """The headers that prove `body`; `timestamp` in seconds, by default the real time."""
        stamp = str(int(time.time()) if timestamp is None else timestamp)
        text = f"v0:{stamp}:{body}".encode()
        digest = hmac.digest(self._secret.encode(), text, hashlib.sha256).hex()
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}

    async def event(self, payload: Json, *, number: int = 0) -> Answer:
        """Deliver an event until it is answered, or until the retries are used up.

        `number` over 0: as that retry of a delivery that was not answered in time.
        """
        answer = await self._deliver("events_api", payload, number, "http_timeout")
        for later, delay in enumerate(self.retry_delays, number + 1):
            if answer.is_ok or answer.is_final:
                break
            await asyncio.sleep(delay)
            answer = await self._deliver("events_api", payload, later, answer.reason)
        if not answer.is_ok:
            self._pulse.surprise(f"the bot did not take an event: {_why(answer)}")
        return answer

    async def once(self, kind: Kind, payload: Json) -> Answer:
        """Deliver a command or an interaction, which Slack never delivers again."""
        answer = await self._deliver(kind, payload)
        if not answer.is_ok:
            self._pulse.surprise(f"the bot did not answer {kind}: {_why(answer)}")
        return answer

    async def _deliver(
        self, kind: Kind, payload: Json, number: int = 0, reason: str = ""
    ) -> Answer:
        if self._sockets:
            return await self._send(self._sockets[-1], kind, payload, number, reason)
        if self.url is None:
            return Answer(0, reason="connection_failed")
        headers = {"User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        if number:
            headers |= {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        return await self._post(self.url, kind, payload, headers)

    async def _post(
        self, url: str, kind: Kind, payload: Json, headers: Mapping[str, str]
    ) -> Answer:
        body, content_type = _body(kind, payload)
        headers = {**headers, **self.signed(body), "Content-Type": content_type}
        try:
            async with asyncio.timeout(self.patience):
                async with self._pulse.client.post(
                    url, data=body.encode(), headers=headers
                ) as got:
                    text = await got.text()
        except TimeoutError:
            return Answer(0, reason="http_timeout")
        except aiohttp.ClientError:
            return Answer(0, reason="connection_failed")
        final = got.headers.get("X-Slack-No-Retry") == "1"
        reason = "" if 200 <= got.status < 300 else "http_error"
        return Answer(got.status, _parsed(text), reason, final)

    # Socket Mode

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Hold one Socket Mode connection until it is closed. Its ticket is good once."""
        ticket = request.query.get("ticket", "")
        if ticket not in self.tickets:
            raise web.HTTPForbidden
        self.tickets.discard(ticket)
        socket = Socket(web.WebSocketResponse(autoping=True))
        await socket.ws.prepare(request)
        self._sockets.append(socket)
        await socket.ws.send_json(
            {
                "type": "hello",
                "num_connections": len(self._sockets),
                "connection_info": {"app_id": APP_ID},
                "debug_info": {"host": "playground", "approximate_connection_time": 18060},
            }
        )
        self._pulse.changed()
        try:
            async for message in socket.ws:
                if message.type is aiohttp.WSMsgType.TEXT:
                    _acknowledge(socket, json.loads(message.data))
        finally:
            self._sockets.remove(socket)
            for waiter in socket.waiting.values():
                waiter.cancel()
            self._pulse.changed()
        return socket.ws

    @property
    def is_open(self) -> bool:
        """Is there anybody to deliver to?"""
        return bool(self._sockets) or self.url is not None

    @property
    def sockets(self) -> int:
        return len(self._sockets)

    async def refresh_sockets(self) -> None:
        """Tell every client that its connection ends, and end it, as Slack does each hour."""
        for socket in list(self._sockets):
            await socket.ws.send_json({"type": "disconnect", "reason": "refresh_requested"})
        await self.close()

    async def close(self) -> None:
        for socket in list(self._sockets):
            await socket.ws.close()

    async def _send(
        self, socket: Socket, kind: Kind, payload: Json, number: int, reason: str
    ) -> Answer:
        envelope: Json = {
            "envelope_id": secrets.token_hex(16),
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": payload,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": number, "retry_reason": reason}
        waiter: asyncio.Future[Json | str] = asyncio.get_running_loop().create_future()
        socket.waiting[envelope["envelope_id"]] = waiter
        try:
            await socket.ws.send_json(envelope)
            await asyncio.wait([waiter], timeout=self.patience)
        except ConnectionError:
            return Answer(0, reason="connection_failed")
        finally:
            socket.waiting.pop(envelope["envelope_id"], None)
        if waiter.cancelled():
            return Answer(0, reason="connection_failed")
        if not waiter.done():
            return Answer(0, reason="timeout")
        return Answer(200, waiter.result())


def _acknowledge(socket: Socket, answer: Json) -> None:
    waiter = socket.waiting.get(answer.get("envelope_id", ""))
    if waiter is not None and not waiter.done():
        waiter.set_result(answer.get("payload") or "")


def _body(kind: Kind, payload: Json) -> tuple[str, str]:
    if kind == "events_api":
        return json.dumps(payload), "application/json"
    form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(form), "application/x-www-form-urlencoded"


def _parsed(text: str) -> Json | str:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict) else text


def _why(answer: Answer) -> str:
    return f"{answer.status or 'no answer'} ({answer.reason})"
