"""One world: a database, a process or none, vendors, people, and what is known of them all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from bot.core.channel import Bundle, Message, Page
from bot.core.courier import LONGEST_TRUST
from bot.core.errors import InternalServerException, ServiceError
from bot.core.store.kinds import instant_to_integer, integer_to_instant
from tests.simulation.database import Database
from tests.simulation.facts import pages_of
from tests.simulation.loop import SimulatedClock
from tests.simulation.process import Gone, Process
from tests.simulation.story import BrokenError, Story
from tests.simulation.vendors import Attempt, Mood, Vendor

MEDIA = ("sms", "voice", "email")
BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
IN_FLIGHT = LONGEST_TRUST + timedelta(milliseconds=100)
"""What was on its way to the vendor when an acknowledgement was recorded may still arrive."""
EXPECTED = ("broke on message",)
"""Errors in the log that the world has caused itself."""


class World:
    """`trouble` and `diligence` are shares of messages: that vendors fail, that people
    answer.
    """

    def __init__(self, seed: str, database: Database) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.database = database
        self.story = Story()
        self.problems: list[str] = []
        self.attempts: list[Attempt] = []
        self.taken: list[Attempt] = []
        self.trouble = self.random.choice((0.0, 0.1, 0.3, 0.6))
        self.diligence = self.random.choice((0.0, 0.2, 0.5))
        self.polls = self.random.random() < 0.2
        self.jumped_at = BEGINS
        self._outsiders: set[asyncio.Task[Any]] = set()
        begins = BEGINS + timedelta(minutes=self.random.randrange(365 * 24 * 60))
        self.clock = SimulatedClock(begins)
        database.wipe()
        database.instant = lambda: instant_to_integer(self.clock.now())
        self._vendors = {
            medium: Vendor(self, medium, Random(f"{seed} {medium}")) for medium in MEDIA
        }
        self.process = self._new_process()

    def _new_process(self) -> Process:
        random = Random(self.random.random())
        return Process(
            self.database,
            self.clock,
            self._vendors,
            random,
            outsiders=lambda: self._outsiders,
            dies=lambda: self.tell("the process dies"),
        )

    # Time and tasks

    @property
    def now(self) -> int:
        return instant_to_integer(self.clock.now())

    def tell(self, words: str) -> None:
        self.story.tell(self.clock.now(), words)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something of the world outside go on, whatever becomes of the process."""
        task = asyncio.create_task(work)
        self._outsiders.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._outsiders.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self.problems.append(f"the outside broke: {fault!r}")

    async def plays(self, main: Coroutine[Any, Any, None]) -> None:
        """Run the world's own script; what it leaves behind ends with it."""
        self._outsiders.add(asyncio.current_task())  # type: ignore[arg-type]
        watch = _Watch(self)
        logging.getLogger("bot").addHandler(watch)
        try:
            await main
        finally:
            logging.getLogger("bot").removeHandler(watch)
            self.process.store.is_dead = True

    def jump(self, by: timedelta) -> None:
        self.tell(f"the clock is set forward by {by}")
        self.clock.jump(by, self.random.uniform(0, 15))
        self.jumped_at = self.clock.now()

    # The process

    def start(self) -> None:
        if not self.process.is_alive:
            self.process = self._new_process()
        self.tell("the process starts")
        self.process.start(polls=self.polls)

    def kill(self) -> None:
        if self.process.is_alive:
            self.process.kill()

    async def survives(self, ask: Callable[[Process], Awaitable[object]]) -> bool:
        """Ask the process something, as people do; it may refuse, or be dead."""
        try:
            await ask(self.process)
        except InternalServerException as fault:
            self.problems.append(f"InternalServerException: {fault.message}")
        except ServiceError as refusal:
            self.tell(f"... is refused: {refusal.code}: {refusal.message}")
        except Gone:
            self.tell("... is never answered")
        else:
            return True
        return False

    # Messages

    def names(self, page_keys: Sequence[str]) -> str:
        return " and ".join(self.story.name(key, "page") for key in page_keys)

    def begins(self, medium: str, message: Message, mood: Mood) -> Attempt:
        """Note an attempt, and hold it against what has been recorded by now."""
        page_keys = self._page_keys(message)
        attempt = Attempt(
            key=message.key,
            page_keys=page_keys,
            medium=medium,
            process=self.process,
            begun_at=self.clock.now(),
            repeats=message.repeats,
        )
        self.attempts.append(attempt)
        name = self.names(page_keys)
        self.tell(f"{name} goes to the {medium} vendor, which {mood}")
        if isinstance(message, Page | Bundle):
            self._hold_against_records(page_keys, name)
        return attempt

    def _page_keys(self, message: Message) -> tuple[str, ...]:
        """The pages that a message says; a name of its own where it says none."""
        for key, bundle in self.database.look(
            "SELECT told.page_key, bundle.page_keys FROM told "
            "LEFT JOIN bundle ON bundle.key = told.page_key WHERE told.key = ?",
            message.key,
        ):
            return pages_of(bundle, key or message.key)
        self.problems.append(f"message {message.key} left without a row in the outbox")
        return (message.key,)

    def _hold_against_records(self, page_keys: Sequence[str], name: str) -> None:
        """A bundle may leave for the sake of one page."""
        reasons = [self.database.look(WHY_NOT, page_key=key) for key in page_keys]
        for over_at, why in reasons[0] if all(reasons) else ():
            at = integer_to_instant(over_at)
            if at < self.clock.now() - IN_FLIGHT:
                self.problems.append(f"{name} is sent though {why} at {at:%H:%M:%S}")

    # Truth

    def broken(self, problems: list[str], records: list[str]) -> BrokenError:
        for line in records:
            self.story.add(line)
        return BrokenError(self.seed, [self.story.plain(each) for each in problems], self.story)


WHY_NOT = """
SELECT e.acknowledged_at, 'its engagement was acknowledged' FROM page p
JOIN engagement e ON e.key = p.engagement_key
WHERE p.key = :page_key AND e.acknowledged_at IS NOT NULL
UNION ALL SELECT e.stopped_at, 'its engagement was stopped' FROM page p
JOIN engagement e ON e.key = p.engagement_key
WHERE p.key = :page_key AND e.stopped_at IS NOT NULL
UNION ALL SELECT c.deleted_at, 'its channel was deleted' FROM page p
JOIN contact_channel c ON c.key = p.channel_key
WHERE p.key = :page_key AND c.deleted_at IS NOT NULL
UNION ALL SELECT c.opted_out_at, 'its recipient opted out' FROM page p
JOIN contact_channel c ON c.key = p.channel_key
WHERE p.key = :page_key AND c.opted_out_at IS NOT NULL
"""


class _Watch(logging.Handler):
    """An error in the log is a broken world, unless the world has caused it."""

    def __init__(self, world: World) -> None:
        super().__init__(logging.ERROR)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage()
        if any(each in words for each in EXPECTED):
            return
        fault = f" ({record.exc_info[1]!r})" if record.exc_info else ""
        self._world.problems.append(f"logged: {words}{fault}")
