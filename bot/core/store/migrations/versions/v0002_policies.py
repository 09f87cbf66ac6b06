"""Policies of contacts and of response plans."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey

from bot.core.store.kinds import PLAIN_TEXT

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """A database that is new has these tables by the first version."""
    op.create_table(
        "contact_policy",
        Column("key", PLAIN_TEXT, primary_key=True),
        Column("account_id", PLAIN_TEXT, nullable=False),
        Column(
            "contact_key",
            PLAIN_TEXT,
            ForeignKey("contact.key", ondelete="CASCADE"),
            nullable=False,
        ),
        Column("policy", PLAIN_TEXT, nullable=False),
        Column("modified_at", BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "resource_policy",
        Column("key", PLAIN_TEXT, primary_key=True),
        Column("account_id", PLAIN_TEXT, nullable=False),
        Column(
            "response_plan_key",
            PLAIN_TEXT,
            ForeignKey("response_plan.key", ondelete="CASCADE"),
            nullable=False,
        ),
        Column("policy_id", PLAIN_TEXT, nullable=False),
        Column("policy", PLAIN_TEXT, nullable=False),
        Column("region", PLAIN_TEXT, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        if_not_exists=True,
    )
    op.create_index(
        "contact_policy_contact",
        "contact_policy",
        ["contact_key"],
        unique=True,
        if_not_exists=True,
    )
    op.create_index(
        "resource_policy_id",
        "resource_policy",
        ["response_plan_key", "policy_id"],
        unique=True,
        if_not_exists=True,
    )
