"""The contract of channels: carry one message to one address, and say how it went.

An adapter in `bot/channels` signs it by shape; it knows its vendor and nothing of ours but this
file and `errors`. Messages are values: whatever a medium may say is in them, so that an adapter
reads nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from bot.core.chat_messages import (
    ChannelCheck,
    DirectPage,
    Envelope,
    HandOff,
    LinkRequest,
    Notice,
    Post,
    TopicMessage,
)

__all__ = [
    "Activation",
    "Bounce",
    "Bundle",
    "Channel",
    "ChannelCheck",
    "Delivery",
    "DirectPage",
    "Envelope",
    "FaultNotice",
    "HandOff",
    "LinkRequest",
    "MailAnswer",
    "MailReply",
    "Message",
    "Notice",
    "Notification",
    "Page",
    "Post",
    "ReceiptType",
    "Refusal",
    "Reply",
    "Sent",
    "Sign",
    "Signed",
    "StopNotice",
    "TopicMessage",
    "Unavailable",
    "Undeliverable",
]

ReceiptType = Literal["SENT", "DELIVERED", "READ", "ERROR", "STOP"]
Refusal = Literal["", "address", "texts"]
"""What a permanent error is about: the address, texts to it (a landline or a country: calls
may go there), or this message or the vendor's account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Envelope):
    """A page. Subject and content may be secret: mail and voice say them, SMS only the public
    ones.
    """

    kind: Literal["page"] = "page"
    subject: str = field(repr=False)
    content: str = field(repr=False)
    public_subject: str = field(repr=False)
    code: str = field(repr=False)
    incident_arn: str | None = None
    is_test: bool = False
    ack_url: str | None = field(default=None, repr=False)
    unsubscribe_url: str | None = field(default=None, repr=False)
    voice_url: str | None = field(default=None, repr=False)
    """Where the vendor fetches the call's script; None: the script goes inline, without a
    keypad.
    """
    status_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle(Envelope):
    """Several pages that waited for one message; the code, key or button accepts them all.

    `pages` are {subject, content, public_subject, incident_arn, at (ISO 8601), is_again,
    is_test}, first pages before repeats, the newest first; of many only the first ones.
    `count` is the number of all pages, `incidents` that of the incidents that they are about
    (None: some are about none).
    """

    kind: Literal["bundle"] = "bundle"
    pages: Sequence[Mapping[str, Any]] = field(repr=False)
    count: int
    incidents: int | None
    code: str = field(repr=False)
    ack_url: str | None = field(default=None, repr=False)
    unsubscribe_url: str | None = field(default=None, repr=False)
    voice_url: str | None = field(default=None, repr=False)
    status_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation(Envelope):
    """An activation code, to the contact channel that it shall prove."""

    kind: Literal["activation"] = "activation"
    contact_name: str = field(repr=False)
    code: str = field(repr=False)
    unsubscribe_url: str | None = field(default=None, repr=False)
    sender_card_url: str | None = field(default=None, repr=False)
    """Where a card is fetched that lets pages through Do Not Disturb; only mail has room."""
    voice_url: str | None = field(default=None, repr=False)
    status_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopNotice(Envelope):
    """Tells somebody who was paged that nobody waits for him any more, by mail or text.

    `words` say so in one sentence, for every medium; `reason` is what the one who stopped it
    gave, and only mail says it. `page_id` is the vendor's name of the page's last message.
    """

    kind: Literal["stop_notice"] = "stop_notice"
    subject: str = field(repr=False)
    public_subject: str = field(repr=False)
    words: str = field(repr=False)
    reason: str = field(default="", repr=False)
    is_test: bool = False
    page_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAnswer(Envelope):
    """What a mail of a person is answered with. `references` are the mails before it, oldest
    first, the last of which it answers.
    """

    kind: Literal["mail_answer"] = "mail_answer"
    subject: str = field(repr=False)
    words: str = field(repr=False)
    references: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultNotice(Envelope):
    """Tells the owner of a contact channel, by another one, that pages do not arrive there.

    `fault` says why, and the next step where there is one.
    """

    kind: Literal["fault_notice"] = "fault_notice"
    contact_name: str = field(repr=False)
    channel_name: str = field(repr=False)
    medium: str
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification(Envelope):
    """What a topic publishes to one subscription, or a question whether it is wanted.

    `type` is SNS's name of the kind, `message_id` is the same for all subscriptions and over
    all attempts. `attributes` are by name {Type, Value}. `token` and `subscribe_url` go with
    the two confirmations; a notification has `unsubscribe_url`. `is_raw`: the message alone.
    """

    kind: Literal["notification"] = "notification"
    type: Literal["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"]
    protocol: Literal["http", "https", "email", "email-json", "sms"]
    message_id: str
    topic_arn: str
    subscription_arn: str
    message: str = field(repr=False)
    subject: str | None = field(default=None, repr=False)
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    token: str | None = field(default=None, repr=False)
    subscribe_url: str | None = field(default=None, repr=False)
    unsubscribe_url: str | None = field(default=None, repr=False)
    signature_version: Literal["1", "2"] = "1"
    is_raw: bool = False
    content_type: str | None = None
    display_name: str = ""


Message = (
    Page
    | Bundle
    | Activation
    | StopNotice
    | MailAnswer
    | FaultNotice
    | Post
    | Notice
    | HandOff
    | DirectPage
    | LinkRequest
    | Notification
    | TopicMessage
    | ChannelCheck
)


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature in base64, and where the certificate is that it is verified with."""

    signature: str
    certificate_url: str


Sign = Callable[[str, Literal["1", "2"]], Awaitable[Signed]]
"""Signs a notification's canonical text, by SHA-1 (version 1) or SHA-256 (2), with RSA."""


@dataclass(frozen=True, slots=True)
class Sent:
    """`vendor_id` is the vendor's name of the message: Twilio's sid, Slack's ts, the
    Message-ID.
    """

    vendor_id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Something a person wrote back, as the vendor handed it over."""

    sender: str = field(repr=False)
    body: str = field(repr=False)
    opted_out: bool = False
    """The vendor handled the word itself (UNSUBSCRIBE, STOP): it sends no answer of ours any
    more.
    """
    opted_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReply:
    """A mail that a person wrote. `references` are the mails that it answers, the nearest
    first; `lines` the first of its own words; `digest` tells its bytes from all others.
    """

    digest: str
    references: Sequence[str]
    message_id: str
    subject: str = field(repr=False)
    lines: Sequence[str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounce:
    """A mail server's word that one of `references` did not arrive, or (not `is_final`) not
    yet. `reason` is a sentence without addresses.
    """

    references: Sequence[str]
    is_final: bool
    reason: str
    refuses: Refusal = ""
    """What will refuse every other mail, too."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message, as the vendor tells later."""

    vendor_id: str
    receipt: ReceiptType | None
    """None: on its way, nothing to record."""
    info: str = ""
    code: str = ""
    """The vendor's error code, "" where it named none. 21610: the recipient opted out."""
    refuses: Refusal = ""


class Unavailable(Exception):
    """Temporary: try again, after `retry_after` seconds where the vendor says so.

    `in_doubt`: the message may have arrived all the same (no answer came, the connection
    broke).
    """

    def __init__(
        self, reason: str, *, retry_after: float | None = None, in_doubt: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after
        self.in_doubt = in_doubt


class Undeliverable(Exception):
    """Permanent: never try this message to this address again. `code` is the vendor's."""

    def __init__(
        self, reason: str, *, code: str = "", opted_out: bool = False, refuses: Refusal = ""
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.opted_out = opted_out
        self.refuses = refuses


class Channel(Protocol):
    async def send(self, message: Any) -> Sent:
        """Hand one message to the vendor. Raises Unavailable or Undeliverable, nothing else."""

    async def was_sent(self, message: Any) -> Sent | Literal[False] | None:
        """Did an earlier attempt at this message reach the vendor, and under which name?

        None: there is no way to know.
        """

    async def poll(self, vendor_id: str) -> Delivery | None:
        """Ask the vendor what became of a message; None where it cannot be asked."""

    async def close(self) -> None: ...
