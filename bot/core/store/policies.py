"""Policies that a resource bears: who else may use it, as the owner wrote it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index

from bot.core.ids import Key
from bot.core.store.schema import primary, references, table


@table("contact_policy", Index("contact_policy_contact", "contact_key", unique=True))
class ContactPolicy:
    """`policy` is JSON text, verbatim; a contact has one at most."""

    key: Key = primary()
    account_id: str
    contact_key: Key = references("contact", on_delete="CASCADE")
    policy: str
    modified_at: datetime


@table(
    "resource_policy",
    Index("resource_policy_id", "response_plan_key", "policy_id", unique=True),
)
class ResourcePolicy:
    """`policy` is JSON text, verbatim; `region` is where it was put."""

    key: Key = primary()
    account_id: str
    response_plan_key: Key = references("response_plan", on_delete="CASCADE")
    policy_id: str
    policy: str
    region: str
    created_at: datetime
