"""Phones, texts and calls, as the vendor's REST resources describe them.

Source: Twilio, "Message resource", "Call resource", "Error and warning dictionary".
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal

from bot.playground.pulse import Json

API = "/2010-04-01/Accounts"

STOP_WORDS = {
    "stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout",
}  # fmt: skip
START_WORDS = {"start", "yes", "unstop"}
HELP_WORDS = {"help", "info"}
STOPPED = (
    "You have successfully been unsubscribed. You will not receive any more messages from "
    "this number. Reply START to resubscribe."
)
STARTED = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for "
    "help. Reply STOP to unsubscribe. Msg&Data Rates May Apply."
)
HELPED = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."


class VendorError(Exception):
    """A refusal of the REST API: Twilio's error code, and the HTTP status."""

    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status

    def document(self) -> Json:
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


@dataclass(slots=True, kw_only=True)
class Text:
    """A text message. `by_vendor`: the vendor's own answer to STOP, START or HELP."""

    sid: str
    sender: str
    to: str
    body: str
    status: str
    direction: Literal["inbound", "outbound-api", "outbound-reply"]
    created_at: datetime
    sent_at: datetime | None = None
    error_code: int | None = None
    status_callback: str = ""
    by_vendor: bool = False

    def document(self, account: str) -> Json:
        uri = f"{API}/{account}/Messages/{self.sid}"
        return {
            "sid": self.sid,
            "account_sid": account,
            "messaging_service_sid": None,
            "from": self.sender,
            "to": self.to,
            "body": self.body,
            "status": self.status,
            "direction": self.direction,
            "num_segments": str(segments(self.body)),
            "num_media": "0",
            "error_code": self.error_code,
            "error_message": None,
            "price": None,
            "price_unit": "USD",
            "api_version": "2010-04-01",
            "date_created": rfc2822(self.created_at),
            "date_updated": rfc2822(self.sent_at or self.created_at),
            "date_sent": rfc2822(self.sent_at),
            "uri": f"{uri}.json",
            "subresource_uris": {"media": f"{uri}/Media.json"},
        }

    def snapshot(self) -> Json:
        return {
            "sid": self.sid,
            "from": self.sender,
            "to": self.to,
            "body": self.body,
            "status": self.status,
            "direction": "from_phone" if self.direction == "inbound" else "to_phone",
            "by_vendor": self.by_vendor,
            "error_code": self.error_code,
            "at": self.created_at.isoformat(),
        }


@dataclass(slots=True, kw_only=True)
class Call:
    """A call; status as Twilio names it; `keys` holds what was pressed."""

    sid: str
    sender: str
    to: str
    created_at: datetime
    url: str = ""
    method: str = "POST"
    twiml: str = ""
    ring_seconds: float = 60
    status_callback: str = ""
    status_events: tuple[str, ...] = ("completed",)
    detects_machines: bool = False
    status: str = "queued"
    script: list[Json] = field(default_factory=list)
    """{"text", "language"} of each thing said."""
    keys: str = ""
    answered_by: str | None = None
    is_listening: bool = False
    """The line waits for a key."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration: float = 0
    """Seconds of conversation; in tests counted, not waited."""

    @property
    def ringing(self) -> bool:
        return self.status == "ringing"

    @property
    def in_progress(self) -> bool:
        return self.status == "in-progress"

    @property
    def ended(self) -> bool:
        return self.ended_at is not None

    @property
    def spoken(self) -> str:
        """Everything that was said so far, in one line."""
        return " ".join(line["text"] for line in self.script)

    def document(self, account: str) -> Json:
        return {
            "sid": self.sid,
            "account_sid": account,
            "parent_call_sid": None,
            "from": self.sender,
            "to": self.to,
            "status": self.status,
            "direction": "outbound-api",
            "answered_by": self.answered_by,
            "duration": str(round(self.duration)) if self.ended else None,
            "start_time": rfc2822(self.started_at),
            "end_time": rfc2822(self.ended_at),
            "date_created": rfc2822(self.created_at),
            "date_updated": rfc2822(self.ended_at or self.created_at),
            "price": None,
            "price_unit": "USD",
            "api_version": "2010-04-01",
            "uri": f"{API}/{account}/Calls/{self.sid}.json",
        }

    def snapshot(self) -> Json:
        return {
            "sid": self.sid,
            "from": self.sender,
            "status": self.status,
            "script": list(self.script),
            "keys": self.keys,
            "is_listening": self.is_listening,
            "at": self.created_at.isoformat(),
        }


@dataclass(slots=True, kw_only=True)
class Subscriber:
    """A number that the vendor can reach, and how it behaves.

    `error_code`: texts end undelivered with it: 30003 dead (calls fail too), 30006 landline,
    30007 filtered, 30034 unregistered. `is_blocked`: of a region where nothing is sent.
    """

    number: str
    name: str
    error_code: int | None = None
    is_blocked: bool = False
    is_busy: bool = False
    has_voicemail: bool = False
    """A machine answers each call; it never presses a key."""
    opted_out: bool = False
    thread: list[Text] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)


def new_sid(kind: str) -> str:
    """A sid of the vendor's shape: SM, CA or AC and 32 hexadecimal digits."""
    return kind + secrets.token_hex(16)


def keyword(body: str) -> str:
    """STOP, START or HELP where a whole text is one of the vendor's words, else ""."""
    word = "".join(body.split()).lower()
    for name, words in (("STOP", STOP_WORDS), ("START", START_WORDS), ("HELP", HELP_WORDS)):
        if word in words:
            return name
    return ""


_GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = set("^{}\\[~]|€\f")


def segments(body: str) -> int:
    """How many segments a text is billed as: 160 or 153 of GSM-7, else 70 or 67 of UCS-2."""
    if set(body) <= _GSM | _GSM_TWICE:
        length = sum(2 if character in _GSM_TWICE else 1 for character in body)
        single, part = 160, 153
    else:
        length = len(body.encode("utf-16-be")) // 2
        single, part = 70, 67
    return 1 if length <= single else -(-length // part)


def rfc2822(instant: datetime | None) -> str | None:
    return None if instant is None else format_datetime(instant.astimezone(UTC))
