"""Processes that share a PostgreSQL database wake each other: LISTEN and NOTIFY."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import psycopg

log = logging.getLogger(__name__)

CHANNEL = "imbot"
QUIET = 0.005
"""Seconds between two announcements of one process."""
AGAIN = 1.0
"""Seconds before a lost connection is made anew; whoever waits also polls."""


class Bell:
    """Rings in the other processes. Each direction has a connection of its own."""

    def __init__(self, database_url: str, name: str) -> None:
        self._url = database_url
        self._name = name
        self._rung = asyncio.Event()
        self._callbacks: list[Callable[[], None]] = []
        self._ringer: asyncio.Task[None] | None = None
        self._listener: asyncio.Task[None] | None = None

    def ring(self) -> None:
        self._rung.set()
        if self._ringer is None:
            self._ringer = asyncio.create_task(self._ring_forever())

    def listen(self, callback: Callable[[], None]) -> None:
        """Call back when another process rings, and after each pause of the connection."""
        self._callbacks.append(callback)
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen_forever())

    async def close(self) -> None:
        tasks = [task for task in (self._ringer, self._listener) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._ringer = self._listener = None

    async def _ring_forever(self) -> None:
        while True:
            try:
                async with await self._connect() as connection:
                    await self._ring_on(connection)
            except psycopg.Error as error:
                log.warning("cannot announce work: %s", type(error).__name__)
            await asyncio.sleep(AGAIN)

    async def _ring_on(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, self._name))
            await asyncio.sleep(QUIET)

    async def _listen_forever(self) -> None:
        while True:
            try:
                async with await self._connect() as connection:
                    await self._listen_on(connection)
            except psycopg.Error as error:
                log.warning("cannot hear of work: %s", type(error).__name__)
            await asyncio.sleep(AGAIN)

    async def _listen_on(self, connection: psycopg.AsyncConnection) -> None:
        await connection.execute(f"LISTEN {CHANNEL}")
        self._call_back()
        async for notice in connection.notifies():
            if notice.payload != self._name:
                self._call_back()

    def _call_back(self) -> None:
        for callback in self._callbacks:
            callback()

    async def _connect(self) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(self._url, autocommit=True)
