"""Every answered operation, so that the registry knows them all."""

from bot.core.operations import (
    chat_configurations,
    incidents,
    replication_sets,
    response_plans,
    timeline,
    topics,
)

__all__ = [
    "chat_configurations",
    "incidents",
    "replication_sets",
    "response_plans",
    "timeline",
    "topics",
]
