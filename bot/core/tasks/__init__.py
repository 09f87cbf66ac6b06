"""Every task, so that the registry knows them all."""

from bot.core.tasks import (
    bundles,
    chat,
    direct_messages,
    engagements,
    fan_out,
    forgetting,
    goodbyes,
    hand_offs,
    notices,
    refusals,
    starts,
    sweep,
)

__all__ = [
    "bundles",
    "chat",
    "direct_messages",
    "engagements",
    "fan_out",
    "forgetting",
    "goodbyes",
    "hand_offs",
    "notices",
    "refusals",
    "starts",
    "sweep",
]
