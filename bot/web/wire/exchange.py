"""What goes in and comes out of the wire, and the refusals that only a wire knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import orjson

from bot.core.errors import ServiceError


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """`parameters` are the model's members; timestamps are aware datetimes, blobs bytes."""

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WireAnswer:
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class SerializationException(ServiceError):
    """The body is not what the protocol writes."""


class MalformedHttpRequestException(ServiceError):
    """The path, the query string or a header cannot be decoded."""


class MalformedQueryString(ServiceError):
    """The form or query string contradicts itself or cannot be decoded."""


class RequestEntityTooLargeException(ServiceError):
    status = 413


def read_json_object(body: bytes) -> dict[str, Any]:
    """Parse a body; an empty one is an empty object. Raises SerializationException.

    The parser gives up at 1,024 levels; what lies deeper than the model goes is dropped later.
    """
    if not body:
        return {}
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise SerializationException("The request body is not valid JSON.") from None
    if not isinstance(document, dict):
        raise SerializationException("The request body must be a JSON object.")
    return document


def decoded(text: str) -> str:
    """Undo percent-encoding. Raises MalformedHttpRequestException where it is no UTF-8."""
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise MalformedHttpRequestException("The request is not encoded in UTF-8.") from None


def scalar(text: str, type_name: str) -> Any:
    """Read text by its shape's type; what does not fit stays text, and `validate` names it."""
    if type_name in ("integer", "long"):
        digits = text.removeprefix("-")
        is_number = digits.isascii() and digits.isdigit() and len(digits) < 20
        return int(text) if is_number else text
    if type_name == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text
