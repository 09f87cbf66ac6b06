"""What a mail that came in is to us: a person's words, a server's bounce, or nothing.

Pure, over the bytes that came. Source: RFC 5322, 3834 (automatic answers), 2369 and 2919
(lists), [MS-OXCMAIL] (X-Auto-Response-Suppress).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message

from bot.channels.mail_bounces import MESSAGE_ID, is_of_a_server, read_bounce
from bot.channels.mail_marks import THREAD
from bot.channels.mail_words import first_lines
from bot.core.channel import Bounce, MailReply

AUTOMATIC = frozenset(
    ("x-auto-response-suppress", "x-autoreply", "x-autorespond", "x-auto-reply")
)
"""Headers that only machines write."""
PRECEDENCE = frozenset(("bulk", "list", "junk", "auto_reply"))
MOST_REFERENCES = 20
LONGEST_SUBJECT = 200
LONGEST_ENCODED = 2_000
"""Characters of a subject on its way: the time to decode it grows with their square."""


def read_mail(raw: bytes) -> MailReply | Bounce | None:
    """None for what no person wrote, unless it says that a mail of ours did not arrive."""
    mail = message_from_bytes(raw)
    if (bounce := read_bounce(mail)) is not None:
        return replace(bounce, references=tuple(_unthreaded(bounce.references)))
    if is_automatic(mail):
        return None
    return MailReply(
        digest=hashlib.sha256(raw).hexdigest(),
        references=tuple(_references(mail)),
        message_id=next(iter(MESSAGE_ID.findall(str(mail.get("Message-ID", "")))), ""),
        subject=_subject(mail),
        lines=first_lines(mail),
    )


def is_automatic(mail: Message) -> bool:
    """Whether a machine sent it: an absence, a list, a server, a newsletter, a receipt."""
    names = {name.lower() for name in mail.keys()}  # noqa: SIM118 - a Message iterates values
    if names & AUTOMATIC or any(name.startswith("list-") for name in names):
        return True
    submitted = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    precedence = str(mail.get("Precedence", "")).strip().lower()
    is_report = mail.get_content_type() == "multipart/report"
    return (
        submitted not in ("", "no")
        or precedence in PRECEDENCE
        or is_report
        or is_of_a_server(mail)
    )


def _references(mail: Message) -> Iterator[str]:
    """The mails that it answers, the nearest first."""
    nearest = MESSAGE_ID.findall(str(mail.get("In-Reply-To", "")))
    chain = MESSAGE_ID.findall(str(mail.get("References", "")))
    yield from list(_unthreaded([*nearest, *reversed(chain)]))[:MOST_REFERENCES]


def _unthreaded(names: Sequence[str]) -> Iterator[str]:
    yield from dict.fromkeys(name.replace(THREAD, "@") for name in names)


def _subject(mail: Message) -> str:
    raw = str(mail.get("Subject", ""))[:LONGEST_ENCODED]
    try:
        text = str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, ValueError):
        text = raw
    return " ".join(text.split())[:LONGEST_SUBJECT]
