"""The program as it comes up after a kill, telling how soon the page left behind is carried."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import uvloop

from benchmarks.servers import say
from bot import app
from bot.channels.sms import SmsChannel
from bot.core.channel import Sent
from bot.core.store import executor
from bot.core.store.executor import Store
from bot.settings import load_settings


async def main() -> None:
    opened_at = 0
    handed_over = asyncio.Event()
    open_store = executor.open_store

    async def timed_open(*arguments: Any, **options: Any) -> Store:
        nonlocal opened_at
        store = await open_store(*arguments, **options)
        opened_at = time.monotonic_ns()
        return store

    async def ask(_channel: SmsChannel, _message: object) -> Sent:
        """An orphan is asked for before it is sent: that is when it was claimed."""
        if not handed_over.is_set():
            print(f"handed over after {time.monotonic_ns() - opened_at} ns", flush=True)
            handed_over.set()
        return Sent("SM1")

    vars(app)["open_store"] = timed_open
    SmsChannel.was_sent = ask  # type: ignore[method-assign, assignment]
    async with app.open_app(load_settings()) as opened:
        await handed_over.wait()
        say(opened.port)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
