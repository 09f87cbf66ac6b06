"""How a value crosses into the database: as text, number, boolean or bytes, nothing else."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal, NewType, Union, get_args, get_origin

import orjson
from sqlalchemy.types import (
    BigInteger,
    Boolean,
    Double,
    LargeBinary,
    Text,
    TypeDecorator,
    TypeEngine,
)

Convert = Callable[[Any], Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What one Python type becomes in a column.

    A converter of None means that the value crosses as it is. `pack` and `unpack` make the
    bytes that are encrypted, and are None where the kind cannot be. `check` raises ValueError.
    """

    column: TypeEngine[Any]
    encode: Convert | None = None
    decode: Convert | None = None
    pack: Convert | None = None
    unpack: Convert | None = None
    check: Convert | None = None


class Microseconds(TypeDecorator[Any]):
    """An integer that is compared with instants and durations, and is one on the wire."""

    impl = BigInteger
    cache_ok = True

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:  # noqa: ARG002
        return self


PLAIN_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that both databases order by its bytes."""


def instant_to_integer(value: datetime) -> int:
    """Microseconds since 1970."""
    return _remembered(value) if value.tzinfo is UTC else _since_epoch(value)


def _since_epoch(value: datetime) -> int:
    since = value - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


_remembered = lru_cache(64)(_since_epoch)
"""All rows of a transaction bear the same instants. Not for zones whose clocks are set back:
there the two readings of one hour are equal, and an hour apart.
"""


def integer_to_instant(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=value)


def duration_to_integer(value: timedelta) -> int:
    """Microseconds."""
    return (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds


def integer_to_duration(value: int) -> timedelta:
    return timedelta(microseconds=value)


def document_to_bytes(value: Any) -> bytes:
    """Raises TypeError for what JSON does not hold, instants included."""
    return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATETIME)


def document_to_text(value: Any) -> str:
    return document_to_bytes(value).decode()


def _refuse_naive(value: datetime) -> None:
    if value.tzinfo is None:
        raise ValueError(f"an instant must be aware: {value!r}")


def _refuse_negative(value: timedelta) -> None:
    if value.days < 0:
        raise ValueError(f"a duration must not be negative: {value!r}")


TEXT = Kind(column=PLAIN_TEXT, pack=str.encode, unpack=bytes.decode)
DOCUMENT = Kind(
    column=PLAIN_TEXT,
    encode=document_to_text,
    decode=orjson.loads,
    pack=document_to_bytes,
    unpack=orjson.loads,
)

_KINDS: dict[Any, Kind] = {
    str: TEXT,
    int: Kind(column=BigInteger()),
    float: Kind(column=Double()),
    bool: Kind(column=Boolean(), decode=bool),
    bytes: Kind(column=LargeBinary(), pack=bytes, unpack=bytes),
    datetime: Kind(
        column=Microseconds(),
        encode=instant_to_integer,
        decode=integer_to_instant,
        check=_refuse_naive,
    ),
    timedelta: Kind(
        column=Microseconds(),
        encode=duration_to_integer,
        decode=integer_to_duration,
        check=_refuse_negative,
    ),
    **dict.fromkeys((dict, list, Mapping, Sequence), DOCUMENT),
}

PARAMETERS: dict[type, Convert] = {
    datetime: instant_to_integer,
    timedelta: duration_to_integer,
    dict: document_to_text,
}
"""How the values beside a hand-made statement cross, by their own type."""


def kind_of(annotation: Any) -> tuple[Kind, bool]:
    """The kind that an annotation asks for, and whether None is allowed.

    Raises TypeError for an annotation that has no column.
    """
    members = [annotation]
    if get_origin(annotation) in (Union, types.UnionType):
        members = [member for member in get_args(annotation) if member is not type(None)]
    is_optional = len(members) < len(get_args(annotation)) and members != [annotation]
    if len(members) == 1 and (kind := _single_kind(members[0])) is not None:
        return kind, is_optional
    raise TypeError(f"no kind of column holds {annotation!r}")


def _single_kind(annotation: Any) -> Kind | None:
    if isinstance(annotation, NewType):
        return _single_kind(annotation.__supertype__)
    if get_origin(annotation) is Literal:
        return _literal_kind(get_args(annotation))
    return _KINDS.get(get_origin(annotation) or annotation)


def _literal_kind(allowed: tuple[Any, ...]) -> Kind | None:
    """Text or integers out of a closed set, which the row checks at birth."""
    members = frozenset(allowed)

    def check(value: Any) -> None:
        if value not in members:
            raise ValueError(f"must be one of {', '.join(map(str, allowed))}")

    base = _KINDS.get(type(allowed[0]))
    if base is None or len({type(member) for member in allowed}) != 1:
        return None
    return Kind(
        column=base.column,
        decode=base.decode,
        pack=base.pack,
        unpack=base.unpack,
        check=check,
    )
