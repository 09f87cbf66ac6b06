"""The file of an SQLite database: its lock, and the connections to it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from bot.core.store.checkpoints import LONGEST_LOG
from bot.core.store.migrations import HEAD, current_sqlite, migrate_sqlite, refuse_other
from bot.core.store.refusals import StoreError, StoreInUse

BUSY_SECONDS = 5


def database_file(path: str) -> Path:
    """Raises StoreError unless the path names a file."""
    if not path or path.startswith(":"):
        raise StoreError("The database must be a file: sqlite:///imbot.db")
    return Path(path).absolute()


def take_lock(database: Path) -> int:
    """Lock the file beside the database until the descriptor is closed. Raises StoreInUse
    where it is locked, StoreError where it cannot be made.
    """
    path = database.with_name(f"{database.name}.lock")
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be made by user {os.getuid()}: {error.strerror}."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(lock, 20).decode("ascii", "replace").strip()
        os.close(lock)
        raise StoreInUse(
            f"{database} is in use by process {holder or '?'}. One process at a time may "
            "open an SQLite database; several share a PostgreSQL one."
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def connect(path: Path, *, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )


def connect_to_write(path: Path) -> sqlite3.Connection:
    connection = connect(path, mode="rwc")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        _prepare(connection)
        migrate_sqlite(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def connect_as_guest(path: Path) -> sqlite3.Connection:
    connection = connect(path, mode="rw")
    try:
        _prepare(connection)
        version = current_sqlite(connection)
        refuse_other(version)
        if version != HEAD:
            found = f"schema version {version}" if version else "no schema"
            raise StoreError(f"{path} has {found}, this program needs {HEAD}.")
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {LONGEST_LOG}")
    connection.execute("PRAGMA temp_store = MEMORY")  # or each savepoint writes a file
    connection.execute("PRAGMA cache_size = -16000")  # KiB: the inner pages of large indexes


def connect_beside(path: Path) -> sqlite3.Connection:
    """For who moves the log into the database."""
    connection = connect(path, mode="rw")
    _prepare(connection)
    return connection
