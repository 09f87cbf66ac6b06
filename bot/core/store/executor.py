"""The one way to the store: a function that runs in a transaction, on a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from bot.core.crypto import MasterKeyError, Vault
from bot.core.store.lanes import Lane
from bot.core.store.refusals import StoreError, StoreInUse
from bot.core.store.statements import DialectName
from bot.core.store.transaction import Transaction

__all__ = ["Lane", "Store", "StoreError", "StoreInUse", "migrate_store", "open_store"]

T = TypeVar("T")


class Store(Protocol):
    """Runs work in transactions. The work may run twice, so it must do nothing else.

    `write` and `read` raise what the work raises, and ServiceUnavailable where the database
    cannot take it now and nothing was done.
    """

    @property
    def vault(self) -> Vault: ...

    @property
    def dialect(self) -> DialectName: ...

    async def write(self, work: Callable[[Transaction], T], lane: Lane = Lane.REQUEST) -> T:
        """Answers after the commit."""

    async def read(self, work: Callable[[Transaction], T]) -> T:
        """Runs on a fresh snapshot; what the work writes is refused."""

    async def look(self, work: Callable[[Transaction], T]) -> T:
        """Reads a few rows at once, for the engine and the courier: it never waits for what is
        read on behalf of requests, with a good key or without one.
        """

    def announce(self) -> None:
        """Tell the other processes that there is work; at most once in 5 ms. On the loop."""

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back, on the loop, when another process has announced work."""

    async def close(self) -> None:
        """Do what waits, then let go of everything."""


async def open_store(
    database_url: str,
    master_key: str | None = None,
    *,
    new_master_key: str | None = None,
    threads: int = 8,
    is_guest: bool = False,
) -> Store:
    """Open `sqlite:///path` or `postgresql://...`; `threads` is for PostgreSQL.

    SQLite is migrated and, without `master_key`, keeps its key in a file beside it. A guest of
    SQLite works beside the process that owns the outbox, or alone: it takes no lock, and
    neither makes nor migrates the database. `new_master_key` is tried where `master_key` does
    not fit any more: a rotation lies between.
    Raises StoreError, MasterKeyError.
    """
    try:
        return await _open(database_url, master_key, threads, is_guest)
    except MasterKeyError:
        if new_master_key is None:
            raise
        return await _open(database_url, new_master_key, threads, is_guest)


async def _open(
    database_url: str, master_key: str | None, threads: int, is_guest: bool
) -> Store:
    if database_url.startswith("sqlite:///"):
        from bot.core.store.sqlite import SqliteStore

        path = database_url.removeprefix("sqlite:///")
        return await SqliteStore.open(path, master_key, is_guest=is_guest)
    if database_url.startswith("postgresql://"):
        from bot.core.store.postgres import PostgresStore

        return await PostgresStore.open(database_url, master_key, threads=threads)
    raise StoreError("The database URL must begin with sqlite:/// or postgresql://")


async def migrate_store(database_url: str, master_key: str | None = None) -> None:
    """Bring the schema to the newest version; an SQLite store does so whenever it is opened.

    Raises StoreError, MasterKeyError.
    """
    if database_url.startswith("postgresql://"):
        from bot.core.store.postgres import migrate

        await asyncio.to_thread(migrate, database_url)
    else:
        await (await open_store(database_url, master_key)).close()
