"""The playground's page: shows a town as it changes, and takes what people do in it.

Loopback only, yet any web page could send requests there: the Host must be this one (against
rebound names), and an action must be JSON from this origin (against forged requests).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from bot.playground.phone import Phone
from bot.playground.pulse import Json
from bot.playground.slack_state import SlackError
from bot.playground.town import Town

PAGE = files("bot.playground") / "page"
KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
LINKED = ("/ack/", "/unsubscribe/")
"""Pages of the bot's that mails link to, and that are shown in a frame."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "frame-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
LINKED_POLICY = f"{MAIL_POLICY}; form-action 'self'"
BREATH = 0.03
"""Seconds between two pushes; what changes meanwhile is one step."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Act = Callable[["Site", Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Controls:
    """What the page may know and turn of the machine behind the town.

    `paces` are what the switch may be set to; `bot_url` is where mails link to; `facts` are
    handed to the page as they are.
    """

    now: Callable[[], datetime]
    pace: Callable[[], float] = lambda: 1.0
    set_pace: Callable[[float], None] = lambda _: None
    paces: tuple[float, ...] = (1.0,)
    bot_url: str = ""
    facts: Json = field(default_factory=dict)


class Refused(Exception):
    """An action that makes no sense, or not now."""


def page_application(town: Town, controls: Controls) -> web.Application:
    site = Site(town, controls)
    app = web.Application(middlewares=[_guard], client_max_size=100_000)
    app.router.add_get(r"/{name:(?:[a-z]+\.(?:css|js))?}", site.file)
    app.router.add_get("/town", site.stream)
    app.router.add_get("/mails/{number:[0-9]+}", site.mail)
    app.router.add_get("/files/{id:[A-Z0-9]+}", site.upload)
    app.router.add_route("*", "/linked/{path:.*}", site.linked)
    app.router.add_post("/do", site.act)
    return app


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    host = request.headers.get("Host", "")
    if urlsplit(f"//{host}").hostname not in ("127.0.0.1", "localhost"):
        raise web.HTTPForbidden(text="This page is for this machine only.\n")
    is_change = request.method not in ("GET", "HEAD")
    if is_change and request.headers.get("Origin") != f"http://{host}":
        raise web.HTTPForbidden(text="This does not come from the playground's page.\n")
    response = await handler(request)
    if not response.prepared:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Cache-Control", "no-store")
    return response


class Site:
    def __init__(self, town: Town, controls: Controls) -> None:
        self.town = town
        self.controls = controls

    async def file(self, request: web.Request) -> web.Response:
        name = request.match_info["name"] or "index.html"
        page = PAGE / name
        if not page.is_file():
            raise web.HTTPNotFound
        kind = KINDS[name.rpartition(".")[2]]
        return web.Response(text=page.read_text("utf-8"), content_type=kind)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Everything that the page draws, as a server-sent event now and after each change."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        async with aclosing(self.town.watch()) as versions:
            async for _ in versions:
                await response.write(f"data: {json.dumps(self.state())}\n\n".encode())
                await asyncio.sleep(BREATH)
        return response

    def state(self) -> Json:
        controls = self.controls
        clock = {"now": controls.now().isoformat(), "pace": controls.pace()}
        more = {"bot_url": controls.bot_url, "paces": controls.paces, "facts": controls.facts}
        return self.town.snapshot() | clock | more

    async def mail(self, request: web.Request) -> web.Response:
        """The HTML of a mail, as its reader's program shows it."""
        number = int(request.match_info["number"])
        found = next((m for m in self.town.mailbox.mails if m.number == number), None)
        if found is None:
            raise web.HTTPNotFound
        return _framed(found.html, MAIL_POLICY)

    async def upload(self, request: web.Request) -> web.Response:
        """The content of a file that was put into Slack."""
        found = self.town.slack.workspace.files.get(request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound
        charset = None if found.kind == "image/png" else "utf-8"
        return web.Response(body=found.content, content_type=found.kind, charset=charset)

    async def linked(self, request: web.Request) -> web.Response:
        """The bot's own page behind a mail's link, which refuses to be framed by itself."""
        path = f"/{request.match_info['path']}"
        if request.method not in ("GET", "POST") or not path.startswith(LINKED):
            raise web.HTTPNotFound
        form = await request.post() if request.method == "POST" else None
        data = None if form is None else {name: str(value) for name, value in form.items()}
        url = f"{self.controls.bot_url}{path}"
        try:
            async with self.town.pulse.client.request(request.method, url, data=data) as got:
                return _framed(await got.text(), LINKED_POLICY, got.status)
        except aiohttp.ClientError:
            raise web.HTTPBadGateway(text="The bot does not answer.\n") from None

    async def act(self, request: web.Request) -> web.Response:
        """Do what a person did: a JSON object with the action's name as `do`."""
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType(text="Actions are JSON.\n")
        try:
            asked = json.loads(await request.text())
            do = ACTS[asked["do"]]
        except (ValueError, KeyError, TypeError):
            raise web.HTTPBadRequest(text="There is no such action.\n") from None
        try:
            await do(self, asked)
        except SlackError as refusal:
            return web.json_response({"error": f"Slack: {refusal.error}"}, status=409)
        except (Refused, LookupError, ValueError) as refusal:
            return web.json_response({"error": str(refusal)}, status=409)
        return web.json_response({})

    def phone(self, asked: Mapping[str, Any]) -> Phone:
        try:
            return self.town.phones[_text(asked, "phone")]
        except KeyError:
            raise Refused("There is no such phone.") from None


def _framed(html: str, policy: str, status: int = 200) -> web.Response:
    return web.Response(
        text=html,
        status=status,
        content_type="text/html",
        headers={"Content-Security-Policy": policy},
    )


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refused(f"{name} is missing")
    return value


async def _say(site: Site, asked: Mapping[str, Any]) -> None:
    thread = _text(asked, "thread_ts") if asked.get("thread_ts") else None
    user, channel = _text(asked, "user"), _text(asked, "channel")
    await site.town.slack.say(user, channel, _text(asked, "text"), thread_ts=thread)


async def _slash(site: Site, asked: Mapping[str, Any]) -> None:
    command, _, text = _text(asked, "text").strip().partition(" ")
    slack = site.town.slack
    await slack.slash(_text(asked, "user"), _text(asked, "channel"), command, text)


async def _press(site: Site, asked: Mapping[str, Any]) -> None:
    await site.town.slack.press(
        _text(asked, "user"),
        _text(asked, "channel"),
        _text(asked, "ts"),
        _text(asked, "action_id"),
        asked.get("value"),
    )


async def _react(site: Site, asked: Mapping[str, Any]) -> None:
    user, channel, ts = _text(asked, "user"), _text(asked, "channel"), _text(asked, "ts")
    await site.town.slack.react(user, channel, ts, _text(asked, "emoji"))


async def _shortcut(site: Site, asked: Mapping[str, Any]) -> None:
    user, channel, ts = _text(asked, "user"), _text(asked, "channel"), _text(asked, "ts")
    await site.town.slack.use_shortcut(user, channel, ts, _text(asked, "callback_id"))


async def _submit(site: Site, asked: Mapping[str, Any]) -> None:
    values = asked.get("values")
    if not isinstance(values, dict):
        raise Refused("values is missing")
    await site.town.slack.submit_view(_text(asked, "user"), values)


async def _close(site: Site, asked: Mapping[str, Any]) -> None:
    site.town.slack.close_view(_text(asked, "user"))


async def _edit(site: Site, asked: Mapping[str, Any]) -> None:
    user, channel, ts = _text(asked, "user"), _text(asked, "channel"), _text(asked, "ts")
    await site.town.slack.edit(user, channel, ts, _text(asked, "text"))


async def _delete(site: Site, asked: Mapping[str, Any]) -> None:
    user, channel, ts = _text(asked, "user"), _text(asked, "channel"), _text(asked, "ts")
    await site.town.slack.delete(user, channel, ts)


async def _phone_text(site: Site, asked: Mapping[str, Any]) -> None:
    await site.phone(asked).text(_text(asked, "text"))


async def _mail_reply(site: Site, asked: Mapping[str, Any]) -> None:
    mailbox = site.town.mailbox
    mail = next((one for one in mailbox.mails if one.number == asked.get("mail")), None)
    if mail is None:
        raise Refused("There is no such mail.")
    mailbox.reply(mail, _text(asked, "text"))


async def _answer(site: Site, asked: Mapping[str, Any]) -> None:
    await _ringing(site, asked).answer()


async def _decline(site: Site, asked: Mapping[str, Any]) -> None:
    await _ringing(site, asked).decline()


async def _let_ring(site: Site, asked: Mapping[str, Any]) -> None:
    await _ringing(site, asked).let_ring()


async def _key(site: Site, asked: Mapping[str, Any]) -> None:
    key = _text(asked, "key")
    if key not in "0123456789*#" or len(key) != 1:
        raise Refused("A keypad has no such key.")
    await _talking(site, asked).press(key)


async def _hang_up(site: Site, asked: Mapping[str, Any]) -> None:
    await _talking(site, asked).hang_up()


async def _pace(site: Site, asked: Mapping[str, Any]) -> None:
    pace = asked.get("pace")
    if pace not in site.controls.paces:
        raise Refused("The switch has no such position.")
    site.controls.set_pace(float(pace))
    site.town.pulse.changed()


def _ringing(site: Site, asked: Mapping[str, Any]) -> Phone:
    phone = site.phone(asked)
    if not phone.is_ringing:
        raise Refused("This phone does not ring any more.")
    return phone


def _talking(site: Site, asked: Mapping[str, Any]) -> Phone:
    phone = site.phone(asked)
    if phone.call is None or phone.call.ringing:
        raise Refused("This phone is in no call.")
    return phone


ACTS: dict[str, Act] = {
    "say": _say,
    "slash": _slash,
    "press": _press,
    "react": _react,
    "shortcut": _shortcut,
    "submit": _submit,
    "close": _close,
    "edit": _edit,
    "delete": _delete,
    "text": _phone_text,
    "mail reply": _mail_reply,
    "answer": _answer,
    "decline": _decline,
    "let ring": _let_ring,
    "key": _key,
    "hang up": _hang_up,
    "pace": _pace,
}
