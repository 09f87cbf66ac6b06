"""Who reads what topics publish, what did not arrive, and the key that signs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Index, UniqueConstraint

from bot.core.ids import Key
from bot.core.store.schema import Wire, encrypted, partial_index, primary, table

TopicProtocol = Literal["http", "https", "email", "email-json", "sms"]


@table(
    "subscription",
    Index("subscription_arn", "arn", unique=True),
    Index("subscription_topic", "topic_arn", "key"),
    Index("subscription_account", "account_id", "key"),
    Index("subscription_endpoint", "endpoint_fingerprint"),
    partial_index("subscription_pending", "asked_at", where="confirmed_at IS NULL"),
    UniqueConstraint("topic_arn", "endpoint_fingerprint"),
)
class Subscription:
    """`attributes` are those that Subscribe and SetSubscriptionAttributes keep, as given.

    `endpoint_fingerprint` is of protocol and endpoint. `token_fingerprint` is that of the last
    token that was sent at `asked_at`; none where the protocol needs no confirmation.
    """

    key: Key = primary()
    account_id: str
    arn: str
    topic_arn: str
    protocol: TopicProtocol
    endpoint: str = encrypted()
    endpoint_fingerprint: str
    attributes: Wire
    token_fingerprint: str | None = None
    asked_at: datetime
    asked_by: str
    confirmed_at: datetime | None = None
    was_authenticated: bool = False
    """Whether whoever confirmed it was known: the account's own principal."""
    needs_authentication: bool = False
    """To unsubscribe: `AuthenticateOnUnsubscribe`."""
    next_at: datetime | None = None
    """Under a throttle policy: the first instant that no message was promised yet."""
    free_at: datetime | None = None
    """Before that, none may leave, whatever was promised."""


@table(
    "dead_letter",
    Index("dead_letter_subscription", "subscription_arn", "key"),
    Index("dead_letter_at", "at"),
)
class DeadLetter:
    """A notification that was given up. `message` is the outbox's document."""

    key: Key = primary()
    account_id: str
    subscription_arn: str
    topic_arn: str
    protocol: TopicProtocol
    message: Wire = encrypted()
    attempts: int
    fault: str
    at: datetime


@table("signing_key", Index("signing_key_account", "account_id", unique=True))
class SigningKey:
    """What notifications are signed with; the certificate is served to whoever asks."""

    key: Key = primary()
    account_id: str
    private_key: str = encrypted()
    certificate: str
    created_at: datetime


@table(
    "opted_out_number",
    Index("opted_out_number_address", "account_id", "address_fingerprint", unique=True),
)
class OptedOutNumber:
    """A number that texts of topics do not go to. It stays when it is opted in again, for that
    may be asked once in 30 days.
    """

    key: Key = primary()
    account_id: str
    address: str = encrypted()
    address_fingerprint: str
    opted_out_at: datetime | None
    opted_in_at: datetime | None = None
