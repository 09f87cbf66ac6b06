"""Which notifications a subscription wants: the filter policies of SNS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

MOST_NAMES = 5
MOST_COMBINATIONS = 150
LONGEST = 262_144
"""Bytes of a policy, as of a message."""
LARGEST_NUMBER = 1_000_000_000
OPERATORS = ("=", "<", "<=", ">", ">=")

Given = Mapping[str, Sequence[Any]]
"""By name: the values of an attribute, or of a key of the body; absent where there is none."""


def check_policy(policy: Any, *, is_of_body: bool) -> None:
    """Raises ValueError, in words, for a policy that SNS would not keep.

    Source: Amazon SNS subscription filter policies, constraints.
    """
    if not isinstance(policy, dict):
        raise ValueError("it is not a JSON object")
    if len(policy) > MOST_NAMES:
        raise ValueError(f"it has at most {MOST_NAMES} names")
    if _combinations(policy, 1, is_of_body) > MOST_COMBINATIONS:
        raise ValueError(f"its values make at most {MOST_COMBINATIONS} combinations")


def wants_attributes(policy: Mapping[str, Any], attributes: Given) -> bool:
    """Whether every name of the policy has a value that one of its rules takes."""
    return all(_takes(rules, attributes.get(name)) for name, rules in policy.items())


def wants_body(policy: Mapping[str, Any], body: Any) -> bool:
    """The same for a message that is JSON; any other is not wanted. Lists in the body match by
    any of their items.
    """
    if isinstance(body, list):
        return any(wants_body(policy, item) for item in body)
    if not isinstance(body, dict):
        return False
    return all(
        wants_body(rules, body.get(name))
        if isinstance(rules, dict)
        else _takes(rules, _values(body, name))
        for name, rules in policy.items()
    )


def _values(body: Mapping[str, Any], name: str) -> Sequence[Any] | None:
    if name not in body:
        return None
    value = body[name]
    return value if isinstance(value, list) else [value]


def _takes(rules: Sequence[Any], values: Sequence[Any] | None) -> bool:
    return any(_fits(rule, values) for rule in rules)


def _fits(rule: Any, values: Sequence[Any] | None) -> bool:
    if not isinstance(rule, dict):
        return values is not None and any(_same(rule, value) for value in values)
    ((name, given),) = rule.items()
    if name == "exists":
        return (values is not None) is given
    if values is None:
        return False
    return any(_MATCHES[name](given, value) for value in values)


def _same(given: Any, value: Any) -> bool:
    """1 and 1.0 are the same, true and 1 are not."""
    return given == value and isinstance(given, bool) == isinstance(value, bool)


def _is_numeric(given: Sequence[Any], value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return all(_compares(op, value, limit) for op, limit in _pairs(given))


def _pairs(given: Sequence[Any]) -> Iterator[tuple[str, float]]:
    return zip(given[::2], given[1::2], strict=True)


def _compares(operator: str, value: float, limit: float) -> bool:
    match operator:
        case "=":
            return value == limit
        case "<":
            return value < limit
        case "<=":
            return value <= limit
        case ">":
            return value > limit
        case _:
            return value >= limit


def _is_anything_but(given: Any, value: Any) -> bool:
    if isinstance(given, dict):
        ((name, part),) = given.items()
        return not any(_MATCHES[name](each, value) for each in _listed(part))
    return not any(_same(each, value) for each in _listed(given))


def _is_like(given: str, value: Any) -> bool:
    parts = map(re.escape, given.split("*"))
    return isinstance(value, str) and re.fullmatch(".*".join(parts), value, re.S) is not None


def _is_within(given: str, value: Any) -> bool:
    try:
        return ip_address(value) in ip_network(given, strict=False)
    except ValueError:
        return False


_MATCHES: Mapping[str, Any] = {
    "prefix": lambda given, value: isinstance(value, str) and value.startswith(given),
    "suffix": lambda given, value: isinstance(value, str) and value.endswith(given),
    "equals-ignore-case": lambda given, value: (
        isinstance(value, str) and value.lower() == given.lower()
    ),
    "wildcard": _is_like,
    "cidr": _is_within,
    "numeric": _is_numeric,
    "anything-but": _is_anything_but,
}
TEXTS = ("prefix", "suffix", "equals-ignore-case", "wildcard")


def _combinations(policy: Mapping[str, Any], depth: int, is_of_body: bool) -> int:
    """Values times nesting, over all names."""
    count = 1
    for name, rules in policy.items():
        if isinstance(rules, dict) and is_of_body and rules:
            count *= _combinations(rules, depth + 1, is_of_body)
            continue
        if not isinstance(rules, list) or not rules:
            raise ValueError(f"{name} has a list of what is wanted")
        for rule in rules:
            _check_rule(name, rule)
        count *= len(rules) * depth
    return count


def _check_rule(name: str, rule: Any) -> None:
    if not isinstance(rule, dict):
        _check_plain(name, rule)
        return
    operator, given = next(iter(rule.items()), ("", None))
    if len(rule) != 1 or operator not in {*_MATCHES, "exists"}:
        known = ", ".join(sorted({*_MATCHES, "exists"}))
        raise ValueError(f"a rule of {name} has one of {known}")
    _check_given(name, operator, given)


def _check_given(name: str, operator: str, given: Any) -> None:
    fits = True
    if operator == "exists":
        fits = isinstance(given, bool)
    elif operator in TEXTS:
        fits = isinstance(given, str)
    elif operator == "cidr":
        fits = isinstance(given, str) and _is_network(given)
    elif operator == "numeric":
        fits = _is_range(given)
    elif isinstance(given, dict):
        fits = len(given) == 1 and all(
            each in TEXTS and all(isinstance(one, str) for one in _listed(part))
            for each, part in given.items()
        )
    else:
        for each in _listed(given):
            _check_plain(name, each)
    if not fits:
        raise ValueError(f"{operator} of {name} has a value that it cannot have")


def _check_plain(name: str, value: Any) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and abs(value) > LARGEST_NUMBER:
        raise ValueError(f"the numbers of {name} are at most {LARGEST_NUMBER}")
    if not is_number and not (value is None or isinstance(value, str | bool)):
        raise ValueError(f"a value of {name} is a text, a number, true, false or null")


def _is_range(given: Any) -> bool:
    if not isinstance(given, list) or len(given) not in (2, 4):
        return False
    return all(op in OPERATORS for op in given[::2]) and all(
        isinstance(limit, int | float) and not isinstance(limit, bool) for limit in given[1::2]
    )


def _is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]
