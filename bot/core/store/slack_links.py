"""Links from contacts to Slack users, and the direct messages that page them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index

from bot.core.ids import Key
from bot.core.store.schema import primary, references, table


@table(
    "slack_link",
    Index("slack_link_contact", "contact_key", unique=True),
    Index("slack_link_user", "account_id", "user_id"),
)
class SlackLink:
    """A contact is told by direct message, too, once that Slack user has confirmed it.

    `conversation_id` is the direct message's own id, which the confirmation brings.
    """

    key: Key = primary()
    account_id: str
    contact_key: Key = references("contact", on_delete="CASCADE")
    contact_arn: str
    user_id: str
    conversation_id: str | None = None
    created_at: datetime
    confirmed_at: datetime | None = None
    fault: str | None = None
    """Slack's last permanent error, in words; the next message that arrives takes it away."""


@table("direct_message", Index("direct_message_engagement", "engagement_key", unique=True))
class DirectMessage:
    """What a linked person was sent in Slack for an engagement; `ts` names it once it is there.

    `reason` says which plans led to it.
    """

    key: Key = primary()
    account_id: str
    engagement_key: Key = references("engagement", on_delete="CASCADE")
    link_key: Key
    conversation_id: str
    reason: str
    created_at: datetime
    ts: str | None = None
