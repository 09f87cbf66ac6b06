"""One transaction on one connection of a driver: rows in, rows out, nothing else kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import sqlalchemy as sa

from bot.core.ids import Key
from bot.core.store.schema import R, Row, shape_of, table_of
from bot.core.store.shape import Shape
from bot.core.store.statements import (
    Dialect,
    DialectName,
    Prepared,
    Statement,
    written_by,
)

if TYPE_CHECKING:
    from bot.core.crypto import Vault
    from bot.core.store.remembered import Remembered

T = TypeVar("T")


class Cursor(Protocol):
    """What is used of the drivers' cursors."""

    @property
    def rowcount(self) -> int: ...
    def execute(self, sql: Any, parameters: Any = ..., /) -> Any: ...
    def executemany(self, sql: Any, parameters: Any, /) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def fetchone(self) -> Any: ...


class ConstraintError(Exception):
    """What the schema forbids: a second row of its kind, one that refers to nothing, a NUL."""


class RowGoneError(LookupError):
    """The row to be changed is no longer there."""


class TransactionError(Exception):
    """The transaction failed earlier; nothing more can be done in it."""


class Transaction:
    """All that a handler may do to the store. It is begun and ended by its executor.

    After a ConstraintError, nothing runs until the enclosing savepoint is undone. After
    any other error of the database nothing runs at all.
    """

    __slots__ = (
        "_cursor",
        "_dialect",
        "_remembered",
        "after_commit",
        "fault",
        "has_written",
        "vault",
        "violation",
    )

    def __init__(
        self,
        cursor: Cursor,
        dialect: Dialect,
        vault: Vault,
        remembered: Remembered | None = None,
    ) -> None:
        self._cursor = cursor
        self._remembered = remembered
        self._dialect = dialect
        self.vault = vault
        self.after_commit: list[Callable[[], None]] = []
        """Run on the event loop after the commit, and never if what added them was undone."""
        self.has_written = False
        self.fault: Exception | None = None
        self.violation: Exception | None = None

    @property
    def dialect(self) -> DialectName:
        return self._dialect.name

    def is_broken(self, fault: BaseException | None = None) -> bool:
        """Whether the transaction, rather than what ran in it, has failed."""
        return self.fault is not None or isinstance(fault, TransactionError)

    # Rows

    def insert(self, rows: Iterable[Row]) -> None:
        """Write new rows, those that are referred to first. Raises ConstraintError."""
        kinds: dict[type[Row], list[Row]] = {}
        for row in rows:
            kinds.setdefault(type(row), []).append(row)
        self.insert_kinds(kinds)

    def insert_kinds(self, kinds: Mapping[type[Row], Collection[Row]]) -> None:
        """The same for rows that stand by their kinds."""
        groups = [(shape_of(kind), rows) for kind, rows in kinds.items()]
        groups.sort(key=_rank)
        for shape, rows in groups:
            self._insert(shape, rows)

    def _insert(self, shape: Shape, rows: Collection[Row]) -> None:
        self._will_write(shape.name)
        sql = self._dialect.insert(shape)
        to_values, vault = shape.to_values, self.vault
        values = [to_values(row, vault) for row in rows]
        if len(values) == 1:
            self._run(self._cursor.execute, sql, values[0])
        else:
            self._run(self._cursor.executemany, sql, values)

    def insert_or_ignore(self, row: Row) -> bool:
        """Write a row unless it breaks a uniqueness; says whether it was written."""
        shape = shape_of(type(row))
        self._will_write(shape.name)
        sql = self._dialect.insert_or_ignore(shape)
        self._run(self._cursor.execute, sql, shape.to_values(row, self.vault))
        return self._cursor.rowcount == 1

    def update(self, row: R, **changes: Any) -> R:
        """Write the changes and answer the row as it is then.

        Raises RowGoneError where the row is no longer there, ConstraintError.
        """
        if not changes:
            return row
        shape = shape_of(type(row))
        self._will_write(shape.name)
        changed = shape.changed(row, changes)
        values = shape.changes_to_values(changed, changes, self.vault)
        sql = self._dialect.update(shape, tuple(changes))
        self._run(self._cursor.execute, sql, [*values, row.key])
        if self._cursor.rowcount == 0:
            raise RowGoneError(f"{shape.table.name} {row.key}")
        return changed

    def delete(self, row: Row) -> bool:
        """Says whether the row was still there."""
        shape = shape_of(type(row))
        self._will_write(shape.name)
        sql = self._dialect.delete(shape)
        self._run(self._cursor.execute, sql, [row.key])
        return self._cursor.rowcount == 1

    def delete_where(self, row_type: type[Row], *criteria: sa.ColumnElement[bool]) -> int:
        return self.execute(sa.delete(table_of(row_type)).where(*criteria))

    def get(self, row_type: type[R], key: Key) -> R | None:
        return self.find(row_type, key=key)

    def find(self, row_type: type[R], **equal: Any) -> R | None:
        """The first row by key whose columns equal these values."""
        memory, table = self._remembered, shape_of(row_type).name
        if memory is None or not memory.holds(table):
            return self._found(row_type, equal)
        place = tuple(equal.items())
        row: R | None = memory.get(table, place)
        if row is None:
            row = self._found(row_type, equal)
            if row is not None:
                memory.put(table, place, row)
        return row

    def _found(self, row_type: type[R], equal: dict[str, Any]) -> R | None:
        return self._row(row_type, self._run(self._first, *self._lookup(row_type, equal)))

    def select(self, row_type: type[R], **equal: Any) -> list[R]:
        """The rows whose columns equal these values (None: are empty), by key."""
        return self._rows(row_type, self._run(self._all, *self._lookup(row_type, equal)))

    def lock(self, row_type: type[R], key: Key, *, skip_locked: bool = False) -> R | None:
        """Read a row so that nobody else changes it before the end of the transaction.

        With `skip_locked`, a row that another transaction holds counts as absent.
        """
        sql = self._dialect.lock(shape_of(row_type), skip_locked=skip_locked)
        return self._row(row_type, self._run(self._first, sql, [key]))

    def _lookup(self, row_type: type[Row], equal: dict[str, Any]) -> tuple[str, list[Any]]:
        shape = shape_of(row_type)
        given = {name: value for name, value in equal.items() if value is not None}
        values = [shape.to_criterion(name, value) for name, value in given.items()]
        nulls = tuple(name for name in equal if name not in given)
        return self._dialect.lookup(shape, tuple(given), nulls), values

    def _row(self, row_type: type[R], record: Sequence[Any] | None) -> R | None:
        return None if record is None else shape_of(row_type).from_record(record, self.vault)

    def _rows(self, row_type: type[R], records: Iterable[Sequence[Any]]) -> list[R]:
        shape = shape_of(row_type)
        return [shape.from_record(record, self.vault) for record in records]

    # Statements

    def fetch(
        self, row_type: type[R], statement: Statement | Prepared, **given: Any
    ) -> list[R]:
        """Rows from a statement that selects all columns of their table, in their order."""
        return self._rows(row_type, self.records(statement, **given))

    def records(self, statement: Statement | Prepared, **given: Any) -> list[Sequence[Any]]:
        """Records as the driver gives them: instants and durations are microseconds."""
        bound = self._dialect.compile(statement).bind(given)
        records: list[Sequence[Any]] = self._run(self._all, *bound)
        return records

    def execute(self, statement: Statement | Prepared, **given: Any) -> int:
        """Run a statement that changes rows; answers how many."""
        self._will_write(written_by(statement))
        self._run(self._cursor.execute, *self._dialect.compile(statement).bind(given))
        return self._cursor.rowcount

    def execute_many(self, statement: Prepared, given: Sequence[Mapping[str, Any]]) -> int:
        """Run a statement that changes rows once for each; answers how many rows it changed."""
        compiled = self._dialect.compile(statement)
        self._will_write(written_by(statement))
        values = [compiled.bind(each)[1] for each in given]
        self._run(self._cursor.executemany, compiled.sql, values)
        return self._cursor.rowcount

    def _will_write(self, table: str) -> None:
        self.has_written = True
        if self._remembered is not None:
            self._remembered.forget(table)

    # Savepoints

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what was written inside when an exception leaves, and let it pass."""
        added = len(self.after_commit)
        self._run(self._cursor.execute, "SAVEPOINT inner_step", ())
        try:
            yield
            self.finish()
        except BaseException:
            del self.after_commit[added:]
            self._undo_savepoint()
            raise
        self._run(self._cursor.execute, "RELEASE SAVEPOINT inner_step", ())

    def _undo_savepoint(self) -> None:
        if self.fault is not None:
            return
        self.violation = None
        self._run(self._cursor.execute, "ROLLBACK TO SAVEPOINT inner_step", ())
        self._run(self._cursor.execute, "RELEASE SAVEPOINT inner_step", ())

    def finish(self) -> None:
        """Raises TransactionError where the transaction cannot be committed."""
        if self.fault is not None:
            raise TransactionError("the transaction has failed") from self.fault
        if self.violation is not None:
            raise TransactionError("a broken constraint was passed over") from self.violation

    def _first(self, sql: str, values: Any) -> Any:
        self._cursor.execute(sql, values)
        return self._cursor.fetchone()

    def _all(self, sql: str, values: Any) -> list[Any]:
        self._cursor.execute(sql, values)
        return self._cursor.fetchall()

    def _run(self, run: Callable[[str, Any], Any], sql: str, values: Any) -> Any:
        if self.fault is not None or self.violation is not None:
            self.finish()
        try:
            return run(sql, values)
        except self._dialect.violation as error:
            self.violation = ConstraintError(_without_values(error))
        except self._dialect.fault as error:
            self.fault = error
            raise TransactionError(type(error).__name__) from error
        raise self.violation


def _rank(group: tuple[Shape, Any]) -> int:
    return group[0].rank


def _without_values(error: Exception) -> str:
    """What was broken, without the values that PostgreSQL tells, which nobody may log."""
    diagnosis = getattr(error, "diag", None)
    if diagnosis is None:
        return str(error)
    return f"{type(error).__name__} {diagnosis.constraint_name or diagnosis.table_name or ''}"
