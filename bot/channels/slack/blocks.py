"""Block Kit pieces as plain dicts. Slack's limits and escaping live here and nowhere else.

Texts are escaped, unless they are Markup; what is too long is cut where it shows, with "…".
Source: Slack, "Reference: blocks", "Formatting text for app surfaces".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Block = dict[str, Any]

HEADER_LIMIT = 150
SECTION_LIMIT = 3000
FIELD_LIMIT = 2000
FIELDS_LIMIT = 10
BUTTON_LIMIT = 75
VALUE_LIMIT = 2000
ACTION_ID_LIMIT = 255
ACTIONS_LIMIT = 25
CONTEXT_LIMIT = 2000
BLOCKS_LIMIT = 50
MESSAGE_LIMIT = 12_000
"""Characters of all blocks of one message; Slack refuses from about 13,200, undocumented."""
TEXT_LIMIT = 40_000
PREFORMATTED_LIMIT = 2900

CUT = "…"
_TORN = re.compile(r"(&[a-z]{0,3}|<[^<>]*)$")


class Markup(str):
    """Text in Slack's mrkdwn, escaped already."""

    __slots__ = ()


def escape(text: str) -> Markup:
    """Make a text stand for itself; it then pings nobody and links nowhere."""
    if isinstance(text, Markup):
        return text
    return Markup(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def bold(text: str) -> Markup:
    """Put a text in bold, its own asterisks and line ends taken out of the way."""
    plain = " ".join(text.replace("*", "∗").split())
    return Markup(f"*{escape(plain)}*") if plain else Markup("")


def code(text: str) -> Markup:
    plain = " ".join(text.replace("`", "ˋ").split())
    return Markup(f"`{escape(plain)}`") if plain else Markup("")


def link(url: str, text: str) -> Markup:
    """Link a text; an address that Slack would not link is shown as it is."""
    if not re.match(r"https?://[^\s<>|]+$", url):
        return code(url)
    shown = " ".join(text.replace("|", "¦").split())
    return Markup(f"<{escape(url)}|{escape(shown) or escape(url)}>")


def join(*parts: str, by: str = "") -> Markup:
    """Put escaped and unescaped parts together; empty ones are left out."""
    return Markup(escape(by).join(escape(part) for part in parts if part))


def clip(text: str, limit: int) -> Markup:
    """Escape a text and cut it to `limit` characters, never within an escape or a link."""
    whole = escape(text)
    if len(whole) <= limit:
        return whole
    return Markup(_TORN.sub("", whole[: limit - len(CUT)]).rstrip() + CUT)


def header(text: str) -> Block:
    return {"type": "header", "text": _plain(text, HEADER_LIMIT)}


def section(*parts: str, accessory: Block | None = None) -> Block:
    block: Block = {"type": "section", "text": _mrkdwn(join(*parts), SECTION_LIMIT)}
    return block | {"accessory": accessory} if accessory else block


def fields(values: Mapping[str, object] | None = None, /, **named: object) -> Block:
    """Show up to ten short values under their names; the eleventh and on are left out."""
    shown = {**(values or {}), **named}
    items = [
        _mrkdwn(join(bold(name), "\n", _shown(value)), FIELD_LIMIT)
        for name, value in list(shown.items())[:FIELDS_LIMIT]
    ]
    return {"type": "section", "fields": items}


def context(*parts: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(join(*parts), CONTEXT_LIMIT)]}


def divider() -> Block:
    return {"type": "divider"}


def actions(*buttons: Block) -> Block:
    return {"type": "actions", "elements": list(buttons[:ACTIONS_LIMIT])}


def button(
    text: str,
    *,
    action: str,
    value: str,
    style: str | None = None,
    confirm: str | None = None,
) -> Block:
    """Make a button. `style` is primary or danger; `confirm` is asked before it counts.

    Raises ValueError for an action or a value over Slack's limit: cut, it would mean another.
    """
    if len(action) > ACTION_ID_LIMIT or len(value) > VALUE_LIMIT:
        raise ValueError("the action or the value of a button is too long")
    element: Block = {
        "type": "button",
        "text": _plain(text, BUTTON_LIMIT),
        "action_id": action,
        "value": value,
    }
    if style:
        element["style"] = style
    if confirm:
        element["confirm"] = {
            "title": _plain("Are you sure?", 100),
            "text": _plain(confirm, 300),
            "confirm": _plain(text, 30),
            "deny": _plain("Cancel", 30),
        }
    return element


def fits_preformatted(text: str) -> bool:
    return len(escape(text)) <= PREFORMATTED_LIMIT


def preformatted(text: str) -> Block:
    """Show a text in a fixed font, as it is."""
    inner = clip(
        text.replace("```", "`\N{ZERO WIDTH SPACE}`\N{ZERO WIDTH SPACE}`"), SECTION_LIMIT - 8
    )
    return {"type": "section", "text": {"type": "mrkdwn", "text": f"```\n{inner}\n```"}}


def fit(blocks: Iterable[Block]) -> list[Block]:
    """Keep what one message may hold, 50 blocks and 12,000 characters, and say what is missing.

    Buttons are kept whatever the length.
    """
    kept: list[Block] = []
    missing, room = 0, MESSAGE_LIMIT
    for block in blocks:
        size = text_length(block)
        is_button_row = block["type"] == "actions"
        if len(kept) < BLOCKS_LIMIT - 2 and (size <= room or is_button_row):
            kept.append(block)
            room -= size
        else:
            missing += 1
    if missing:
        kept.append(context(f"{CUT} {missing} more parts do not fit into one message."))
    return kept


def text_length(piece: object) -> int:
    """Count the characters of every text in blocks."""
    if isinstance(piece, Mapping):
        own = piece.get("text")
        return (len(own) if isinstance(own, str) else 0) + sum(map(text_length, piece.values()))
    if isinstance(piece, Sequence) and not isinstance(piece, str):
        return sum(map(text_length, piece))
    return 0


def _plain(text: str, limit: int) -> Block:
    plain = " ".join(text.split()) or "-"
    cut = plain if len(plain) <= limit else plain[: limit - 1].rstrip() + CUT
    return {"type": "plain_text", "text": cut, "emoji": False}


def _mrkdwn(text: str, limit: int) -> Block:
    return {"type": "mrkdwn", "text": clip(text, limit) or " "}


def _shown(value: object) -> str:
    if value is None or value == "":
        return "-"
    return value if isinstance(value, str) else str(value)
