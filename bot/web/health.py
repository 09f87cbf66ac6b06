"""Is the program alive, and can it work."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web
from sqlalchemy import literal, select

from bot.core.store.executor import Store
from bot.core.store.statements import prepared

log = logging.getLogger(__name__)

PATIENCE = 2.0
"""Seconds after which a store that does not answer counts as gone."""

ALIVE = prepared(select(literal(1)))


class Health:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def alive(self, _request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def ready(self, _request: web.Request) -> web.Response:
        """503 where the store cannot be read within PATIENCE."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._store.look(lambda tx: tx.records(ALIVE))
        except Exception:
            log.exception("the store cannot be read")
            return web.Response(status=503, text="the store does not answer\n")
        return web.Response(text="ready\n")
