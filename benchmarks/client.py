"""A load generator that costs little: kept connections, requests made beforehand."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

REGION = "us-east-1"
KEY_ID, SECRET = "AKIDBENCHBENCHBENCH1", "the-secret-of-the-benchmark"
HOST = "bench.example.com"
SIGNED = "content-type;host;x-amz-date"


@dataclass(slots=True)
class Answers:
    """What came back. Instants are `time.monotonic_ns`, which all processes share."""

    seconds: float = 0.0
    sent_at: list[int] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """Sends the next request when the answer to the last one is whole."""

    def __init__(self, requests: Iterator[tuple[int, bytes]], answers: Answers) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
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
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("closed too early"))


def _content_length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length: ")
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def load(port: int, requests: list[bytes], connections: int) -> Answers:
    """Send all requests, each connection one after the other. Raises what goes wrong."""
    answers = Answers(sent_at=[0] * len(requests))
    waiting = iter(enumerate(requests))
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    opened = [
        await loop.create_connection(lambda: Connection(waiting, answers), "127.0.0.1", port)
        for _ in range(min(connections, len(requests)))
    ]
    await asyncio.gather(*(protocol.done for _, protocol in opened))
    answers.seconds = time.perf_counter() - begun
    return answers


def incidents(numbers: Iterable[int], plan_arn: str, run: str) -> list[bytes]:
    """Signed StartIncident requests of about 800 bytes, each with its own token and title."""
    now = datetime.now(UTC)
    key = _signing_key(now)
    return [_signed("/startIncident", _incident(n, plan_arn, run), now, key) for n in numbers]


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


def _signed(path: str, body: bytes, now: datetime, key: bytes) -> bytes:
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    headers = f"content-type:application/json\nhost:{HOST}\nx-amz-date:{stamp}\n"
    digest = hashlib.sha256(body).hexdigest()
    canonical = f"POST\n{path}\n\n{headers}\n{SIGNED}\n{digest}"
    scope = f"{stamp[:8]}/{REGION}/ssm-incidents/aws4_request"
    canonical_digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{canonical_digest}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        f"User-Agent: Boto3/1.44 md/Botocore#1.44 ua/2.1 os/linux md/arch#x86_64\r\n"
        f"Accept-Encoding: identity\r\nX-Amz-Date: {stamp}\r\n"
        f"Authorization: AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope}, "
        f"SignedHeaders={SIGNED}, Signature={signature}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _signing_key(now: datetime) -> bytes:
    key = f"AWS4{SECRET}".encode()
    for part in (f"{now:%Y%m%d}", REGION, "ssm-incidents", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
