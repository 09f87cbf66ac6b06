"""Messages of Amazon SNS over HTTP, pure: what they hold, and whether SNS has signed them.

Source: Amazon SNS, "SNS message and JSON formats" and "Verifying the signatures of messages".
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from bot.core.alarms.alarm import BadAlarm

TYPES = ("Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation")
AWS_HOST = re.compile(r"sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?")
SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
SIGNED_CONFIRMING = (
    "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
)  # fmt: skip


class NotSigned(BadAlarm):
    """SNS has not written this message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message as it was posted; `members` are its texts."""

    type: str
    message_id: str
    topic_arn: str
    certificate_url: str
    members: Mapping[str, str] = field(repr=False)

    @property
    def subject(self) -> str:
        return self.members.get("Subject", "").strip()

    @property
    def message(self) -> str:
        return self.members.get("Message", "")

    @property
    def subscribe_url(self) -> str:
        return self.members.get("SubscribeURL", "")

    def canonical(self) -> bytes:
        """What is signed: each name and its value, both with a line's end."""
        names = SIGNED if self.type == "Notification" else SIGNED_CONFIRMING
        present = [name for name in names if name in self.members]
        return "".join(f"{name}\n{self.members[name]}\n" for name in present).encode()


def is_sns(document: Mapping[str, Any]) -> bool:
    return document.get("Type") in TYPES and "TopicArn" in document


def envelope_of(document: Mapping[str, Any]) -> Envelope:
    """Raises BadAlarm where a member is missing."""
    members = {name: value for name, value in document.items() if isinstance(value, str)}
    needed = {"Message", "MessageId", "Signature", "SignatureVersion", "SigningCertURL"}
    needed |= {"Timestamp", "TopicArn"}
    if members["Type"] != "Notification":
        needed |= {"SubscribeURL", "Token"}
    if missing := sorted(needed - members.keys()):
        raise BadAlarm(f"This message of SNS lacks {', '.join(missing)}.")
    return Envelope(
        type=members["Type"],
        message_id=members["MessageId"],
        topic_arn=members["TopicArn"],
        certificate_url=members["SigningCertURL"],
        members=members,
    )


def is_trusted(url: str, own_url: str | None) -> bool:
    """Whether an address is one of SNS's, over HTTPS, or below our own public one."""
    try:
        parts = urlsplit(url)
        port, user = parts.port, parts.username
    except ValueError:
        return False
    if own_url is not None and url.startswith(f"{own_url}/"):
        return True
    is_plain = user is None and port in (None, 443)
    is_theirs = AWS_HOST.fullmatch(parts.hostname or "") is not None
    return parts.scheme == "https" and is_plain and is_theirs


def is_certificate_url(url: str, own_url: str | None) -> bool:
    return is_trusted(url, own_url) and urlsplit(url).path.endswith(".pem")


def verify(envelope: Envelope, certificate: bytes, now: datetime) -> None:
    """Hold a message's signature against the certificate in PEM. Raises NotSigned.

    Version 1 is SHA1withRSA, version 2 SHA256withRSA.
    """
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    version = envelope.members["SignatureVersion"]
    if version not in ("1", "2"):
        raise NotSigned("SignatureVersion must be 1 or 2.")
    digest = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303
    try:
        read = x509.load_pem_x509_certificate(certificate)
        signature = base64.b64decode(envelope.members["Signature"], validate=True)
    except (ValueError, binascii.Error):
        raise NotSigned("Certificate or signature cannot be read.") from None
    key = read.public_key()
    if not isinstance(key, RSAPublicKey):
        raise NotSigned("The certificate has no RSA key.")
    if not read.not_valid_before_utc <= now <= read.not_valid_after_utc:
        raise NotSigned("The certificate is not valid now.")
    try:
        key.verify(signature, envelope.canonical(), padding.PKCS1v15(), digest)
    except InvalidSignature:
        raise NotSigned("The signature does not fit the message.") from None
