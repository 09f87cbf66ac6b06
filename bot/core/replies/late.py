"""Who accepts a page by the API's own operation hears in chat, too, that he is late."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.core.context import Context
from bot.core.effects.closing import closed_words
from bot.core.store.engagements import Page


def late_words(ctx: Context, parameters: Mapping[str, Any]) -> str:
    """Why the page of an AcceptPage is closed already; "" where it waits for an answer.

    The operation's own answer has no member for it.
    """
    page = ctx.find(Page, str(parameters.get("PageId")))
    return closed_words(ctx, page) if page is not None else ""
