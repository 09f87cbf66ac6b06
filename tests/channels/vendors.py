"""Vendors on loopback that answer as they are told, and remember what they were asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from multidict import MultiDict, MultiMapping

from bot.core.channel import Activation, Notice, Page, Post

AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
CODE = "425440"
PHONE = "+15005550010"


def page(**changes: Any) -> Page:
    values: dict[str, Any] = {
        "key": "0198-page",
        "address": PHONE,
        "created_at": AT,
        "subject": "Payments are failing",
        "content": "The error rate is 40 %.",
        "public_subject": "Payments are failing",
        "code": CODE,
    }
    return Page(**{**values, **changes})


def activation(**changes: Any) -> Activation:
    values: dict[str, Any] = {
        "key": "0198-activation",
        "address": PHONE,
        "created_at": AT,
        "contact_name": "Ana",
        "code": "466136",
    }
    return Activation(**{**values, **changes})


def post(**changes: Any) -> Post:
    values: dict[str, Any] = {
        "key": "0198-post",
        "address": "C1",
        "created_at": AT,
        "text": "Payments are failing",
    }
    return Post(**{**values, **changes})


INCIDENT = {
    "arn": "arn:aws:ssm-incidents::111122223333:incident-record/payments/0198",
    "title": "Payments are failing",
    "impact": 2,
    "status": "OPEN",
    "creationTime": "2026-01-05T12:00:00+00:00",
}
EVENT = {
    "eventType": "SSM Contacts Page Acknowledgement for Incident",
    "eventTime": "2026-01-05T12:03:00+00:00",
    "eventData": {"contactArn": "arn:aws:ssm-contacts:us-east-1:111122223333:contact/ana"},
}


def notice(**changes: Any) -> Notice:
    values: dict[str, Any] = {
        "key": "0198-notice",
        "address": "C1",
        "created_at": AT,
        "incident": INCIDENT,
    }
    return Notice(**{**values, **changes})


@dataclass
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    body: Any
    lists: dict[str, list[str]]


@dataclass
class HttpVendor:
    """An HTTP vendor. `answers` maps the last part of a path to (status, body, headers)."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, tuple[int, Any, dict[str, str]]] = field(default_factory=dict)
    once: list[tuple[int, Any, dict[str, str]]] = field(default_factory=list)
    silent: bool = False

    def answer(self, name: str, status: int, body: Any, **headers: str) -> None:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        self.answers[name] = (status, body, named)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        form: MultiMapping[Any] = MultiDict()
        if "form" in request.content_type:
            form = await request.post()
        body = await request.json() if "json" in request.content_type else None
        self.asked.append(
            Asked(
                request.method,
                request.path,
                dict(request.headers),
                dict(request.query),
                {key: str(value) for key, value in form.items()},
                body,
                {key: [str(v) for v in form.getall(key)] for key in form},
            )
        )
        if self.silent:
            await asyncio.sleep(30)
        default: tuple[int, Any, dict[str, str]] = (404, {"code": 20404}, {})
        name = request.path.rpartition("/")[2]
        status, answer, headers = (
            self.once.pop(0) if self.once else self.answers.get(name, default)
        )
        if isinstance(answer, str):
            kind = "text/html" if answer.startswith("<") else "text/plain"
            return web.Response(status=status, text=answer, content_type=kind, headers=headers)
        return web.json_response(answer, status=status, headers=headers)


@asynccontextmanager
async def http_vendor() -> AsyncIterator[HttpVendor]:
    vendor = HttpVendor()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", vendor.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.05)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    vendor.url = f"http://{host}:{port}"
    try:
        yield vendor
    finally:
        await runner.cleanup()


@dataclass
class MailServer:
    """An SMTP server. `replies` maps a verb, or "." for a mail's end, to what it says.

    A reply of "" closes the connection without a word.
    """

    port: int = 0
    replies: dict[str, str] = field(default_factory=dict)
    greeting: str = "220 mail.test ESMTP"
    extensions: tuple[str, ...] = ("8BITMIME",)
    connections: int = 0
    commands: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(self.greeting.encode() + b"\r\n")
        while line := await reader.readline():
            command = line.decode().strip()
            verb = re.split(r"[ :]", command)[0].upper()
            self.commands.append(command)
            reply = self.replies.get(verb, self._usual(verb))
            if not reply:
                return
            writer.write(reply.encode() + b"\r\n")
            if verb == "DATA" and reply.startswith("354"):
                mail = await _content(reader)
                usual = "250 2.0.0 taken" if mail else "554 5.5.1 no valid recipients"
                end = self.replies.get(".", usual)
                if not end:
                    return
                if end.startswith("250"):
                    self.mails.append(mail)
                writer.write(end.encode() + b"\r\n")
            if verb == "QUIT" or reply.startswith("421"):
                return

    def _usual(self, verb: str) -> str:
        if verb == "EHLO":
            lines = ["mail.test", *self.extensions]
            marked = [f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]
            return "\r\n".join(marked)
        return {"DATA": "354 go on", "QUIT": "221 bye", "AUTH": "235 welcome"}.get(
            verb, "250 2.0.0 well"
        )

    def hang_up(self) -> None:
        for writer in self.writers:
            writer.close()
        self.writers.clear()


async def _content(reader: asyncio.StreamReader) -> bytes:
    lines = []
    while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
        lines.append(line.removeprefix(b"."))
    return b"".join(lines)


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    mailbox = MailServer()
    server = await asyncio.start_server(mailbox.handle, "127.0.0.1", 0)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        mailbox.hang_up()
        server.close()
        await server.wait_closed()
