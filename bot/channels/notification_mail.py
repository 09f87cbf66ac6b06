"""What a topic publishes, as a mail: plain text, since whoever publishes chose its form."""

from __future__ import annotations

from email.utils import format_datetime

from bot.channels.mail import URL, Sender, encoded, message_id, quoted
from bot.channels.notifications import document
from bot.core.channel import Notification, Signed

RULE = "--"


def render(
    message: Notification, sender: Sender, recipient: str, signed: Signed | None
) -> bytes:
    """Write a whole mail. `signed` is given for email-json, whose body is the JSON document."""
    mark = "(repeat) " if message.repeats else ""
    headers = [
        f"From: {sender.header}",
        f"To: {recipient}",
        f"Subject: {encoded(mark + _subject(message))}",
        f"Date: {format_datetime(message.created_at)}",
        f"Message-ID: {message_id(message, sender)}",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
    ]
    if URL.fullmatch(message.unsubscribe_url or ""):
        headers.append(f"List-Unsubscribe: <{message.unsubscribe_url}>")
    text = document(message, signed) if signed else _text(message)
    head = "\r\n".join(headers).encode("ascii", "replace")
    return head + b"\r\n\r\n" + quoted(text) + b"\r\n"


def _subject(message: Notification) -> str:
    name = message.display_name or message.topic_arn.rpartition(":")[2]
    if message.type == "Notification":
        return message.subject or f"Notification of {name}"
    return f"Subscription to {name}: please confirm"


def _text(message: Notification) -> str:
    if message.type == "Notification":
        end = message.unsubscribe_url
        stop = f"\n\n{RULE}\nTo stop these mails: {end}" if end else ""
        return f"{message.message}{stop}"
    asked = (
        f"Somebody asked that what the topic {message.topic_arn} publishes is sent to this "
        "address. If it was not you, do nothing: nothing will be sent."
    )
    if message.type == "UnsubscribeConfirmation":
        asked = f"Nothing of the topic {message.topic_arn} is sent to this address any more."
    way = (
        f"To confirm, open this page and press its button: {message.subscribe_url}"
        if message.subscribe_url
        else f"To confirm, give this token to whoever asked: {message.token}"
    )
    return f"{asked}\n\n{way}"
