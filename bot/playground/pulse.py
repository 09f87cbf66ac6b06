"""What the stand-ins of one town share: time, changes, work in the background, faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatch
from typing import Any, Literal, TypeVar

import aiohttp
from aiohttp import web

Json = dict[str, Any]
T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _system_time() -> datetime:
    return datetime.now(UTC)


class Pulse:
    """Beats at every change of the town, so that a page is pushed and a test need not sleep.

    `real_time`: waits that stand for a person's silence (ringing, a keypad) really run out.
    `surprises` holds one line for everything that a working bot does not cause.
    """

    def __init__(
        self, *, now: Callable[[], datetime] = _system_time, real_time: bool = False
    ) -> None:
        self.now = now
        self.real_time = real_time
        self.version = 0
        self.surprises: list[str] = []
        self._change = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._resting: set[asyncio.Future[Any]] = set()
        self._client: aiohttp.ClientSession | None = None
        self._runners: list[web.AppRunner] = []

    def changed(self) -> None:
        self.version += 1
        self._change.set()
        self._change = asyncio.Event()

    def surprise(self, line: str) -> None:
        self.surprises.append(line)
        self.changed()

    async def watch(self) -> AsyncGenerator[int, None]:
        """Yield the version now and after changes; several changes may be one step."""
        while True:
            change = self._change
            yield self.version
            await change.wait()

    async def until(self, fact: Callable[[], T], timeout: float = 10) -> T:
        """Wait for `fact` to be true, looking again at each change, and return its value.

        Raises TimeoutError after `timeout` real seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (value := fact()):
                    await self._change.wait()
        except TimeoutError:
            raise TimeoutError(
                f"it did not come about in {timeout} s; surprises so far: {self.surprises}"
            ) from None
        return value

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Do `work` in the background; `settle` waits for it and `close` ends it."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.surprises.append(f"{task.get_name()}: {error!r}")
        self.changed()

    async def rest(self, future: asyncio.Future[T]) -> T:
        """Wait, inside background work, for a person: `settle` does not wait for that."""
        self._resting.add(future)
        self.changed()
        try:
            return await future
        finally:
            self._resting.discard(future)

    async def settle(self, timeout: float = 10) -> None:
        """Wait until nothing is under way but what waits for a person."""
        await self.until(lambda: self._under_way() <= 0, timeout)

    def _under_way(self) -> int:
        tasks = sum(not task.done() for task in self._tasks)
        return tasks - sum(not future.done() for future in self._resting)

    @property
    def client(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self._client

    async def serve(self, app: web.Application, port: int = 0) -> str:
        """Serve `app` on loopback until `close`, and return its address without a slash."""
        runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.5, handler_cancellation=True
        )
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
        for runner in self._runners:
            await runner.cleanup()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One wrong answer of a server.

    mode: answer = `status` and `body` instead of the truth; hang = no answer while the client
    waits; drop = the connection ends before anything is done; lose = all is done, then the
    connection ends.
    """

    mode: Literal["answer", "hang", "drop", "lose"] = "answer"
    status: int = 200
    body: str = ""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Faults:
    """Faults that wait for their requests, oldest first. `name` may hold wildcards."""

    def __init__(self) -> None:
        self._waiting: list[tuple[str, Fault]] = []

    def add(self, name: str, fault: Fault, times: int) -> None:
        self._waiting += [(name, fault)] * times

    def clear(self) -> None:
        self._waiting.clear()

    @property
    def is_empty(self) -> bool:
        """All of them have been met."""
        return not self._waiting

    def _take(self, name: str) -> Fault | None:
        for number, (pattern, fault) in enumerate(self._waiting):
            if fnmatch(name, pattern):
                del self._waiting[number]
                return fault
        return None

    async def answer(
        self, name: str, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        fault = self._take(name)
        if fault is None:
            return await handler(request)
        if fault.mode == "hang":
            await asyncio.Event().wait()
        if fault.mode == "lose":
            await handler(request)
        if fault.mode in ("drop", "lose"):
            if request.transport is not None:
                request.transport.close()
            return web.Response(status=500)
        return web.Response(
            status=fault.status,
            text=fault.body,
            content_type=fault.content_type,
            headers=fault.headers,
        )
