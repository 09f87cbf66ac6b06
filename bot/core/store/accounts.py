"""Who may ask, and where: replication sets, access keys, chat users, and what they have
asked.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index

from bot.core.ids import Key
from bot.core.store.schema import Wire, encrypted, partial_index, primary, table


@table("replication_set", Index("replication_set_account", "account_id", unique=True))
class ReplicationSet:
    """`regions` maps a region to its RegionInfo, in the wire's own form (instants as epoch
    seconds).
    """

    key: Key = primary()
    account_id: str
    arn: str
    regions: Wire
    tags: Wire
    deletion_protected: bool
    created_by: str
    created_at: datetime
    modified_by: str
    modified_at: datetime


@table("access_key", Index("access_key_id", "access_key_id", unique=True))
class AccessKey:
    key: Key = primary()
    account_id: str
    access_key_id: str
    user_name: str
    secret: str = encrypted()
    created_at: datetime
    revoked_at: datetime | None = None


@table("idempotency", Index("idempotency_token", "account_id", "scope", "token", unique=True))
class Idempotency:
    """An answer kept for 24 hours. `scope` is service, operation and principal."""

    key: Key = primary()
    account_id: str
    scope: str
    token: str
    fingerprint: str
    answer: Wire = encrypted()
    created_at: datetime


@table("audit")
class Audit:
    """One row a call. It bears ARNs and names of operations, never texts, codes or
    addresses.
    """

    key: Key = primary()
    account_id: str
    at: datetime
    principal_arn: str
    actor: str
    door: str
    source: str
    service: str
    operation: str
    resource: str | None
    request_id: str
    outcome: str
    """"OK" or the error's code."""


@table("failed_try", Index("failed_try_who", "account_id", "door", "who", "key"))
class FailedTry:
    """A wrong code. `who` is the fingerprint of an address, or a chat user's id."""

    key: Key = primary()
    account_id: str
    door: str
    who: str
    at: datetime


@table("topic", partial_index("topic_arn", "arn", unique=True))
class Topic:
    key: Key = primary()
    account_id: str
    arn: str
    name: str
    attributes: Wire
    tags: list[Wire]
    created_at: datetime


@table(
    "slack_channel_configuration",
    Index("slack_channel_configuration_arn", "arn", unique=True),
    Index("slack_channel_configuration_channel", "account_id", "channel_id", unique=True),
)
class SlackChannelConfiguration:
    """Links topics to a Slack channel. `document` is the wire's SlackChannelConfiguration."""

    key: Key = primary()
    account_id: str
    arn: str
    team_id: str
    channel_id: str
    document: Wire
    created_at: datetime


@table("topic_link", Index("topic_link_topic", "topic_arn"))
class TopicLink:
    key: Key = primary()
    account_id: str
    topic_arn: str
    configuration_key: Key
    channel_id: str
