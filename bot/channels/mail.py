"""What a mail says, rendered straight to the bytes that travel.

The standard library's EmailMessage takes most of a mail's processor time; the mails of this
program have two fixed forms, so they are written out here, every value encoded where it stands.
Source: RFC 5322, 2045-2047 (MIME), 3834 (Auto-Submitted), 2369 (List-Unsubscribe).
"""

from __future__ import annotations

import base64
import hashlib
import re
from binascii import b2a_qp
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime, formataddr, parseaddr
from html import escape

from bot.channels import bundle_words, fault_words, hand_off_words
from bot.channels.mail_marks import ABOVE, THREAD
from bot.core.channel import (
    Activation,
    Bundle,
    FaultNotice,
    HandOff,
    MailAnswer,
    Notification,
    Page,
    StopNotice,
)

Mailed = Page | Bundle | Activation | StopNotice | HandOff | FaultNotice | MailAnswer
"""What goes by mail."""

BOUNDARY = "=_imbot_alternative"
"""Quoted-printable never yields "=_", so no body can hold it."""
SUBJECT_LIMIT = 200
WORD_BYTES = 42
"""Bytes of UTF-8 in one encoded word, which is 75 characters at most (RFC 2047)."""
KEY = re.compile(r"[A-Za-z0-9._-]{1,128}")
MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")
URL = re.compile(r"https?://[!-~]{1,2000}")

NOT_READ = "Replies to this mail are not read."


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mails are from: the bare address, and the header with its display name.

    `reply_to` is where replies and bounces are read; None: nowhere.
    """

    address: str
    header: str
    domain: str
    reply_to: str | None = None

    @property
    def envelope(self) -> str:
        """Where mail servers send back what does not arrive."""
        return self.reply_to or self.address

    @classmethod
    def parse(cls, text: str, reply_to: str | None = None) -> Sender:
        """Read SMTP_FROM: "pager@example.com" or "Pager <pager@example.com>".

        Raises ValueError if there is no address in it.
        """
        name, address = parseaddr(text)
        domain = address.rpartition("@")[2]
        if "@" not in address or not domain:
            raise ValueError("SMTP_FROM holds no mail address")
        return cls(address, formataddr((name or "imbot", address)), domain, reply_to)


def message_id(message: Mailed | Notification, sender: Sender) -> str:
    """Name a mail by its outbox row, so that a repeated one is the same mail to its reader."""
    key = message.key
    name = key if KEY.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()
    return f"<{name}@{sender.domain}>"


def render(message: Mailed, sender: Sender, recipient: str) -> bytes:
    """Write a whole mail, headers and both bodies, lines ended by CR LF, 7-bit clean.

    `recipient` is the address as the server takes it: ASCII, without blanks.
    """
    subject, text, html = _written(message)
    text, html = _with_replies(message, sender, text, html)
    mark = "(repeat) " if message.repeats else ""
    headers = [
        f"From: {sender.header}",
        f"To: {recipient}",
        f"Subject: {encoded(mark + subject)}",
        f"Date: {format_datetime(message.created_at.astimezone(UTC), usegmt=True)}",
        f"Message-ID: {message_id(message, sender)}",
        f"Auto-Submitted: {_submitted(message)}",
        "X-Auto-Response-Suppress: All",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/alternative; boundary="{BOUNDARY}"',
    ]
    if sender.reply_to and sender.reply_to != sender.address:
        headers.append(f"Reply-To: {sender.reply_to}")
    if isinstance(message, StopNotice):
        headers += _answering([message.page_id or ""])
    elif isinstance(message, MailAnswer):
        headers += _answering(message.references)
    elif isinstance(message, Page | Bundle | Activation):
        headers += _threaded(message, sender)
        headers += _unsubscribing(message.unsubscribe_url or "")
    if isinstance(message, Page) and message.incident_arn:
        headers.append(f"X-Incident-Arn: {encoded(message.incident_arn)}")
    head = "\r\n".join(headers).encode("ascii", "replace")
    return b"".join(
        (head, _TO_TEXT, quoted(text), _TO_HTML, quoted(_HTML + html + _HTML_END), _END)
    )


def _written(message: Mailed) -> tuple[str, str, str]:
    """Its subject, and its words as plain text and as HTML."""
    if isinstance(message, Page):
        return _page(message)
    if isinstance(message, Bundle):
        return _bundle(message)
    if isinstance(message, StopNotice):
        return _stop_notice(message)
    if isinstance(message, HandOff):
        return _hand_off(message)
    if isinstance(message, FaultNotice):
        return _fault_notice(message)
    if isinstance(message, MailAnswer):
        return _answer(message)
    return _activation(message)


def encoded(value: str) -> str:
    """Make a header value of any text: one line, at most 200 characters, encoded as needed."""
    plain = _bare(value)
    if len(plain) > SUBJECT_LIMIT:
        plain = plain[: SUBJECT_LIMIT - 1].rstrip() + "…"
    if plain.isascii() and "=?" not in plain:
        return plain
    words: list[bytes] = [b""]
    for char in plain:
        unit = char.encode("utf-8", "replace")
        if len(words[-1]) + len(unit) > WORD_BYTES:
            words.append(b"")
        words[-1] += unit
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


_TO_TEXT = (
    f"\r\n\r\n--{BOUNDARY}\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
).encode()
_TO_HTML = (
    f"\r\n--{BOUNDARY}\r\nContent-Type: text/html; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
).encode()
_END = f"\r\n--{BOUNDARY}--\r\n".encode()

_HTML = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta name="color-scheme" content="light dark">'
    '<meta name="supported-color-schemes" content="light dark"></head>\n'
    '<body style="margin:0;padding:20px 16px;font:16px/1.5 -apple-system,'
    'BlinkMacSystemFont,Segoe UI,Roboto,Helvetica,Arial,sans-serif">\n'
    '<div style="max-width:560px;margin:0 auto">\n'
)
_HTML_END = "</div></body></html>\n"
_LABEL = '<p style="margin:0 0 8px;font-size:13px;letter-spacing:.04em;opacity:.75">'
_TITLE = '<h1 style="margin:0 0 12px;font-size:22px;line-height:1.3">'
_BODY = '<div style="margin:0 0 20px;white-space:pre-wrap;overflow-wrap:anywhere">'
_ENTRY = '<h2 style="margin:0 0 4px;font-size:17px;line-height:1.35;overflow-wrap:anywhere">'
_CODE = (
    '<p style="margin:0 0 20px;padding:14px 16px;border:1px solid #80808080;border-radius:8px;'
    'font:600 28px/1.2 ui-monospace,Menlo,Consolas,monospace;letter-spacing:.15em">'
)
_BUTTON = (
    '<p style="margin:0 0 20px"><a style="display:inline-block;padding:14px 28px;'
    "border-radius:8px;background:#1d5fd1;color:#ffffff;font-weight:600;"
    'text-decoration:none" href="'
)
_SMALL = (
    '<p style="margin:0 0 8px;font-size:13px;line-height:1.45;opacity:.75;'
    'overflow-wrap:anywhere">'
)


def _page(page: Page) -> tuple[str, str, str]:
    subject = f"[TEST] {page.subject}" if page.is_test else page.subject
    notes = [f"Incident: {page.incident_arn}"] if page.incident_arn else []
    if page.is_test:
        notes.append("This is a test page. Nothing is wrong.")
    notes += _closing(page)
    way, way_html = _way_to_acknowledge(page, "Acknowledge")
    text = f"{subject}\n\n{page.content}\n\n{way}\n\n"
    html = (
        f"{_LABEL}{'TEST PAGE' if page.is_test else 'PAGE'}</p>\n"
        f"{_TITLE}{escape(page.subject)}</h1>\n{_BODY}{escape(page.content)}</div>\n{way_html}"
    )
    return subject, text + "\n".join(notes), html + _small(notes, page.unsubscribe_url)


def _bundle(bundle: Bundle) -> tuple[str, str, str]:
    subject = bundle_words.subject(bundle)
    why = (
        "These pages came shortly after one another, so they come as one mail. "
        "One code acknowledges them all."
    )
    way, way_html = _way_to_acknowledge(bundle, f"Acknowledge all {bundle.count}")
    text, html = f"{subject}\n\n{why}\n\n{way}\n\n", ""
    for page in bundle.pages:
        title = f"{'[TEST] ' if page['is_test'] else ''}{page['subject']}"
        facts = f"{bundle_words.began(page)}\n{page['incident_arn'] or ''}".rstrip()
        text += f"* {title}\n{facts}\n{page['content']}\n\n"
        small = escape(facts.replace("\n", " · "))
        html += (
            f"{_ENTRY}{escape(title)}</h2>\n{_SMALL}{small}</p>\n"
            f"{_BODY}{escape(page['content'])}</div>\n"
        )
    notes = [*filter(None, [bundle_words.more(bundle)]), *_closing(bundle)]
    kind = "TEST PAGES" if bundle_words.is_test(bundle) else "PAGES"
    head = f"{_LABEL}{kind}</p>\n{_TITLE}{escape(subject)}</h1>\n{_BODY}{escape(why)}</div>\n"
    small = _small(notes, bundle.unsubscribe_url)
    return subject, text + "\n".join(notes), head + way_html + html + small


def _way_to_acknowledge(message: Page | Bundle, label: str) -> tuple[str, str]:
    """The code, and the button or the chat command, as plain text and as HTML."""
    url, code = message.ack_url, message.code
    how = (
        "The link opens a page with a button; only the button acknowledges."
        if url
        else f"To acknowledge, type in chat: @aws ack {code}"
    )
    link = f"{label}: {url}\n" if url else ""
    button = f'{_BUTTON}{escape(url)}">{label}</a></p>\n' if url else ""
    html = f"{_LABEL}CODE</p>\n{_CODE}{escape(code)}</p>\n{button}{_SMALL}{escape(how)}</p>\n"
    return f"Code: {code}\n{link}{how}", html


def _activation(activation: Activation) -> tuple[str, str, str]:
    subject = "Your activation code for pages by mail"
    what = (
        f"With this code, {activation.contact_name or 'the contact'} will be paged at this "
        "address. Type it in chat, or give it to whoever set the address up. "
        "If you expect no such mail, do nothing: without the code, no page is sent here."
    )
    notes = _closing(activation)
    if activation.sender_card_url:
        save = "To let pages through Do Not Disturb, save where they come from on your phone"
        notes.insert(0, f"{save}: {activation.sender_card_url}")
    text = f"{subject}\n\nCode: {activation.code}\n\n{what}\n\n"
    html = (
        f"{_LABEL}ACTIVATION CODE</p>\n{_CODE}{escape(activation.code)}</p>\n"
        f"{_BODY}{escape(what)}</div>\n"
    )
    return subject, text + "\n".join(notes), html + _small(notes, activation.unsubscribe_url)


def _stop_notice(notice: StopNotice) -> tuple[str, str, str]:
    subject = f"{'[TEST] ' if notice.is_test else ''}No longer needed: {notice.subject}"
    notes = _closing(notice)
    why = f"Reason: {notice.reason}" if notice.reason else ""
    text = "\n\n".join(filter(None, (subject, notice.words, why, "\n".join(notes))))
    html = (
        f"{_LABEL}NO LONGER NEEDED</p>\n{_TITLE}{escape(notice.subject)}</h1>\n"
        f"{_BODY}{escape(notice.words)}</div>\n"
    )
    if why:
        html += f"{_BODY}{escape(why)}</div>\n"
    return subject, text, html + _small(notes, None)


def _hand_off(message: HandOff) -> tuple[str, str, str]:
    """It bears no link to unsubscribe: that would end the pages to the address, too."""
    subject = hand_off_words.subject(message)
    told = hand_off_words.sentences(message)
    notes = [*_closing(message), "These notices can be turned off for each rotation."]
    text = "\n\n".join((subject, "\n".join(told), "\n".join(notes)))
    html = (
        f"{_LABEL}HAND-OFF</p>\n{_TITLE}{escape(subject)}</h1>\n"
        f"{_BODY}{escape(chr(10).join(told))}</div>\n"
    )
    return subject, text, html + _small(notes, None)


def _unsubscribing(url: str) -> list[str]:
    return [f"List-Unsubscribe: <{url}>"] if URL.fullmatch(url) else []


def _fault_notice(message: FaultNotice) -> tuple[str, str, str]:
    subject, told = fault_words.subject(message), "\n\n".join(fault_words.sentences(message))
    notes = _closing(message)
    text = "\n\n".join((subject, told, "\n".join(notes)))
    html = (
        f"{_LABEL}PAGES DO NOT ARRIVE</p>\n{_TITLE}{escape(subject)}</h1>\n"
        f"{_BODY}{escape(told)}</div>\n"
    )
    return subject, text, html + _small(notes, None)


def _answer(answer: MailAnswer) -> tuple[str, str, str]:
    subject = answer.subject or "Your reply"
    if not subject.lower().startswith("re:"):
        subject = f"Re: {subject}"
    return subject, answer.words, f"{_BODY}{escape(answer.words)}</div>\n"


def _submitted(message: Mailed) -> str:
    return "auto-replied" if isinstance(message, MailAnswer) else "auto-generated"


def _answering(names: Sequence[str]) -> list[str]:
    """Readers show it with the mails of those Message-IDs, the last of which it answers."""
    known = [name for name in names if MESSAGE_ID.fullmatch(name)]
    if not known:
        return []
    return [f"In-Reply-To: {known[-1]}", "References: " + "\r\n ".join(known)]


def _threaded(message: Mailed, sender: Sender) -> list[str]:
    name = message_id(message, sender).replace("@", THREAD)
    return [f"References: {name}"] if sender.reply_to else []


def _with_replies(message: Mailed, sender: Sender, text: str, html: str) -> tuple[str, str]:
    """Say first how a mail may be answered, or last that it may not."""
    if isinstance(message, MailAnswer):
        return text, html
    if not sender.reply_to or not isinstance(message, Page | Bundle | Activation):
        return f"{text.rstrip()}\n{NOT_READ}", html + _small([NOT_READ], None)
    to = "prove this address" if isinstance(message, Activation) else "acknowledge"
    first = f"To {to}, answer with the code: {ABOVE}."
    return f"{first}\n\n{text}", _small([first], None) + html


def _closing(message: Mailed) -> list[str]:
    notes = []
    if message.repeats:
        notes.append("You may have had this mail before.")
    if isinstance(message, Page | Bundle | Activation) and message.unsubscribe_url:
        notes.append(f"No more mail to this address: {message.unsubscribe_url}")
    return notes


def _small(notes: list[str], unsubscribe_url: str | None) -> str:
    if not unsubscribe_url:
        return "".join(f"{_SMALL}{escape(note)}</p>\n" for note in notes)
    link = f'<a style="color:inherit" href="{escape(unsubscribe_url)}">'
    last = f"{_SMALL}{link}No more mail to this address</a></p>\n"
    return _small(notes[:-1], None) + last


def quoted(text: str) -> bytes:
    return b2a_qp("\r\n".join(text.splitlines()).encode("utf-8", "replace"), istext=True)


def _bare(value: str) -> str:
    """Put a value on one line, without control characters, so that it cannot begin a header."""
    if not value.isprintable():
        value = "".join(char if char.isprintable() else " " for char in value)
    return " ".join(value.split())
