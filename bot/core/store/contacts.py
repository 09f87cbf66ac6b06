"""Contacts and their channels. The deleted keep a tombstone, so that old pages stay theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import Index

from bot.core.ids import Key
from bot.core.store.schema import Wire, encrypted, partial_index, primary, references, table

ContactType = Literal["PERSONAL", "ESCALATION", "ONCALL_SCHEDULE"]
Medium = Literal["EMAIL", "SMS", "VOICE"]


@table(
    "contact",
    partial_index("contact_arn", "arn", where="deleted_at IS NULL", unique=True),
    partial_index(
        "contact_alias", "account_id", "alias", where="deleted_at IS NULL", unique=True
    ),
)
class Contact:
    """`plan` is the wire's Plan, verbatim."""

    key: Key = primary()
    account_id: str
    arn: str
    alias: str
    type: ContactType
    display_name: str | None
    plan: Wire
    tags: Wire
    created_at: datetime
    deleted_at: datetime | None = None
    plan_repeats: int | None = None
    """How often its plan begins again while nobody acknowledges."""
    muted_until: datetime | None = None
    muted_by: str | None = None
    pages_withheld: int | None = None
    """What the mute kept back; of a plan or schedule: whom it did not engage."""
    slack_link_key: Key | None = None
    """The link that its Slack user has confirmed."""


@table(
    "contact_channel",
    partial_index("contact_channel_arn", "arn", where="deleted_at IS NULL", unique=True),
    Index("contact_channel_contact", "contact_key"),
    Index("contact_channel_address", "account_id", "address_fingerprint"),
)
class ContactChannel:
    """An address of a contact.

    `opted_out_at`: the person replied UNSUBSCRIBE and has not come back by START.
    """

    key: Key = primary()
    account_id: str
    contact_key: Key = references("contact")
    contact_arn: str
    arn: str
    name: str
    type: Medium
    address: str = encrypted(bound_to="contact_arn")
    address_fingerprint: str
    is_activated: bool
    opted_out_at: datetime | None = None
    fault: str | None = None
    """Why nothing arrives at this address, in words: the vendor's last permanent error."""
    faulted_at: datetime | None = None
    created_at: datetime
    deleted_at: datetime | None = None


@table(
    "activation",
    Index("activation_channel", "channel_key"),
    Index("activation_message", "message_key"),
)
class Activation:
    """A code on its way to prove an address; a newer one makes the older ones void.

    `message_key` is its message's, by which a mail that answers it is known.
    """

    key: Key = primary()
    account_id: str
    channel_key: Key = references("contact_channel", on_delete="CASCADE")
    code: str = encrypted()
    message_key: Key
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
