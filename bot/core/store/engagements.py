"""Engagements, their stages, and the pages and receipts that came of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index

from bot.core.channel import ReceiptType
from bot.core.ids import Key
from bot.core.store.schema import (
    Wire,
    encrypted,
    ends_in_key,
    partial_index,
    primary,
    references,
    table,
)


@table(
    "engagement",
    Index("engagement_incident", "incident_arn"),
    partial_index(
        "engagement_acknowledged",
        "incident_arn",
        "acknowledged_at",
        where="acknowledged_at IS NOT NULL",
    ),
    Index("engagement_contact", "contact_key"),
    partial_index("engagement_parent", "parent_key", where="parent_key IS NOT NULL"),
    partial_index("engagement_root", "root_key", "contact_key", where="root_key IS NOT NULL"),
)
class Engagement:
    """One run of a contact's plan.

    `plan` is the wire's Plan as it was when the engagement started; that of a schedule has one
    stage, of whoever was on call. `stage` is the number of the stage begun last, from 0, and
    `stage_begun_at` when. A child was begun by `parent_key`; `root_key` is the first of them.
    `texts` holds Sender, Subject, Content, PublicSubject and PublicContent.
    """

    key: Key = primary()
    account_id: str
    arn: str = ends_in_key()
    contact_key: Key = references("contact")
    contact_arn: str
    contact_type: str
    incident_arn: str | None
    parent_key: Key | None = references("engagement")
    root_key: Key | None = None
    is_essential: bool
    is_test: bool
    plan: Wire
    sender: str
    texts: Wire = encrypted()
    stage: int | None = None
    stage_begun_at: datetime | None = None
    alarm_at: datetime | None = None
    """When the engine is set to ask again; an earlier or later alarm changes nothing."""
    started_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    """ARN of the contact whose page was accepted."""
    stopped_at: datetime | None = None
    stopped_by: str | None = None
    """How the one who stopped it is called."""
    stop_reason: str | None = encrypted(default=None)
    ended_at: datetime | None = None
    """Its plan is through, or nobody in it could be reached."""
    is_unreachable: bool = False
    round: int | None = None
    """How often its plan began again; 0 where it was begun by a later round of the plan above,
    None where it runs for the first time.
    """
    slack_link_key: Key | None = None
    """That of its contact, as it was when the engagement started."""


@table(
    "target",
    Index("target_stage", "engagement_key", "stage", "number", unique=True),
    partial_index("target_child", "child_key", where="child_key IS NOT NULL"),
)
class Target:
    """What became of one target of a stage that has begun. `page_key` or `child_key` is what it
    led to; several targets may have led to one child, which has the first one's engagement as
    its parent.
    """

    key: Key = primary()
    account_id: str
    engagement_key: Key = references("engagement", on_delete="CASCADE")
    stage: int
    number: int
    page_key: Key | None
    child_key: Key | None
    attempts: int
    told_at: datetime
    has_failed: bool


@table(
    "page",
    Index("page_engagement", "engagement_key"),
    Index("page_contact", "contact_key", "channel_key", "told_at"),
    partial_index("page_waiting", "channel_key", where="waits_until IS NOT NULL"),
    partial_index(
        "page_code",
        "code_fingerprint",
        "address_fingerprint",
        where="closed_at IS NULL",
        unique=True,
    ),
)
class Page:
    """Telling one contact channel, within an engagement.

    `channel_key` is None where the plan names a channel that never was. `told_at` is when its
    last message was put into the outbox; for a page that waits for its channel's next message,
    it is `waits_until`, when that leaves.
    """

    key: Key = primary()
    account_id: str
    arn: str = ends_in_key()
    engagement_key: Key = references("engagement", on_delete="CASCADE")
    engagement_arn: str
    contact_key: Key = references("contact")
    contact_arn: str
    channel_key: Key | None = references("contact_channel")
    channel_arn: str
    incident_arn: str | None
    sender: str
    address_fingerprint: str
    code: str = encrypted()
    code_fingerprint: str
    created_at: datetime
    told_at: datetime | None = None
    waits_until: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    closed_at: datetime | None = None
    """When its code stopped being looked for."""


@table(
    "receipt",
    Index("receipt_page", "page_key"),
    partial_index("receipt_vendor", "vendor_id", where="vendor_id IS NOT NULL"),
)
class Receipt:
    """`info` is a vendor's id, an accept code or words of the house; `note` is what a person
    wrote beside an accept code, or as the reason of a stop.
    """

    key: Key = primary()
    account_id: str
    page_key: Key = references("page", on_delete="CASCADE")
    channel_arn: str
    type: ReceiptType
    info: str
    vendor_id: str | None
    at: datetime
    note: str | None = encrypted(default=None)


@table(
    "voice_token",
    Index("voice_token_fingerprint", "token_fingerprint", unique=True),
)
class VoiceToken:
    """Lets the vendor fetch the script of one call, of a page, a bundle of pages or an
    activation; the first CallSid that comes is the only one.
    """

    key: Key = primary()
    account_id: str
    token_fingerprint: str
    page_key: Key | None
    activation_key: Key | None
    bundle_key: Key | None = None
    call_sid: str | None = None
    created_at: datetime
