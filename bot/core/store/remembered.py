"""Rows that seldom change, remembered by the one thread that writes an SQLite database.

Nobody else changes these tables there, so that what was read stays true until this thread
writes to them. A table that was written to is read from the database until its transaction
has ended, whichever way: what is undone was never remembered.
"""

from __future__ import annotations

from typing import Any

from bot.core.store.accounts import ReplicationSet
from bot.core.store.contacts import Contact, ContactChannel
from bot.core.store.incidents import Incident, ResponsePlan
from bot.core.store.schema import Row, shape_of

MOST_ROWS: dict[type[Row], int] = {
    ReplicationSet: 100,
    ResponsePlan: 1_000,
    Contact: 10_000,
    ContactChannel: 10_000,
    Incident: 100,
}
"""How many are remembered of each kind. An incident that pages a thousand people is read for
each of them.
"""


class Remembered:
    """One thread's memory of single rows, by what they were found with."""

    __slots__ = ("_most", "_rows", "_written")

    def __init__(self) -> None:
        self._most = {shape_of(kind).name: most for kind, most in MOST_ROWS.items()}
        self._rows: dict[str, dict[Any, Any]] = {name: {} for name in self._most}
        self._written: set[str] = set()

    def holds(self, table: str) -> bool:
        """Whether rows of that table may be remembered now."""
        return table in self._most and table not in self._written

    def get(self, table: str, place: Any) -> Any:
        return self._rows[table].get(place)

    def put(self, table: str, place: Any, row: Any) -> None:
        rows = self._rows[table]
        if len(rows) >= self._most[table]:
            rows.clear()
        rows[place] = row

    def forget(self, table: str) -> None:
        """Hear that the transaction writes to a table."""
        if table in self._most and table not in self._written:
            self._written.add(table)
            self._rows[table].clear()

    def end(self) -> None:
        """Hear that the transaction has ended, and that another begins."""
        self._written.clear()
