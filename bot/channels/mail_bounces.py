"""Mails with which servers tell that a mail of ours did not arrive, or not yet.

Source: RFC 3464 (delivery status), RFC 3463 (status codes); the free forms of exim, qmail and
others by what they have in common: the mail that comes back, with its Message-ID.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_string
from email.message import Message
from email.utils import parseaddr

from bot.channels.email import NO_ADDRESS, REASONS
from bot.channels.mail_words import text_of
from bot.core.channel import Bounce, Refusal

MESSAGE_ID = re.compile(r"<[^<>\s]{3,400}>")
SERVERS = frozenset(("mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon"))

_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b(?!\.\d)")
_CODE = re.compile(r"\b([45])[0-5]\d[ -]")
_COPIED = re.compile(r"^[>|\s]{0,8}Message-ID:\s{0,8}(<[^<>\s]{3,400}>)", re.I | re.M)
_LATER = re.compile(
    r"delayed|not yet been|will be retried|will retry|no action is required", re.I
)
_FAILED = re.compile(
    r"undeliver|could ?n[o']t be delivered|delivery (?:\w+ ){0,3}fail|failure notice|"
    r"permanent|returned (?:mail|to sender)|unknown user|user unknown|no such user|"
    r"unable to deliver|rejected",
    re.I,
)
LONGEST_SCAN = 100_000


def read_bounce(mail: Message) -> Bounce | None:
    """Read a server's report; None for any other mail, and for a report that tells nothing."""
    reports = [p for p in mail.walk() if p.get_content_type() == "message/delivery-status"]
    if reports:
        return _standard(mail, reports[0])
    if mail.get_content_type() == "multipart/report" or not is_of_a_server(mail):
        return None
    return _free_form(mail)


def is_of_a_server(mail: Message) -> bool:
    """Whether it has no return path, or comes from a server by its own word."""
    sender = parseaddr(str(mail.get("From", "")))[1].partition("@")[0].lower()
    return_path = str(mail.get("Return-Path", "")).strip()
    return sender in SERVERS or return_path == "<>" or "X-Failed-Recipients" in mail


def _standard(mail: Message, report: Message) -> Bounce | None:
    fields = {name.lower(): value for name, value in _fields(report)}
    action = fields.get("action", "").split(" ")[0].lower()
    found = _STATUS.search(fields.get("status", ""))
    status = found[1] if found else ""
    if action not in ("failed", "delayed"):
        action = {"5": "failed", "4": "delayed"}.get(status[:1], "") if not action else ""
    references = tuple(_originals(mail))
    if not action or not references:
        return None
    return _bounce(references, is_final=action == "failed", status=status)


def _fields(report: Message) -> Iterator[tuple[str, str]]:
    """The fields of a report: those of the mail, and of its first recipient (ours have one)."""
    groups = report.get_payload()
    if isinstance(groups, str):
        groups = [message_from_string(group) for group in re.split(r"\n\s*\n", groups)]
    for group in (groups if isinstance(groups, list) else [])[:2]:
        if isinstance(group, Message):
            yield from ((name, str(value)) for name, value in group.items())


def _originals(mail: Message) -> Iterator[str]:
    """The names of the mail that came back, which is attached whole or by its headers."""
    for part in mail.walk():
        kind = part.get_content_type()
        if kind in ("text/rfc822-headers", "message/rfc822-headers"):
            yield from _names(message_from_string(text_of(part) or str(part.get_payload())))
        elif kind in ("message/rfc822", "message/global", "message/global-headers"):
            inner = part.get_payload()
            if isinstance(inner, list) and inner and isinstance(inner[0], Message):
                yield from _names(inner[0])


def _names(original: Message) -> Iterator[str]:
    """Its Message-ID, and ours in its References where a relay has named it anew.

    A mail that answers another one has that one's names in its References, too, and is none
    that anybody was paged by.
    """
    yield from MESSAGE_ID.findall(str(original.get("Message-ID", "")))
    if "In-Reply-To" not in original:
        yield from MESSAGE_ID.findall(str(original.get("References", "")))


def _free_form(mail: Message) -> Bounce | None:
    text = "\n".join(
        text_of(part) for part in mail.walk() if part.get_content_maintype() == "text"
    )[:LONGEST_SCAN]
    references = (*_COPIED.findall(text), *_originals(mail))
    if not references:
        return None
    words = f"{mail.get('Subject', '')}\n{text}"
    status = _STATUS.search(words)
    code = _CODE.search(words)
    kind = (status[1] if status else code[1] if code else "")[:1]
    if _LATER.search(words) or kind == "4":
        return _bounce(references, is_final=False, status=status[1] if status else "")
    if kind == "5" or "X-Failed-Recipients" in mail or _FAILED.search(words):
        return _bounce(references, is_final=True, status=status[1] if status else "")
    return None


def _bounce(references: tuple[str, ...], *, is_final: bool, status: str) -> Bounce:
    """The server's own words are left out; they quote addresses."""
    code = f" ({status})" if status else ""
    if is_final:
        why = REASONS.get(status, "The recipient's server did not take it.")
        reason = f"The mail came back: {why[0].lower()}{why[1:-1]}{code}."
    else:
        reason = f"The mail is delayed{code}; the mail server tries again."
    refuses: Refusal = "address" if is_final and status in NO_ADDRESS else ""
    return Bounce(references=references, is_final=is_final, reason=reason, refuses=refuses)
