"""The servers beside the program: `python -m benchmarks.servers bare|wire|sink`.

bare: an aiohttp handler that does nothing. wire: the program's own web side over a dispatcher
that checks and answers, without a store. sink: vendors that take every text and mail at once.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import Any

import orjson
import uvloop
from aiohttp import web

from benchmarks.client import KEY_ID, SECRET

NUMBER = re.compile(rb"failing[ +](\d{7})")
ANSWER = b'{"incidentRecordArn":"arn:aws:ssm-incidents::111122223333:incident-record/a/0"}'


def bare() -> web.Application:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=ANSWER, content_type="application/json")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    return application


def wire() -> web.Application:
    """The program's middleware, routes and API door; the dispatcher stops at its checks."""
    from bot.core import operations
    from bot.core.credentials import Credential
    from bot.core.dispatch import Request, check
    from bot.web.api import ApiDoor
    from bot.web.routes import Doors, web_application

    assert operations.__name__  # its import fills the registry
    credential = Credential(
        access_key_id=KEY_ID,
        secret=SECRET,
        account_id="111122223333",
        principal_arn="arn:aws:iam::111122223333:user/administrator",
    )

    class Checking:
        async def answer(self, request: Request) -> dict[str, Any]:
            check(request)
            return dict(orjson.loads(ANSWER))

        async def credential(self, _: str) -> Credential:
            return credential

    async def nothing(_: web.Request) -> web.Response:
        return web.Response()

    class Silent:
        def __getattr__(self, _: str) -> Any:
            return nothing

    silent: Any = Silent()
    return web_application(
        Doors(api=ApiDoor(Checking()), callbacks=silent, health=silent, metrics=silent)
    )


class Sink:
    """Notes when each incident's first page was handed over, and how many were."""

    def __init__(self) -> None:
        self.first: dict[int, int] = {}
        self.taken = 0

    def take(self, data: bytes) -> None:
        found = NUMBER.search(data)
        self.taken += 1
        if found is not None:
            self.first.setdefault(int(found[1]), time.monotonic_ns())

    def report(self) -> bytes:
        first, self.first, taken = self.first, {}, self.taken
        return orjson.dumps({"taken": taken, "first": list(first.items())})


class Texts(asyncio.Protocol):
    """The SMS vendor, and Slack: every POST makes a message, every GET knows nothing new."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, gap, body = self._buffer.partition(b"\r\n\r\n")
            found = re.search(rb"content-length: (\d+)", head.lower())
            length = int(found[1]) if found else 0
            if not gap or len(body) < length:
                return
            self._buffer = body[length:]
            self._answer(head, body[:length])

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET /report "):
            self._write(200, self._sink.report())
        elif head.startswith(b"GET "):
            self._write(200, b'{"status":"sent","messages":[]}')
        elif head.startswith(b"POST /api/"):
            self._sink.take(body)
            self._write(200, b'{"ok":true,"ts":"%d.000100"}' % self._sink.taken)
        else:
            self._sink.take(body)
            self._write(201, b'{"sid":"SM%032x","status":"queued"}' % self._sink.taken)

    def _write(self, status: int, body: bytes) -> None:
        head = f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\n"
        self._transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


class Mails(asyncio.Protocol):
    """A mail server that takes everything."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = b""
        self._is_content = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(self._end)) >= 0:
            whole = self._buffer[:end]
            self._buffer = self._buffer[end + len(self._end) :]
            self._answer(whole)

    @property
    def _end(self) -> bytes:
        return b"\r\n.\r\n" if self._is_content else b"\r\n"

    def _answer(self, whole: bytes) -> None:
        if self._is_content:
            self._is_content = False
            self._sink.take(whole)
            self._transport.write(b"250 2.0.0 taken\r\n")
            return
        verb = whole[:4].upper()
        self._is_content = verb == b"DATA"
        answers = {b"EHLO": b"250-sink\r\n250 PIPELINING\r\n", b"DATA": b"354 go on\r\n"}
        self._transport.write(answers.get(verb, b"250 2.0.0 ok\r\n"))


async def sink() -> None:
    taken, loop = Sink(), asyncio.get_running_loop()
    texts = await loop.create_server(lambda: Texts(taken), "127.0.0.1", 0)
    mails = await loop.create_server(lambda: Mails(taken), "127.0.0.1", 0)
    print(f"mails on {mails.sockets[0].getsockname()[1]}", flush=True)
    say(texts.sockets[0].getsockname()[1])
    await asyncio.Event().wait()


async def serve(application: web.Application) -> None:
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    say(runner.addresses[0][1])
    await asyncio.Event().wait()


def say(port: int) -> None:
    print(f"answers on http://127.0.0.1:{port}", flush=True)


if __name__ == "__main__":
    kind = sys.argv[1]
    uvloop.run(sink() if kind == "sink" else serve(bare() if kind == "bare" else wire()))
