"""What is found out before the transaction that answers a delivery: who somebody is, of Slack,
and what would keep other writes waiting, of a reader.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.commands.callers import SlackPeople
from bot.core.deliveries import Deliveries


class Preparing:
    def __init__(self, client: AsyncWebClient, deliveries: Deliveries) -> None:
        self._people = SlackPeople(client)
        self._deliveries = deliveries

    async def prepare(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answers what `SlackPeople.prepare` does, and `counted` where that is asked."""
        document = arguments["document"]
        found = await self._people.prepare(arguments)
        if "metrics" not in str(document.get("text", "")).lower():
            return found
        from bot.commands.metrics import counted_aside

        zone = (found["user"] or {}).get("tz")
        counted = await counted_aside(self._deliveries, {**document, "tz": zone})
        return found | {"counted": counted}
