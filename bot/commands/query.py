"""`--query`: JMESPath over an answer, as the AWS CLI shows it (times as ISO 8601). Pure."""

from __future__ import annotations

import base64
from datetime import datetime
from functools import lru_cache
from typing import Any

import jmespath

from bot.commands.problems import ChatError, shortened

_LONGEST = 2000


@lru_cache(256)
def compiled(query: str) -> Any:
    """Raises ChatError for what is no JMESPath."""
    if len(query) > _LONGEST:
        raise ChatError(f"`--query` is too long: at most {_LONGEST} characters.")
    try:
        return jmespath.compile(query)
    except (ValueError, RecursionError):
        raise ChatError(
            f"`--query` is no JMESPath: `{shortened(query)}`."
            " Put it in quotes, for example `--query 'contacts[].alias'`."
        ) from None


def apply_query(query: str, result: Any) -> Any:
    """The part of an answer that a query asks for; None where it matches nothing.

    Raises ChatError for what is no JMESPath, and for a function that the answer does not suit.
    """
    expression = compiled(query)
    try:
        return expression.search(_shown(result))
    except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
        raise ChatError(
            f"`--query` does not suit the answer: {shortened(str(error), 80)}"
        ) from None


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
