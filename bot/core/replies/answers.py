"""What a person's text means: pure. Only whole messages count, so nothing quoted ever acts."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Kind = Literal["code", "unsubscribe", "start", "help", "unknown"]

UNSUBSCRIBE_WORDS = frozenset(
    {
        *("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"),
        *("OPT-OUT", "ARRET", "ARRÊT", "STOPP", "BAJA"),
    }
)
"""The vendor's own words, and what its numbers abroad and typing people add."""
START_WORDS = frozenset({"START", "YES", "UNSTOP"})
HELP_WORDS = frozenset({"HELP", "INFO", "AIDE", "?"})

LONGEST = 1600
"""Characters of the longest text that phones send."""

_BEFORE = (
    r"(?:(?:@?aws|acknowledged?|ack|accept(?:ed)?|activate|activation|confirm|code|ok|is|the|my"
    r"|got it|on it|here)(?![a-z]))"
)
_AFTER = (
    r"(?:(?:ok|okay|thanks|thank|you|thx|cheers|please|ack|acked|acknowledged|yes|done|got it"
    r"|gotcha|received|roger|copy|will (?:look|check|do)|now|(?:i['’]?m |i am )?(?:on it|omw"
    r"|on my way|up|awake|here|looking(?: (?:at|into) it)?|checking))(?![a-z]))"
)
_JUNK = r"[\s.,:;!#*'\"“”‘’<>()=/_👍👌✅🙏🙂👋🏻🏼🏽🏾🏿\uFE0F-]*"
_CODE = re.compile(
    rf"^{_JUNK}(?:{_BEFORE}{_JUNK})*(\d(?:[\s.-]{{0,2}}\d){{5,9}}){_JUNK}(?:{_AFTER}{_JUNK})*$",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`code` holds 6 to 10 digits where the kind is "code", else nothing."""

    kind: Kind
    code: str = ""


def read_answer(text: str) -> Answer:
    """Read a text as people type it on phones: " ack 425440 ", "425440.", "Ack: 425 440".

    A code beside any words but a few of assent is none: phones quote the page in their
    reactions to it, and "425440 not me" is to stop no escalation.
    """
    plain = unicodedata.normalize("NFKC", text[:LONGEST])
    word = "".join(plain.split()).upper().strip(".!\"'")
    if word in UNSUBSCRIBE_WORDS:
        return Answer(kind="unsubscribe")
    if word in START_WORDS:
        return Answer(kind="start")
    if word in HELP_WORDS:
        return Answer(kind="help")
    if code := read_code(plain):
        return Answer(kind="code", code=code)
    return Answer(kind="unknown")


def read_code(text: str) -> str | None:
    """The one code that a text consists of; None where it says anything more, or two codes."""
    plain = "".join(map(_ascii_digit, unicodedata.normalize("NFKC", text[:LONGEST])))
    found = _CODE.match(plain)
    return re.sub(r"\D", "", found[1]) if found else None


def _ascii_digit(char: str) -> str:
    """Arabic, Devanagari and other digits are what some keyboards type."""
    value = unicodedata.decimal(char, None)
    return char if value is None else str(value)
