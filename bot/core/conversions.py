"""Between JSON's values and the program's: timestamps are aware datetimes, blobs are bytes.

Compiled once a shape; a part of a document without anything to convert is returned as it is.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core.shapes import Shape

Conversion = Callable[[Any], Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NUMBER = re.compile(r"-?\d{1,14}(\.\d{1,9})?")


def as_datetime(value: Any) -> Any:
    """Read epoch seconds (a number, or its digits) or ISO 8601 (UTC where it names no zone).

    What is neither comes back unchanged.
    """
    if isinstance(value, str) and NUMBER.fullmatch(value):
        value = float(value)
    try:
        if type(value) is int or type(value) is float:
            return EPOCH + timedelta(seconds=value)
        if isinstance(value, str):
            read = datetime.fromisoformat(value)
            return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return value
    return value


def as_epoch_seconds(value: Any) -> Any:
    """Write a datetime as JSON does on these services: seconds, to the millisecond."""
    if isinstance(value, datetime):
        milliseconds = (value - EPOCH) // timedelta(milliseconds=1)
        return milliseconds / 1000 if milliseconds % 1000 else milliseconds // 1000
    return value


def as_bytes(value: Any) -> Any:
    """Decode base64; what is none comes back unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return value


def as_base64(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def incoming(shape: Shape) -> Conversion:
    """Convert JSON to values; nulls, and members that the model does not hold, are dropped."""
    return _compile(shape, {"timestamp": as_datetime, "blob": as_bytes}) or _unchanged


def outgoing(shape: Shape) -> Conversion:
    """Convert values to JSON; nulls, and members that the model does not hold, are dropped."""
    return _compile(shape, {"timestamp": as_epoch_seconds, "blob": as_base64}) or _unchanged


def _unchanged(value: Any) -> Any:
    return value


def _compile(shape: Shape, scalars: Mapping[str, Conversion]) -> Conversion | None:
    """Returns None where values of the shape need no conversion."""
    if shape.type_name == "structure":
        return _structure(shape, scalars)
    if shape.type_name == "list":
        item = _compile(shape.member, scalars)
        return None if item is None else _list(item)
    if shape.type_name == "map":
        item = _compile(shape.value, scalars)
        return None if item is None else _map(item)
    return scalars.get(shape.type_name)


def _structure(shape: Shape, scalars: Mapping[str, Conversion]) -> Conversion:
    known = frozenset(shape.members)
    compiled = {name: _compile(member, scalars) for name, member in shape.members.items()}
    nested = tuple((name, item) for name, item in compiled.items() if item is not None)

    def convert(value: Any) -> Any:
        if type(value) is not dict:
            if not isinstance(value, Mapping):
                return value
            value = dict(value)
        if None in value.values() or not value.keys() <= known:
            value = {k: v for k, v in value.items() if v is not None and k in known}
        given = value
        for name, item in nested:
            old = given.get(name)
            if old is None or (new := item(old)) is old:
                continue
            if value is given:
                value = given.copy()
            value[name] = new
        return value

    return convert


def _list(item: Conversion) -> Conversion:
    def convert(value: Any) -> Any:
        return [item(each) for each in value] if isinstance(value, list | tuple) else value

    return convert


def _map(item: Conversion) -> Conversion:
    def convert(value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {key: item(each) for key, each in value.items()}

    return convert
