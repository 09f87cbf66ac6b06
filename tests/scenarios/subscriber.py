"""An HTTP endpoint on loopback that a topic posts to, which does as the test says; and SNS's
verification, written from its documentation.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)
"""What is signed, in this order. Source: Amazon SNS, verifying message signatures."""


@dataclass(frozen=True, slots=True)
class Posted:
    path: str
    headers: Mapping[str, str]
    body: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.body)
        return found


class Subscriber:
    """Answers `moods` first, one a request, then 200."""

    def __init__(self) -> None:
        self.got: list[Posted] = []
        self.moods: list[web.Response] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode()
        self.got.append(Posted(request.path, dict(request.headers), body))
        return self.moods.pop(0) if self.moods else web.Response()

    def will(self, *statuses: int) -> None:
        self.moods += [web.Response(status=status) for status in statuses]

    @property
    def notified(self) -> list[Posted]:
        return [
            one for one in self.got if one.headers["x-amz-sns-message-type"] == "Notification"
        ]

    async def confirm(self) -> str:
        """Fetch the last SubscribeURL, and answer what came back."""
        return await fetch(self.got[-1].document["SubscribeURL"])


@asynccontextmanager
async def open_subscriber() -> AsyncIterator[Subscriber]:
    subscriber = Subscriber()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", subscriber.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    subscriber.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield subscriber
    await runner.cleanup()


async def fetch(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return await answer.text()


async def verify(document: Mapping[str, Any]) -> None:
    """Raises InvalidSignature."""
    names = NOTIFICATION if document["Type"] == "Notification" else CONFIRMATION
    text = "".join(f"{name}\n{document[name]}\n" for name in names if name in document)
    pem = await fetch(document["SigningCertURL"])
    key = load_pem_x509_certificate(pem.encode()).public_key()
    assert isinstance(key, RSAPublicKey)
    digest = hashes.SHA1() if document["SignatureVersion"] == "1" else hashes.SHA256()  # noqa: S303
    signature = base64.b64decode(document["Signature"])
    key.verify(signature, text.encode(), padding.PKCS1v15(), digest)
