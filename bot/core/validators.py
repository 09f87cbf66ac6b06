"""Checks compiled from shapes: what a value breaks, or nothing, in a few microseconds.

A check says nothing where all is well; only a fault costs a path. Faults read as AWS's do:
`Value '{}' at 'actions.1.member.ssmAutomation.dynamicParameters' failed to satisfy ...`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.core.errors import InvalidParameterException, ServiceError, ValidationException
from bot.core.patterns import compile_pattern
from bot.core.shapes import Shape

SHOWN = 64
"""Characters of a value that an error repeats."""

TOLD = 20
"""Faults that one error names; the number of all of them is always told."""

SECRET = frozenset(
    {
        "AcceptCode",
        "ActivationCode",
        "Content",
        "DeliveryAddress",
        "Endpoint",
        "Message",
        "Note",
        "PhoneNumber",
        "PublicContent",
        "PublicSubject",
        "Subject",
        "Token",
        "eventData",
        "phoneNumber",
        "rawData",
    }
)
"""Members whose values are never repeated: addresses, codes and what is said."""

NULL = "Member must not be null"
NUL = "Member must not contain the character U+0000"
NUMBERS: Mapping[str, tuple[float, float]] = {
    "integer": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
    "float": (float("-inf"), float("inf")),
    "double": (float("-inf"), float("inf")),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """`value` is already cut, or `***` where it must not be repeated."""

    parts: tuple[str, ...]
    value: str
    constraint: str

    @property
    def path(self) -> str:
        return ".".join(self.parts)

    def __str__(self) -> str:
        at = f" at '{self.path}'" if self.parts else ""
        return f"Value {self.value}{at} failed to satisfy constraint: {self.constraint}"

    def within(self, *parts: str, is_secret: bool = False) -> Fault:
        value = "'***'" if is_secret and self.value != "null" else self.value
        return Fault((*parts, *self.parts), value, self.constraint)


Faults = Sequence[Fault]
Check = Callable[[Any], Faults]

FINE: Faults = ()
NONE_MISSING: frozenset[str] = frozenset()
UNBOUNDED = float("inf")


def refusal(service: str, faults: Faults) -> ServiceError:
    """Put faults into the service's own form."""
    count = len(faults)
    told = "; ".join(str(fault) for fault in faults[:TOLD])
    message = f"{count} validation error{'s' if count > 1 else ''} detected: {told}"
    if service == "sns":
        return InvalidParameterException(f"Invalid parameter: {message}")
    if service == "chatbot":
        return InvalidParameterException(message)
    if service == "ssm-incidents":
        return ValidationException(message)
    fields = [{"Name": f.path, "Message": f.constraint} for f in faults[:TOLD]]
    return ValidationException(message, reason="FIELD_VALIDATION_FAILED", fields=fields)


def compile_check(shape: Shape, *, is_strict: bool = False) -> Check:
    """Strict, members that the model does not hold are faults, too."""
    match shape.type_name:
        case "structure":
            return _structure(shape, is_strict)
        case "list":
            return _list(shape, is_strict)
        case "map":
            return _map(shape, is_strict)
        case "string":
            return _string(shape)
        case "boolean":
            return _boolean
        case "timestamp":
            return _timestamp
        case "blob":
            return _blob(shape)
        case _:
            return _number(shape)


def _fault(value: Any, constraint: str) -> Faults:
    return (Fault((), _shown(value), constraint),)


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "'{...}'" if value else "'{}'"
    if isinstance(value, list | tuple):
        return "'[...]'" if value else "'[]'"
    if isinstance(value, bytes):
        return "'***'"
    text = str(value).lower() if isinstance(value, bool) else str(value).replace("\0", "\ufffd")
    return f"'{text}'" if len(text) <= SHOWN else f"'{text[:SHOWN]}...'"


def _structure(shape: Shape, is_strict: bool) -> Check:
    """Members are compiled when the structure is first looked at."""
    required = frozenset(shape.required_members)
    checks: dict[str, Check] = {}
    union = ", ".join(shape.members) if shape.is_tagged_union else None
    secret = {name for name, member in shape.members.items() if _is_secret(name, member)}

    def check(value: Any) -> Faults:
        if not isinstance(value, dict) and not isinstance(value, Mapping):
            return _fault(value, "Member must be a structure")
        if not checks:
            checks.update(_member_checks(shape, is_strict))
        found: list[Fault] = []
        missing = required
        if missing <= value.keys():
            missing = NONE_MISSING
        for name, item in value.items():
            if item is None:
                missing = required
            elif (member := checks.get(name)) is None:
                if is_strict:
                    found.append(
                        Fault((name[:SHOWN],), "'***'", "The model has no such member")
                    )
            elif faults := member(item):
                found += [fault.within(name, is_secret=name in secret) for fault in faults]
        if missing:
            names = [name for name in shape.required_members if value.get(name) is None]
            found += [Fault((name,), "null", NULL) for name in names]
        if union is not None and _given(value, checks) != 1:
            found += _fault(value, f"Member must have exactly one of: {union}")
        return found

    return check


def _given(value: Mapping[str, Any], members: Mapping[str, Any]) -> int:
    return sum(1 for name, item in value.items() if item is not None and name in members)


def _is_secret(name: str, shape: Shape) -> bool:
    return name in SECRET or bool(shape.metadata.get("sensitive"))


def _member_checks(shape: Shape, is_strict: bool) -> dict[str, Check]:
    return {
        name: compile_check(member, is_strict=is_strict)
        for name, member in shape.members.items()
    }


def _list(shape: Shape, is_strict: bool) -> Check:
    member = compile_check(shape.member, is_strict=is_strict)
    low, high = _bounds(shape)
    is_secret = bool(shape.member.metadata.get("sensitive"))

    def check(value: Any) -> Faults:
        if not isinstance(value, list | tuple):
            return _fault(value, "Member must be a list")
        if not low <= len(value) <= high:
            return _fault(value, _length_rule(len(value), low, high))
        found: list[Fault] = []
        for number, item in enumerate(value, 1):
            faults = member(item) if item is not None else _fault(item, NULL)
            if faults:
                place = str(number)
                found += [f.within(place, "member", is_secret=is_secret) for f in faults]
        return found

    return check


def _map(shape: Shape, is_strict: bool) -> Check:
    key_check = compile_check(shape.key, is_strict=is_strict)
    member = compile_check(shape.value, is_strict=is_strict)
    low, high = _bounds(shape)
    if is_strict:
        low = 0  # ListTagsForResource answers a map, which the model wants filled, without tags

    def check(value: Any) -> Faults:
        if type(value) is not dict and not isinstance(value, Mapping):
            return _fault(value, "Member must be a map")
        if not low <= len(value) <= high:
            return _fault(value, _length_rule(len(value), low, high))
        found: list[Fault] = []
        for key, item in value.items():
            rules = key_check(key)
            if rules:
                told = ", ".join(fault.constraint for fault in rules)
                found += _fault(value, f"Map keys must satisfy constraint: [{told}]")
            faults = member(item) if item is not None else _fault(item, NULL)
            if faults:
                found += [fault.within(str(key)[:SHOWN], "member") for fault in faults]
        return found

    return check


def _string(shape: Shape) -> Check:
    low, high = _bounds(shape)
    pattern = shape.metadata.get("pattern")
    if shape.enum:
        return _enum(shape)
    if not pattern and low == 0 and high == UNBOUNDED:
        return _text
    match = compile_pattern(pattern).fullmatch if pattern else None

    def check(value: Any) -> Faults:
        if not isinstance(value, str):
            return _fault(value, "Member must be a string")
        if "\0" in value:
            return _fault(value, NUL)
        if not low <= len(value) <= high:
            return _fault(value, _length_rule(len(value), low, high))
        if match is not None and match(value) is None:
            return _fault(value, f"Member must satisfy regular expression pattern: {pattern}")
        return FINE

    return check


def _text(value: Any) -> Faults:
    if not isinstance(value, str):
        return _fault(value, "Member must be a string")
    return FINE if "\0" not in value else _fault(value, NUL)


def _enum(shape: Shape) -> Check:
    allowed = frozenset(shape.enum)
    rule = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"

    def check(value: Any) -> Faults:
        if not isinstance(value, str):
            return _fault(value, "Member must be a string")
        return FINE if value in allowed else _fault(value, rule)

    return check


def _boolean(value: Any) -> Faults:
    return FINE if isinstance(value, bool) else _fault(value, "Member must be true or false")


def _timestamp(value: Any) -> Faults:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return FINE
    return _fault(value, "Member must be a timestamp")


def _blob(shape: Shape) -> Check:
    low, high = _bounds(shape)

    def check(value: Any) -> Faults:
        if not isinstance(value, bytes):
            return _fault(value, "Member must be base64")
        if not low <= len(value) <= high:
            return _fault(value, _length_rule(len(value), low, high))
        return FINE

    return check


def _number(shape: Shape) -> Check:
    least, most = NUMBERS[shape.type_name]
    low = float(shape.metadata.get("min", least))
    high = float(shape.metadata.get("max", most))
    is_whole = shape.type_name in ("integer", "long")
    rule = "Member must be a whole number" if is_whole else "Member must be a number"

    def check(value: Any) -> Faults:
        if type(value) is not int and (is_whole or type(value) is not float):
            return _fault(value, rule)
        if value < low:
            return _fault(value, f"Member must have value greater than or equal to {low:.0f}")
        if value > high:
            return _fault(value, f"Member must have value less than or equal to {high:.0f}")
        return FINE

    return check


def _bounds(shape: Shape) -> tuple[float, float]:
    return shape.metadata.get("min", 0), shape.metadata.get("max", UNBOUNDED)


def _length_rule(length: int, low: float, high: float) -> str:
    if length < low:
        return f"Member must have length greater than or equal to {low}"
    return f"Member must have length less than or equal to {high}"
