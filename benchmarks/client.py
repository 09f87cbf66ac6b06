"""A load generator that costs little: kept connections, where the server keeps them, and
requests made beforehand.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

import orjson

REGION = "us-east-1"
KEY_ID, SECRET = "AKIDBENCHBENCHBENCH1", "the-secret-of-the-benchmark"
HOST = "bench.example.com"
SIGNED = "content-type;host;x-amz-date"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
CLOSES = b"\r\nConnection: close"
"""In the head of an answer after which its server hangs up."""


@dataclass(slots=True)
class Answers:
    """What came back. Instants are `time.monotonic_ns`, which all processes share."""

    seconds: float = 0.0
    sent_at: list[int] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last one is whole."""

    def __init__(
        self, port: int, requests: Iterator[tuple[int, bytes]], answers: Answers
    ) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._port = port
        self._opening: asyncio.Task[None] | None = None
        self._requests = requests
        self._answers = answers
        self._buffer = b""
        self._begun = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport
        self._next()

    def _next(self) -> None:
        following = next(self._requests, None)
        if following is None:
            self._transport.close()
            self.done.set_result(None)
            return
        number, request = following
        self._begun = self._answers.sent_at[number] = time.monotonic_ns()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, gap, body = self._buffer.partition(b"\r\n\r\n")
        if not gap or len(body) < _content_length(head):
            return
        self._answers.latencies.append((time.monotonic_ns() - self._begun) / 1e9)
        if not head.startswith(b"HTTP/1.1 20"):
            self.done.set_exception(RuntimeError(self._buffer[:500].decode()))
            self._transport.close()
            return
        self._answers.bodies.append(body)
        self._buffer = b""
        if CLOSES in head:
            self._transport.close()
            self._opening = asyncio.create_task(self.open())
        else:
            self._next()

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", self._port)

    def connection_lost(self, error: Exception | None) -> None:
        is_followed = self._opening is not None
        if not self.done.done() and not is_followed:
            self.done.set_exception(error or ConnectionError("closed too early"))


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length: ")
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def load(port: int, requests: list[bytes], connections: int) -> Answers:
    """Send all requests, each connection one after the other. Raises what goes wrong."""
    answers = Answers(sent_at=[0] * len(requests))
    waiting = iter(enumerate(requests))
    begun = time.perf_counter()
    several = [
        Connection(port, waiting, answers) for _ in range(min(connections, len(requests)))
    ]
    for connection in several:
        await connection.open()
    await asyncio.gather(*(connection.done for connection in several))
    answers.seconds = time.perf_counter() - begun
    return answers


def incidents(numbers: Iterable[int], plan_arn: str, run: str) -> list[bytes]:
    """Signed StartIncident requests of about 800 bytes, each with its own token and title."""
    signer = Signer("ssm-incidents")
    return [signer.request("/startIncident", _incident(n, plan_arn, run)) for n in numbers]


def _incident(number: int, plan_arn: str, run: str) -> bytes:
    return orjson.dumps(
        {
            "clientToken": f"{run}-{number:07d}",
            "responsePlanArn": plan_arn,
            "title": title(number),
            "impact": 1,
            "triggerDetails": {
                "source": "aws.ssm-incidents.custom",
                "timestamp": 1772323200,
                "rawData": "x" * 100,
            },
            "relatedItems": [
                {
                    "identifier": {
                        "type": "METRIC",
                        "value": {"url": "https://metrics.example.com/d/payments"},
                    },
                    "title": "Payments by minute",
                }
            ],
        }
    )


def title(number: int) -> str:
    """The sink reads the number in what it is handed."""
    return f"Payments are failing {number:07d}"


def publications(numbers: Iterable[int], topic_arn: str) -> list[bytes]:
    """Signed Publish requests, each with its own message."""
    signer = Signer("sns", FORM)
    given = {"Action": "Publish", "Version": "2010-03-31", "TopicArn": topic_arn}
    return [
        signer.request("/", urlencode({**given, "Message": title(n)}).encode()) for n in numbers
    ]


class Signer:
    """Makes the signed requests of one service."""

    def __init__(self, service: str, content_type: str = "application/json") -> None:
        self._content_type = content_type
        self._stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        self._scope = f"{self._stamp[:8]}/{REGION}/{service}/aws4_request"
        self._key = f"AWS4{SECRET}".encode()
        for part in self._scope.split("/"):
            self._key = hmac.digest(self._key, part.encode(), "sha256")

    def request(self, path: str, body: bytes) -> bytes:
        stamp, kind = self._stamp, self._content_type
        headers = f"content-type:{kind}\nhost:{HOST}\nx-amz-date:{stamp}\n"
        digest = hashlib.sha256(body).hexdigest()
        canonical = f"POST\n{path}\n\n{headers}\n{SIGNED}\n{digest}"
        canonical_digest = hashlib.sha256(canonical.encode()).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{stamp}\n{self._scope}\n{canonical_digest}"
        signature = hmac.digest(self._key, text.encode(), "sha256").hex()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {kind}\r\n"
            f"User-Agent: Boto3/1.44 md/Botocore#1.44 ua/2.1 os/linux md/arch#x86_64\r\n"
            f"Accept-Encoding: identity\r\nX-Amz-Date: {stamp}\r\n"
            f"Authorization: AWS4-HMAC-SHA256 Credential={KEY_ID}/{self._scope}, "
            f"SignedHeaders={SIGNED}, Signature={signature}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body
