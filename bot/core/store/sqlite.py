"""SQLite: one thread writes, in groups that share a commit; a few threads read."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlalchemy.dialects import sqlite

from bot.core.crypto import Vault, parse_master_key
from bot.core.errors import ServiceUnavailable
from bot.core.store.checkpoints import Checkpoints
from bot.core.store.keys import NO_VAULT, learn_keys, load_vault, load_vault_by_file
from bot.core.store.lanes import LANE_LIMIT, Entry, Lane, Lanes, answered, settle
from bot.core.store.refusals import StoreError
from bot.core.store.remembered import Remembered
from bot.core.store.sqlite_file import (
    connect,
    connect_as_guest,
    connect_beside,
    connect_to_write,
    database_file,
    take_lock,
)
from bot.core.store.statements import Dialect, DialectName
from bot.core.store.transaction import Transaction, TransactionError

log = logging.getLogger(__name__)

T = TypeVar("T")

GROUP_SIZE = 64
GROUP_SECONDS = 0.04
"""As long as it takes to answer what thirty clients ask at once: who did not fit into a group
would wait for all of it, and for its own one.
"""
READERS = 4

DIALECT = Dialect(
    "sqlite",
    sqlite.dialect(paramstyle="qmark"),
    sqlite.insert,
    (sqlite3.IntegrityError,),
    sqlite3.Error,
)

PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
"""Primary codes of what is the machine's fault rather than the statement's."""


class GroupVoidError(Exception):
    """The group's transaction has failed; each of its entries must run again alone."""


class GroupTornError(Exception):
    """An entry failed after it had written; the group must run again with savepoints."""


class SqliteStore:
    """The embedded store. `open` takes its lock file, so that a second process is refused."""

    dialect: DialectName = "sqlite"

    def __init__(
        self,
        path: Path,
        lock: int,
        connection: sqlite3.Connection,
        vault: Vault,
        *,
        lane_limit: int,
        group_seconds: float,
    ) -> None:
        self.vault = vault
        vault.look_again = partial(_look_again, path, vault)
        self._path = path
        self._lock = lock
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._cursor = connection.cursor()
        self._remembered = Remembered()
        self._version = -1
        self._lanes = Lanes(lane_limit)
        self._group_seconds = group_seconds
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="imbot-reader")
        self._looker = ThreadPoolExecutor(1, thread_name_prefix="imbot-looker")
        self._reading = threading.local()
        self._read_connections: list[sqlite3.Connection] = []
        self._checkpoints = Checkpoints(partial(connect_beside, path))
        self._writer = threading.Thread(target=self._serve, name="imbot-writer", daemon=True)
        self._writer.start()

    @classmethod
    async def open(
        cls,
        path: str,
        master_key: str | None = None,
        *,
        lane_limit: int = LANE_LIMIT,
        group_seconds: float = GROUP_SECONDS,
        is_guest: bool = False,
    ) -> SqliteStore:
        """Raises StoreInUse where another process holds the database, unless as its guest;
        StoreError, MasterKeyError.
        """
        database = database_file(path)
        lock = -1 if is_guest else await asyncio.to_thread(take_lock, database)
        open_file = connect_as_guest if is_guest else connect_to_write
        try:
            connection = await asyncio.to_thread(open_file, database)
            vault = await asyncio.to_thread(_open_vault, connection, database, master_key)
        except BaseException as error:
            if lock >= 0:
                os.close(lock)
            if isinstance(error, sqlite3.Error):
                raise StoreError(f"{database} cannot be opened: {error}.") from error
            raise
        return cls(
            database,
            lock,
            connection,
            vault,
            lane_limit=lane_limit,
            group_seconds=group_seconds,
        )

    async def write(self, work: Callable[[Transaction], T], lane: Lane = Lane.REQUEST) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        self._lanes.put(lane, Entry(work, future))
        return await future

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._loop.run_in_executor(self._readers, self._read, work)

    async def look(self, work: Callable[[Transaction], T]) -> T:
        return await self._loop.run_in_executor(self._looker, self._read, work)

    def announce(self) -> None:
        """Nobody else shares an SQLite database."""

    def listen(self, callback: Callable[[], None]) -> None:
        """Nobody else shares an SQLite database."""

    async def close(self) -> None:
        self._lanes.close(takers=1)
        await asyncio.to_thread(self._writer.join)
        for threads in (self._readers, self._looker):
            await asyncio.to_thread(threads.shutdown)
        await answered()
        self._checkpoints.close()
        for connection in [*self._read_connections, self._connection]:
            connection.close()
        self._read_connections.clear()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    # The writing thread

    def _serve(self) -> None:
        while (first := self._lanes.take()) is not None:
            self._run_group(first)

    def _run_group(self, first: Entry) -> None:
        """Run what waits in one transaction, commit once, answer all.

        It is tried without savepoints: an entry that fails has seldom written anything.
        """
        members: list[Entry] = [first]
        try:
            try:
                self._run_together(self._gathered(members), with_savepoints=False)
            except GroupTornError:
                self._roll_back()
                self._run_together(members, with_savepoints=True)
        except (GroupVoidError, sqlite3.Error) as fault:
            log.warning("a group of %d is void: %s", len(members), fault)
            self._roll_back()
            for entry in members:
                self._run_alone(entry)
            return
        self._answer(members)

    def _run_together(self, members: Iterable[Entry], *, with_savepoints: bool) -> None:
        self._begin()
        for entry in members:
            self._run_member(entry, with_savepoints=with_savepoints)
        self._commit()

    def _gathered(self, members: list[Entry]) -> Iterator[Entry]:
        """The group's first entry, and those that come while it runs."""
        yield members[0]
        for entry in self._followers():
            members.append(entry)
            yield entry

    def _begin(self) -> None:
        """Nobody writes from here on; whatever a guest has written is known, keys included."""
        self._remembered.end()
        self._cursor.execute("BEGIN IMMEDIATE")
        version = self._cursor.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            tx = Transaction(self._cursor, DIALECT, self.vault)
            try:
                learn_keys(tx)
            except TransactionError as error:
                raise tx.fault or error from None
            self._version = version

    def _commit(self) -> None:
        self._cursor.execute("COMMIT")
        self._checkpoints.count(self._readers)

    def _followers(self) -> Iterator[Entry]:
        ends_at = time.monotonic() + self._group_seconds
        for _ in range(GROUP_SIZE - 1):
            entry = self._lanes.take_waiting()
            if entry is None:
                return
            yield entry
            if time.monotonic() >= ends_at:
                return

    def _run_member(self, entry: Entry, *, with_savepoints: bool) -> None:
        """Raises GroupTornError where it has failed, and what it wrote stays."""
        tx = Transaction(self._cursor, DIALECT, self.vault, self._remembered)
        try:
            with tx.savepoint() if with_savepoints else nullcontext():
                result = entry.work(tx)
                tx.finish()
        except BaseException as error:  # noqa: BLE001 - it is handed to the caller
            entry.fail(error)
        else:
            entry.succeed(result, tx.after_commit)
        self._refuse_void(tx)
        if entry.error is not None and tx.has_written and not with_savepoints:
            raise GroupTornError

    def _refuse_void(self, tx: Transaction) -> None:
        if tx.fault is not None:
            raise GroupVoidError(str(tx.fault)) from tx.fault
        if not self._connection.in_transaction:
            raise GroupVoidError("the transaction is gone")

    def _run_alone(self, entry: Entry) -> None:
        """Run one entry of a void group in a transaction of its own, and answer it."""
        tx = Transaction(self._cursor, DIALECT, self.vault, self._remembered)
        try:
            self._begin()
            result = entry.work(tx)
            tx.finish()
            self._commit()
        except BaseException as error:  # noqa: BLE001 - it is handed to the caller
            self._roll_back()
            entry.fail(_as_refusal(tx.fault or error))
        else:
            entry.succeed(result, tx.after_commit)
        self._answer([entry])

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.rollback()

    def _answer(self, entries: list[Entry]) -> None:
        self._loop.call_soon_threadsafe(settle, self._loop, entries)

    # The reading threads

    def _read(self, work: Callable[[Transaction], T]) -> T:
        cursor = self._reading_cursor()
        tx = Transaction(cursor, DIALECT, self.vault)
        try:
            cursor.execute("BEGIN")
            return work(tx)
        except (TransactionError, sqlite3.Error) as error:
            raise _as_refusal(tx.fault or error) from error
        finally:
            cursor.connection.rollback()

    def _reading_cursor(self) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor | None = getattr(self._reading, "cursor", None)
        if cursor is None:
            connection = connect(self._path, mode="ro")
            connection.execute("PRAGMA query_only = ON")
            self._read_connections.append(connection)
            cursor = self._reading.cursor = connection.cursor()
        return cursor


def _open_vault(connection: sqlite3.Connection, path: Path, master_key: str | None) -> Vault:
    cursor = connection.cursor()
    tx = Transaction(cursor, DIALECT, NO_VAULT)
    try:
        cursor.execute("BEGIN IMMEDIATE")
        if master_key is not None:
            vault = load_vault(tx, parse_master_key(master_key))
        else:
            vault = load_vault_by_file(tx, path)
        cursor.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return vault


def _look_again(path: Path, vault: Vault) -> None:
    """Learn keys that another process has made; on a connection that sees all commits."""
    connection = connect(path, mode="ro")
    try:
        learn_keys(Transaction(connection.cursor(), DIALECT, vault))
    finally:
        connection.close()


def _as_refusal(error: BaseException) -> BaseException:
    """ServiceUnavailable for a full disk and its like; anything else as it is."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None or code & 0xFF not in PASSING:
        return error
    log.error("the database refused a transaction: %s", error)
    refusal = ServiceUnavailable("The database cannot take this now; nothing was done.")
    refusal.__cause__ = error
    return refusal
