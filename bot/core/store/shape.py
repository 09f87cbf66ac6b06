"""How the rows of one class cross into the database and back.

Each converter is written out for the columns of its class, and compiled at its first use, as
`dataclasses` does with `__init__`: a row is made or read in half the time of a loop over its
columns.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Table

from bot.core.store.kinds import Convert, Kind

if TYPE_CHECKING:
    from bot.core.crypto import Vault

R = TypeVar("R")

NOT_GIVEN = object()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ColumnOf:
    """One column of a row: its name, its kind and what its field said."""

    name: str
    kind: Kind
    is_optional: bool
    field: dataclasses.Field[Any]

    @property
    def options(self) -> Mapping[str, Any]:
        return self.field.metadata

    @property
    def is_encrypted(self) -> bool:
        return "encrypted" in self.options


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """Where one encrypted column stands, and what its ciphertext is bound to."""

    place: int
    pack: Convert
    unpack: Convert
    prefix: bytes
    suffix: bytes
    bound_to: str | None
    bound_place: int | None

    def associated(self, values: Sequence[Any]) -> bytes:
        """The associated data of the column in a row whose values are these, key first."""
        data: bytes = self.prefix + values[0].encode() + self.suffix
        if self.bound_place is not None:
            data += b"/" + str(values[self.bound_place]).encode()
        return data

    def written(self, row: str) -> str:
        """The same as source, `row` being what stands before a column's name."""
        bound = f" + b'/' + str({row}{self.bound_to}).encode()" if self.bound_to else ""
        return f"{self.prefix!r} + {row}key.encode() + {self.suffix!r}{bound}"


class Shape:
    """The converters of one row class."""

    def __init__(self, row_type: type, table: Table, columns: Sequence[ColumnOf]) -> None:
        self.row_type = row_type
        self.table = table
        self.name = table.name
        self.names = tuple(column.name for column in columns)
        self.has_tombstones = "deleted_at" in self.names
        self.is_named_by_key = any("ends_in_key" in column.options for column in columns)
        self._columns = {column.name: column for column in columns}
        self._seals = {
            column.name: self._seal(i, column)
            for i, column in enumerate(columns)
            if column.is_encrypted
        }
        bound = (seal.bound_to for seal in self._seals.values())
        self._fixed = frozenset({"key", *filter(None, bound)})

    def _seal(self, place: int, column: ColumnOf) -> Seal:
        bound_to = column.options["bound_to"]
        return Seal(
            place=place,
            pack=column.kind.pack or bytes,
            unpack=column.kind.unpack or bytes,
            prefix=f"{self.name}/".encode(),
            suffix=f"/{column.name}".encode(),
            bound_to=bound_to,
            bound_place=None if bound_to is None else self.names.index(bound_to),
        )

    @cached_property
    def birth(self) -> Callable[..., None]:
        """The `__init__` of the class: keyword-only, each value checked."""
        taken, lines = [], []
        for name, column in self._columns.items():
            taken.append(f"{name}=default_{name}" if _has_default(column.field) else name)
            if column.field.default_factory is not dataclasses.MISSING:
                lines.append(f"if {name} is NOT_GIVEN: {name} = make_{name}()")
            if column.kind.check:
                lines.append(f"if {name} is not None: check_{name}({name})")
            lines.append(f"set_{name}(self, {name})")
        return self._written(f"birth(self, *, {', '.join(taken)})", lines)

    @cached_property
    def to_values(self) -> Callable[[Any, Vault], tuple[Any, ...]]:
        """(row, vault) -> the row as the driver takes it, in the order of the columns."""
        values = ", ".join(self._value(column) for column in self._columns.values())
        return self._written("to_values(row, vault)", [f"return ({values},)"])

    def _value(self, column: ColumnOf) -> str:
        name = column.name
        if (seal := self._seals.get(name)) is not None:
            made = f"vault.encrypt(pack_{name}(value), {seal.written('row.')})"
        elif column.kind.encode:
            made = f"encode_{name}(value)"
        else:
            return f"row.{name}"
        return f"None if (value := row.{name}) is None else {made}"

    @cached_property
    def from_record(self) -> Callable[[Sequence[Any], Vault], Any]:
        """(record, vault) -> the row that a record of all columns, in their order, holds.

        Raises DataEncryptionException where a ciphertext was not made for this place.
        """
        lines = [f"{', '.join(self.names)}, = record"]
        for name, column in self._columns.items():
            if column.kind.decode and not column.is_encrypted:
                lines.append(f"if {name} is not None: {name} = decode_{name}({name})")
        for name, seal in self._seals.items():
            plain = f"vault.decrypt(bytes({name}), {seal.written('')})"
            lines.append(f"if {name} is not None: {name} = unpack_{name}({plain})")
        born = ["row = new(row_type)", *(f"set_{name}(row, {name})" for name in self.names)]
        return self._written("from_record(record, vault)", [*lines, *born, "return row"])

    @cached_property
    def _copy(self) -> Callable[[Any], Any]:
        copied = [f"set_{name}(copy, row.{name})" for name in self.names]
        return self._written("copy(row)", ["copy = new(row_type)", *copied, "return copy"])

    def write_out(self) -> None:
        """Compile all of them now, so that nobody waits for it later."""
        for name in ("birth", "to_values", "from_record", "_copy"):
            getattr(self, name)

    def _written(self, head: str, lines: Iterable[str]) -> Callable[..., Any]:
        """Compile a function of these lines, in which each column's own helpers are known."""
        known = self._known
        exec("\n    ".join([f"def {head}:", *lines]), known)  # noqa: S102 - our own columns
        written: Callable[..., Any] = known[head.partition("(")[0]]
        return written

    @cached_property
    def _known(self) -> dict[str, Any]:
        known: dict[str, Any] = {"new": object.__new__, "row_type": self.row_type}
        known["NOT_GIVEN"] = NOT_GIVEN
        for name, column in self._columns.items():
            kind, field = column.kind, column.field
            is_made = field.default_factory is not dataclasses.MISSING
            known[f"default_{name}"] = NOT_GIVEN if is_made else field.default
            known[f"make_{name}"] = field.default_factory
            known[f"set_{name}"] = self._setters[name]
            known[f"check_{name}"] = kind.check
            known[f"encode_{name}"] = kind.encode
            known[f"decode_{name}"] = kind.decode
            known[f"pack_{name}"] = kind.pack
            known[f"unpack_{name}"] = kind.unpack
        return known

    @cached_property
    def _setters(self) -> Mapping[str, Callable[[Any, Any], None]]:
        return {name: getattr(self.row_type, name).__set__ for name in self.names}

    @property
    def sealed_names(self) -> tuple[str, ...]:
        return tuple(self._seals)

    def resealed(self, record: Sequence[Any], vault: Vault) -> dict[str, bytes | None]:
        """The ciphertexts of a record of all columns anew, under the vault's newest key."""
        anew = {}
        for name, seal in self._seals.items():
            blob, bound = record[seal.place], seal.associated(record)
            plain = None if blob is None else vault.decrypt(bytes(blob), bound)
            anew[name] = None if plain is None else vault.encrypt(plain, bound)
        return anew

    def changed(self, row: R, changes: Mapping[str, Any]) -> R:
        """The row with other values in some columns, which are checked as at birth.

        Raises TypeError for a column that it does not have, and what the checks raise.
        """
        changed: R = self._copy(row)
        for name, value in changes.items():
            column = self._columns.get(name)
            if column is None:
                raise TypeError(f"{self.name} has no column {name}")
            if column.kind.check is not None and value is not None:
                column.kind.check(value)
            self._setters[name](changed, value)
        return changed

    def changes_to_values(
        self, row: Any, changes: Mapping[str, Any], vault: Vault
    ) -> list[Any]:
        """The values of the changed columns of `row`, in the order of `changes`.

        `row` already bears the changes. Raises ValueError for what must not change.
        """
        if not self._fixed.isdisjoint(changes):
            refused = sorted(self._fixed & changes.keys())
            raise ValueError(f"{', '.join(refused)} of {self.name} is fixed")
        values: list[Any] = []
        for name, value in changes.items():
            seal = self._seals.get(name)
            if value is None:
                values.append(None)
            elif seal is not None:
                bound = seal.associated([getattr(row, each) for each in self.names])
                values.append(vault.encrypt(seal.pack(value), bound))
            else:
                encode = self._columns[name].kind.encode
                values.append(encode(value) if encode else value)
        return values

    def to_criterion(self, name: str, value: Any) -> Any:
        """A value to compare a column with. Raises ValueError for an encrypted column."""
        column = self._columns[name]
        if column.is_encrypted:
            raise ValueError(f"{self.name}.{name} is encrypted and cannot be searched")
        return column.kind.encode(value) if column.kind.encode else value

    @cached_property
    def rank(self) -> int:
        """More than those of the tables that this one refers to."""
        others = {key.column.table for key in self.table.foreign_keys} - {self.table}
        return 1 + max((other.info["shape"].rank for other in others), default=-1)


def _has_default(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing
