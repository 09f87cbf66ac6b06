"""Commands and answers over a mail connection, several at once where the server takes them.

aiosmtplib connects, greets, secures and logs in; from then on the connection is ours, for its
client sends one command at a time. Source: RFC 5321, 2920 (pipelining).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

from aiosmtplib import SMTP, SMTPResponse, SMTPResponseException, SMTPServerDisconnected

LONGEST_ANSWER = 65_536
MALFORMED = -1
GO_ON = 354
PARTING_SECONDS = 3.0
"""How long an answer may take on which nothing of a mail depends any more."""


class Dialogue(asyncio.Protocol):
    def __init__(self, client: SMTP) -> None:
        """Take over a client's connection. Raises SMTPServerDisconnected if it has none."""
        opener = client.protocol
        if opener is None or opener.transport is None:
            raise SMTPServerDisconnected("closed at once")
        self._opener = opener
        self._transport = cast(asyncio.Transport, opener.transport)
        self._transport.set_protocol(self)
        self._is_pipelining = client.supports_extension("pipelining")
        self._unsent: deque[bytes] = deque()
        self._owed = 0
        """How many answers the server has yet to give."""
        self._answers: deque[SMTPResponse] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._fault: Exception | None = None
        self._rest = b""
        self._lines: list[bytes] = []
        self._unread = 0

    @property
    def is_connected(self) -> bool:
        return not self._transport.is_closing()

    def say(self, *commands: bytes) -> None:
        """Give commands; each is then answered by one `answer`, in their order."""
        if any(b"\r" in command or b"\n" in command for command in commands):
            raise ValueError("a command is one line")
        if self._is_pipelining:
            self._write(b"\r\n".join((*commands, b"")), len(commands))
        else:
            self._unsent.extend(commands)

    def hand_over(self, content: bytes) -> None:
        """Write a mail's content, up to the line that ends it; one answer follows."""
        self._write(content, 1)

    async def answer(self) -> SMTPResponse:
        """Raises SMTPServerDisconnected, SMTPResponseException (an answer that is none)."""
        if self._unsent:
            self._write(self._unsent.popleft() + b"\r\n", 1)
        while not self._answers:
            if self._fault is not None:
                raise self._fault
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._answers.popleft()

    async def ask(self, command: bytes) -> SMTPResponse:
        """Raises TimeoutError, and as `answer` does."""
        async with asyncio.timeout(PARTING_SECONDS):
            self.say(command)
            return await self.answer()

    async def drop_rest(self) -> None:
        """After a refusal, hear what else was asked; a mail's begun content is ended, empty.

        Raises TimeoutError, and as `answer` does. Source: RFC 2920, section 3.1.
        """
        self._unsent.clear()
        async with asyncio.timeout(PARTING_SECONDS):
            while self._owed or self._answers:
                if (await self.answer()).code == GO_ON:
                    self.hand_over(b".\r\n")

    def close(self) -> None:
        self._transport.close()

    def _write(self, data: bytes, answers: int) -> None:
        if self._transport.is_closing():
            raise self._fault or SMTPServerDisconnected("Connection lost")
        self._owed += answers
        self._transport.write(data)

    # What the transport calls

    def data_received(self, data: bytes) -> None:
        self._unread += len(data)
        if self._unread > LONGEST_ANSWER:
            self._fail(SMTPResponseException(MALFORMED, "Response too long"))
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._read(line)

    def connection_lost(self, error: Exception | None) -> None:
        fault = SMTPServerDisconnected("Connection lost")
        fault.__cause__ = error
        self._fail(fault)
        self._opener.connection_lost(error)

    def _read(self, line: bytes) -> None:
        if not line[:3].isdigit():
            self._fail(SMTPResponseException(MALFORMED, "Malformed SMTP response line"))
            return
        self._lines.append(line[4:].strip())
        if line[3:4] == b"-":
            return
        words = b"\n".join(self._lines).decode("utf-8", "surrogateescape")
        self._lines, self._unread = [], 0
        if not self._owed:  # a server that speaks unasked is leaving
            self._transport.close()
            return
        self._owed -= 1
        self._answers.append(SMTPResponse(int(line[:3]), words))
        self._wake()

    def _fail(self, fault: Exception) -> None:
        self._fault = self._fault or fault
        self._transport.close()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
