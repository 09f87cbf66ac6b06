"""One call as it happens: a script on one end, a person or a machine on the other."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping

from bot.playground.phone_state import Call
from bot.playground.pulse import Pulse
from bot.playground.twiml import HungUp

ANSWER, NO_ANSWER, SILENCE, HANG_UP = "answer", "no answer", "silence", "hang up"
WORDS_A_SECOND = 2.5
MACHINE_SECONDS = 120
"""A voicemail records no longer than that."""

Fetch = Callable[[Call, str, Mapping[str, str], str], Awaitable[str]]


class LiveCall:
    """Signs `twiml.Line` by shape.

    Without real time nothing is waited for but what the person does, silence included.
    """

    def __init__(self, call: Call, pulse: Pulse, fetch: Fetch) -> None:
        self.call = call
        self.is_machine = False
        self._pulse = pulse
        self._fetch = fetch
        self._events: deque[str] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._is_over = False

    def happens(self, event: str) -> None:
        """The person does something: a key, or one of the four events of this module."""
        if event == HANG_UP:
            self._is_over = True
        self._events.append(event)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    @property
    def waits_for_person(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    async def ring(self) -> str:
        """Wait for ANSWER, NO_ANSWER or HANG_UP (the call is declined)."""
        event = await self._next(self.call.ring_seconds)
        return NO_ANSWER if event == SILENCE else event

    async def say(self, text: str, language: str) -> None:
        self._check()
        self.call.script.append({"text": text, "language": language})
        self._pulse.changed()
        await self.pause(len(text.split()) / WORDS_A_SECOND)

    async def pause(self, seconds: float) -> None:
        self._check()
        self.call.duration += seconds
        if self._pulse.real_time and not self._events:
            await self._wait(seconds)
        self._check()

    async def gather(self, *, digits: int | None, timeout: float, finish: str) -> str:
        keys = ""
        while not self.is_machine and (digits is None or len(keys) < digits):
            key = await self._listen(timeout)
            if key in (SILENCE, finish):
                break
            keys += key
        if not keys:
            self.call.duration += timeout
        self.call.keys += keys
        self._check()
        return keys

    async def fetch(self, url: str, form: Mapping[str, str], method: str) -> str:
        self._check()
        return await self._fetch(self.call, url, form, method)

    def _check(self) -> None:
        machine_is_full = self.is_machine and self.call.duration > MACHINE_SECONDS
        if self._is_over or machine_is_full:
            raise HungUp

    async def _listen(self, timeout: float) -> str:
        self.call.is_listening = True
        try:
            key = await self._next(timeout)
        finally:
            self.call.is_listening = False
        self._check()
        return key

    async def _next(self, timeout: float) -> str:
        if not self._events:
            await self._wait(timeout if self._pulse.real_time else None)
        return self._events.popleft() if self._events else SILENCE

    async def _wait(self, seconds: float | None) -> None:
        """Wait until the person does something, or for so many seconds."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await self._pulse.rest(self._waiter)
        except TimeoutError:
            return
        finally:
            self._waiter = None
