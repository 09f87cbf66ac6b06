"""What is imported or compiled once the program listens, and why: the one list of it.

Bolt and the words of the chat would be a fifth of a start with Slack on, the parsers of new
addresses a tenth of a second, the converters of all rows a fortieth. Neither the API's first
answer nor a page that waits needs them all. Whoever needs one before it is there waits for it.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.core.context import Answer, Context
from bot.core.deliveries import Deliveries
from bot.core.effects import spelling
from bot.core.store.schema import write_out_all
from bot.settings import Settings

if TYPE_CHECKING:
    from slack_sdk.web.async_client import AsyncWebClient

    from bot.channels.mailbox import ImapMailbox
    from bot.commands.slack import SlackDoor


GRACE = 0.5
"""Seconds for what was overdue and whoever has waited: imports would take turns with them."""


async def load_later(settings: Settings) -> None:
    await asyncio.sleep(GRACE)
    await asyncio.to_thread(write_out_all)
    if settings.slack_bot_token is not None:
        await asyncio.to_thread(_load_chat)
    await asyncio.to_thread(spelling.load)


def _load_chat() -> None:
    import bot.commands.answer
    import bot.commands.slack  # noqa: F401


async def make_mailbox(settings: Settings) -> ImapMailbox:
    """The mailbox that the settings name, unopened. Its parsers are imported here."""
    await asyncio.to_thread(importlib.import_module, "bot.channels.mailbox")
    from bot.channels.mailbox import ImapMailbox

    password = settings.imap_password
    return ImapMailbox(
        settings.imap_host or "",
        settings.imap_port,
        settings.imap_username or "",
        password.get_secret_value() if password else "",
        folder=settings.imap_folder,
        security=settings.imap_security,
    )


class LateChatDoor:
    """Answers the deliveries of Slack's door, on the store's threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def answer(
        self, ctx: Context, document: Mapping[str, Any], prepared: Mapping[str, Any]
    ) -> Answer:
        from bot.commands.answer import ChatDoor

        door = ChatDoor(self._settings.slack_admin_ids, self._settings.region)
        return door.answer(ctx, document, prepared)


class LateSlackDoor:
    """Slack's door, which is made on the loop as soon as Bolt is imported."""

    def __init__(
        self, settings: Settings, client: AsyncWebClient, deliveries: Deliveries
    ) -> None:
        self._settings = settings
        self._client = client
        self._deliveries = deliveries
        self._door: SlackDoor | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        return await (self._door or await self._made()).answer(request)

    async def connect(self) -> None:
        await asyncio.sleep(GRACE)
        await (await self._made()).connect()

    async def close(self) -> None:
        if self._door is not None:
            await self._door.close()

    async def _made(self) -> SlackDoor:
        await asyncio.to_thread(_load_chat)
        if self._door is None:
            from bot.commands.slack import SlackDoor

            self._door = SlackDoor(self._settings, self._client, self._deliveries)
        return self._door
