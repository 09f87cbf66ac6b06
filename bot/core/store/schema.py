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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
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
from bot.core.store.kinds import Convert, Kind, kind_of

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


def primary() -> Any:
    """The key of the row: a new one unless it is given."""
    return dataclasses.field(default_factory=new_key, metadata={"primary": True})


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
    field_specifiers=(encrypted, references, dataclasses.field),
)
def table(
    name: str, *items: TableItem, metadata: MetaData = metadata
) -> Callable[[type[R]], type[R]]:
    """Make a frozen, keyword-only record of the class, and its table.

    Raises TypeError, at import, for a column that cannot be stored or a row without `key`.
    """

    def declare(plain: type[R]) -> type[R]:
        _check_at_birth(plain)
        row_type = dataclasses.dataclass(frozen=True, kw_only=True, slots=True)(plain)
        columns = tuple(_columns(row_type))
        if not columns or columns[0].name != "key" or "primary" not in columns[0].options:
            raise TypeError(f"the first column of {name} must be `key: Key = primary()`")
        stored_in = Table(name, metadata, *map(_sql_column, columns), *items)
        row_type.__table__ = stored_in  # type: ignore[attr-defined]
        shape = stored_in.info["shape"] = Shape(row_type, stored_in, columns)
        row_type.__shape__ = shape  # type: ignore[attr-defined]
        return row_type

    return declare


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ColumnOf:
    """One column of a row: its name, its kind and what its field said."""

    name: str
    kind: Kind
    is_optional: bool
    options: Mapping[str, Any]

    @property
    def is_encrypted(self) -> bool:
        return "encrypted" in self.options


def _columns(row_type: type[Row]) -> Iterator[ColumnOf]:
    hints = get_type_hints(row_type)
    for field in dataclasses.fields(row_type):  # type: ignore[arg-type]
        kind, is_optional = kind_of(hints[field.name])
        if "encrypted" in field.metadata and kind.pack is None:
            raise TypeError(f"{row_type.__name__}.{field.name} cannot be encrypted")
        yield ColumnOf(
            name=field.name, kind=kind, is_optional=is_optional, options=field.metadata
        )


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


def _check_at_birth(plain: type[Row]) -> None:
    """Give the class a `__post_init__` that checks each value, before any of its own."""
    own: Callable[[Any], None] | None = plain.__dict__.get("__post_init__")

    def post_init(self: Row) -> None:
        for name, check in shape_of(type(self)).checks:
            value = getattr(self, name)
            if value is not None:
                check(value)
        if own is not None:
            own(self)

    plain.__post_init__ = post_init  # type: ignore[attr-defined]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """Where one encrypted column stands, and what its ciphertext is bound to."""

    place: int
    pack: Convert
    unpack: Convert
    prefix: bytes
    suffix: bytes
    bound_place: int | None

    def associated(self, values: Sequence[Any]) -> bytes:
        """The associated data of the column in a row whose values are these, key first."""
        data: bytes = self.prefix + values[0].encode() + self.suffix
        if self.bound_place is not None:
            data += b"/" + str(values[self.bound_place]).encode()
        return data


class Shape:
    """The converters of one row class, compiled once."""

    def __init__(self, row_type: type[Row], table: Table, columns: Sequence[ColumnOf]) -> None:
        self.row_type = row_type
        self.table = table
        self.name = table.name
        self.names = tuple(column.name for column in columns)
        self.has_tombstones = "deleted_at" in self.names
        self.checks = tuple(
            (column.name, column.kind.check) for column in columns if column.kind.check
        )
        bound = (column.options.get("bound_to") for column in columns)
        self._fixed = frozenset({"key", *filter(None, bound)})
        self._columns = {column.name: column for column in columns}
        self._slots = tuple(getattr(row_type, name).__set__ for name in self.names)
        self._values = attrgetter(*self.names, "key")  # "key" again: always a tuple
        plain = [(i, c.kind) for i, c in enumerate(columns) if not c.is_encrypted]
        self._encoders = tuple((i, kind.encode) for i, kind in plain if kind.encode)
        self._decoders = tuple((i, kind.decode) for i, kind in plain if kind.decode)
        self._seals = tuple(
            self._seal(i, column) for i, column in enumerate(columns) if column.is_encrypted
        )

    def _seal(self, place: int, column: ColumnOf) -> Seal:
        bound_to = column.options["bound_to"]
        return Seal(
            place=place,
            pack=column.kind.pack or bytes,
            unpack=column.kind.unpack or bytes,
            prefix=f"{self.table.name}/".encode(),
            suffix=f"/{column.name}".encode(),
            bound_place=None if bound_to is None else self.names.index(bound_to),
        )

    def to_values(self, row: Row, vault: Vault) -> list[Any]:
        """The row as the driver takes it, in the order of the columns."""
        values = list(self._values(row))
        values.pop()
        for seal in self._seals:
            value = values[seal.place]
            if value is not None:
                bound = seal.associated(values)
                values[seal.place] = vault.encrypt(seal.pack(value), bound)
        for place, encode in self._encoders:
            value = values[place]
            if value is not None:
                values[place] = encode(value)
        return values

    def from_record(self, record: Sequence[Any], vault: Vault) -> Any:
        """The row that a record of all columns, in their order, holds.

        Raises DataEncryptionException where a ciphertext was not made for this place.
        """
        values = list(record)
        for place, decode in self._decoders:
            value = values[place]
            if value is not None:
                values[place] = decode(value)
        for seal in self._seals:
            value = values[seal.place]
            if value is not None:
                plain = vault.decrypt(bytes(value), seal.associated(values))
                values[seal.place] = seal.unpack(plain)
        return self._born(values)

    @property
    def sealed_names(self) -> tuple[str, ...]:
        return tuple(self.names[seal.place] for seal in self._seals)

    def resealed(self, record: Sequence[Any], vault: Vault) -> dict[str, bytes | None]:
        """The ciphertexts of a record of all columns anew, under the vault's newest key."""
        anew = {}
        for seal in self._seals:
            blob, bound = record[seal.place], seal.associated(record)
            plain = None if blob is None else vault.decrypt(bytes(blob), bound)
            name = self.names[seal.place]
            anew[name] = None if plain is None else vault.encrypt(plain, bound)
        return anew

    def changed(self, row: R, changes: Mapping[str, Any]) -> R:
        """The row with other values in some columns, which are checked as at birth.

        Raises TypeError for a column that it does not have, and what the checks raise.
        """
        values = dict(zip(self.names, self._values(row), strict=False))
        for name, value in changes.items():
            if name not in values:
                raise TypeError(f"{self.table.name} has no column {name}")
            check = self._columns[name].kind.check
            if check is not None and value is not None:
                check(value)
            values[name] = value
        changed: R = self._born(values.values())
        return changed

    def _born(self, values: Iterable[Any]) -> Any:
        """A row of values that were checked before; a third of the cost of its class."""
        row = object.__new__(self.row_type)
        for put, value in zip(self._slots, values, strict=True):
            put(row, value)
        return row

    def changes_to_values(
        self, row: Row, changes: Mapping[str, Any], vault: Vault
    ) -> list[Any]:
        """The values of the changed columns of `row`, in the order of `changes`.

        `row` already bears the changes. Raises ValueError for what must not change.
        """
        if refused := self._fixed & changes.keys():
            raise ValueError(f"{', '.join(sorted(refused))} of {self.table.name} is fixed")
        seals = {seal.place: seal for seal in self._seals} if self._seals else {}
        values: list[Any] = []
        for name, value in changes.items():
            seal = seals.get(self.names.index(name))
            if value is None:
                values.append(None)
            elif seal is not None:
                bound = seal.associated(self._values(row))
                values.append(vault.encrypt(seal.pack(value), bound))
            else:
                encode = self._columns[name].kind.encode
                values.append(encode(value) if encode else value)
        return values

    def to_criterion(self, name: str, value: Any) -> Any:
        """A value to compare a column with. Raises ValueError for an encrypted column."""
        column = self._columns[name]
        if column.is_encrypted:
            raise ValueError(f"{self.table.name}.{name} is encrypted and cannot be searched")
        return column.kind.encode(value) if column.kind.encode else value


def to_parameters(row: Row, vault: Vault) -> dict[str, Any]:
    """The row as the driver takes it, by column name."""
    shape = shape_of(type(row))
    return dict(zip(shape.names, shape.to_values(row, vault), strict=True))


def from_record(row_type: type[R], record: Sequence[Any], vault: Vault) -> R:
    """The row that a record of all its columns, in their order, holds."""
    row: R = shape_of(row_type).from_record(record, vault)
    return row


def foreign_key_rank(table: Table) -> int:
    """Where a table stands among those of its metadata: after every table it refers to."""
    kept: tuple[int, dict[Table, int]] | None = table.metadata.info.get("ranks")
    if kept is None or kept[0] != len(table.metadata.tables):
        ranks = {each: rank for rank, each in enumerate(table.metadata.sorted_tables)}
        kept = table.metadata.info["ranks"] = (len(ranks), ranks)
    return kept[1][table]
