"""Notifications of topics to HTTP and HTTPS endpoints, as SNS delivers them."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import aiohttp

from bot.channels.guard import Network, guarded_session, is_forbidden
from bot.channels.http import never_left
from bot.channels.notifications import canonical, document
from bot.core.channel import (
    Delivery,
    Notification,
    Sent,
    Sign,
    Signed,
    Unavailable,
    Undeliverable,
)

AGENT = "Amazon Simple Notification Service Agent"
CONTENT_TYPE = "text/plain; charset=UTF-8"
LONGEST = 15.0
"""Seconds that a subscriber has to answer. Source: Amazon SNS, HTTP/S endpoints."""
TOO_MANY = 429
SIGNATURES_KEPT = 256
AT_ONE_PLACE = 16
"""Posts at once to one host and port: a subscriber that hangs leaves room for the others."""
PATIENCE = 1.0
"""Seconds that a post waits for its turn; none where the host has just been silent."""
LATER = 5.0
SILENT_FOR = 60.0


@dataclass(slots=True)
class Turn:
    was_silent: bool = False


class Turns:
    """Who may post to a host now. One that was silent lately makes nobody wait."""

    def __init__(self) -> None:
        self._places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._silent_at: dict[str, float] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[Turn]:
        """Raises Unavailable with `retry_after`, by which it is no attempt that counts."""
        places = self._places.setdefault(host, asyncio.Semaphore(AT_ONE_PLACE))
        is_silent = time.monotonic() - self._silent_at.get(host, -SILENT_FOR) < SILENT_FOR
        if places.locked():
            await _wait_for(places, 0.0 if is_silent else PATIENCE)
        else:
            await places.acquire()
        turn = Turn()
        try:
            yield turn
        finally:
            places.release()
            if turn.was_silent:
                self._silent_at[host] = time.monotonic()
            else:
                self._silent_at.pop(host, None)


async def _wait_for(places: asyncio.Semaphore, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await places.acquire()
    except TimeoutError:
        busy = "The endpoint has enough to answer already."
        raise Unavailable(busy, retry_after=LATER) from None


class HttpTopicsChannel:
    """Posts to whatever the address names; follows nobody elsewhere."""

    def __init__(
        self,
        sign: Sign,
        allowed: Sequence[Network] = (),
        *,
        timeout: float = LONGEST,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`allowed` are the networks that are not public and may be posted to all the same."""
        self._sign = sign
        self._allowed = tuple(allowed)
        self._timeout = timeout
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._turns = Turns()
        self._signatures: OrderedDict[bytes, Signed] = OrderedDict()

    async def send(self, message: Notification) -> Sent:
        """Post one notification. Raises Unavailable (a server's fault, 429, silence) or
        Undeliverable (any other answer, an address that is not public).
        """
        body = await self._body(message)
        async with self._turns.turn(_place(message.address)) as turn:
            try:
                async with self._open().post(
                    message.address,
                    data=body.encode("utf-8", "replace"),
                    headers=_headers(message),
                    allow_redirects=False,
                ) as answer:
                    status = answer.status
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
                turn.was_silent = isinstance(fault, TimeoutError)
                raise _translated(fault) from None
        _judge(status)
        return Sent(message.message_id)

    async def was_sent(self, message: Notification) -> None:  # noqa: ARG002
        """Subscribers are not asked; the message id is the same, so they know a repeat."""
        return

    async def poll(self, vendor_id: str) -> Delivery | None:  # noqa: ARG002
        return None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = guarded_session(self._allowed, self._timeout, self._tls)
        return self._session

    async def _body(self, message: Notification) -> str:
        if message.is_raw and message.type == "Notification":
            return message.message
        text = canonical(message)
        place = sha256(
            f"{message.signature_version} {text}".encode("utf-8", "replace")
        ).digest()
        signed = self._signatures.get(place)
        if signed is None:
            signed = await self._sign(text, message.signature_version)
            self._signatures[place] = signed
            if len(self._signatures) > SIGNATURES_KEPT:
                self._signatures.popitem(last=False)
        return document(message, signed)


def _place(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError as fault:
        raise _translated(fault) from None


def _headers(message: Notification) -> dict[str, str]:
    headers = {
        "Content-Type": message.content_type or CONTENT_TYPE,
        "User-Agent": AGENT,
        "x-amz-sns-message-type": message.type,
        "x-amz-sns-message-id": message.message_id,
        "x-amz-sns-topic-arn": message.topic_arn,
    }
    if message.type == "Notification":
        headers["x-amz-sns-subscription-arn"] = message.subscription_arn
        if message.is_raw:
            headers["x-amz-sns-rawdelivery"] = "true"
    return headers


def _judge(status: int) -> None:
    if 200 <= status < 300:
        return
    if status >= 500 or status == TOO_MANY:
        raise Unavailable(f"The endpoint answered {status}.")
    if 300 <= status < 400:
        raise Undeliverable(f"The endpoint answered {status}; redirects are not followed.")
    raise Undeliverable(f"The endpoint answered {status}.")


def _translated(fault: Exception) -> Unavailable | Undeliverable:
    """Say what kept a notification back, without the address."""
    if is_forbidden(fault):
        return Undeliverable("The endpoint's address is not a public one.")
    if isinstance(fault, aiohttp.NonHttpUrlClientError | ValueError):
        return Undeliverable("The endpoint is not a URL that can be posted to.")
    if isinstance(fault, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return Unavailable("The endpoint's certificate or TLS is not right.")
    if isinstance(fault, TimeoutError):
        return Unavailable("The endpoint did not answer in time.", in_doubt=True)
    if never_left(fault):
        return Unavailable(f"The endpoint cannot be reached ({type(fault).__name__}).")
    return Unavailable("The endpoint broke off the connection.", in_doubt=True)
