"""One declaration for a row and its table: a frozen record that says how it is stored.

    @table("contact", unique_live("uq_contact_arn", "arn"))
    class Contact:
        key: Key = primary()
        account_id: str
        arn: str
        plan: Wire
        created_at: datetime

Types: str, int, float, bool, bytes, datetime (microseconds since 1970), timedelta
(microseconds), dict and list (JSON text), Key and other NewTypes, Literal, and each `| None`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, dataclass_transform, get_type_hints

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    event,
    text,
)

from bot.core.ids import Key, new_key
from bot.core.store.kinds import kind_of
from bot.core.store.records import as_record
from bot.core.store.shape import ColumnOf, Shape

if TYPE_CHECKING:
    from bot.core.crypto import Vault

Wire = dict[str, Any]

TableItem = Index | UniqueConstraint | CheckConstraint

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Row(Protocol):
    """What `table` makes of a class: a frozen record with a time-ordered key."""

    @property
    def key(self) -> Key: ...


R = TypeVar("R", bound=Row)


def table_of(row_type: type[Row]) -> Table:
    """The table that holds these rows, for statements of SQLAlchemy Core."""
    return shape_of(row_type).table


def shape_of(row_type: type[Row]) -> Shape:
    shape: Shape = row_type.__shape__  # type: ignore[attr-defined]
    return shape


def write_out_all() -> None:
    """Compile the converters of all rows."""
    for table in metadata.tables.values():
        table.info["shape"].write_out()


def primary() -> Any:
    """The key of the row: a new one unless it is given."""
    return dataclasses.field(default_factory=new_key, metadata={"primary": True})


def ends_in_key() -> Any:
    """An ARN whose last part is the key of its row, which finds it without an index of its
    own.
    """
    return dataclasses.field(metadata={"ends_in_key": True})


def encrypted(*, default: Any = dataclasses.MISSING, bound_to: str | None = None) -> Any:
    """A column that holds ciphertext, bound to (table, key, column), and is never printed.

    `bound_to` names another column of the row, which never changes (the contact's ARN): the
    ciphertext then reads only beside that value.
    """
    return dataclasses.field(
        default=default, repr=False, metadata={"encrypted": True, "bound_to": bound_to}
    )


def references(
    target: str, *, on_delete: str | None = None, default: Any = dataclasses.MISSING
) -> Any:
    """The key of a row in the table `target`. `on_delete` is SQL's action, such as CASCADE."""
    return dataclasses.field(
        default=default, metadata={"references": f"{target}.key", "on_delete": on_delete}
    )


def partial_index(
    name: str, *columns: str, where: str | None = None, unique: bool = False
) -> Index:
    """An index over the rows that meet `where`, an SQL text that both databases understand."""
    if where is None:
        return Index(name, *columns, unique=unique)
    return Index(name, *columns, unique=unique, sqlite_where=text(where))


@event.listens_for(Table, "before_create")
def _tell_postgres(table: Table, connection: Connection, **_: Any) -> None:
    """Naming PostgreSQL's option when an index is declared would import its dialect, which
    SQLite does without.
    """
    if connection.dialect.name == "postgresql":
        for index in table.indexes:
            where = index.dialect_options["sqlite"]["where"]
            index.dialect_options["postgresql"]["where"] = where


def unique_live(name: str, *columns: str, where: str = "deleted_at IS NULL") -> Index:
    """Unique among the rows that are not tombstones."""
    return partial_index(name, *columns, where=where, unique=True)


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(encrypted, ends_in_key, references, dataclasses.field),
)
def table(
    name: str, *items: TableItem, metadata: MetaData = metadata
) -> Callable[[type[R]], type[R]]:
    """Make a frozen, keyword-only record of the class, and its table.

    Raises TypeError, at import, for a column that cannot be stored or a row without `key`.
    """

    def declare(plain: type[R]) -> type[R]:
        row_type = as_record(plain)
        columns = tuple(_columns(row_type))
        if not columns or columns[0].name != "key" or "primary" not in columns[0].options:
            raise TypeError(f"the first column of {name} must be `key: Key = primary()`")
        stored_in = Table(name, metadata, *map(_sql_column, columns), *items)
        row_type.__table__ = stored_in  # type: ignore[attr-defined]
        shape = stored_in.info["shape"] = Shape(row_type, stored_in, columns)
        row_type.__shape__ = shape  # type: ignore[attr-defined]
        row_type.__init__ = _first_birth  # type: ignore[assignment]
        return row_type

    return declare


def _first_birth(self: Row, **values: Any) -> None:
    """The `__init__` of a class until its first row is made."""
    row_type = type(self)
    row_type.__init__ = shape_of(row_type).birth  # type: ignore[method-assign]
    row_type.__init__(self, **values)


def _columns(row_type: type[Row]) -> Iterator[ColumnOf]:
    hints = get_type_hints(row_type)
    for field in dataclasses.fields(row_type):  # type: ignore[arg-type]
        kind, is_optional = kind_of(hints[field.name])
        if "encrypted" in field.metadata and kind.pack is None:
            raise TypeError(f"{row_type.__name__}.{field.name} cannot be encrypted")
        yield ColumnOf(name=field.name, kind=kind, is_optional=is_optional, field=field)


def _sql_column(column: ColumnOf) -> Column[Any]:
    target = column.options.get("references")
    keys = [ForeignKey(target, ondelete=column.options["on_delete"])] if target else []
    return Column(
        column.name,
        LargeBinary if column.is_encrypted else column.kind.column,
        *keys,
        primary_key="primary" in column.options,
        nullable=column.is_optional,
    )


def to_parameters(row: Row, vault: Vault) -> dict[str, Any]:
    """The row as the driver takes it, by column name."""
    shape = shape_of(type(row))
    return dict(zip(shape.names, shape.to_values(row, vault), strict=True))


def from_record(row_type: type[R], record: Sequence[Any], vault: Vault) -> R:
    """The row that a record of all its columns, in their order, holds."""
    row: R = shape_of(row_type).from_record(record, vault)
    return row
