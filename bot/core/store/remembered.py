"""Rows that seldom change, remembered by the one thread that writes an SQLite database.

Nobody else changes these tables there, so that what was read stays true until this thread
writes to them. A table that was written to is read from the database until its transaction
has ended, whichever way: what is undone was never remembered.
"""

from __future__ import annotations

from typing import Any

from bot.core.store.accounts import ReplicationSet
from bot.core.store.contacts import Contact, ContactChannel
from bot.core.store.incidents import ResponsePlan
from bot.core.store.schema import Row, shape_of

SELDOM_CHANGED: tuple[type[Row], ...] = (ReplicationSet, ResponsePlan, Contact, ContactChannel)
MOST_ROWS = 10_000


class Remembered:
    """One thread's memory of single rows, by what they were found with."""

    __slots__ = ("_rows", "_tables", "_written")

    def __init__(self) -> None:
        self._tables = {shape_of(kind).table.name for kind in SELDOM_CHANGED}
        self._rows: dict[Any, Any] = {}
        self._written: set[str] = set()

    def holds(self, table: str) -> bool:
        """Whether rows of that table may be remembered now."""
        return table in self._tables and table not in self._written

    def get(self, place: Any) -> Any:
        return self._rows.get(place)

    def put(self, place: Any, row: Any) -> None:
        if len(self._rows) >= MOST_ROWS:
            self._rows.clear()
        self._rows[place] = row

    def forget(self, table: str) -> None:
        """Hear that the transaction writes to a table."""
        if table in self._tables and table not in self._written:
            self._written.add(table)
            self._rows.clear()

    def end(self) -> None:
        """Hear that the transaction has ended, and that another begins."""
        self._written.clear()
