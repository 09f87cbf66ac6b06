"""A small IMAP server with one folder.

Source: RFC 3501, with IDLE (RFC 2177) and UIDs; no TLS. It does what clients that read a
mailbox ask, and refuses the rest as a real one does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatch

from bot.playground.imap_words import (
    Malformed,
    bytes_of,
    literal_size,
    matches,
    numbers_in,
    requested,
    words_of,
)
from bot.playground.pulse import Json, Pulse

FLAGS = ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft")


@dataclass(slots=True, kw_only=True)
class Stored:
    """A mail in the folder. It stands where it stands in the list; its UID stays."""

    uid: int
    raw: bytes
    at: datetime
    flags: set[str] = field(default_factory=set)

    def snapshot(self) -> Json:
        return {"uid": self.uid, "at": self.at.isoformat(), "flags": sorted(self.flags)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapTrouble:
    """What goes wrong at one command (with wildcards; "CONNECT": the greeting).

    `reply` is said instead of the answer ("NO [INUSE] ...", "* BYE ..."); "" drops the
    connection. `after` bytes of the answer are said before that.
    """

    command: str
    reply: str = ""
    after: int | None = None


class Dropped(Exception):
    """The connection ends here, without another word."""


class ImapServer:
    """Listens on loopback. `offers_idle` False: clients have to ask."""

    def __init__(self, pulse: Pulse, *, offers_idle: bool = True) -> None:
        self._pulse = pulse
        self.offers_idle = offers_idle
        self.folder = "INBOX"
        self.login = ("incidents", "the-mailbox's-password")
        self.validity = 1
        self.mails: list[Stored] = []
        self.next_uid = 1
        self.troubles: list[ImapTrouble] = []
        self.commands: list[str] = []
        """Those that were given, without their arguments."""
        self.connections = 0
        self.gate = asyncio.Event()
        """While it is not set, nothing is answered: the server is slow."""
        self.gate.set()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], Session] = {}

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

    def put(self, raw: bytes) -> Stored:
        """Let a mail come in; whoever idles hears of it."""
        mail = Stored(uid=self.next_uid, raw=raw, at=self._pulse.now())
        self.next_uid += 1
        self.mails.append(mail)
        for session in self._open.values():
            session.news.set()
        self._pulse.changed()
        return mail

    def expunge(self, uids: Iterable[int]) -> None:
        """Take mails away behind the clients' backs."""
        gone = set(uids)
        self.mails = [mail for mail in self.mails if mail.uid not in gone]

    def renumber(self) -> None:
        """Give the folder another UIDVALIDITY, and its mails other UIDs, as after a restore."""
        self.validity += 1
        for uid, mail in enumerate(self.mails, 1):
            mail.uid = uid
        self.next_uid = len(self.mails) + 1
        self.hang_up()

    def hang_up(self) -> None:
        """Say BYE to everybody."""
        for task, session in self._open.items():
            session.say("* BYE The server is going down")
            task.cancel()

    def changed(self) -> None:
        self._pulse.changed()

    def trouble(self, command: str) -> ImapTrouble | None:
        for number, trouble in enumerate(self.troubles):
            if fnmatch(command, trouble.command):
                self.changed()
                return self.troubles.pop(number)
        return None

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        session = Session(self, reader, writer)
        task = asyncio.get_running_loop().create_task(self._serve(session, writer))
        self._open[task] = session
        task.add_done_callback(self._open.pop)

    async def _serve(self, session: Session, writer: asyncio.StreamWriter) -> None:
        try:
            await session.run()
        except (Dropped, ConnectionError, asyncio.IncompleteReadError, ValueError):
            return
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)


class Session:
    """One connection."""

    def __init__(
        self, server: ImapServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._state = "greeted"
        self._told = 0
        """How many mails the client knows of."""
        self.news = asyncio.Event()

    async def run(self) -> None:
        trouble = self._server.trouble("CONNECT")
        await self._finish(trouble, "* OK [CAPABILITY IMAP4rev1] playground ready\r\n")
        while self._state != "over":
            tag, _, rest = (await self._line()).partition(" ")
            verb, _, arguments = rest.partition(" ")
            verb = verb.upper()
            if verb == "UID":
                sub, _, arguments = arguments.partition(" ")
                verb = f"UID {sub.upper()}"
            self._server.commands.append(verb)
            await self._server.gate.wait()
            await self._answer(tag, verb, arguments)

    def say(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode())

    async def _line(self) -> str:
        """A command, with its literals as quoted words in it."""
        line = (await self._reader.readuntil(b"\r\n"))[:-2].decode("utf-8", "replace")
        while (size := literal_size(line)) is not None:
            self.say("+ Ready")
            word = (await self._reader.readexactly(size)).decode("utf-8", "replace")
            rest = (await self._reader.readuntil(b"\r\n"))[:-2].decode("utf-8", "replace")
            line = f'{line.rpartition("{")[0]}"{word}"{rest}'
        return line

    async def _answer(self, tag: str, verb: str, arguments: str) -> None:
        trouble = self._server.trouble(verb)
        if trouble is not None and trouble.after is None:
            await self._finish(trouble, "", tag)
            return
        if verb == "IDLE":
            await self._idle(tag)
            return
        try:
            said = self._do(verb, words_of(arguments))
        except Malformed as fault:
            said = f"{{tag}} BAD {fault}\r\n".encode()
        await self._finish(trouble, said.replace(b"{tag}", tag.encode()), tag)

    async def _finish(
        self, trouble: ImapTrouble | None, said: bytes | str, tag: str = "*"
    ) -> None:
        answer = said.encode() if isinstance(said, str) else said
        if trouble is not None:
            answer = answer[: trouble.after or 0]
            if trouble.reply:
                reply = trouble.reply
                answer += f"{reply if reply.startswith('*') else f'{tag} {reply}'}\r\n".encode()
        self._writer.write(answer)
        await self._writer.drain()
        if trouble is not None and (not trouble.reply or "BYE" in trouble.reply):
            raise Dropped

    def _do(self, verb: str, words: list[str]) -> bytes:
        if verb in ("NOOP", "CHECK"):
            return self._untold() + b"{tag} OK done\r\n"
        if verb == "CAPABILITY":
            idle = " IDLE" if self._server.offers_idle else ""
            return f"* CAPABILITY IMAP4rev1 UIDPLUS{idle}\r\n{{tag}} OK done\r\n".encode()
        if verb == "LOGOUT":
            self._state = "over"
            return b"* BYE Goodbye\r\n{tag} OK done\r\n"
        if verb == "LOGIN":
            return self._log_in(words)
        if self._state == "greeted":
            return b"{tag} NO Log in first\r\n"
        if verb in ("SELECT", "EXAMINE"):
            return self._select(words)
        if self._state != "selected":
            return b"{tag} BAD No folder is selected\r\n"
        if verb == "UID SEARCH":
            return self._search(words)
        if verb == "UID FETCH":
            return self._fetch(words)
        if verb == "UID STORE":
            return self._store(words)
        return b"{tag} BAD Unknown command\r\n"

    def _log_in(self, words: list[str]) -> bytes:
        if tuple(words) != self._server.login:
            return b"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials\r\n"
        self._state = "authenticated"
        return b"{tag} OK Logged in\r\n"

    def _select(self, words: list[str]) -> bytes:
        if words != [self._server.folder]:
            return b"{tag} NO [NONEXISTENT] No such mailbox\r\n"
        self._state, self._told = "selected", len(self._server.mails)
        flags = " ".join(FLAGS)
        return (
            f"* FLAGS ({flags})\r\n* {self._told} EXISTS\r\n* 0 RECENT\r\n"
            f"* OK [PERMANENTFLAGS ({flags} \\*)] Limited\r\n"
            f"* OK [UIDVALIDITY {self._server.validity}] UIDs valid\r\n"
            f"* OK [UIDNEXT {self._server.next_uid}] Predicted next UID\r\n"
            "{tag} OK [READ-WRITE] Selected\r\n"
        ).encode()

    def _search(self, words: list[str]) -> bytes:
        mails = self._server.mails
        last = mails[-1].uid if mails else 0
        found = [
            str(mail.uid)
            for mail in mails
            if matches(words, uid=mail.uid, last=last, at=mail.at, flags=mail.flags)
        ]
        line = " ".join(["* SEARCH", *found])
        return f"{line}\r\n".encode() + self._untold() + b"{tag} OK Search completed\r\n"

    def _fetch(self, words: list[str]) -> bytes:
        said = b""
        for place, mail in self._chosen(words):
            items = [b"UID %d" % mail.uid]
            for name, part in requested(words[1:]):
                if name == "FLAGS":
                    items.append(f"FLAGS ({' '.join(sorted(mail.flags))})".encode())
                elif name == "RFC822.SIZE":
                    items.append(b"RFC822.SIZE %d" % len(mail.raw))
                elif name == "BODY[]":
                    mail.flags.add("\\Seen")
                if name.startswith("BODY"):
                    items.append(bytes_of(mail.raw, part))
            said += b"* %d FETCH (%s)\r\n" % (place, b" ".join(items))
        return said + self._untold() + b"{tag} OK Fetch completed\r\n"

    def _store(self, words: list[str]) -> bytes:
        said = ""
        for place, mail in self._chosen(words):
            given = {word.strip("()") for word in words[2:]}
            how = words[1].upper()
            if how.startswith("+"):
                mail.flags |= given
            elif how.startswith("-"):
                mail.flags -= given
            else:
                mail.flags = given
            if not how.endswith(".SILENT"):
                said += f"* {place} FETCH (UID {mail.uid} FLAGS ({' '.join(mail.flags)}))\r\n"
        self._server.changed()
        return said.encode() + b"{tag} OK Store completed\r\n"

    def _chosen(self, words: list[str]) -> list[tuple[int, Stored]]:
        mails = self._server.mails
        last = mails[-1].uid if mails else 0
        wanted = numbers_in(words[0] if words else "", last)
        return [(place, mail) for place, mail in enumerate(mails, 1) if wanted(mail.uid)]

    def _untold(self) -> bytes:
        if len(self._server.mails) == self._told:
            return b""
        self._told = len(self._server.mails)
        return b"* %d EXISTS\r\n" % self._told

    async def _idle(self, tag: str) -> None:
        if not self._server.offers_idle or self._state != "selected":
            self.say(f"{tag} BAD Not now")
            return
        self.say("+ idling")
        done = asyncio.ensure_future(self._reader.readuntil(b"\r\n"))
        try:
            while not done.done():
                self.news.clear()
                self._writer.write(self._untold())
                news = asyncio.ensure_future(self.news.wait())
                await asyncio.wait([done, news], return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
            ended = done.result().strip().upper() == b"DONE"
        finally:
            done.cancel()
        self.say(f"{tag} {'OK Idle completed' if ended else 'BAD Expected DONE'}")
