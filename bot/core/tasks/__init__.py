"""Every task, so that the registry knows them all."""

from bot.core.tasks import chat, engagements, forgetting, refusals, sweep

__all__ = ["chat", "engagements", "forgetting", "refusals", "sweep"]
