"""The wrapped keys in the database, and the master key's file beside SQLite."""

from __future__ import annotations

import logging
import os
import tempfile
from datetime import datetime
from pathlib import Path

from sqlalchemy import UniqueConstraint, bindparam, select

from bot.core.crypto import (
    KEY_BYTES,
    KeyPurpose,
    MasterKeyError,
    Vault,
    WrappedKey,
    create_keys,
    key_place,
    new_master_key,
    open_vault,
    parse_master_key,
    rewrap,
    wrap,
)
from bot.core.errors import DataEncryptionException
from bot.core.ids import Key
from bot.core.store.schema import primary, table, table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction

log = logging.getLogger(__name__)


@table("vault_key", UniqueConstraint("key_id"))
class VaultKey:
    """A key that the master key wraps. The store's own, so of no account.

    `passed_on` is a new data key under the one before it, so that who runs can learn it without
    the master key; it is there for a day. A retired key still decrypts.
    """

    key: Key = primary()
    key_id: int
    purpose: KeyPurpose
    wrapped: bytes
    created_at: datetime | None = None
    passed_on: bytes | None = None
    retired_at: datetime | None = None


_keys = table_of(VaultKey).c
NEWER = prepared(
    select(_keys.key_id, _keys.passed_on)
    .where(_keys.purpose == "data", _keys.key_id > bindparam("known"))
    .order_by(_keys.key_id)
)

NO_VAULT = Vault({1: bytes(32)}, bytes(32))
"""For transactions that read no secrets, before the vault is open."""


def load_vault(tx: Transaction, master: bytes) -> Vault:
    """Open the stored keys, or make them where there are none. Raises MasterKeyError."""
    wrapped = stored_keys(tx)
    if not wrapped:
        wrapped = create_keys(master)
        tx.insert(
            VaultKey(key_id=each.key_id, purpose=each.purpose, wrapped=each.wrapped)
            for each in wrapped
        )
    return open_vault(wrapped, master)


def load_vault_by_file(tx: Transaction, database: Path) -> Vault:
    """Open the stored keys by the key file. Where a rotation was cut short after its commit,
    the new key, still waiting beside, takes its place. Raises MasterKeyError.
    """
    master = read_or_make_master_key(database, has_keys=bool(stored_keys(tx)))
    try:
        return load_vault(tx, master)
    except MasterKeyError:
        waiting = waiting_key_file(database)
        if not waiting.exists():
            raise
        text = waiting.read_text("ascii").strip()
        vault = load_vault(tx, parse_master_key(text))
        adopt_master_key(database, text)
        return vault


def stored_keys(tx: Transaction) -> list[WrappedKey]:
    return [
        WrappedKey(key_id=row.key_id, purpose=row.purpose, wrapped=bytes(row.wrapped))
        for row in tx.select(VaultKey)
    ]


def learn_keys(tx: Transaction) -> None:
    """Let the transaction's vault know the data keys that were made since it was opened.

    One that was not passed on is left alone: what is under it cannot be read here, and the log
    says so, but who runs goes on.
    """
    for key_id, passed_on in tx.records(NEWER, known=tx.vault.newest):
        try:
            tx.vault.learn(key_id, bytes(passed_on or b""))
        except DataEncryptionException:
            log.error("data key %d cannot be learnt any more: start this process again", key_id)


def add_data_key(tx: Transaction, master: bytes, now: datetime) -> int:
    """Make the next data key, pass it on to all who know the newest, and answer its id."""
    key_id = 1 + max(row.key_id for row in tx.select(VaultKey))
    plain = os.urandom(KEY_BYTES)
    passed_on = tx.vault.encrypt(plain, key_place(key_id, "data"))
    wrapped = wrap(plain, master, key_id=key_id, purpose="data").wrapped
    made = VaultKey(
        key_id=key_id, purpose="data", wrapped=wrapped, created_at=now, passed_on=passed_on
    )
    tx.insert([made])
    return key_id


def rotate_master_key(tx: Transaction, *, old: str, new: str) -> None:
    """Put all keys under a new master key; nothing else is encrypted anew.

    Raises MasterKeyError, and then nothing has changed.
    """
    rows = tx.select(VaultKey)
    wrapped = [
        WrappedKey(key_id=row.key_id, purpose=row.purpose, wrapped=bytes(row.wrapped))
        for row in rows
    ]
    anew = rewrap(wrapped, old=parse_master_key(old), new=parse_master_key(new))
    for row, each in zip(rows, anew, strict=True):
        tx.update(row, wrapped=each.wrapped)


def master_key_file(database: Path) -> Path:
    return database.with_name(f"{database.name}.key")


def waiting_key_file(database: Path) -> Path:
    """Where a new master key waits until the database is under it."""
    return database.with_name(f"{database.name}.key.new")


def await_master_key(database: Path, master_key: str) -> None:
    """Put a new master key beside the old one, before the database is put under it."""
    path = waiting_key_file(database)
    os.replace(_write_beside(path, master_key), path)
    _sync_folder(path.parent)


def adopt_master_key(database: Path, master_key: str) -> None:
    """Put the new master key in the old one's place, after the database was put under it."""
    replace_master_key_file(database, master_key)
    waiting_key_file(database).unlink(missing_ok=True)


def read_or_make_master_key(database: Path, *, has_keys: bool) -> bytes:
    """The master key beside an SQLite database; a new one for a new database.

    Raises MasterKeyError where the database has keys and the file is gone.
    """
    path = master_key_file(database)
    if not path.exists():
        if has_keys:
            raise MasterKeyError(
                f"{database} holds secrets, but its key file {path} is missing. "
                "Put it back, or set IMBOT_MASTER_KEY."
            )
        _write_once(path, new_master_key())
    return parse_master_key(path.read_text("ascii"))


def replace_master_key_file(database: Path, master_key: str) -> None:
    """Put another master key beside the database, at once and whole."""
    path = master_key_file(database)
    os.replace(_write_beside(path, master_key), path)
    _sync_folder(path.parent)


def _write_once(path: Path, text: str) -> None:
    """Make a file of mode 0600 with its whole text, never over another one."""
    temporary = _write_beside(path, text)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        temporary.unlink()
    _sync_folder(path.parent)


def _write_beside(path: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    return Path(name)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
