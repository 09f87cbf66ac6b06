"""Publish to 1, 10 and 100 subscribers that take every notification at once, beside moto with
the same subscribers.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import uvloop

from benchmarks.client import load, publications
from benchmarks.figures import Figure
from benchmarks.machine import Child
from benchmarks.peer import call, create_topic, is_installed, moto
from benchmarks.program import Vendors, prepare, running, settings

SUBSCRIBERS = (1, 10, 100)
HELD_TO = 10
"""Subscribers at which the rate has a goal."""
CONNECTIONS = 8
PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    rounds: int
    notifications: int
    """In each round, to all subscribers together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """`cpu` is seconds for one publication; `rate` publications a second."""

    cpu: float
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    own: Published
    moto: Published


class Publisher:
    """A server whose topics have subscribers at the sink; `is_recorded` says when it knows
    that everything has left.
    """

    def __init__(
        self, server: Child, vendors: Vendors, is_recorded: Callable[[], bool]
    ) -> None:
        self._server = server
        self._vendors = vendors
        self._is_recorded = is_recorded
        self._topics = {number: self._topic(number) for number in SUBSCRIBERS}
        self._settle()

    def _topic(self, subscribers: int) -> str:
        arn = create_topic(self._server, f"to-{subscribers}")
        for each in range(subscribers):
            endpoint = f"http://127.0.0.1:{self._vendors.child.port}/{subscribers}/{each}"
            call(self._server, "Subscribe", TopicArn=arn, Protocol="http", Endpoint=endpoint)
        return arn

    def publish(self, subscribers: int, number: int) -> Published:
        """Publish, and wait until everything was delivered and recorded."""
        requests = publications(range(number), self._topics[subscribers])
        expected = self._vendors.report().taken + subscribers * number
        cpu, begun = self._server.cpu_seconds, time.perf_counter()
        uvloop.run(load(self._server.port, requests, CONNECTIONS))
        self._settle()
        seconds = time.perf_counter() - begun
        cpu = self._server.cpu_seconds - cpu
        if self._vendors.report().taken != expected:
            raise RuntimeError("not every subscriber got every notification once")
        return Published(cpu=cpu / number, rate=number / seconds)

    def _settle(self) -> None:
        ends_at = time.monotonic() + PATIENCE
        while not self._is_recorded():
            if time.monotonic() > ends_at:
                raise RuntimeError("notifications are not being delivered; see bot.log")
            time.sleep(0.005)


def measure(folder: Path, size: Size) -> list[Figure]:
    if not is_installed():
        return []
    with ExitStack() as stack:
        vendors = Vendors(folder)
        stack.callback(vendors.child.stop)
        own = _own(folder, vendors, stack)
        other = _moto(folder, vendors, stack)
        taken: dict[int, list[Pair]] = {number: [] for number in SUBSCRIBERS}
        for number in range(size.rounds + 1):
            for subscribers, pairs in taken.items():
                publications = size.notifications // subscribers
                pair = Pair(
                    own=own.publish(subscribers, publications),
                    moto=other.publish(subscribers, publications),
                )
                if number:  # the first warms up
                    pairs.append(pair)
    return _figures(taken)


def _own(folder: Path, vendors: Vendors, stack: ExitStack) -> Publisher:
    database = folder / "topics.db"
    prepare(database, vendors)
    environment = settings(database, vendors) | {"IMBOT_TOPIC_NETWORKS": "127.0.0.0/8"}
    program = stack.enter_context(running(folder, environment))
    outbox = sqlite3.connect(database)
    stack.callback(outbox.close)

    def is_recorded() -> bool:
        (left,) = outbox.execute("SELECT count(*) FROM outbox").fetchone()
        return not left

    publisher = Publisher(program, vendors, is_recorded)
    with outbox:
        outbox.execute("UPDATE subscription SET confirmed_at = asked_at")
    return publisher


def _moto(folder: Path, vendors: Vendors, stack: ExitStack) -> Publisher:
    """It answers a publication when it has been delivered."""
    return Publisher(stack.enter_context(moto(folder)), vendors, lambda: True)


def _figures(taken: Mapping[int, Sequence[Pair]]) -> list[Figure]:
    return [figure for number, pairs in taken.items() for figure in _figures_of(number, pairs)]


def _figures_of(subscribers: int, pairs: Sequence[Pair]) -> list[Figure]:
    def told(name: str, unit: str, value: Callable[[Pair], float]) -> Figure:
        return Figure(number=None, name=name, unit=unit, values=[value(p) for p in pairs])

    return [
        Figure(
            number=None,
            name=f"Publish to {subscribers} over HTTP, until recorded: rate / moto's",
            values=[pair.own.rate / pair.moto.rate for pair in pairs],
            unit="x",
            goal=5.0 if subscribers == HELD_TO else None,
            is_floor=True,
        ),
        told("its rate", "1/s", lambda pair: pair.own.rate),
        told("its CPU", "us", lambda pair: pair.own.cpu * 1e6),
        told("its CPU / moto's", "x", lambda pair: pair.own.cpu / pair.moto.cpu),
    ]
