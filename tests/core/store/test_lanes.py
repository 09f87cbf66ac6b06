from __future__ import annotations

import asyncio

from bot.core.store.lanes import Entry, answered, settle


async def test_what_follows_a_commit_has_begun_when_those_who_wait_go_on() -> None:
    loop = asyncio.get_running_loop()
    told: list[str] = []

    async def carry() -> None:
        told.append("page")

    async def wait(entry: Entry) -> None:
        await entry.future
        told.append("answer")

    entries = [Entry(lambda _: None, loop.create_future()) for _ in range(2)]
    waits = [asyncio.create_task(wait(entry)) for entry in entries]
    await asyncio.sleep(0)
    tasks: list[asyncio.Task[None]] = []
    for entry in entries:
        entry.succeed(None, [lambda: tasks.append(asyncio.create_task(carry()))])
    loop.call_soon_threadsafe(settle, loop, entries)
    await asyncio.gather(*waits)

    assert told == ["page", "page", "answer", "answer"]


async def test_whoever_closes_finds_all_answered() -> None:
    loop = asyncio.get_running_loop()
    entry = Entry(lambda _: None, loop.create_future())
    entry.fail(ValueError("refused"))
    loop.call_soon(settle, loop, [entry])

    await answered()

    assert isinstance(entry.future.exception(), ValueError)
