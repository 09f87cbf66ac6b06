"""The words of IMAP commands: quoted strings, lists, sets of numbers, search keys. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)')
_LITERAL = re.compile(r"\{(\d{1,7})\}$")
_PART = re.compile(r"(BODY(?:\.PEEK)?\[\])(?:<(\d+)\.(\d+)>)?", re.IGNORECASE)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Part = tuple[int, int] | None
"""The first byte and the number of bytes that are wanted; None: all."""


class Malformed(Exception):
    """A command that makes no sense."""


def words_of(text: str) -> list[str]:
    return [
        re.sub(r"\\(.)", r"\1", quoted) if quoted or not plain else plain
        for quoted, plain in _WORD.findall(text)
    ]


def literal_size(line: str) -> int | None:
    """The size of the literal that a line announces at its end."""
    found = _LITERAL.search(line)
    return int(found[1]) if found else None


def numbers_in(text: str, last: int) -> Callable[[int], bool]:
    """Whether a number is in a set such as "4,7:9,12:*"; "*" is the last one there is."""
    ranges = []
    for piece in text.split(","):
        ends = [
            last if end == "*" else int(end)
            for end in piece.split(":")
            if end.isdigit() or end == "*"
        ]
        if len(ends) != piece.count(":") + 1:
            raise Malformed("Invalid set of numbers")
        ranges.append((min(ends), max(ends)))
    return lambda number: any(low <= number <= high for low, high in ranges)


def requested(words: Sequence[str]) -> Iterator[tuple[str, Part]]:
    """What a FETCH asks for: the item's name in capitals, and the part of the mail."""
    for word in " ".join(words).strip("()").split():
        found = _PART.fullmatch(word)
        if found is None:
            yield word.upper(), None
        else:
            part = (int(found[2]), int(found[3])) if found[2] else None
            yield found[1].upper(), part


def bytes_of(raw: bytes, part: Part) -> bytes:
    """A mail, or a part of it, as a literal."""
    if part is None:
        return b"BODY[] {%d}\r\n%s" % (len(raw), raw)
    piece = raw[part[0] : part[0] + part[1]]
    return b"BODY[]<%d> {%d}\r\n%s" % (part[0], len(piece), piece)


def matches(
    words: Sequence[str], *, uid: int, last: int, at: datetime, flags: set[str]
) -> bool:
    """Whether a mail is what a SEARCH looks for: all of its keys."""
    keys = iter(words)
    for key in keys:
        name = key.upper()
        if name == "UID":
            if not numbers_in(next(keys, ""), last)(uid):
                return False
        elif name == "SINCE":
            if at.date() < _date(next(keys, "")):
                return False
        elif name in ("SEEN", "UNSEEN", "FLAGGED", "UNFLAGGED"):
            flag = f"\\{name.removeprefix('UN').capitalize()}"
            if (flag in flags) == name.startswith("UN"):
                return False
        elif name != "ALL":
            raise Malformed("Unknown search key")
    return True


def _date(text: str) -> date:
    """A day such as 3-Mar-2026."""
    try:
        day, month, year = text.split("-")
        return date(int(year), MONTHS.index(month.capitalize()) + 1, int(day))
    except ValueError:
        raise Malformed("Invalid date") from None
