"""Texts through Twilio's Messages resource."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from bot.channels import bundle_words, fault_words, hand_off_words
from bot.channels.twilio_account import TwilioAccount, listed, sid_of, was_created_since
from bot.channels.twilio_codes import OUTCOMES, refuses
from bot.core.channel import (
    Activation,
    Bundle,
    Delivery,
    FaultNotice,
    HandOff,
    Notification,
    Page,
    Reply,
    Sent,
    StopNotice,
    Unavailable,
    Undeliverable,
)

STOP_WORDS = frozenset(
    "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT".split()  # noqa: SIM905
)
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
"""Words that Twilio itself acts on, as whole messages, case and spaces aside."""

GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = frozenset("^{}\\[~]|€")
"""Source: 3GPP TS 23.038, default alphabet and its extension, whose characters count twice."""
WHOLE_GSM7 = GSM7 | GSM7_EXTENSION

PLAIN = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′`´", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("•·", "*"),
        "…": "...",
        "→": "->",
        "\N{NO-BREAK SPACE}": " ",
    }
)
"""Typography that would cost a text half of its room."""


LONGEST_PUBLISHED = 1600
"""Characters that the vendor takes at once."""
NO_LONGER_NEEDED = "No longer needed."

Short = Page | Bundle | Activation | StopNotice | HandOff | FaultNotice | Notification
"""What goes by text."""


def compose(message: Short) -> str:
    """Say a message in one segment: 160 septets of GSM-7, else 70 units of UCS-2.

    The public subject (or the contact's name) gives way, never the code or the way to opt out.
    """
    mark = "(repeat) " if message.repeats else ""
    if isinstance(message, Activation):
        head = f"{mark}imbot activation code {message.code} for "
        tail = ". Reply with it to get pages here, UNSUBSCRIBE to stop."
        name = message.contact_name if septets(_one_line(message.contact_name)) else "you"
        return _fit(head, name, tail, tail)
    if isinstance(message, HandOff):
        return _fit(mark, hand_off_words.one_line(message), "", "")
    if isinstance(message, Notification):
        return _published(message, mark)
    if isinstance(message, FaultNotice):
        return _fit(mark, fault_words.one_line(message), "", "")
    if isinstance(message, Bundle):
        return _compose_bundle(message, mark)
    head = f"{mark}[TEST] " if message.is_test else mark
    if isinstance(message, StopNotice):
        plain = message.words if septets(message.words) is not None else NO_LONGER_NEEDED
        return _fit(head, message.public_subject, f"\n{plain}", f"\n{NO_LONGER_NEEDED}")
    tail = f"\nReply {message.code} to acknowledge, UNSUBSCRIBE to stop."
    short = f"\nReply {message.code} to ack, UNSUBSCRIBE to stop."
    return _fit(head, message.public_subject or "You have a page.", tail, short)


def _published(message: Notification, mark: str) -> str:
    """What a topic publishes may take several segments, and says whose it is."""
    head = f"{message.display_name}> " if message.display_name else ""
    return f"{mark}{head}{message.message}".strip()[:LONGEST_PUBLISHED]


def _compose_bundle(bundle: Bundle, mark: str) -> str:
    """Say how many there are and, newest first, as many subjects as there is room for."""
    test = "[TEST] " if bundle_words.is_test(bundle) else ""
    named = "; ".join(bundle_words.subjects(bundle, "public_subject"))
    has_room = septets(_one_line(named)) is not None
    newest = ", newest: " if has_room else ": "
    head = f"{mark}{test}{bundle_words.things(bundle)}{newest}"
    tail = f"\nReply {bundle.code} for all, UNSUBSCRIBE to stop."
    return _fit(head, named, tail, tail)


def septets(text: str) -> int | None:
    """Count the GSM-7 septets of a text; None if it has characters beyond GSM-7."""
    found = set(text)
    if not found <= WHOLE_GSM7:
        return None
    return len(text) + sum(map(text.count, found & GSM7_EXTENSION))


def segments(text: str) -> int:
    """Count the segments that a text is sent, and paid, in."""
    units = septets(text)
    single, part = (160, 153) if units is not None else (70, 67)
    if units is None:
        units = _ucs2(text)
    return 1 if units <= single else -(-units // part)


def _fit(head: str, soft: str, tail: str, short_tail: str) -> str:
    """Put the part that gives way between the parts that do not, which are all GSM-7."""
    soft = _one_line(soft)
    if septets(soft) is not None:
        room = 160 - (septets(head + tail) or 0)
        return head + _cut(soft, room, "...") + tail
    return head + _cut(soft, 70 - len(head) - len(short_tail), "…") + short_tail


def _cut(text: str, room: int, ellipsis: str) -> str:
    size = septets if septets(text) is not None else _ucs2
    if (size(text) or 0) <= room:
        return text
    room -= len(ellipsis)
    kept = 0
    for char in text:
        room -= size(char) or 0
        if room < 0:
            break
        kept += 1
    return text[:kept].rstrip() + ellipsis


def _ucs2(text: str) -> int:
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def _one_line(text: str) -> str:
    """Spell a text plainly, on one line, without control characters."""
    plain = text if text.isascii() else unicodedata.normalize("NFC", text)
    plain = plain.translate(PLAIN)
    if not plain.isprintable():
        plain = "".join(c if c.isprintable() else " " for c in plain)
    return " ".join(plain.split())


class SmsChannel:
    """Texts from one number of one account."""

    def __init__(self, account: TwilioAccount, sender: str) -> None:
        """`sender` is the account's number in E.164 ("+15005550006")."""
        self._account = account
        self._sender = sender

    async def send(self, message: Short) -> Sent:
        """Hand one text to the vendor.

        Raises Unavailable (try again) or Undeliverable (never will work: bad number, opted out,
        blocked country). Source: Twilio Messages resource, error dictionary.
        """
        return await self._post(
            message.address,
            compose(message),
            message.status_url if isinstance(message, Page | Bundle | Activation) else None,
        )

    async def answer(self, address: str, words: str) -> None:
        """Text back to somebody who wrote. Raises as `send` does."""
        await self._post(address, words)

    async def inbox(self, since: datetime) -> list[tuple[str, Reply]]:
        """List what came in since then, oldest first, with the vendor's ids.

        Raises Unavailable. Source: Twilio Messages resource, read multiple messages.
        """
        query = {"DateSent>": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"}
        found: dict[str, Reply] = {}
        pages = self._account.pages(
            "Messages.json", "messages", To=self._sender, PageSize="1000", **query
        )
        try:
            async for page in pages:
                for text in page:
                    reply = self._read_listed(text)
                    if reply is not None and was_created_since(text, since):
                        found[sid_of(text)] = reply
        except Undeliverable as refusal:
            raise Unavailable(refusal.reason) from None
        return list(reversed(found.items()))

    async def was_sent(self, message: Short) -> Sent | Literal[False] | None:
        """Look for a text to that number, made since, that holds the message's code.

        Not by DateSent: it is empty as long as a text is queued, which is the case in question.
        What bears no code, nobody knows of.
        """
        if isinstance(message, StopNotice | HandOff | FaultNotice | Notification):
            return None
        try:
            answer = await self._account.get(
                "Messages.json", To=message.address, From=self._sender, PageSize="100"
            )
            found = (
                Sent(sid_of(text))
                for text in listed(answer, "messages")
                if message.code in str(text.get("body"))
                and was_created_since(text, message.created_at)
            )
            return next(found, False)
        except (Unavailable, Undeliverable):
            return None

    async def poll(self, vendor_id: str) -> Delivery | None:
        try:
            answer = await self._account.get(f"Messages/{vendor_id}.json")
        except (Unavailable, Undeliverable):
            return None
        return _delivery(vendor_id, str(answer.get("status")), answer.get("error_code"))

    async def _post(self, address: str, body: str, status_url: str | None = None) -> Sent:
        answer = await self._account.post(
            "Messages.json",
            To=address,
            From=self._sender,
            Body=body,
            StatusCallback=status_url,
        )
        return Sent(sid_of(answer))

    def _read_listed(self, text: Mapping[str, Any]) -> Reply | None:
        """Read an inbound text as the vendor lists it; None if we sent it."""
        if text.get("direction") != "inbound":
            return None
        return self.read_reply(
            {"From": str(text.get("from") or ""), "Body": str(text.get("body") or "")}
        )

    def read_reply(self, form: Mapping[str, str]) -> Reply | None:
        """Read an inbound text as the vendor posts it; None if it is none.

        The vendor acts on STOP and START words itself. With Advanced Opt-Out it says so in
        OptOutType; without, the words tell.
        """
        if not form.get("From") or "Body" not in form:
            return None
        word = "".join(form["Body"].split()).upper()
        kind = form.get("OptOutType", "").upper()
        return Reply(
            sender=form["From"],
            body=form["Body"],
            opted_out=kind == "STOP" or (not kind and word in STOP_WORDS),
            opted_in=kind == "START" or (not kind and word in START_WORDS),
        )

    def read_status(self, form: Mapping[str, str]) -> Delivery | None:
        """Read a status callback; None if it is none."""
        sid = form.get("MessageSid") or form.get("SmsSid")
        status = form.get("MessageStatus") or form.get("SmsStatus")
        return _delivery(sid, status, form.get("ErrorCode")) if sid and status else None

    async def close(self) -> None:
        """Nothing to close: the HTTP session belongs to whoever made it."""


def _delivery(sid: str, status: str, code: Any) -> Delivery:
    """Translate a message's state. "read" is the phone's word, no acknowledgement."""
    if status in {"delivered", "read"}:
        return Delivery(sid, "DELIVERED", "Delivered to the phone.")
    if status not in {"failed", "undelivered", "canceled"}:
        return Delivery(sid, None, status)
    name = str(code) if code else ""
    reason = OUTCOMES.get(name, f"The vendor reports the text as {status}.")
    words = f"{reason} ({name})" if name else reason
    return Delivery(sid, "ERROR", words, name, refuses(name))
