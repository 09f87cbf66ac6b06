"""Vendors in their moods, and the people at the other end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any, Literal

from bot.core.channel import (
    Bundle,
    Delivery,
    Page,
    ReceiptType,
    Reply,
    Sent,
    Unavailable,
    Undeliverable,
)
from tests.simulation.process import Process

if TYPE_CHECKING:
    from tests.simulation.world import World

Mood = Literal[
    "takes it",
    "is busy",
    "throttles",
    "refuses it for good",
    "says that the recipient opted out",
    "takes it, and the answer is lost",
    "loses it without an answer",
    "takes it, and hangs",
    "hangs",
    "breaks",
]
WORSE: tuple[Mood, ...] = (
    "is busy",
    "is busy",
    "throttles",
    "refuses it for good",
    "refuses it for good",
    "says that the recipient opted out",
    "takes it, and the answer is lost",
    "loses it without an answer",
    "takes it, and hangs",
    "hangs",
    "breaks",
)
HANGS_FOR = 60.0
"""Seconds, of which the courier waits twenty."""
REMEMBERS = ("sms", "voice")
"""Media that can be asked whether they had a message."""


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One try to hand a message over. `answered`: the process was told that it was taken."""

    key: str
    page_keys: tuple[str, ...]
    medium: str
    process: Process
    begun_at: datetime
    repeats: bool
    vendor_id: str | None = None
    taken_at: datetime | None = None
    answered: bool = False


class Vendor:
    def __init__(self, world: World, medium: str, random: Random) -> None:
        self._world = world
        self._medium = medium
        self._random = random
        self._had: dict[str, str] = {}
        self._news: dict[str, Delivery] = {}

    async def send(self, message: Any) -> Sent:
        world, random = self._world, self._random
        mood: Mood = "takes it"
        if random.random() < world.trouble:
            mood = random.choice(WORSE)
        attempt = world.begins(self._medium, message, mood)
        await asyncio.sleep(random.uniform(0.01, 1.5))
        if mood.startswith("takes it"):
            self._take(attempt, message)
        await asyncio.sleep(random.uniform(0.0, 0.5))
        self._raise(mood)
        if mood.endswith("hangs"):
            await asyncio.sleep(HANGS_FOR)
            raise Unavailable("It hung.", in_doubt=True)
        assert attempt.vendor_id is not None
        attempt.answered = True
        return Sent(attempt.vendor_id)

    def _raise(self, mood: Mood) -> None:
        if mood == "is busy":
            raise Unavailable("Busy.")
        if mood == "throttles":
            raise Unavailable("Too many.", retry_after=self._random.choice((0.5, 7, 90)))
        if mood == "refuses it for good":
            raise Undeliverable("No such number.", code="21211")
        if mood == "says that the recipient opted out":
            raise Undeliverable("Opted out.", code="21610", opted_out=True)
        if "answer" in mood:
            raise Unavailable("The connection broke.", in_doubt=True)
        if mood == "breaks":
            raise RuntimeError("a channel that breaks")

    def _take(self, attempt: Attempt, message: Any) -> None:
        world = self._world
        prefix = {"sms": "SM", "voice": "CA"}.get(self._medium, "<mail>")
        attempt.vendor_id = f"{prefix}{len(world.taken):032d}"
        attempt.taken_at = world.clock.now()
        world.taken.append(attempt)
        self._had[message.key] = attempt.vendor_id
        name = world.names(attempt.page_keys)
        world.tell(f"{name} is at the {self._medium} vendor ({_repeated(attempt)})")
        if self._medium in REMEMBERS:
            world.spawn(self._report(attempt, message.status_url))
        if isinstance(message, Page | Bundle):
            world.spawn(Person(world, self._random).is_paged(message, attempt))

    async def _report(self, attempt: Attempt, status_url: str) -> None:
        """Tell what became of a message: once, twice or never; asked, it tells the truth."""
        random, world = self._random, self._world
        fates: tuple[ReceiptType | None, ...] = ("DELIVERED", "ERROR", None)
        fate = random.choices(fates, (8, world.trouble * 8, 1))[0]
        await asyncio.sleep(random.choice((0.0, 2.0, 40.0)) * random.random())
        if fate is None:
            return
        assert attempt.vendor_id is not None
        news = Delivery(
            vendor_id=attempt.vendor_id,
            receipt=fate,
            info="" if fate == "DELIVERED" else "Unknown handset.",
            code="" if fate == "DELIVERED" else "30003",
        )
        self._news[news.vendor_id] = news
        key = status_url.partition("?page=")[2]
        for _ in range(random.choice((0, 1, 1, 1, 2))):
            name = world.names(attempt.page_keys)
            world.tell(f"the {self._medium} vendor reports {fate} for {name}")
            await world.survives(lambda p: p.is_told(news, key))
            await asyncio.sleep(random.random())

    async def was_sent(self, message: Any) -> Sent | Literal[False] | None:
        if self._medium not in REMEMBERS:
            return None
        await asyncio.sleep(self._random.random())
        if self._random.random() < self._world.trouble / 2:
            raise Unavailable("Nobody answers.")
        known = self._had.get(message.key)
        return Sent(known) if known else False

    async def poll(self, vendor_id: str) -> Delivery | None:
        await asyncio.sleep(self._random.random())
        return self._news.get(vendor_id)

    async def close(self) -> None: ...


def _repeated(attempt: Attempt) -> str:
    return "marked as a repetition" if attempt.repeats else f"as {attempt.vendor_id}"


class Person:
    """Answers some of the pages, after a while, by one way or another."""

    def __init__(self, world: World, random: Random) -> None:
        self._world = world
        self._random = random

    async def is_paged(self, page: Page | Bundle, attempt: Attempt) -> None:
        random, world = self._random, self._world
        if random.random() >= world.diligence:
            return
        await asyncio.sleep(random.choice((2.0, 30.0, 120.0, 600.0)) * random.random())
        way = random.choices(("reply", "accept", "arrived", "unsubscribe"), (5, 5, 1, 0.4))[0]
        name = world.names(attempt.page_keys)
        if way in ("accept", "arrived") or attempt.medium == "voice":
            kind = "DELIVERED" if way == "arrived" else "READ"
            world.tell(f"one of {name} is accepted through the API ({kind})")
            await world.survives(lambda p: self._accept(p, page, attempt, kind))
            return
        body = page.code if way == "reply" else "UNSUBSCRIBE"
        world.tell(f"{name} is answered with {'its code' if way == 'reply' else body}")
        reply = Reply(page.address, body)
        medium, delivery_id = attempt.medium.upper(), f"vendor {attempt.vendor_id}"
        for _ in range(random.choice((1, 1, 2))):
            await world.survives(lambda p: p.hears(reply, medium, delivery_id))

    async def _accept(
        self, process: Process, page: Page | Bundle, attempt: Attempt, kind: str
    ) -> None:
        """A bundle's code is no page's code; an administrator needs none."""
        key = self._random.choice(attempt.page_keys)
        for (arn,) in self._world.database.look("SELECT arn FROM page WHERE key = ?", key):
            await process.answers(
                "ssm-contacts",
                "AcceptPage",
                PageId=arn,
                AcceptType=kind,
                AcceptCode=page.code,
                AcceptCodeValidation="ENFORCE" if isinstance(page, Page) else "IGNORE",
            )
