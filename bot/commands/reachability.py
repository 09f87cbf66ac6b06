"""`who is reachable`: a card of everybody and everything that could tell nobody now."""

from __future__ import annotations

from collections.abc import Sequence

from bot.channels.slack.reachability import reachability_card
from bot.channels.slack.results import Card
from bot.commands.asking import Document, request_of
from bot.core.context import Context
from bot.core.dispatch import answer_within

ASKED = ("who is reachable", "whos reachable", "who is unreachable", "unreachable")
"""How it is asked, in lower case, without marks."""


def asks_who_is_reachable(words: Sequence[str]) -> bool:
    """Whether these words, in lower case, ask it: `who-is-reachable`, `who's reachable?`."""
    typed = " ".join(words).replace("-", " ").replace("'", "").replace("’", "").rstrip("?! .")
    return typed in ASKED


def who_is_reachable(ctx: Context, document: Document) -> Card:
    """Raises AccessDeniedException where the caller may not read it."""
    return reachability_card(
        answer_within(ctx, request_of(ctx, document, "imbot", "ListUnreachable", {}))
    )
