"""What may be published: sizes, subjects, attributes and the texts by protocol.

Source: Publish, sns 2010-03-31; Amazon SNS message attributes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

import orjson

from bot.core.errors import InvalidParameterException

LARGEST = 262_144
"""Bytes of a message with its attributes, and of a whole batch."""
LONGEST_SUBJECT = 100
MOST_NAME = 256
NAME = re.compile(r"(?!(?i:aws\.|amazon\.))[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
TYPES = ("String", "String.Array", "Number", "Binary")

Attributes = Mapping[str, Mapping[str, Any]]
"""By name {DataType, StringValue or BinaryValue}, as Publish takes them."""


def texts(message: str, structure: str | None) -> dict[str, str]:
    """What each protocol is told; `default` is for those that are not named."""
    if not message:
        raise refused("Message", "it is empty", "Empty message")
    if not structure:
        return {"default": message}
    if structure != "json":
        raise refused("MessageStructure", "it is json or absent")
    try:
        document = orjson.loads(message)
    except orjson.JSONDecodeError as fault:
        raise refused("Message Structure", "JSON message body failed to parse") from fault
    if not isinstance(document, dict) or not isinstance(document.get("default"), str):
        raise refused("Message Structure", "No default entry in JSON message body")
    return {name: text for name, text in document.items() if isinstance(text, str)}


def subject(given: str | None) -> str | None:
    if not given:
        return None
    if len(given) > LONGEST_SUBJECT:
        raise refused("Subject", f"it has at most {LONGEST_SUBJECT} characters")
    if not given.isprintable() or given[0].isspace():
        raise refused("Subject", "it has no line breaks, and begins with no blank")
    return given


def attributes(given: Attributes) -> dict[str, dict[str, str]]:
    """By name {Type, Value}, as subscribers read them; binary values in base64."""
    return {name: _attribute(name, one) for name, one in given.items()}


def check_size(message: str, given: Attributes) -> None:
    if size_of(message, given) > LARGEST:
        raise refused("Message", f"it has at most {LARGEST} bytes with its attributes")


def size_of(message: str, given: Attributes) -> int:
    """Bytes of the message, and of the names, types and values of its attributes."""
    size = len(message.encode("utf-8", "replace"))
    for name, one in given.items():
        value = one.get("BinaryValue") or one.get("StringValue") or ""
        plain = value if isinstance(value, bytes) else value.encode("utf-8", "replace")
        size += len(name.encode("utf-8", "replace")) + len(one["DataType"]) + len(plain)
    return size


def refused(name: str, why: str, aws: str | None = None) -> InvalidParameterException:
    """As SNS words it; `aws` is its own reason where programs may look for it."""
    return InvalidParameterException(f"Invalid parameter: {aws or f'{name} Reason: {why}'}")


def _attribute(name: str, one: Mapping[str, Any]) -> dict[str, str]:
    if len(name) > MOST_NAME or NAME.fullmatch(name) is None:
        raise refused("MessageAttributes", f"the name {name[:64]!r} is not one")
    kind = one["DataType"]
    if kind not in TYPES and kind.partition(".")[0] not in TYPES:
        raise refused("MessageAttributes", f"the type of {name} is one of {', '.join(TYPES)}")
    if kind.startswith("Binary"):
        value = one.get("BinaryValue") or b""
        plain = value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
        text = base64.b64encode(plain).decode()
    else:
        text = one.get("StringValue") or ""
    if not text:
        raise refused("MessageAttributes", f"{name} has no value of its type")
    _check_value(name, kind, text)
    return {"Type": kind, "Value": text}


def _check_value(name: str, kind: str, text: str) -> None:
    if kind == "Number" and NUMBER.fullmatch(text) is None:
        raise refused("MessageAttributes", f"{name} is no number")
    if kind == "String.Array":
        try:
            is_array = isinstance(orjson.loads(text), list)
        except orjson.JSONDecodeError:
            is_array = False
        if not is_array:
            raise refused("MessageAttributes", f"{name} is no JSON array")
