"""A mailbox over IMAP: imap-tools on a thread of its own, for its calls block.

Whatever goes wrong ends the connection and is told as Unavailable; `open` begins anew. Mails
are looked at without being marked (BODY.PEEK). Source: RFC 3501, 2177 (IDLE).
"""

from __future__ import annotations

import asyncio
import imaplib
import re
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from typing import Any, Literal, TypeVar

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import (
    ImapToolsError,
    MailboxFolderSelectError,
    MailboxLoginError,
    MailboxStarttlsError,
)

from bot.channels.mail_reading import read_mail
from bot.core.channel import Bounce, MailReply, Unavailable

T = TypeVar("T")
Security = Literal["tls", "starttls", "none"]

LONGEST_MAIL = 256 * 1024
"""Bytes fetched of a mail: words stand at its beginning, what is attached does not matter."""
IDLE_SECONDS = 30.0
"""After so long the folder is looked into all the same: some servers forget to tell."""
POLL_SECONDS = 10.0
"""How often a server without IDLE is asked."""

LONGEST_PARTING = 2.0
"""Seconds that closing waits for the thread, which may be connecting just then."""

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class ImapMailbox:
    """One folder of one account. One call at a time."""

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        password: str,
        *,
        folder: str = "INBOX",
        security: Security = "tls",
        timeout: float = 15.0,
        idle_seconds: float = IDLE_SECONDS,
        poll_seconds: float = POLL_SECONDS,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """`timeout`: of connecting, and of each answer, in seconds."""
        self.name = f"{username}@{host}/{folder}"
        """Tells it from other mailboxes; not to be shown."""
        self._place = (host, port)
        self._login = (username, password)
        self._folder = folder
        self._security = security
        self._timeout = timeout
        self._idle_seconds = idle_seconds
        self._poll_seconds = poll_seconds
        self._tls = tls_context
        self._box: BaseMailBox | None = None
        self._validity = 0
        self.has_idle = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="imbot-imap")

    async def open(self) -> int:
        """Connect, log in and choose the folder, unless that is done; answers UIDVALIDITY.

        Where that is another than before, all UIDs are.
        """
        if self._box is None:
            await self._do(self._open)
        return self._validity

    async def since(self, day: date) -> list[int]:
        """The UIDs of what has come since that day, ascending."""
        text = f"{day.day}-{MONTHS[day.month - 1]}-{day.year}"
        return await self._do(lambda: self._search("SINCE", text))

    async def after(self, uid: int) -> list[int]:
        """The UIDs above that one, ascending."""
        found = await self._do(lambda: self._search("UID", f"{uid + 1}:*"))
        return [each for each in found if each > uid]  # n:* holds the last mail, whatever n is

    async def read(self, uid: int) -> MailReply | Bounce | None:
        """What that mail is to us; None for nothing, and for a mail that is gone."""
        raw = await self._do(lambda: self._fetch(uid))
        return None if raw is None else await asyncio.to_thread(read_mail, raw)

    async def mark(self, uid: int, flag: Literal["\\Seen", "\\Flagged"]) -> None:
        """Let people see what became of a mail; a mailbox that takes no marks is left alone."""
        await self._do(
            lambda: self._client.uid("STORE", str(uid), "+FLAGS.SILENT", f"({flag})")
        )

    async def wait(self) -> None:
        """Return when something has come, or after a while."""
        if self.has_idle:
            await self._do(self._idle)
        else:
            await asyncio.sleep(self._poll_seconds)

    async def close(self) -> None:
        """Hang up, also on a call under way. It may be opened again."""
        if self._box is not None:
            with suppress(OSError):
                self._box.client.sock.shutdown(socket.SHUT_RDWR)
        dropped = asyncio.get_running_loop().run_in_executor(self._thread, self._drop)
        await asyncio.wait([dropped], timeout=LONGEST_PARTING)

    async def _do(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (imaplib.IMAP4.error, ImapToolsError, OSError, EOFError) as error:
            await self.close()
            raise Unavailable(_fault(error)) from None
        except BaseException:
            await self.close()
            raise

    # On the thread

    def _drop(self) -> None:
        box, self._box = self._box, None
        if box is not None:
            _hang_up(box)

    def _open(self) -> None:
        box = self._connection()
        try:
            box.client.sock.settimeout(self._timeout)
            box.login(*self._login, initial_folder=None)
            self.has_idle = "IDLE" in _capabilities(box)
            box.folder.set(self._folder)
            _, found = box.client.response("UIDVALIDITY")
        except BaseException:
            _hang_up(box)
            raise
        self._validity = int(found[0]) if found and found[0] else 0
        self._box = box

    def _connection(self) -> BaseMailBox:
        host, port = self._place
        if self._security == "none":
            return MailBoxUnencrypted(host, port, self._timeout)
        context = self._tls or ssl.create_default_context()
        if self._security == "starttls":
            return MailBoxStartTls(host, port, self._timeout, ssl_context=context)
        return MailBox(host, port, self._timeout, ssl_context=context)

    def _idle(self) -> None:
        """What came together with the server's go-ahead is in a buffer already, where polling
        does not look.
        """
        box = self._connected
        with box.idle as idle:
            if not _is_something_buffered(box.client):
                idle.poll(self._idle_seconds)

    @property
    def _connected(self) -> BaseMailBox:
        if self._box is None:
            raise EOFError
        return self._box

    @property
    def _client(self) -> imaplib.IMAP4:
        return self._connected.client

    def _search(self, *criteria: str) -> list[int]:
        _, found = _taken(self._client.uid("SEARCH", *criteria))
        return sorted(int(uid) for line in found if line for uid in line.split())

    def _fetch(self, uid: int) -> bytes | None:
        what = f"(UID BODY.PEEK[]<0.{LONGEST_MAIL}>)"
        _, found = _taken(self._client.uid("FETCH", str(uid), what))
        number = re.compile(rb"\bUID %d\b" % uid)
        for place, piece in enumerate(found):
            if isinstance(piece, tuple) and len(piece) == 2:
                after = found[place + 1] if place + 1 < len(found) else b""
                rest = after if isinstance(after, bytes) else b""
                if number.search(piece[0]) or number.search(rest):
                    return bytes(piece[1])
        return None


def _capabilities(box: BaseMailBox) -> set[str]:
    """Asked after the log-in: some servers offer more then."""
    _, found = _taken(box.client.capability())
    return set(found[-1].decode("ascii", "replace").upper().split())


def _is_something_buffered(client: imaplib.IMAP4) -> bool:
    file: Any = getattr(client, "_file", None) or client.file  # as Python 3.14 and 3.13 name it
    timeout = client.sock.gettimeout()
    client.sock.settimeout(0)
    try:
        return bool(file.peek(1))
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    finally:
        client.sock.settimeout(timeout)


def _taken(answer: tuple[str, list[Any]]) -> tuple[str, list[Any]]:
    if answer[0] != "OK":
        raise imaplib.IMAP4.error("refused")
    return answer


def _hang_up(box: BaseMailBox) -> None:
    """End a connection; no goodbye is said."""
    with suppress(OSError, imaplib.IMAP4.error):
        box.client.shutdown()


def _fault(error: Exception) -> str:
    """The server's own words are left out; they quote names."""
    if isinstance(error, MailboxLoginError):
        return "The mailbox refuses the log-in: check IMAP_USERNAME and IMAP_PASSWORD."
    if isinstance(error, MailboxFolderSelectError):
        return "The mailbox has no folder of that name: check IMAP_FOLDER."
    if isinstance(error, ssl.SSLError | MailboxStarttlsError):
        return "The mailbox's certificate or TLS is not right: check IMAP_SECURITY."
    if isinstance(error, TimeoutError):
        return "The mailbox did not answer in time."
    if isinstance(error, imaplib.IMAP4.abort | EOFError):
        return "The mailbox closed the connection."
    if isinstance(error, imaplib.IMAP4.error | ImapToolsError):
        return "The mailbox refused a command."
    return f"The mailbox cannot be reached ({type(error).__name__})."
