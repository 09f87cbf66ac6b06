"""Slack's message text, turned back into what the person typed.

Pure. Source: Slack, "Formatting text for app surfaces"; what phones do to quotes and dashes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

DECORATION = "*_~`"

_LINK = re.compile(r"<([@#!]|[A-Za-z][A-Za-z0-9+.-]*:)([^<>|\n]*)(?:\|([^<>\n]*))?>")
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>\n]*)?>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))
_FENCE = re.compile(r'("(?:[^"\\]|\\.)*")|```', re.DOTALL)
_LEAD = re.compile(
    r"(?:[\s*_~`>$]|&gt;|<@[A-Z0-9]+(?:\|[^<>]*)?>[:,]?)*"
    r"(?:(?:[@/]aws|@amazon\ q|@q|aws)(?![\w.-])[:,]?[\s*_~`]*)?",
    re.IGNORECASE,
)
_QUOTE_MARK = re.compile(r"\n(?:&gt;|>) ?")
_JOINER = re.compile(r"[\u200c\u200d](?![^\x00-\x7f])|(?<![^\x00-\x7f])[\u200c\u200d]")

_ODD_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_INVISIBLE = (
    "\u00ad\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_ODD = str.maketrans(
    dict.fromkeys(_ODD_SPACES + "\u202f\u205f\u3000", " ") | dict.fromkeys(_INVISIBLE)
)


def typed_text(text: str) -> str:
    """Undo mention, links, escapes, odd blanks, invisible characters and code fences.

    Quotes, dashes and stars stay: only the grammar knows which of them are content.
    """
    if not text.isascii():
        text = _JOINER.sub("", text.translate(_ODD))
    text = _without_lead(text)
    if "<" in text:
        text = _LINK.sub(_link_text, text)
    if "&" in text:
        text = _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)
    if "```" in text:
        text = _FENCE.sub(lambda found: found[1] or "\n", text)
    return text


def read_text(text: str, names: Mapping[str, str]) -> str:
    """A message as people read it; `names` are those of the users that it mentions."""

    def shown(found: re.Match[str]) -> str:
        if found[1] == "@" and found[2] in names:
            return f"@{names[found[2]]}"
        return (found[1] if found[1] in "@#" else "") + (
            (found[3] if found[1] in "@#" and found[3] else "") or _link_text(found)
        )

    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], _LINK.sub(shown, text))


def mentioned_in(text: str) -> list[str]:
    """The ids of the users that a message mentions."""
    return list(dict.fromkeys(_MENTION.findall(text)))


def _without_lead(text: str) -> str:
    """Drop the mention, and the marks of one bold, quoted or code line around the whole."""
    found = _LEAD.match(text)
    lead = found[0] if found else ""
    text = text[len(lead) :]
    marks = "".join(mark for mark in DECORATION if mark in lead)
    if marks:
        text = text.rstrip().rstrip(marks)
    if ">" in lead or "&gt;" in lead:
        text = _QUOTE_MARK.sub("\n", text)
    return text


def _link_text(found: re.Match[str]) -> str:
    """What was typed where Slack now shows a link, a person or a channel."""
    kind, target, label = found[1], found[2], found[3]
    if kind in "@#":
        return target
    if kind == "!":
        return label or f"@{target}"
    if kind.lower() in ("mailto:", "tel:"):
        return target
    url = kind + target
    is_auto = bool(label) and url.rstrip("/").endswith(label.rstrip("/"))
    return label if is_auto else url
