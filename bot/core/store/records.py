"""What the rows of all classes have in common, where `dataclasses` would write it for each.

A class of rows is made in a third of the time: there are fifty of them, at every start.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

R = TypeVar("R")


class Record:
    """The methods of a frozen record, which goes by its fields. Its key is its hash."""

    key: Any

    def __setattr__(self, name: str, value: Any) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        return all(getattr(self, f.name) == getattr(other, f.name) for f in fields)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        shown = (f"{f.name}={getattr(self, f.name)!r}" for f in fields if f.repr)
        return f"{type(self).__qualname__}({', '.join(shown)})"


SHARED = ("__setattr__", "__delattr__", "__eq__", "__hash__", "__repr__")


def as_record(plain: type[R]) -> type[R]:
    """The class with fields in slots and these methods, without an `__init__`."""
    for name in SHARED:
        setattr(plain, name, getattr(Record, name))
    declare = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=True, slots=True)
    return declare(plain)
