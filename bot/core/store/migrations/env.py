"""Run by Alembic: migrate on the connection that `bot.core.store.migrations` hands over."""

from __future__ import annotations

from alembic import context

from bot.core.store.migrations import all_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=all_tables(),
    transaction_per_migration=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
