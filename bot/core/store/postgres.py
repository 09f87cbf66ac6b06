"""PostgreSQL: a pool of threads, each with a connection; one request is one transaction."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import psycopg
from psycopg import errors as pg
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import psycopg as core

from bot.core.crypto import MasterKeyError, Vault, parse_master_key
from bot.core.errors import InternalServerException, ServiceUnavailable
from bot.core.ids import new_key
from bot.core.store.bell import Bell
from bot.core.store.keys import NO_VAULT, learn_keys, load_vault
from bot.core.store.lanes import LANE_LIMIT, Entry, Lane, Lanes, answered, settle
from bot.core.store.migrations import HEAD, current_postgres, migrate_postgres, refuse_other
from bot.core.store.refusals import StoreError
from bot.core.store.statements import Dialect, DialectName
from bot.core.store.transaction import Transaction

log = logging.getLogger(__name__)

T = TypeVar("T")

ATTEMPTS = 6
FIRST_WAIT = 0.02
"""Seconds before the second attempt; doubled for each further one, and jittered."""

DIALECT = Dialect(
    "postgresql",
    core.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]
    postgresql.insert,
    (psycopg.IntegrityError, psycopg.DataError),
    psycopg.Error,
)

READERS = 4
"""Threads, each with its connection, that read on behalf of requests and do nothing else."""
BEGIN_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


class PostgresStore:
    """A store that any number of processes share."""

    dialect: DialectName = "postgresql"

    def __init__(self, database_url: str, vault: Vault, threads: int, limit: int) -> None:
        self.vault = vault
        self._loop = asyncio.get_running_loop()
        self._lanes, self._reads = Lanes(limit), Lanes(limit)
        self._bell = Bell(database_url, new_key())
        sources = [self._lanes] * threads + [self._reads] * READERS
        self._threads = [
            threading.Thread(
                target=Worker(database_url, vault, lanes, self._loop).serve,
                name=f"imbot-store-{number}",
                daemon=True,
            )
            for number, lanes in enumerate(sources)
        ]
        for thread in self._threads:
            thread.start()

    @classmethod
    async def open(
        cls,
        database_url: str,
        master_key: str | None = None,
        *,
        threads: int = 8,
        lane_limit: int = LANE_LIMIT,
    ) -> PostgresStore:
        """Raises StoreError for a schema of another version, MasterKeyError."""
        if master_key is None:
            raise MasterKeyError("PostgreSQL needs IMBOT_MASTER_KEY: 32 bytes in base64.")
        vault = await asyncio.to_thread(_open_vault, database_url, parse_master_key(master_key))
        vault.look_again = partial(_look_again, database_url, vault)
        return cls(database_url, vault, threads, lane_limit)

    async def write(self, work: Callable[[Transaction], T], lane: Lane = Lane.REQUEST) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        self._lanes.put(lane, Entry(work, future))
        return await future

    async def read(self, work: Callable[[Transaction], T]) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        self._reads.put(Lane.REQUEST, Entry(work, future, is_read=True))
        return await future

    async def look(self, work: Callable[[Transaction], T]) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        self._lanes.put(Lane.REPLY, Entry(work, future, is_read=True))
        return await future

    def announce(self) -> None:
        self._bell.ring()

    def listen(self, callback: Callable[[], None]) -> None:
        self._bell.listen(callback)

    async def close(self) -> None:
        self._lanes.close(takers=len(self._threads) - READERS)
        self._reads.close(takers=READERS)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        await answered()
        await self._bell.close()


class RepeatError(Exception):
    """The attempt left nothing behind and may be made again; its cause says why it failed."""


class Worker:
    """One thread's work and connection."""

    def __init__(
        self, database_url: str, vault: Vault, lanes: Lanes, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._url = database_url
        self._vault = vault
        self._lanes = lanes
        self._loop = loop
        self._connection: psycopg.Connection | None = None

    def serve(self) -> None:
        while (entry := self._lanes.take()) is not None:
            self._run(entry)
            self._loop.call_soon_threadsafe(settle, self._loop, [entry])
        self._disconnect()

    def _run(self, entry: Entry) -> None:
        """Run one entry until it has ended for good."""
        wait = FIRST_WAIT
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self._attempt(entry)
            except RepeatError as repeat:
                log.warning("attempt %d failed: %s", attempt, repeat)
                entry.fail(_refusal(repeat.__cause__))
                time.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
                wait *= 2
            except BaseException as error:  # noqa: BLE001 - it is handed to the caller
                entry.fail(error)
                return
            else:
                return

    def _attempt(self, entry: Entry) -> None:
        """Raises RepeatError, and whatever the work raises."""
        connection = self._connected()
        cursor = connection.cursor()
        tx = Transaction(cursor, DIALECT, self._vault)
        try:
            cursor.execute(BEGIN_READ if entry.is_read else BEGIN_WRITE)
            result = entry.work(tx)
            tx.finish()
        except BaseException as error:
            self._roll_back(connection)
            fault = tx.fault or error
            if isinstance(fault, pg.ReadOnlySqlTransaction) and not entry.is_read:
                self._disconnect()  # from a standby; the URL may name its primary
                raise RepeatError(type(fault).__name__) from fault
            if isinstance(fault, psycopg.OperationalError):
                raise RepeatError(type(fault).__name__) from fault
            raise
        self._commit(connection)
        entry.succeed(result, tx.after_commit)

    def _commit(self, connection: psycopg.Connection) -> None:
        """Raises InternalServerException when nobody can say whether it was committed."""
        try:
            connection.execute("COMMIT")
        except psycopg.Error as error:
            if not connection.closed and not connection.broken:
                self._roll_back(connection)
                raise RepeatError(type(error).__name__) from error
            self._disconnect()
            raise InternalServerException(
                "The database went away during the commit; look before you try again."
            ) from error

    def _roll_back(self, connection: psycopg.Connection) -> None:
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            self._disconnect()

    def _connected(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            try:
                self._connection = psycopg.connect(self._url, autocommit=True)
            except psycopg.OperationalError as error:
                raise RepeatError(type(error).__name__) from error
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _refusal(fault: BaseException | None) -> ServiceUnavailable:
    refusal = ServiceUnavailable("The database cannot take this now; nothing was done.")
    refusal.__cause__ = fault
    return refusal


def migrate(database_url: str) -> None:
    """Bring the schema to the newest version. Raises StoreError."""
    with _connect(database_url) as connection:
        migrate_postgres(connection)


def _connect(database_url: str) -> psycopg.Connection:
    try:
        return psycopg.connect(database_url)
    except psycopg.OperationalError as error:
        raise StoreError(f"PostgreSQL cannot be reached: {error}") from None
    except psycopg.ProgrammingError:  # its words may hold the password
        raise StoreError("PostgreSQL's library does not understand the database URL.") from None


def _open_vault(database_url: str, master: bytes) -> Vault:
    with _connect(database_url) as connection:
        version = current_postgres(connection)
        refuse_other(version)
        if version != HEAD:
            found = f"schema version {version}" if version else "no schema"
            raise StoreError(
                f"The database has {found}, this program needs {HEAD}: run `imbot migrate`."
            )
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('imbot keys'))")
        return load_vault(Transaction(connection.cursor(), DIALECT, NO_VAULT), master)


def _look_again(database_url: str, vault: Vault) -> None:
    """Learn keys that another process has made; on a connection that sees all commits."""
    with psycopg.connect(database_url) as connection:
        learn_keys(Transaction(connection.cursor(), DIALECT, vault))
