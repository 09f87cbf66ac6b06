"""What Slack makes of a text as a person types it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_LINK = re.compile(
    r"(?P<url>https?://[^\s<>|]*[^\s<>|.,;:!?'\")\]}])"
    r"|(?P<mail>[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})"
    r"|(?<![\w@])@(?P<user>[\w.-]*\w)"
    r"|(?<![\w&])#(?P<channel>[a-z0-9_-]+)"
)


def escaped(text: str) -> str:
    """The three characters that Slack escapes."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def typed(text: str, *, users: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """The `text` of the event: escaped, with links, mails, users and channels marked up.

    `users` and `channels` are ids by name. Inside code nothing but the escapes is done.
    Source: Slack, "Formatting text for app surfaces".
    """

    def mark(match: re.Match[str]) -> str:
        whole = match.group()
        if match["url"]:
            return f"<{whole}>"
        if match["mail"]:
            return f"<mailto:{whole}|{whole}>"
        if match["user"]:
            known = users.get(match["user"].lower())
            return f"<@{known}>" if known else whole
        known = channels.get(match["channel"])
        return f"<#{known}|{match['channel']}>" if known else whole

    return _outside_code(escaped(text), lambda part: _LINK.sub(mark, part))


def slash_text(text: str, *, users: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """The `text` of a slash command whose manifest says `should_escape`: no links are made."""

    def mark(match: re.Match[str]) -> str:
        whole = match.group()
        if match["user"] and (known := users.get(match["user"].lower())):
            return f"<@{known}|{match['user']}>"
        if match["channel"] and (known := channels.get(match["channel"])):
            return f"<#{known}|{match['channel']}>"
        return whole

    return _LINK.sub(mark, escaped(text))


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    parts = _CODE.split(text)
    return "".join(part if number % 2 else change(part) for number, part in enumerate(parts))
