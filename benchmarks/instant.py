"""The program with channels that take every message at once, for the goals' instant sink:
`python -m benchmarks.instant LEDGER`.

Everything else is as `imbot serve` has it.
"""

from __future__ import annotations

import mmap
import re
import sys
import time
from pathlib import Path
from typing import Any

from bot import app
from bot.core.channel import Page, Sent

NUMBER = re.compile(r"failing (\d{7})")
INCIDENTS = 1 << 20
CELL = 8


class Ledger:
    """When each incident's first and last pages were handed over (`time.monotonic_ns`; 0: not
    yet), and how many were.

    A file that the program and the load generator both map.
    """

    def __init__(self, path: Path) -> None:
        with path.open("a+b") as file:
            file.truncate(3 * INCIDENTS * CELL)
            cells = memoryview(mmap.mmap(file.fileno(), 0)).cast("q")
        self._first = cells[:INCIDENTS]
        self._last = cells[INCIDENTS : 2 * INCIDENTS]
        self._pages = cells[2 * INCIDENTS :]

    def note(self, number: int) -> None:
        now = time.monotonic_ns()
        self._first[number] = self._first[number] or now
        self._last[number] = now
        self._pages[number] += 1

    def first(self, numbers: range) -> list[int]:
        return self._first[numbers.start : numbers.stop].tolist()

    def last(self, number: int) -> int:
        return self._last[number]

    def pages(self, number: int) -> int:
        return self._pages[number]


class InstantChannel:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._taken = 0

    async def send(self, message: Page) -> Sent:
        found = NUMBER.search(message.public_subject)
        self._taken += 1
        if found is not None:
            self._ledger.note(int(found[1]))
        return Sent(f"instant-{self._taken}")

    async def was_sent(self, _: Any) -> None:
        return

    async def poll(self, _: str) -> None:
        return

    async def close(self) -> None:
        return


def main() -> int:
    from bot.__main__ import main as imbot

    channel: Any = InstantChannel(Ledger(Path(sys.argv[1])))
    vars(app)["make_channels"] = lambda *_: {"sms": channel, "email": channel}
    return imbot(["serve"])


if __name__ == "__main__":
    sys.exit(main())
