"""The store of a simulated process: SQLite's real transactions, in memory and in one thread.

Left out are the threads, the files and the grouping of commits, which have tests of their own.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

from bot.core.crypto import parse_master_key
from bot.core.store.keys import NO_VAULT, load_vault
from bot.core.store.lanes import Entry, Lane, Lanes, settle
from bot.core.store.migrations import migrate_sqlite
from bot.core.store.remembered import Remembered
from bot.core.store.schema import metadata
from bot.core.store.sqlite import DIALECT
from bot.core.store.statements import DialectName
from bot.core.store.transaction import Transaction

T = TypeVar("T")

LONGEST_COMMIT = 0.004
"""Seconds between asking and commit."""
KEPT = ("vault_key", "replication_set")
JOURNAL = """
CREATE TEMP TABLE told (key TEXT PRIMARY KEY, page_key TEXT, channel_key TEXT, at INTEGER,
                        gone_at INTEGER);
CREATE TEMP TABLE alarm (task TEXT, due_at INTEGER, at INTEGER);
CREATE TEMP TRIGGER outbox_came AFTER INSERT ON main.outbox BEGIN
    INSERT INTO told VALUES (NEW.key, NEW.page_key, NEW.channel_key, instant(), NULL)
    ON CONFLICT (key) DO UPDATE SET gone_at = NULL;
END;
CREATE TEMP TRIGGER outbox_went AFTER DELETE ON main.outbox BEGIN
    UPDATE told SET gone_at = instant() WHERE key = OLD.key;
END;
CREATE TEMP TRIGGER job_came AFTER INSERT ON main.job BEGIN
    INSERT INTO alarm VALUES (NEW.task, NEW.due_at, instant());
END;
CREATE TEMP TRIGGER job_moved AFTER UPDATE OF due_at ON main.job BEGIN
    INSERT INTO alarm VALUES (NEW.task, NEW.due_at, instant());
END;
"""
"""What comes and goes in tables whose rows do not stay. It is undone with its transaction."""


class Database:
    """What outlives a process. It serves many worlds, one after the other."""

    def __init__(self, master_key: str) -> None:
        self.connection = sqlite3.connect(
            ":memory:", isolation_level=None, cached_statements=1024
        )
        migrate_sqlite(self.connection)
        self.cursor = self.connection.cursor()
        self.instant: Callable[[], int] = lambda: 0
        self.connection.create_function("instant", 0, lambda: self.instant())  # noqa: PLW0108
        self.connection.execute("PRAGMA temp_store = MEMORY")
        self.connection.executescript(JOURNAL)
        self.cursor.execute("BEGIN")
        tx = Transaction(self.cursor, DIALECT, NO_VAULT)
        self.vault = load_vault(tx, parse_master_key(master_key))
        self.cursor.execute("COMMIT")
        tables = [t.name for t in metadata.sorted_tables if t.name not in KEPT]
        self._filled = " UNION ALL ".join(
            f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})"  # noqa: S608
            for name in (*tables, "told", "alarm")
        )

    def wipe(self) -> None:
        """Forget everything but the keys and the replication set."""
        self.cursor.execute("PRAGMA foreign_keys = OFF")
        self.cursor.execute("BEGIN")
        for (name,) in self.look(self._filled):
            self.cursor.execute(f"DELETE FROM {name}")  # noqa: S608
        self.cursor.execute("COMMIT")
        self.cursor.execute("PRAGMA foreign_keys = ON")

    def look(self, sql: str, *values: Any, **named: Any) -> list[Any]:
        """Read for the checks, beside the program."""
        return self.connection.execute(sql, named or values).fetchall()

    def transaction(self, remembered: Remembered | None = None) -> Transaction:
        return Transaction(self.cursor, DIALECT, self.vault, remembered)


class SimulatedStore:
    """One process's hold on the database: each piece of work in a transaction of its own, the
    more urgent first, a little later than it was asked for.

    `commits_left` lets the process die at a commit to come: just before it, or just after it,
    with nobody told. What is asked of a dead process is never answered.
    """

    dialect: DialectName = "sqlite"

    def __init__(self, database: Database, random: Random, dies: Callable[[], None]) -> None:
        self.vault = database.vault
        self._database = database
        self._random = random
        self._dies = dies
        self._remembered = Remembered()
        self._lanes = Lanes()
        self._loop = asyncio.get_running_loop()
        self.is_dead = False
        self.commits_left: int | None = None
        self.dies_before_commit = False

    async def write(self, work: Callable[[Transaction], T], lane: Lane = Lane.REQUEST) -> T:
        future: asyncio.Future[T] = self._loop.create_future()
        if not self.is_dead:
            self._lanes.put(lane, Entry(work, future))
            self._loop.call_later(self._random.random() * LONGEST_COMMIT, self._serve_one)
        return await future

    async def read(self, work: Callable[[Transaction], T]) -> T:
        await asyncio.sleep(0)
        if self.is_dead:
            await asyncio.Event().wait()
        return work(self._database.transaction())

    look = read

    def announce(self) -> None:
        """There is no other process."""

    def listen(self, callback: Callable[[], None]) -> None:
        """There is no other process."""

    async def close(self) -> None:
        self.is_dead = True

    def _serve_one(self) -> None:
        entry = None if self.is_dead else self._lanes.take_waiting()
        if entry is None:
            return
        cursor = self._database.cursor
        self._remembered.end()
        tx = self._database.transaction(self._remembered)
        cursor.execute("BEGIN IMMEDIATE")
        try:
            result = entry.work(tx)
            tx.finish()
        except BaseException as error:  # noqa: BLE001 - it is handed to the caller
            cursor.execute("ROLLBACK")
            entry.fail(error)
        else:
            entry.succeed(result, tx.after_commit)
            if not self._may_commit():
                cursor.execute("ROLLBACK")
                return
            cursor.execute("COMMIT")
            if self.is_dead:
                return
        settle(self._loop, [entry])

    def _may_commit(self) -> bool:
        if self.commits_left is None:
            return True
        self.commits_left -= 1
        if self.commits_left:
            return True
        self.is_dead = True
        self._dies()
        return not self.dies_before_commit
