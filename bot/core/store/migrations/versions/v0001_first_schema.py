"""The first schema: every table as it is declared. Later versions name each change."""

from __future__ import annotations

from alembic import op

from bot.core.store.migrations import all_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    all_tables().create_all(op.get_bind())
