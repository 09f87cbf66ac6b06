"""Parameters that a service model allows, small or odd, and ARNs that lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st

from bot.core.patterns import compile_pattern
from bot.core.service_models import operation_model
from bot.core.shapes import Shape

Parameters = dict[str, Any]

DEEPEST = 6
LONGEST = 40
ODD = st.sampled_from(
    ["\x01", "\u2028", "é", "\U0001f525", "'", '"', "%", "_", "\\", "{", "\n"]
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=LONGEST)
TYPED = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_:/.@+ "), max_size=LONGEST
)
INSTANTS = st.datetimes(timezones=st.just(UTC)) | st.sampled_from(
    [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]
)


def inputs_of(
    service: str, operation: str, known: Mapping[str, Sequence[str]]
) -> st.SearchStrategy[Parameters]:
    """`known` holds, by the longest part of their members' names, in lower case, texts to try
    first.
    """
    shape = operation_model(service, operation).input_shape
    return _structure(shape, known, 0)


def _structure(
    shape: Shape, known: Mapping[str, Sequence[str]], depth: int
) -> st.SearchStrategy[Parameters]:
    members = {
        name: _value(member, name, known, depth + 1)
        for name, member in shape.members.items()
        if depth < DEEPEST or name in shape.required_members
    }
    if shape.is_tagged_union:
        return st.one_of(
            *(st.fixed_dictionaries({name: value}) for name, value in members.items())
        )
    required = {name: members.pop(name) for name in shape.required_members}
    return st.fixed_dictionaries(required, optional=members)


def _value(
    shape: Shape, name: str, known: Mapping[str, Sequence[str]], depth: int
) -> st.SearchStrategy[Any]:
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", LONGEST)
    match shape.type_name:
        case "structure":
            return st.deferred(lambda: _structure(shape, known, depth))
        case "list":
            most = max(low, min(high, 3))
            items = st.deferred(lambda: _value(shape.member, name, known, depth + 1))
            return st.lists(items, min_size=low, max_size=most)
        case "map":
            keys = _text(shape.key, name, known)
            values = st.deferred(lambda: _value(shape.value, name, known, depth + 1))
            return st.dictionaries(keys, values, min_size=low, max_size=max(low, min(high, 2)))
        case "boolean":
            return st.booleans()
        case "timestamp":
            return INSTANTS
        case "blob":
            return st.binary(min_size=low, max_size=max(low, 8))
        case "integer" | "long":
            bits = 31 if shape.type_name == "integer" else 63
            least = shape.metadata.get("min", -(2**bits))
            return st.integers(least, shape.metadata.get("max", 2**bits - 1))
        case "string":
            return _text(shape, name, known)
    return st.floats(allow_nan=False)


def _text(
    shape: Shape, name: str, known: Mapping[str, Sequence[str]]
) -> st.SearchStrategy[str]:
    if shape.enum:
        return st.sampled_from(list(shape.enum))
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", float("inf"))
    match = _matcher(shape.metadata.get("pattern", ""))

    def fits(text: str) -> bool:
        return low <= len(text) <= high and (match is None or bool(match.fullmatch(text)))

    parts = [part for part in known if part in name.lower()]
    texts = known[max(parts, key=len)] if parts else ()
    first = [text for text in texts if fits(text)]
    usual = sorted(filter(fits, USUAL))
    free = (
        (TEXTS | TYPED | ODD).filter(fits) if match is None or match.fullmatch("é ") else None
    )
    if not first and not usual:
        filled = TYPED.map(lambda text: (text + "a" * low)[: int(min(high, 10_000))])
        return filled.filter(fits)
    ways = [st.sampled_from(few) for few in (first, first, usual) if few]
    return st.one_of(*ways, *([] if free is None else [free]))


USUAL = {"", "a", "ana", "a b", "1", "12345", "123456", "us-east-1", "x" * 300, "{}", '"x"'} | {
    "arn:aws:iam::111122223333:role/chat",
    "arn:aws:ssm-contacts:us-east-1:111122223333:contact/nobody",
    "arn:aws:ssm-incidents::111122223333:response-plan/nothing",
    "arn:aws:sns:us-east-1:111122223333:nothing",
    "+12065550100",
    "ana@example.com",
}


@cache
def _matcher(pattern: str) -> re.Pattern[str] | None:
    return compile_pattern(pattern) if pattern else None
