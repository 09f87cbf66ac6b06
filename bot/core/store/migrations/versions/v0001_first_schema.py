"""The first schema: every table as it is declared until the first release, 0.1.0.

From then on this version is written out, and each change is a version of its own. Until then a
change of the tables gives it a new number behind the underscore.
"""

from __future__ import annotations

from alembic import op

from bot.core.store.migrations import all_tables

revision = "0001_02"
down_revision = None


def upgrade() -> None:
    all_tables().create_all(op.get_bind())
