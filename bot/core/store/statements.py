"""SQLAlchemy Core statements, compiled once for a database and run on the driver itself."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect as CoreDialect
from sqlalchemy.sql.compiler import SQLCompiler

from bot.core.store.kinds import PARAMETERS
from bot.core.store.shape import Shape

DialectName = Literal["sqlite", "postgresql"]
Statement = sa.Executable


SEVERAL = (list, tuple, set, frozenset)


class Prepared:
    """A statement that is kept; each database compiles it at its first use."""

    __slots__ = ("statement", "table")

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.table = written_by(statement)


def written_by(statement: Statement | Prepared) -> str:
    """The name of the table that a statement changes; "" where it is not known."""
    if isinstance(statement, Prepared):
        return statement.table
    return str(statement.table) if isinstance(statement, sa.UpdateBase) else ""


def prepared(statement: Statement) -> Prepared:
    """Keep a statement, a constant of its module. Its `bindparam` names take the parameters."""
    return Prepared(statement)


class Compiled:
    """The text of a statement and how its parameters stand in it, by place."""

    __slots__ = ("_compiler", "_constants", "_expands", "_names", "sql")

    def __init__(self, compiler: SQLCompiler) -> None:
        self.sql = str(compiler)
        self._compiler = compiler
        self._constants = _primitive(compiler.params)
        self._names: Sequence[str] = compiler.positiontup or ()
        self._expands = "__[POSTCOMPILE" in self.sql

    def bind(self, given: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:
        """The text and the values to run. Raises KeyError for a name that it does not have."""
        constants = self._constants
        if not given.keys() <= constants.keys():
            unknown = sorted(given.keys() - constants.keys())
            raise KeyError(f"the statement has no parameter {', '.join(unknown)}")
        if not self._expands:
            return self.sql, [
                _encode(given[name]) if name in given else constants[name]
                for name in self._names
            ]
        state = self._compiler.construct_expanded_state({**constants, **_primitive(given)})
        return state.statement, [state.parameters[name] for name in state.positiontup or ()]


class Dialect:
    """What differs between the databases: how SQL is written, and which errors mean what.

    `violation` holds the errors that a row itself has caused and that leave the rest of
    the transaction alone, `fault` is the root of all its errors.
    """

    def __init__(
        self,
        name: DialectName,
        core: CoreDialect,
        insert: Callable[[sa.Table], Any],
        violation: tuple[type[Exception], ...],
        fault: type[Exception],
    ) -> None:
        self.name = name
        self.violation = violation
        self.fault = fault
        self.has_row_locks = name == "postgresql"
        self._core = core
        self._insert = insert
        self._prepared: dict[Prepared, Compiled] = {}
        self._texts: dict[Hashable, str] = {}
        self._inserts: dict[Shape, str] = {}

    def compile(self, statement: Statement | Prepared) -> Compiled:
        if not isinstance(statement, Prepared):
            return Compiled(self._compiler(statement))
        known = self._prepared.get(statement)
        if known is None:
            known = self._prepared[statement] = Compiled(self._compiler(statement.statement))
        return known

    def _compiler(self, statement: Any) -> SQLCompiler:
        compiler: SQLCompiler = statement.compile(dialect=self._core)
        return compiler

    def _text(self, key: Hashable, make: Callable[[], Any]) -> str:
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = str(self._compiler(make()))
        return text

    def insert(self, shape: Shape) -> str:
        text = self._inserts.get(shape)
        if text is None:
            text = self._inserts[shape] = str(self._compiler(self._insert(shape.table)))
        return text

    def insert_or_ignore(self, shape: Shape) -> str:
        return self._text(
            (shape, "ignore"), lambda: self._insert(shape.table).on_conflict_do_nothing()
        )

    def update(self, shape: Shape, names: tuple[str, ...]) -> str:
        """Takes the values of `names`, in their order, and then the key."""

        def make() -> Any:
            update = sa.update(shape.table).where(
                shape.table.c.key == sa.bindparam("where_key")
            )
            return update.ordered_values(*((name, sa.bindparam(name)) for name in names))

        return self._text((shape, "update", names), make)

    def delete(self, shape: Shape) -> str:
        def make() -> Any:
            return sa.delete(shape.table).where(shape.table.c.key == sa.bindparam("where_key"))

        return self._text((shape, "delete"), make)

    def lookup(self, shape: Shape, names: tuple[str, ...], nulls: tuple[str, ...]) -> str:
        """Rows whose columns `names` equal the parameters and whose `nulls` are empty."""

        def make() -> Any:
            columns = shape.table.c
            equal = [columns[name] == sa.bindparam(f"of_{name}") for name in names]
            empty = [columns[name].is_(None) for name in nulls]
            return sa.select(shape.table).where(*equal, *empty).order_by(columns.key)

        return self._text((shape, "lookup", names, nulls), make)

    def lock(self, shape: Shape, *, skip_locked: bool) -> str:
        def make() -> Any:
            by_key = shape.table.c.key == sa.bindparam("of_key")
            select = sa.select(shape.table).where(by_key)
            return (
                select.with_for_update(skip_locked=skip_locked, key_share=True)
                if self.has_row_locks
                else select
            )

        return self._text((shape, "lock", skip_locked), make)


def _primitive(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _encode(value) for name, value in values.items()}


def _encode(value: Any) -> Any:
    """Instants and durations as microseconds, documents as text; the members of a list too."""
    convert = PARAMETERS.get(type(value))
    if convert is not None:
        return convert(value)
    if isinstance(value, SEVERAL):
        return [_encode(member) for member in value]
    return value
