"""Every answered operation, so that the registry knows them all."""

from bot.core.operations import (
    chat_configurations,
    contact_channels,
    contacts,
    engagements,
    imbot,
    incidents,
    pages,
    replication_sets,
    response_plans,
    timeline,
    topics,
)

__all__ = [
    "chat_configurations",
    "contact_channels",
    "contacts",
    "engagements",
    "imbot",
    "incidents",
    "pages",
    "replication_sets",
    "response_plans",
    "timeline",
    "topics",
]
