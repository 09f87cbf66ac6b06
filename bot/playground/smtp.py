"""A small SMTP server that keeps what it is given.

Source: RFC 5321, with PIPELINING, SIZE, 8BITMIME and AUTH (PLAIN, LOGIN); no TLS.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Literal

from bot.playground.pulse import Pulse

MOST_BYTES = 25 * 2**20
Stage = Literal["connect", "auth", "mail", "rcpt", "data", "body", "answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One wrong answer at a stage. `reply` is a whole SMTP line; "" drops the connection.

    body: after the first line of the mail. answer: when the mail is already kept. `address`,
    with wildcards, limits a trouble at rcpt to some recipients.
    """

    stage: Stage
    reply: str
    address: str = "*"


class Dropped(Exception):
    """The connection ends here, without another word."""


@dataclass(slots=True)
class Envelope:
    sender: str = ""
    recipients: list[str] = field(default_factory=list)


class SmtpServer:
    """Listens on loopback; `deliver` gets each mail's envelope and bytes."""

    def __init__(self, pulse: Pulse, deliver: Callable[[Envelope, bytes], None]) -> None:
        self._pulse = pulse
        self._deliver = deliver
        self._server: asyncio.Server | None = None
        self.troubles: list[Trouble] = []
        self.login: tuple[str, str] | None = None
        """User name and password that a client must give; None: none is asked for."""
        self.port = 0
        self.connections = 0
        """How many connections were opened so far."""
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            await self._server.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self, reader, writer)
        try:
            await session.run()
        except (Dropped, ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    def trouble(self, stage: Stage, address: str = "") -> str | None:
        """The next reply that is to be wrong at this stage. Raises Dropped."""
        for number, trouble in enumerate(self.troubles):
            if trouble.stage == stage and fnmatch(address, trouble.address):
                del self.troubles[number]
                if not trouble.reply:
                    raise Dropped
                return trouble.reply
        return None

    def keep(self, envelope: Envelope, raw: bytes) -> None:
        self._deliver(envelope, raw)
        self._pulse.changed()


class Session:
    """One connection."""

    def __init__(
        self, server: SmtpServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._envelope: Envelope | None = None
        self._is_logged_in = server.login is None

    async def run(self) -> None:
        await self._reply(self._server.trouble("connect") or "220 playground ESMTP")
        while True:
            line = (await self._reader.readuntil(b"\n")).decode("utf-8", "replace").strip()
            verb, _, rest = line.partition(" ")
            if verb.upper() == "QUIT":
                await self._reply("221 2.0.0 Bye")
                return
            await self._reply(await self._command(verb.upper(), rest.strip()))

    async def _reply(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode())
        await self._writer.drain()

    async def _command(self, verb: str, rest: str) -> str:
        if verb == "EHLO":
            self._envelope = None
            auth = "250-AUTH PLAIN LOGIN\r\n" if self._server.login else ""
            offers = f"250-PIPELINING\r\n250-SIZE {MOST_BYTES}\r\n250-8BITMIME\r\n"
            return f"250-playground\r\n{offers}{auth}250 ENHANCEDSTATUSCODES"
        if verb in ("HELO", "RSET"):
            self._envelope = None
            return "250 2.0.0 OK"
        if verb == "NOOP":
            return "250 2.0.0 OK"
        if verb == "VRFY":
            return "252 2.1.5 Send some mail and see"
        if verb == "AUTH":
            return await self._auth(rest)
        if verb == "MAIL":
            return self._mail(rest)
        if verb == "RCPT":
            return self._rcpt(rest)
        if verb == "DATA":
            return await self._data()
        return "502 5.5.1 Command not implemented"

    async def _auth(self, rest: str) -> str:
        mechanism, _, initial = rest.partition(" ")
        try:
            if mechanism.upper() == "PLAIN":
                parts = (initial and _decode(initial)) or await self._ask("")
                given = tuple(parts.split("\0")[1:])
            elif mechanism.upper() == "LOGIN":
                name = (initial and _decode(initial)) or await self._ask("VXNlcm5hbWU6")
                given = (name, await self._ask("UGFzc3dvcmQ6"))
            else:
                return "504 5.5.4 Unrecognized authentication type"
        except (binascii.Error, UnicodeDecodeError):
            return "501 5.5.2 Cannot decode"
        if wrong := self._server.trouble("auth"):
            return wrong
        self._is_logged_in = given == self._server.login
        if not self._is_logged_in:
            return "535 5.7.8 Authentication credentials invalid"
        return "235 2.7.0 Authentication successful"

    async def _ask(self, challenge: str) -> str:
        await self._reply(f"334 {challenge}")
        return _decode((await self._reader.readuntil(b"\n")).decode().strip())

    def _mail(self, rest: str) -> str:
        if not self._is_logged_in:
            return "530 5.7.0 Authentication required"
        if not rest.upper().startswith("FROM:"):
            return "501 5.5.4 Syntax: MAIL FROM:<address>"
        if wrong := self._server.trouble("mail"):
            return wrong
        address, parameters = _path(rest[5:])
        size = next((p[5:] for p in parameters if p.upper().startswith("SIZE=")), "0")
        if size.isdigit() and int(size) > MOST_BYTES:
            return "552 5.3.4 Message too big"
        self._envelope = Envelope(sender=address)
        return "250 2.1.0 OK"

    def _rcpt(self, rest: str) -> str:
        if self._envelope is None:
            return "503 5.5.1 MAIL first"
        if not rest.upper().startswith("TO:"):
            return "501 5.5.4 Syntax: RCPT TO:<address>"
        address, _ = _path(rest[3:])
        if wrong := self._server.trouble("rcpt", address):
            return wrong
        self._envelope.recipients.append(address)
        return "250 2.1.5 OK"

    async def _data(self) -> str:
        if self._envelope is None or not self._envelope.recipients:
            return "503 5.5.1 RCPT first"
        if wrong := self._server.trouble("data"):
            return wrong
        await self._reply("354 End data with <CR><LF>.<CR><LF>")
        raw = await self._body()
        envelope, self._envelope = self._envelope, None
        if len(raw) > MOST_BYTES:
            return "552 5.3.4 Message too big"
        self._server.keep(envelope, raw)
        return self._server.trouble("answer") or "250 2.0.0 OK: kept"

    async def _body(self) -> bytes:
        lines = []
        while (line := await self._reader.readuntil(b"\n")) not in (b".\r\n", b".\n"):
            lines.append(line[1:] if line.startswith(b".") else line)
            if len(lines) == 1:
                self._server.trouble("body")
        return b"".join(lines)


def _decode(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()


def _path(text: str) -> tuple[str, list[str]]:
    """The address of `<address> PARAMETER=...`, and the parameters."""
    path, _, parameters = text.strip().partition(">")
    return path.removeprefix("<").strip(), parameters.split()
