"""Kept connections to one mail server: opened when needed, closed when idle."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientRefused,
    SMTPResponse,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from bot.channels.smtp_dialogue import GO_ON, Dialogue

IDLE_SECONDS = 60.0
"""How long an unused connection is kept; servers close theirs after minutes (RFC 5321)."""
PROBE_SECONDS = 10.0
"""After this long unused, a connection is asked (NOOP) before it is trusted."""
TAKEN = 250
PASSED_ON = {250, 251, 252}
"""What a server says to a recipient that it takes mail for. Source: RFC 5321."""
LEAVING = 421
"""The reply code with which a server announces that it closes the connection."""

DOT = re.compile(rb"^\.", re.MULTILINE)


@dataclass(slots=True)
class Letter:
    """A mail and its envelope: bare ASCII addresses, and whole lines, each ended by CR LF."""

    sender: str = field(repr=False)
    recipient: str = field(repr=False)
    content: bytes = field(repr=False)
    is_handed_over: bool = False
    """All of it was written: until the server refuses it, it may have taken it."""


@dataclass(slots=True)
class Kept:
    dialogue: Dialogue
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
        """Hand over one mail. Raises what aiosmtplib raises, and OSError. How long it may take
        is the caller's to say.

        A kept connection that turns out to be dead before the mail was begun is replaced once.
        """
        async with self._slots:
            dialogue = await self._kept()
            if dialogue is None or not await self._begin(dialogue, letter):
                dialogue = await _opened(self._make())
                if not await self._begin(dialogue, letter):
                    raise SMTPServerDisconnected("closed at once")
            await self._finish(dialogue, letter)

    async def close(self) -> None:
        """Say goodbye on every idle connection; the others close when their mail is over."""
        self._closed = True
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        idle, self._idle = self._idle, []
        await asyncio.gather(*(_quit(kept.dialogue) for kept in idle), *self._closing)

    async def _kept(self) -> Dialogue | None:
        while self._idle:
            kept = self._idle.pop()
            unused = self._now() - kept.used_at
            if unused < IDLE_SECONDS and await _lives(
                kept.dialogue, probe=unused > PROBE_SECONDS
            ):
                return kept.dialogue
            kept.dialogue.close()
        return None

    async def _begin(self, dialogue: Dialogue, letter: Letter) -> bool:
        """Begin a mail; false where the server has left this connection, or is about to."""
        try:
            dialogue.say(
                f"MAIL FROM:<{letter.sender}>".encode("ascii"),
                f"RCPT TO:<{letter.recipient}>".encode("ascii"),
                b"DATA",
            )
            begun = await dialogue.answer()
        except SMTPServerDisconnected:
            dialogue.close()
            return False
        except BaseException:
            dialogue.close()
            raise
        if begun.code == LEAVING:
            dialogue.close()
            return False
        if begun.code != TAKEN:
            await self._reset(dialogue, begun)
            raise SMTPSenderRefused(begun.code, begun.message, letter.sender)
        return True

    async def _finish(self, dialogue: Dialogue, letter: Letter) -> None:
        try:
            await _hand_over(dialogue, letter)
        except SMTPResponseException as refusal:
            await self._reset(dialogue, SMTPResponse(refusal.code, refusal.message))
            raise
        except BaseException:
            dialogue.close()
            raise
        self._keep(dialogue)

    async def _reset(self, dialogue: Dialogue, refusal: SMTPResponse) -> None:
        """Keep a connection after a refusal, unless the server is about to close it."""
        if refusal.code == LEAVING:
            dialogue.close()
            return
        try:
            await dialogue.drop_rest()
            answer = await dialogue.ask(b"RSET")
        except (SMTPException, OSError):
            dialogue.close()
        except BaseException:
            dialogue.close()
            raise
        else:
            if answer.code == TAKEN:
                self._keep(dialogue)
            else:
                dialogue.close()

    def _keep(self, dialogue: Dialogue) -> None:
        if self._closed:
            dialogue.close()
            return
        self._idle.append(Kept(dialogue, self._now()))
        if self._alarm is None:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(IDLE_SECONDS, self._close_the_idle)

    def _close_the_idle(self) -> None:
        self._alarm = None
        oldest = self._now() - IDLE_SECONDS
        stale = [kept for kept in self._idle if kept.used_at <= oldest]
        self._idle = [kept for kept in self._idle if kept.used_at > oldest]
        for kept in stale:
            task = asyncio.ensure_future(_quit(kept.dialogue))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        if self._idle:
            loop = asyncio.get_running_loop()
            self._alarm = loop.call_later(IDLE_SECONDS, self._close_the_idle)


async def _opened(client: SMTP) -> Dialogue:
    await client.connect()
    try:
        if client.is_ehlo_or_helo_needed:
            await _greet(client)
        return Dialogue(client)
    except BaseException:
        client.close()
        raise


async def _greet(client: SMTP) -> None:
    try:
        await client.ehlo()
    except SMTPHeloError:
        await client.helo()


async def _lives(dialogue: Dialogue, *, probe: bool) -> bool:
    if not dialogue.is_connected:
        return False
    if not probe:
        return True
    try:
        return (await dialogue.ask(b"NOOP")).code == TAKEN
    except (SMTPException, OSError):
        return False
    except BaseException:
        dialogue.close()
        raise


async def _hand_over(dialogue: Dialogue, letter: Letter) -> None:
    """Write the mail itself, and mark the point from which on it may have been taken."""
    known = await dialogue.answer()
    if known.code not in PASSED_ON:
        raise SMTPRecipientRefused(known.code, known.message, letter.recipient)
    begun = await dialogue.answer()
    if begun.code != GO_ON:
        raise SMTPDataError(begun.code, begun.message)
    dialogue.hand_over(DOT.sub(b"..", letter.content) + b".\r\n")
    letter.is_handed_over = True
    answer = await dialogue.answer()
    if answer.code != TAKEN:
        raise SMTPDataError(answer.code, answer.message)


async def _quit(dialogue: Dialogue) -> None:
    """Say goodbye; to a server that is gone already it need not be said."""
    try:
        with suppress(SMTPException, OSError):
            await dialogue.ask(b"QUIT")
    finally:
        dialogue.close()
