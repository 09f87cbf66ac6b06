"""Work that waits for a thread of the store, in lanes, the more urgent first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from enum import IntEnum
from queue import Empty, SimpleQueue
from typing import Any

from bot.core.errors import ServiceUnavailable
from bot.core.store.transaction import Transaction

LANE_LIMIT = 2048


class Lane(IntEnum):
    """Who goes first: replies and AcceptPage, the courier's records, requests, jobs."""

    REPLY = 0
    COURIER = 1
    REQUEST = 2
    JOB = 3


class Entry:
    """One piece of work, who waits for it, and how it ended."""

    __slots__ = ("after_commit", "error", "future", "is_read", "result", "work")

    def __init__(
        self,
        work: Callable[[Transaction], Any],
        future: asyncio.Future[Any],
        *,
        is_read: bool = False,
    ) -> None:
        self.work = work
        self.future = future
        self.is_read = is_read
        self.result: Any = None
        self.error: BaseException | None = None
        self.after_commit: list[Callable[[], None]] = []

    def succeed(self, result: Any, after_commit: list[Callable[[], None]]) -> None:
        self.result, self.error, self.after_commit = result, None, after_commit

    def fail(self, error: BaseException) -> None:
        if isinstance(error, StopIteration):  # which a future does not take
            error = RuntimeError("StopIteration left a transaction")
        self.result, self.error, self.after_commit = None, error, []


def settle(loop: asyncio.AbstractEventLoop, entries: Sequence[Entry]) -> None:
    """Answer those who wait; what was asked for after the commit goes first, pages above all.
    On the loop.
    """
    for entry in entries:
        for call in entry.after_commit:
            loop.call_soon(call)
    loop.call_soon(_answer, entries)


async def answered() -> None:
    """Return when all are answered for whom `settle` was put on the loop before."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def _answer(entries: Sequence[Entry]) -> None:
    for entry in entries:
        if entry.future.done():
            continue
        if entry.error is None:
            entry.future.set_result(entry.result)
        else:
            entry.future.set_exception(entry.error)


class Lanes:
    """A bounded queue a lane. Entries are put by the event loop and taken by threads."""

    def __init__(self, limit: int = LANE_LIMIT) -> None:
        self._limit = limit
        self._queues: tuple[deque[Entry], ...] = tuple(deque() for _ in Lane)
        self._tokens: SimpleQueue[None] = SimpleQueue()  # one for each entry, one for each end
        self._is_closed = False

    def put(self, lane: Lane, entry: Entry) -> None:
        """Raises ServiceUnavailable when the lane is full or the store is closed."""
        queue = self._queues[lane]
        if self._is_closed or len(queue) >= self._limit:
            raise ServiceUnavailable("The store is busy; nothing was done. Try again.")
        queue.append(entry)
        self._tokens.put(None)

    def take(self) -> Entry | None:
        """The most urgent entry; waits for one. None once the lanes are closed and empty."""
        self._tokens.get()
        return self._pop()

    def take_waiting(self) -> Entry | None:
        """The most urgent entry that waits now, or None."""
        try:
            self._tokens.get_nowait()
        except Empty:
            return None
        entry = self._pop()
        if entry is None:
            self._tokens.put(None)
        return entry

    def _pop(self) -> Entry | None:
        for queue in self._queues:
            try:
                return queue.popleft()
            except IndexError:
                continue
        return None

    def close(self, takers: int) -> None:
        """Take nothing more; each taker ends when what waits is done."""
        if not self._is_closed:
            self._is_closed = True
            for _ in range(takers):
                self._tokens.put(None)
