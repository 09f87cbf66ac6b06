"""Mails as people's programs and mail servers write them: replies, absences, bounces. Pure."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

SERVER = "MAILER-DAEMON@mx.playground.example.com"


def reply_to(
    mail: EmailMessage, text: str, *, sender: str, at: datetime, **headers: str
) -> tuple[str, bytes]:
    """A reply with the mail quoted below it, and whom it goes to. `headers`: further ones, with
    "_" for "-".
    """
    address = str(mail["Reply-To"] or mail["From"])
    name = str(mail["Message-ID"] or "")
    subject = str(mail["Subject"] or "")
    reply = EmailMessage(policy=SMTP)
    reply["From"] = sender
    reply["To"] = address
    reply["Subject"] = subject if subject.lower().startswith("re:") else f"Re: {subject}"
    reply["Date"] = format_datetime(at)
    reply["Message-ID"] = make_msgid(domain="playground.example.com")
    reply["In-Reply-To"] = name
    reply["References"] = " ".join(f"{mail['References'] or ''} {name}".split())
    for header, value in headers.items():
        reply[header.replace("_", "-")] = value
    quoted = "\n".join(f"> {line}" for line in _text(mail).splitlines())
    reply.set_content(
        f"{text}\n\nOn {at:%d %b %Y at %H:%M}, {mail['From']} wrote:\n\n{quoted}\n"
    )
    return address, reply.as_bytes()


def bounce_of(raw: bytes, *, recipient: str, status: str, action: str, at: datetime) -> bytes:
    """A server's report that a mail has not arrived ("failed"), or not yet ("delayed").

    Source: RFC 3462, 3464; it reads as Postfix writes it.
    """
    head = raw.split(b"\r\n\r\n", 1)[0].decode("ascii", "replace")
    lines = [
        "Return-Path: <>",
        f"From: Mail Delivery System <{SERVER}>",
        "Subject: Undelivered Mail Returned to Sender",
        f"Date: {format_datetime(at)}",
        f"Message-ID: {make_msgid(domain='mx.playground.example.com')}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"',
        "",
        "--=_report",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        "I'm sorry to have to inform you that your message could not be delivered.",
        "",
        "--=_report",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.playground.example.com",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        f"Action: {action}",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; 550 {status} <{recipient}>: refused",
        "",
        "--=_report",
        "Content-Type: text/rfc822-headers",
        "",
        head,
        "",
        "--=_report--",
        "",
    ]
    return "\r\n".join(lines).encode()


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return "" if part is None else str(part.get_content())
