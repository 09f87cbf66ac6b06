"""A mailbox for every address, behind a real SMTP server; and the bot's own, behind IMAP."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from bot.playground.imap import ImapServer, Stored
from bot.playground.letters import bounce_of, reply_to
from bot.playground.pulse import Json, Pulse
from bot.playground.smtp import Envelope, SmtpServer, Stage, Trouble

_LINK = re.compile(r"https?://[^\s<>\"')]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail as one recipient got it; `to` and `sender` are the envelope's."""

    number: int
    to: str
    sender: str
    at: datetime
    raw: bytes
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    @property
    def links(self) -> list[str]:
        """The addresses in the text part, in order."""
        return _LINK.findall(self.text)

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        return "" if part is None else str(part.get_content())

    def snapshot(self) -> Json:
        return {
            "number": self.number,
            "to": self.to,
            "from": str(self.message["From"] or self.sender),
            "at": self.at.isoformat(),
            "subject": self.subject,
            "headers": [[name, str(value)] for name, value in self.message.items()],
            "text": self.text,
            "html": self.html,
        }


class Mailbox:
    address = "incidents@playground.example.com"
    """The bot's own; what comes to it lies behind IMAP."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self.mails: list[Mail] = []
        """Of all addresses, oldest first."""
        self.server = SmtpServer(pulse, self._deliver)
        self.imap = ImapServer(pulse)

    async def start(self) -> None:
        await self.server.start()
        await self.imap.start()

    def to(self, address: str) -> list[Mail]:
        return [mail for mail in self.mails if mail.to.lower() == address.lower()]

    def misbehave(
        self, stage: Stage, reply: str = "", *, times: int = 1, address: str = "*"
    ) -> None:
        """Answer wrongly at a stage; "" drops the connection.

        As `451 4.7.1 Greylisted` or `550 5.1.1 No such user` at rcpt, `421 4.3.2 Closing` at
        mail, `535 5.7.8 Bad log-in` at auth.
        """
        self.server.troubles += [Trouble(stage=stage, reply=reply, address=address)] * times

    def reply(self, mail: Mail, text: str, **headers: str) -> Stored | None:
        """Answer a mail as its reader's program does; None where that goes to nobody here."""
        at = self._pulse.now()
        recipient, raw = reply_to(mail.message, text, sender=mail.to, at=at, **headers)
        return self.imap.put(raw) if self.address in recipient else None

    def bounce(
        self, mail: Mail, status: str = "5.1.1", action: str = "failed"
    ) -> Stored | None:
        """Let a server tell the sender that a mail has not arrived."""
        at = self._pulse.now()
        raw = bounce_of(mail.raw, recipient=mail.to, status=status, action=action, at=at)
        return self.imap.put(raw) if mail.sender == self.address else None

    def _deliver(self, envelope: Envelope, raw: bytes) -> None:
        message = message_from_bytes(raw, policy=policy.default)
        for address in envelope.recipients:
            mail = Mail(
                number=len(self.mails),
                to=address,
                sender=envelope.sender,
                at=self._pulse.now(),
                raw=raw,
                message=message,
            )
            self.mails.append(mail)
            if address.lower() == self.address:
                self.imap.put(raw)

    def snapshot(self) -> list[Json]:
        return [mail.snapshot() for mail in self.mails]

    async def close(self) -> None:
        await self.server.close()
        await self.imap.close()
