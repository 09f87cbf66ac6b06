"""The AWS CLI's shorthand, `Key=value,List=a,b,Nested={Key=value}`, in one pass. Pure.

Where the AWS CLI accepts a text, the result is the same; where it refuses one, the shape
decides what was meant: a comma in a text member is a comma, quotes may stand within a word.
Values stay text: what they are is for `values` to say. Nothing here reads a file (`Key@=...`).
Source: AWS CLI user guide, "Using shorthand syntax"; awscli is the oracle of the tests.
"""

from __future__ import annotations

import re
from typing import Any

from bot.commands.problems import shortened
from bot.core.service_models import Shape

SCALARS = frozenset(
    (
        "string",
        "integer",
        "long",
        "boolean",
        "timestamp",
        "blob",
        "float",
        "double",
        "character",
    )
)
DEPTH = 24

_KEY = re.compile(r"\s*([A-Za-z0-9\-_.#/:]*)\s*(@?)=\s*")
_QUOTED = re.compile(r"""(?:"((?:\\"|[^"])*)"|'((?:\\'|[^'])*)')(?=\s*(?:[,\]}]|\Z))""")
_PLAIN = re.compile(r"(?:\\,|[^,])*")
_INNER = re.compile(r"(?:\\,|[^,\]}])*")
_NEXT_PAIR = re.compile(r",\s*[A-Za-z0-9\-_.#/:]+\s*@?=")
_COMMA = re.compile(r"\s*,\s*")
_BLANKS = re.compile(r"\s*")


class ShorthandError(ValueError):
    """A text that is no shorthand; `str()` says where it breaks."""


def parse_shorthand(text: str, shape: Shape) -> dict[str, Any]:
    """Read one structure or map. Values are strings, lists and dicts.

    Keys stand as typed, in order. Raises ShorthandError.
    """
    return _Shorthand(text).pairs(shape)


def parse_bracketed(text: str, shape: Shape) -> Any:
    """Read `[a,b]` or `{Key=value}` that is no JSON. Raises ShorthandError."""
    return _Shorthand(text).bracketed(shape)


def member_shape(shape: Shape | None, key: str) -> Shape | None:
    """The shape behind a key, in any case; None where the model does not hold it."""
    if shape is None or shape.type_name == "map":
        return shape and shape.value
    found = shape.members.get(key)
    if found is not None or shape.type_name != "structure":
        return found
    lowered = key.lower()
    return next((s for name, s in shape.members.items() if name.lower() == lowered), None)


class _Shorthand:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def pairs(self, shape: Shape) -> dict[str, Any]:
        """`Key=value` and so on, up to the end of the text."""
        read: dict[str, Any] = {}
        end = len(self._text)
        while True:
            key = self._key(read)
            read[key] = self._outer(member_shape(shape, key))
            if self._at >= end:
                return read
            self._comma()

    def bracketed(self, shape: Shape) -> Any:
        value = self._inner(shape, 0)
        if self._text[self._at :].strip():
            raise self._broken("nothing more")
        return value

    def _key(self, read: dict[str, Any]) -> str:
        found = _KEY.match(self._text, self._at)
        if found is None or not found[1]:
            raise self._broken("`Key=value`")
        if found[2]:
            raise ShorthandError(f"`{found[1]}@=` reads a file, which is not done here")
        if found[1] in read:
            raise ShorthandError(
                f"`{found[1]}` stands there twice; write a blank, not a comma, between items"
            )
        self._at = found.end()
        return found[1]

    def _outer(self, shape: Shape | None) -> Any:
        """A value outside brackets: it may be several, up to the next `Key=`."""
        text, start = self._text, self._at
        if text[start : start + 1] in ("[", "{"):
            return self._inner(shape, 1)
        first = self._item(_PLAIN)
        if self._at >= len(text) or _NEXT_PAIR.match(text, self._at):
            return first
        items = [first]
        while self._at < len(text) and not _NEXT_PAIR.match(text, self._at):
            self._comma()
            items.append(self._item(_PLAIN))
        if shape is not None and shape.type_name in SCALARS:
            return text[start : self._at].strip()
        return items

    def _inner(self, shape: Shape | None, depth: int) -> Any:
        """A value within brackets, or the bracketed value itself."""
        opening = self._text[self._at : self._at + 1]
        if opening not in ("[", "{"):
            return self._item(_INNER)
        if depth > DEPTH:
            raise ShorthandError("there are too many brackets in one another")
        self._skip_blanks(self._at + 1)
        return self._list(shape, depth) if opening == "[" else self._hash(shape, depth)

    def _list(self, shape: Shape | None, depth: int) -> list[Any]:
        member = shape.member if shape is not None and shape.type_name == "list" else None
        items: list[Any] = []
        while not self._closes("]"):
            items.append(self._inner(member, depth + 1))
            self._separate("]")
        return items

    def _hash(self, shape: Shape | None, depth: int) -> dict[str, Any]:
        read: dict[str, Any] = {}
        while not self._closes("}"):
            key = self._key(read)
            read[key] = self._inner(member_shape(shape, key), depth + 1)
            self._separate("}")
        return read

    def _item(self, bare: re.Pattern[str]) -> str:
        """One quoted or bare value; the bare one without the blanks around it."""
        text = self._text
        if text[self._at : self._at + 1] in ("'", '"') and (
            found := _QUOTED.match(text, self._at)
        ):
            self._skip_blanks(found.end())
            if found[1] is not None:
                return found[1].replace('\\"', '"').replace("\\\\", "\\")
            return found[2].replace("\\'", "'").replace("\\\\", "\\")
        start = self._at
        self._at = _end(bare, text, start)
        return text[start : self._at].replace("\\,", ",").strip()

    def _closes(self, bracket: str) -> bool:
        found = self._text[self._at : self._at + 1]
        if not found:
            raise ShorthandError(f"the closing `{bracket}` is missing")
        self._at += found == bracket
        return found == bracket

    def _separate(self, closing: str) -> None:
        """Pass the comma between two items; none is needed before the closing bracket."""
        self._skip_blanks(self._at)
        if self._text[self._at : self._at + 1] not in (closing, ""):
            self._comma(f"`,` or `{closing}`")

    def _comma(self, expected: str = "`,`") -> None:
        found = _COMMA.match(self._text, self._at)
        if found is None or found.end() >= len(self._text):
            raise self._broken(expected if found is None else "one more item")
        self._at = found.end()

    def _skip_blanks(self, at: int) -> None:
        self._at = _end(_BLANKS, self._text, at)

    def _broken(self, expected: str) -> ShorthandError:
        before, after = self._text[: self._at], self._text[self._at :]
        where = f"before `{shortened(after, 24)}`" if after.strip() else "at the end"
        if not before.strip() and after.strip():
            where = f"instead of `{shortened(after, 24)}`"
        return ShorthandError(f"{expected} is expected {where}")


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    """Where a pattern that may match nothing ends."""
    found = pattern.match(text, at)
    return found.end() if found else at
