"""Every task, so that the registry knows them all."""

from bot.core.tasks import (
    chat,
    direct_messages,
    engagements,
    forgetting,
    goodbyes,
    hand_offs,
    refusals,
    sweep,
)

__all__ = [
    "chat",
    "direct_messages",
    "engagements",
    "forgetting",
    "goodbyes",
    "hand_offs",
    "refusals",
    "sweep",
]
