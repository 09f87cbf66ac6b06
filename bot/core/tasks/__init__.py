"""Every task, so that the registry knows them all."""

from bot.core.tasks import chat, engagements, refusals, sweep

__all__ = ["chat", "engagements", "refusals", "sweep"]
