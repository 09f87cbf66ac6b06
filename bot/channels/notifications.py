"""A notification as SNS writes it: the JSON document, and the text that its signature covers.

Source: Amazon SNS, "SNS message and JSON formats" and "Verifying the signatures of messages".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from bot.core.channel import Notification, Signed

CONFIRMING = "SubscriptionConfirmation"


def canonical(notification: Notification) -> str:
    """What is signed: each name and its value, both with a line's end, in the names' order."""
    return "".join(f"{name}\n{value}\n" for name, value in sorted(_signed(notification)))


def document(notification: Notification, signed: Signed) -> str:
    """The JSON text that a subscriber reads."""
    shown: dict[str, Any] = {
        "Type": notification.type,
        "MessageId": notification.message_id,
        "Token": notification.token,
        "TopicArn": notification.topic_arn,
        "Subject": notification.subject,
        "Message": notification.message,
        "SubscribeURL": notification.subscribe_url,
        "Timestamp": timestamp(notification),
        "SignatureVersion": notification.signature_version,
        "Signature": signed.signature,
        "SigningCertURL": signed.certificate_url,
        "UnsubscribeURL": notification.unsubscribe_url,
        "MessageAttributes": notification.attributes or None,
    }
    kept = {name: value for name, value in shown.items() if value is not None}
    return json.dumps(kept, indent=2)


def timestamp(notification: Notification) -> str:
    """When it was published: "2026-03-01T09:30:00.000Z", the same in every attempt."""
    at = notification.created_at.astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _signed(notification: Notification) -> Iterator[tuple[str, str]]:
    yield "Message", notification.message
    yield "MessageId", notification.message_id
    yield "Timestamp", timestamp(notification)
    yield "TopicArn", notification.topic_arn
    yield "Type", notification.type
    if notification.type != "Notification":
        yield "SubscribeURL", notification.subscribe_url or ""
        yield "Token", notification.token or ""
    elif notification.subject is not None:
        yield "Subject", notification.subject
