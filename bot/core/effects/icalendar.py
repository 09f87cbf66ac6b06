"""An iCalendar object of shifts, pure: text from events. Source: RFC 5545, RFC 7986.

Written out here: there are two components and ten properties, and a long roster has thousands
of events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

FOLD = 75
"""Octets of a line, without its end."""
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


class Event(NamedTuple):
    """One shift. `uid` stays at every reading; `revised_at`: when it may have changed last."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    description: str
    revised_at: datetime


def calendar_text(name: str, events: Iterable[Event]) -> bytes:
    """The whole object, lines folded and ended by CR LF. Instants are in UTC, to the second; a
    shift of less than that is left out.
    """
    title = escaped(name)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//imbot//on call//EN",
        "CALSCALE:GREGORIAN",
        f"NAME:{title}",
        f"X-WR-CALNAME:{title}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ]
    for event in events:
        lines += _event(event)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines).encode()


def _event(event: Event) -> Sequence[str]:
    start, end = instant(event.starts_at), instant(event.ends_at)
    if start == end:
        return ()
    return (
        "BEGIN:VEVENT",
        f"UID:{event.uid}",
        f"DTSTAMP:{instant(event.revised_at)}",
        f"DTSTART:{start}",
        f"DTEND:{end}",
        f"SUMMARY:{escaped(event.summary)}",
        f"DESCRIPTION:{escaped(event.description)}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    )


def instant(at: datetime) -> str:
    """An aware datetime as UTC with date and time."""
    at = at.astimezone(UTC)
    return f"{at.year:04}{at.month:02}{at.day:02}T{at.hour:02}{at.minute:02}{at.second:02}Z"


def escaped(text: str) -> str:
    """A value of type TEXT; control characters but line ends become blanks."""
    if not text.isprintable():
        lines = text.splitlines()
        text = "\n".join(
            "".join(char if char.isprintable() else " " for char in line) for line in lines
        )
    return text.translate(_ESCAPES)


def folded(line: str) -> str:
    """A content line in pieces of 75 octets at most, cut between characters."""
    if len(line) <= FOLD and line.isascii():
        return line
    return "\r\n ".join(_pieces(line))


def _pieces(line: str) -> Iterator[str]:
    piece, room = "", FOLD
    for char in line:
        size = len(char.encode("utf-8", "replace"))
        if size > room:
            yield piece
            piece, room = "", FOLD - 1
        piece += char
        room -= size
    yield piece
