from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from bot.core.store.executor import StoreError, open_store
from bot.core.store.migrations import HEAD, alembic_config, all_tables
from tests.conftest import MASTER_KEY

CONNECT: dict[str, Any] = {"sqlite": sqlite3.connect, "postgresql": psycopg.connect}
ENGINES = {"sqlite": "sqlite://", "postgresql": "postgresql+psycopg://"}


async def test_the_migrated_schema_is_the_declared_one(database_url: str) -> None:
    await (await open_store(database_url, MASTER_KEY)).close()
    kind = database_url.partition(":")[0]
    connection = CONNECT[kind](database_url.removeprefix("sqlite:///"))
    engine = create_engine(ENGINES[kind], creator=lambda: connection, poolclass=StaticPool)

    with engine.connect() as bind:
        differences = compare_metadata(MigrationContext.configure(bind), all_tables())

    connection.close()
    assert differences == []


def test_head_is_the_newest_of_the_versions() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


async def test_postgresql_without_the_schema_is_refused_with_the_way_out(
    empty_postgres_url: str,
) -> None:
    with pytest.raises(StoreError, match="imbot migrate"):
        await open_store(empty_postgres_url, MASTER_KEY)


async def test_sqlite_is_migrated_once_and_then_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'imbot.db'}"
    await (await open_store(url)).close()
    before = (tmp_path / "imbot.db").read_bytes()
    await (await open_store(url)).close()

    assert (tmp_path / "imbot.db").read_bytes() == before
