"""A process to be killed: writes ships with their crew, and tells what was answered.

    python -m tests.core.store.crash DATABASE_URL [after]

With `after`, the process kills itself in the middle of a group, `after` entries in.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading

from bot.core.store.executor import Store, open_store
from bot.core.store.transaction import Transaction
from tests.core.store.rows import crew, ship


async def write_for_ever(store: Store, number: int) -> None:
    count = 0
    while True:
        vessel = ship(f"{number}-{count}", captain="Franklin")
        rows = [vessel, *(crew(vessel, f"{vessel.key}-{n}", secret="s") for n in range(5))]
        await store.write(lambda tx, rows=rows: tx.insert(rows))  # type: ignore[misc]
        os.write(1, f"{vessel.key}\n".encode())
        count += 1


async def die_in_a_group(store: Store, after: int) -> None:
    gate = threading.Event()

    def die(tx: Transaction) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    async def write_one(name: str) -> None:
        vessel = ship(name)
        await store.write(lambda tx: tx.insert([vessel]))
        os.write(1, f"{vessel.key}\n".encode())

    blocked = asyncio.create_task(store.write(lambda _: gate.wait()))
    writes = [asyncio.create_task(write_one(f"n{number}")) for number in range(after)]
    await asyncio.sleep(0)
    last = asyncio.create_task(store.write(die))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(blocked, *writes, last)


async def main() -> None:
    store = await open_store(sys.argv[1])
    if len(sys.argv) > 2:
        await die_in_a_group(store, int(sys.argv[2]))
    await asyncio.gather(*(write_for_ever(store, number) for number in range(16)))


if __name__ == "__main__":
    asyncio.run(main())
