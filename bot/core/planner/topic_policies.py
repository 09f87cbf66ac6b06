"""What a topic's policy says to one principal: IAM's language, as far as topics need it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from typing import Any, Literal

Verdict = Literal["Allow", "Deny"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who asks what of which topic. `service` is set where an AWS service asks by itself.

    `keys` are condition keys in lower case, as "aws:sourceaccount".
    """

    action: str
    topic_arn: str
    principal_arn: str = ""
    account_id: str = ""
    service: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)


def verdict(policy: Mapping[str, Any], asking: Asking) -> Verdict | None:
    """A statement that denies goes before one that allows; None where none is about it."""
    found = {each["Effect"] for each in _statements(policy) if _applies(each, asking)}
    if "Deny" in found:
        return "Deny"
    return "Allow" if "Allow" in found else None


def _statements(policy: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    given = policy.get("Statement") or []
    return [given] if isinstance(given, dict) else given


def _applies(statement: Mapping[str, Any], asking: Asking) -> bool:
    return (
        _is_named(statement, "Action", _has_action, asking)
        and _is_named(statement, "Resource", _has_resource, asking)
        and _is_named(statement, "Principal", _has_principal, asking)
        and all(
            _holds(operator, keys, asking)
            for operator, keys in (statement.get("Condition") or {}).items()
        )
    )


def _is_named(statement: Mapping[str, Any], what: str, has: Any, asking: Asking) -> bool:
    """Of a pair like Action and NotAction a statement has one; none is about everything."""
    if what in statement:
        return bool(has(statement[what], asking))
    if f"Not{what}" in statement:
        return not has(statement[f"Not{what}"], asking)
    return True


def _has_action(given: Any, asking: Asking) -> bool:
    return any(is_like(each.lower(), asking.action.lower()) for each in _texts(given))


def _has_resource(given: Any, asking: Asking) -> bool:
    return any(is_like(each, asking.topic_arn) for each in _texts(given))


def _has_principal(given: Any, asking: Asking) -> bool:
    if given == "*":
        return True
    if not isinstance(given, dict):
        return False
    aws = set(_texts(given.get("AWS", ())))
    if asking.service is not None:
        return "*" in aws or asking.service in _texts(given.get("Service", ()))
    own = {"*", asking.principal_arn, asking.account_id}
    return bool(aws & {*own, f"arn:aws:iam::{asking.account_id}:root"})


def _holds(operator: str, keys: Mapping[str, Any], asking: Asking) -> bool:
    """An operator that is not known here holds never: what allows is narrow, and what denies
    by it is refused when the policy is set.
    """
    if_exists = operator.endswith("IfExists")
    compare = OPERATORS.get(operator.removesuffix("IfExists"))
    if compare is None or not isinstance(keys, dict):
        return False
    is_not = "Not" in operator
    for key, given in keys.items():
        value = asking.keys.get(key.lower())
        if value is None:
            if not (if_exists or is_not):
                return False
            continue
        if any(compare(each, value) for each in _texts(given)) is is_not:
            return False
    return True


def _equal(given: str, value: str) -> bool:
    return given == value


def _equal_but_case(given: str, value: str) -> bool:
    return given.lower() == value.lower()


def is_like(pattern: str, value: str) -> bool:
    """`*` is any text and `?` any character."""
    return _compiled(pattern).match(value) is not None


@lru_cache(1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern.replace("[", "[[]")))


OPERATORS = {
    "StringEquals": _equal,
    "StringNotEquals": _equal,
    "StringEqualsIgnoreCase": _equal_but_case,
    "StringNotEqualsIgnoreCase": _equal_but_case,
    "StringLike": is_like,
    "StringNotLike": is_like,
    "ArnEquals": is_like,
    "ArnNotEquals": is_like,
    "ArnLike": is_like,
    "ArnNotLike": is_like,
}
"""What of IAM's operators is read; the Not ones are the others turned round."""


def unread_operators(policy: Mapping[str, Any]) -> list[str]:
    """The condition operators of a policy that are not read here."""
    return sorted(
        operator
        for statement in _statements(policy)
        for operator in statement.get("Condition") or {}
        if operator.removesuffix("IfExists") not in OPERATORS
    )


def _texts(given: Any) -> list[str]:
    if isinstance(given, str):
        return [given]
    return [str(each) for each in given] if isinstance(given, list | tuple) else []
