"""What a resource policy must be to be kept: a document of IAM's language, in outline."""

from __future__ import annotations

from typing import Any

import orjson

from bot.core.errors import ValidationException

VERSIONS = ("2012-10-17", "2008-10-17")
EFFECTS = ("Allow", "Deny")
NEEDED = (("Action", "NotAction"), ("Principal", "NotPrincipal"))
"""A statement has one of each pair. `Resource` may be absent: it is what bears the policy."""


def check_policy(text: str) -> None:
    """Raises ValidationException, which says what is wrong first."""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as fault:
        raise _refused(f"it is not JSON ({fault})") from fault
    if not isinstance(document, dict):
        raise _refused("it is not a JSON object")
    if document.get("Version", VERSIONS[0]) not in VERSIONS:
        raise _refused(f"Version is one of {', '.join(VERSIONS)}")
    statements = document.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise _refused("Statement holds one statement or several")
    for number, statement in enumerate(statements, 1):
        _check_statement(number, statement)


def _check_statement(number: int, statement: Any) -> None:
    if not isinstance(statement, dict):
        raise _refused(f"statement {number} is not an object")
    if statement.get("Effect") not in EFFECTS:
        raise _refused(f"the Effect of statement {number} is one of {', '.join(EFFECTS)}")
    conditions = statement.get("Condition", {})
    is_map = isinstance(conditions, dict)
    if not is_map or not all(isinstance(keys, dict) for keys in conditions.values()):
        raise _refused(f"the Condition of statement {number} maps operators to keys")
    for names in NEEDED:
        if sum(name in statement for name in names) != 1:
            raise _refused(f"statement {number} has either {' or '.join(names)}")


def _refused(why: str) -> ValidationException:
    return ValidationException(
        f"The policy is not one: {why}.",
        reason="FIELD_VALIDATION_FAILED",
        fields=[{"Name": "Policy", "Message": why}],
    )
