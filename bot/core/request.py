"""A named question, as every door puts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.access import Caller
from bot.core.ids import new_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A named question. `parameters` are wire-shaped, timestamps being aware datetimes.

    `source` is the IP address or the chat channel that it came from.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(repr=False)
    caller: Caller
    source: str = ""
    request_id: str

    @property
    def resource(self) -> str | None:
        """The first ARN among the parameters: what audit and refusals name."""
        for value in self.parameters.values():
            if isinstance(value, str) and value.startswith("arn:"):
                return value
        return None


def new_request_id() -> str:
    return str(new_key())
