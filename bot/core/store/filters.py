"""The Filter of ssm-incidents as SQL: all filters must hold, and of each any of its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, false, func, or_

from bot.core.errors import ValidationException
from bot.core.store.kinds import instant_to_integer
from bot.core.store.schema import Wire

Criterion = ColumnElement[bool]
FilterKey = Callable[[str, Wire], Criterion]
"""Makes a criterion of a filter's key (for refusals) and its Condition."""


def criteria(filters: Sequence[Wire], keys: Mapping[str, FilterKey]) -> list[Criterion]:
    """Raises ValidationException for an unknown key, or a condition that does not fit it."""
    return [_criterion(given, keys) for given in filters]


def _criterion(given: Wire, keys: Mapping[str, FilterKey]) -> Criterion:
    key = given["key"]
    if key not in keys:
        raise ValidationException(
            f"There is no filter key {key}. Filter by {', '.join(sorted(keys))}.",
            reason="FIELD_VALIDATION_FAILED",
        )
    return keys[key](key, given["condition"])


def instants(column: ColumnElement[Any]) -> FilterKey:
    """Takes `before` or `after`, neither of which holds for the instant itself."""

    def criterion(key: str, condition: Wire) -> Criterion:
        if "after" in condition:
            return column > instant_to_integer(condition["after"])
        if "before" in condition:
            return column < instant_to_integer(condition["before"])
        raise _misfit(key, "before or after")

    return criterion


def integers(column: ColumnElement[Any]) -> FilterKey:
    return _equals("integerValues", column.in_)


def texts(column: ColumnElement[Any]) -> FilterKey:
    return _equals("stringValues", column.in_)


def inside(column: ColumnElement[Any], *, member: str | None = None) -> FilterKey:
    """Takes texts, one of which the column's JSON must hold, as `member` where one is named.

    JSON is stored without blanks, so a member and its value stand side by side in one way only.
    """
    before = f'"{member}":' if member else ""

    def any_held(values: Sequence[str]) -> Criterion:
        held = (before + orjson.dumps(value).decode() for value in values)
        return or_(false(), *(func.replace(column, text, "") != column for text in held))

    return _equals("stringValues", any_held)


def _equals(member: str, criterion: Callable[[Any], Criterion]) -> FilterKey:
    def of_condition(key: str, condition: Wire) -> Criterion:
        values = condition.get("equals", {}).get(member)
        if values is None:
            raise _misfit(key, f"equals with {member}")
        return criterion(values)

    return of_condition


def _misfit(key: str, takes: str) -> ValidationException:
    return ValidationException(
        f"The filter key {key} takes {takes}.", reason="FIELD_VALIDATION_FAILED"
    )
