"""Kept connections to one mail server: opened when needed, closed when idle."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
)

IDLE_SECONDS = 60.0
"""How long an unused connection is kept; servers close theirs after minutes (RFC 5321)."""
PROBE_SECONDS = 10.0
"""After this long unused, a connection is asked (NOOP) before it is trusted."""
GO_ON, TAKEN = 354, 250
LEAVING = 421
"""The reply code with which a server announces that it closes the connection."""


DOT = re.compile(rb"^\.", re.MULTILINE)


@dataclass(slots=True)
class Letter:
    """A mail and its envelope. `content` is whole lines, each ended by CR LF."""

    sender: str = field(repr=False)
    recipient: str = field(repr=False)
    content: bytes = field(repr=False)
    is_handed_over: bool = False
    """All of it was written: until the server refuses it, it may have taken it."""


@dataclass(slots=True)
class Kept:
    client: SMTP
    used_at: float


class SmtpPool:
    """Up to `size` connections, the one last used taken first."""

    def __init__(
        self,
        connect: Callable[[], SMTP],
        size: int,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`connect` makes a client that is not connected yet; `now` counts seconds."""
        self._make = connect
        self._now = now
        self._idle: list[Kept] = []
        self._slots = asyncio.Semaphore(size)
        self._closing: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._closed = False

    async def deliver(self, letter: Letter) -> None:
        """Hand over one mail. Raises what aiosmtplib raises, and OSError.

        A kept connection that turns out to be dead before the mail was begun is replaced once.
        """
        async with self._slots:
            client = await self._kept()
            if client is None or not await self._begin(client, letter.sender):
                client = self._make()
                await client.connect()
                if not await self._begin(client, letter.sender):
                    raise SMTPServerDisconnected("closed at once")
            await self._finish(client, letter)

    async def close(self) -> None:
        """Say goodbye on every idle connection; the others close when their mail is over."""
        self._closed = True
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_quit(kept.client) for kept in idle), *self._closing)

    async def _kept(self) -> SMTP | None:
        while self._idle:
            kept = self._idle.pop()
            unused = self._now() - kept.used_at
            if unused < IDLE_SECONDS and await _lives(
                kept.client, probe=unused > PROBE_SECONDS
            ):
                return kept.client
            kept.client.close()
        return None

    async def _begin(self, client: SMTP, sender: str) -> bool:
        """Begin a mail; false where the server has left this connection, or is about to."""
        try:
            await client.mail(sender)
        except SMTPServerDisconnected:
            client.close()
            return False
        except SMTPResponseException as refusal:
            await self._reset(client, refusal)
            if refusal.code == LEAVING:
                return False
            raise
        except BaseException:
            client.close()
            raise
        return True

    async def _finish(self, client: SMTP, letter: Letter) -> None:
        try:
            await client.rcpt(letter.recipient)
            await _data(client, letter)
        except SMTPResponseException as refusal:
            await self._reset(client, refusal)
            raise
        except BaseException:
            client.close()
            raise
        self._keep(client)

    async def _reset(self, client: SMTP, refusal: SMTPResponseException) -> None:
        """Keep a connection after a refusal, unless the server is about to close it."""
        if refusal.code == LEAVING:
            client.close()
            return
        try:
            await client.rset()
        except (SMTPException, OSError):
            client.close()
        except BaseException:
            client.close()
            raise
        else:
            self._keep(client)

    def _keep(self, client: SMTP) -> None:
        if self._closed:
            client.close()
            return
        self._idle.append(Kept(client, self._now()))
        if self._alarm is None:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(IDLE_SECONDS, self._close_the_idle)

    def _close_the_idle(self) -> None:
        self._alarm = None
        oldest = self._now() - IDLE_SECONDS
        stale = [kept for kept in self._idle if kept.used_at <= oldest]
        self._idle = [kept for kept in self._idle if kept.used_at > oldest]
        for kept in stale:
            task = asyncio.ensure_future(_quit(kept.client))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        if self._idle:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(IDLE_SECONDS, self._close_the_idle)


async def _lives(client: SMTP, *, probe: bool) -> bool:
    if not client.is_connected:
        return False
    if not probe:
        return True
    try:
        await client.noop(timeout=3)
    except (SMTPException, OSError):
        return False
    except BaseException:
        client.close()
        raise
    return True


async def _data(client: SMTP, letter: Letter) -> None:
    """Write the mail itself, and mark the point from which on it may have been taken.

    `SMTP.data` does both steps in one and does not tell which of them failed.
    """
    begun = await client.execute_command(b"DATA")
    if begun.code != GO_ON:
        raise SMTPDataError(begun.code, begun.message)
    if client.protocol is None:
        raise SMTPServerDisconnected("Connection lost")
    client.protocol.write(DOT.sub(b"..", letter.content) + b".\r\n")
    letter.is_handed_over = True
    answer = await client.protocol.read_response(timeout=client.timeout)
    if answer.code != TAKEN:
        raise SMTPDataError(answer.code, answer.message)


async def _quit(client: SMTP) -> None:
    try:
        await client.quit(timeout=3)
    except (SMTPException, OSError):
        client.close()
