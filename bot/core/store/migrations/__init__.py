"""The schema's versions, and how a database comes to the newest one.

Alembic is imported only where something must be migrated.
"""

from __future__ import annotations

import importlib
import pkgutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, MetaData, create_engine
from sqlalchemy.pool import StaticPool

from bot.core.store.refusals import OtherVersion
from bot.core.store.schema import metadata

if TYPE_CHECKING:
    import psycopg
    from alembic.config import Config

FIRST = "0001_02"
HEAD = FIRST
"""The newest version; tests hold it to the files in `versions`, and to what is declared."""


def all_tables() -> MetaData:
    """The metadata with every table of the store in it."""
    store = Path(__file__).parent.parent
    for module in pkgutil.iter_modules([str(store)], "bot.core.store."):
        if module.name.rpartition(".")[2] not in ("migrations", "postgres", "sqlite"):
            importlib.import_module(module.name)
    return metadata


def migrate_sqlite(connection: sqlite3.Connection) -> None:
    """Bring an SQLite database to HEAD. The connection must be in no transaction.

    Raises OtherVersion.
    """
    version = current_sqlite(connection)
    if version == HEAD:
        return
    refuse_other(version)
    engine = create_engine(
        "sqlite://",
        creator=lambda: connection,
        poolclass=StaticPool,
        isolation_level="AUTOCOMMIT",
    )
    with engine.connect() as bind:
        upgrade(bind)


def migrate_postgres(connection: psycopg.Connection) -> None:
    """Bring a PostgreSQL database to HEAD, in one transaction, one process at a time.

    Raises OtherVersion.
    """
    refuse_other(current_postgres(connection))
    connection.rollback()
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool
    )
    with engine.begin() as bind:
        bind.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('imbot migrate'))")
        upgrade(bind)


def refuse_other(version: str | None) -> None:
    """Raises OtherVersion for a database from before the first release that has other tables,
    and for one of a later version.
    """
    if version is not None and version < FIRST:
        raise OtherVersion(
            "The database was made by a version from before the first release (schema "
            f"{version}, here {HEAD}), from which there is no way to this one. Use that "
            "version, or begin with a new database; nothing was changed."
        )
    if version is not None and version > HEAD:
        raise OtherVersion(
            f"The database was made by a later version (schema {version}, here {HEAD}), and "
            "there is no way back. Use that version, or restore a backup from before the "
            "upgrade; nothing was changed."
        )


def current_sqlite(connection: sqlite3.Connection) -> str | None:
    """The version that the database has, None for an empty one."""
    try:
        record = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return None
    return None if record is None else str(record[0])


def current_postgres(connection: psycopg.Connection) -> str | None:
    """The version that the database has, None for an empty one."""
    known = connection.execute("SELECT to_regclass('alembic_version')").fetchone()
    if known is None or known[0] is None:
        return None
    record = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if record is None else str(record[0])


def upgrade(connection: Connection) -> None:
    """Run the versions that the database does not have yet."""
    from alembic import command

    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def alembic_config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
