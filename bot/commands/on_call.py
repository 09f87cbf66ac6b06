"""`who is on call`: a card of every schedule, with now, next and the hand-off between them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.channels.slack.on_call import on_call_card
from bot.channels.slack.results import Card
from bot.commands.asking import Document, request_of
from bot.core.context import Context
from bot.core.dispatch import answer_within

ASKED = ("who is on call", "whos on call", "on call", "oncall")
"""How it is asked, in lower case, without marks."""


def asks_who_is_on_call(words: Sequence[str]) -> bool:
    """Whether these words, in lower case, ask it: `on-call`, `who's on call?`."""
    typed = " ".join(words).replace("-", " ").replace("'", "").replace("’", "").rstrip("?! .")
    return typed in ASKED


def who_is_on_call(ctx: Context, document: Document) -> Card:
    """Raises AccessDeniedException where the caller may not read it."""
    answer = answer_within(ctx, request_of(ctx, document, "imbot", "ListOnCall", {}))
    return on_call_card(answer["Schedules"])
