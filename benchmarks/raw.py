"""The floors of goals 2 and 4: a loop that commits an incident's six rows, one after the other,
and one commit of all rows that a wide incident writes.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.core.ids import new_key

ROWS = {"incident": 1, "timeline_event": 1, "engagement": 1, "page": 2, "outbox": 1}
"""How many rows of each table; the program itself writes more."""
UNIQUE = frozenset({"key", "arn", "engagement_key", "code_fingerprint", "token"})
"""Columns that get a new value in every row."""


class RawLoop:
    """Inserts copies of rows that the program wrote, into a database of the same schema."""

    def __init__(self, source: sqlite3.Connection, path: Path) -> None:
        self._source = source
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        schema = source.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
        for (sql,) in schema.fetchall():
            self._connection.execute(sql)
        self._inserts = [
            insert
            for table, number in ROWS.items()
            for insert in [_insert(source, table)] * number
        ]

    def commit_seconds(self, rows: Mapping[str, int]) -> float:
        """One durable commit of so many rows of each table, made beforehand."""
        work = [
            (sql, [_fresh(names, values) for _ in range(number)])
            for table, number in rows.items()
            for sql, names, values in [_insert(self._source, table)]
        ]
        begun = time.perf_counter()
        self._connection.execute("BEGIN IMMEDIATE")
        for sql, values in work:
            self._connection.executemany(sql, values)
        self._connection.execute("COMMIT")
        return time.perf_counter() - begun

    def rate(self, transactions: int) -> float:
        """Transactions a second, their values made beforehand."""
        work = [
            [(sql, _fresh(names, values)) for sql, names, values in self._inserts]
            for _ in range(transactions)
        ]
        execute = self._connection.execute
        begun = time.perf_counter()
        for statements in work:
            execute("BEGIN IMMEDIATE")
            for sql, values in statements:
                execute(sql, values)
            execute("COMMIT")
        return transactions / (time.perf_counter() - begun)


def _insert(source: sqlite3.Connection, table: str) -> tuple[str, list[str], list[Any]]:
    cursor = source.execute(f"SELECT * FROM {table} LIMIT 1")
    names = [column[0] for column in cursor.description]
    record = cursor.fetchone() or _outbox_like(names)
    places = ", ".join("?" * len(names))
    return f"INSERT INTO {table} VALUES ({places})", names, list(record)


def _outbox_like(names: list[str]) -> list[Any]:
    """An outbox row: the program's own are gone when they have left."""
    known = {
        "account_id": "111122223333",
        "medium": "sms",
        "lane": "page",
        "message": bytes(700),
        "page_key": new_key(),
        "channel_key": new_key(),
        "owner": new_key(),
        "attempts": 1,
        "due_at": 1,
        "created_at": 1,
        "is_doubtful": 0,
    }
    return [known.get(name) for name in names]


def _fresh(names: list[str], values: list[Any]) -> list[Any]:
    key = new_key()
    return [
        key + str(value)[36:] if name in UNIQUE else value
        for name, value in zip(names, values, strict=True)
    ]
