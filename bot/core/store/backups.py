"""Copies of an SQLite database: made while it is in use, and put in its place."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

from bot.core.crypto import MasterKeyError, open_vault, parse_master_key
from bot.core.ids import new_key
from bot.core.store.keys import NO_VAULT, master_key_file, stored_keys, waiting_key_file
from bot.core.store.migrations import HEAD, current_sqlite, refuse_other
from bot.core.store.refusals import StoreError
from bot.core.store.sqlite import DIALECT
from bot.core.store.sqlite_file import take_lock
from bot.core.store.transaction import Transaction


def back_up(database: Path, target: Path, master_key: str | None) -> None:
    """Copy a database, and its key file unless the key is given, to files that do not exist.

    The copy is checked before it gets its name. Raises StoreError, MasterKeyError.
    """
    if not database.exists():
        raise StoreError(f"There is no database {database}.")
    _refuse_existing(target, f"{target} is not overwritten")
    _copy(database, target, lambda partial: _fitting_key(database, partial, master_key))


def restore(source: Path, database: Path, master_key: str | None) -> None:
    """Put a checked copy where no database is. Raises StoreError, MasterKeyError."""
    if not source.exists():
        raise StoreError(f"There is no backup {source}.")
    lock = take_lock(database)
    try:
        _refuse_existing(database, "A database is in place")
        _copy(source, database, lambda partial: _fitting_key(source, partial, master_key))
    finally:
        os.close(lock)


def _refuse_existing(database: Path, words: str) -> None:
    """Raises StoreError where a file of a database is: an old journal would be replayed into
    the new one.
    """
    names = [f"{database.name}{end}" for end in ("", "-wal", "-shm", ".key", ".key.new")]
    found = [str(path) for name in names if (path := database.with_name(name)).exists()]
    if found:
        raise StoreError(f"{words}; move it aside with all its files: {' '.join(found)}")


def _copy(source: Path, target: Path, find_key: Callable[[Path], str | None]) -> None:
    """Copy by way of a partial file, so that no other than a whole one bears the name."""
    partial = target.with_name(f".{target.name}.{new_key()}")
    try:
        _copy_pages(source, partial)
        _check(partial)
        key = find_key(partial)
        if key is not None:
            _write_key(master_key_file(target), key)
        os.rename(partial, target)
        _sync(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{source} cannot be copied to {target}: {error}.") from error
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            partial.with_name(f"{partial.name}{end}").unlink(missing_ok=True)


def _copy_pages(source: Path, target: Path) -> None:
    """In one step, under which a writer goes on. The copy is one file, without a journal."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    original = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
    copy = sqlite3.connect(target)
    try:
        original.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    finally:
        copy.close()
        original.close()
    _sync(target)


def _check(database: Path) -> None:
    """Raises StoreError where the database is damaged, or not of this program's version."""
    connection = sqlite3.connect(database)
    try:
        verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        version = current_sqlite(connection)
    finally:
        connection.close()
    if verdict != "ok":
        raise StoreError("The database is damaged; its integrity check fails.")
    refuse_other(version)
    if version is None:
        raise StoreError(f"The database has no schema of this program, which knows {HEAD}.")


def _fitting_key(original: Path, copy: Path, master_key: str | None) -> str | None:
    """The text of the key file that opens the copy; None where the key is given and fits.

    Raises MasterKeyError where no key does.
    """
    if master_key is not None:
        _try_key(copy, master_key)
        return None
    files = [master_key_file(original), waiting_key_file(original)]
    texts = [path.read_text("ascii").strip() for path in files if path.exists()]
    if not texts:
        raise MasterKeyError(f"{files[0]} is missing: put it back, or set IMBOT_MASTER_KEY.")
    for text in texts[:-1]:
        try:
            _try_key(copy, text)
        except MasterKeyError:
            continue
        return text
    _try_key(copy, texts[-1])
    return texts[-1]


def _try_key(database: Path, master_key: str) -> None:
    """Raises MasterKeyError unless the key opens the database."""
    connection = sqlite3.connect(database)
    try:
        wrapped = stored_keys(Transaction(connection.cursor(), DIALECT, NO_VAULT))
    finally:
        connection.close()
    open_vault(wrapped, parse_master_key(master_key))


def _write_key(path: Path, text: str) -> None:
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
