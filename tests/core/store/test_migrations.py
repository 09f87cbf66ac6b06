from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateIndex, CreateTable

from bot.core.store.executor import StoreError, migrate_store, open_store
from bot.core.store.migrations import HEAD, alembic_config, all_tables
from tests.conftest import MASTER_KEY

CONNECT: dict[str, Any] = {"sqlite": sqlite3.connect, "postgresql": psycopg.connect}
TABLES = "5a5436264cb63597"
"""A digest of them as they are declared."""
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


def test_a_change_of_the_tables_changes_the_first_version_until_it_is_released() -> None:
    core = sqlite.dialect()
    tables = sorted(all_tables().tables.values(), key=lambda table: table.name)
    made = [str(CreateTable(table).compile(dialect=core)) for table in tables]
    made += sorted(
        str(CreateIndex(index).compile(dialect=core))
        for table in tables
        for index in table.indexes
    )
    digest = hashlib.sha256("".join(made).encode()).hexdigest()[:16]

    assert (HEAD, digest) == ("0001_02", TABLES), "give FIRST and 0001 the next number"


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("0001", r"before the first release \(schema 0001, here"),
        ("9999", r"a later version \(schema 9999, here"),
    ],
)
async def test_a_database_of_another_version_is_refused_and_left_alone(
    database_url: str, version: str, words: str
) -> None:
    await (await open_store(database_url, MASTER_KEY)).close()
    kind = database_url.partition(":")[0]
    connection = CONNECT[kind](database_url.removeprefix("sqlite:///"))
    connection.execute(f"UPDATE alembic_version SET version_num = '{version}'")  # noqa: S608
    connection.commit()

    for opening in (open_store, migrate_store):
        with pytest.raises(StoreError, match=words):
            await opening(database_url, MASTER_KEY)

    left = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    connection.close()
    assert left == (version,)


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
