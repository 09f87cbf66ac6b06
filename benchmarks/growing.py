"""Goal 6: what is stored makes neither writes nor pages of a listing slower.

Programs with few, many and most incidents stand side by side, so that each round asks all.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import orjson

from benchmarks.client import Signer, load
from benchmarks.figures import Figure
from benchmarks.incidents import Handled, Loaded
from benchmarks.instant import Ledger
from benchmarks.machine import Child
from benchmarks.program import Vendors, prepare, running, settings
from bot.core.ids import new_key
from bot.core.store.executor import open_store
from bot.core.store.incidents import Incident, TimelineEvent
from bot.core.store.transaction import Transaction

CONNECTIONS = 32
SLICE = 5_000
ROWS = 50
"""Incidents of each listing that is measured."""
STRIDE = 100
"""Incidents of each on the way to the middle."""
APART = timedelta(seconds=30)
"""Between the beginnings of two stored incidents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Incidents stored; those started, and listings read, in each round."""

    few: int
    many: int
    most: int
    rounds: int
    incidents: int
    listings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """`cpu` and `wait` are seconds of one listing."""

    cpu: float
    wait: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    at_many: Handled
    at_most: Handled
    listed_few: Read
    listed_most: Read


class Grown:
    """A program that has stored so many incidents."""

    def __init__(self, folder: Path, vendors: Vendors, number: int, stack: ExitStack) -> None:
        database, path = folder / f"{number}.db", folder / f"ledger-{number}"
        prepare(database, vendors)
        environment = settings(database, vendors)
        command, ledger = ("benchmarks.instant", str(path)), Ledger(path)
        with running(folder, environment, command) as program:
            Loaded(program, database, ledger.first).handle(1, 1)
        asyncio.run(_store_incidents(environment["IMBOT_DATABASE_URL"], number))
        self._program = stack.enter_context(running(folder, environment, command))
        self._loaded = Loaded(self._program, database, ledger.first)
        self._places = asyncio.run(_places(self._program, number // 4, number // 2))

    def start(self, number: int) -> Handled:
        return self._loaded.handle(number, CONNECTIONS)

    def list(self, number: int) -> Read:
        """Listings out of the middle, one after the other."""
        signer = Signer("ssm-incidents")
        places = itertools.islice(itertools.cycle(self._places), number)
        requests = [_listing(signer, ROWS, place) for place in places]
        cpu = self._program.cpu_seconds
        answers = asyncio.run(load(self._program.port, requests, 1))
        cpu = self._program.cpu_seconds - cpu
        if any(body.count(b'"arn"') != ROWS for body in answers.bodies):
            raise RuntimeError("the listings are not equally full")
        return Read(cpu=cpu / number, wait=statistics.median(answers.latencies))


def measure(folder: Path, size: Size) -> list[Figure]:
    with ExitStack() as stack:
        vendors = Vendors(folder)
        stack.callback(vendors.child.stop)
        few, many, most = (
            Grown(folder, vendors, number, stack) for number in (size.few, size.many, size.most)
        )
        for grown in (many, most):
            grown.start(size.incidents)
        for grown in (few, most):
            grown.list(size.listings)
        rounds = [
            Round(
                at_many=many.start(size.incidents),
                at_most=most.start(size.incidents),
                listed_few=few.list(size.listings),
                listed_most=most.list(size.listings),
            )
            for _ in range(size.rounds)
        ]
    return _figures(size, rounds)


def _figures(size: Size, rounds: Sequence[Round]) -> list[Figure]:
    most, beside = f"{size.most:,}", f"{size.most:,} stored / at {size.few:,}"
    waits = [r.listed_most.wait / r.listed_few.wait for r in rounds]
    cpus = [r.listed_most.cpu / r.listed_few.cpu for r in rounds]
    shown = [r.listed_most.wait * 1e3 for r in rounds]
    return [
        Figure(
            number=6,
            name=f"incidents/s at {most} stored / at {size.many:,}",
            values=[r.at_most.rate / r.at_many.rate for r in rounds],
            unit="x",
            goal=0.85,
            is_floor=True,
        ),
        Figure(
            number=None,
            name="CPU of one, the same way round",
            values=[r.at_most.cpu / r.at_many.cpu for r in rounds],
            unit="x",
        ),
        Figure(number=6, name=f"a listing at {beside}, p50", values=waits, unit="x", goal=1.3),
        Figure(number=None, name="its CPU", values=cpus, unit="x"),
        Figure(number=None, name=f"that is, at {most}", values=shown, unit="ms"),
    ]


async def _store_incidents(url: str, number: int) -> None:
    """Copy the incident that the program wrote, with a timeline event, as resolved ones."""
    store = await open_store(url)
    (incident,) = await store.read(lambda tx: tx.select(Incident))
    event = (await store.read(lambda tx: tx.select(TimelineEvent)))[0]

    def write(tx: Transaction, numbers: range) -> None:
        tx.insert(
            row
            for each in numbers
            for row in _copies(incident, event, (each - number - 1) * APART)
        )

    for first in range(0, number, SLICE):
        numbers = range(first, min(first + SLICE, number))
        await store.write(lambda tx, numbers=numbers: write(tx, numbers))  # type: ignore[misc]
    await store.close()


def _copies(
    incident: Incident, event: TimelineEvent, moved: timedelta
) -> tuple[Incident, TimelineEvent]:
    key, at = new_key(), incident.created_at + moved
    copy = dataclasses.replace(
        incident,
        key=key,
        arn=f"{incident.arn.rpartition('/')[0]}/{key}",
        status="RESOLVED",
        created_at=at,
        modified_at=at + APART,
        resolved_at=at + APART,
    )
    told = dataclasses.replace(
        event,
        key=new_key(),
        incident_key=key,
        event_time=at,
        updated_at=at,
    )
    return copy, told


async def _places(program: Child, first: int, last: int) -> list[str]:
    """Tokens that go on after the first to the last incident, by walking through them."""
    signer = Signer("ssm-incidents")
    places, token = [], None
    for passed in range(STRIDE, last + 1, STRIDE):
        answers = await load(program.port, [_listing(signer, STRIDE, token)], 1)
        token = orjson.loads(answers.bodies[0])["nextToken"]
        if passed >= first:
            places.append(token)
    return places


def _listing(signer: Signer, rows: int, token: str | None) -> bytes:
    place = {"nextToken": token} if token else {}
    body = orjson.dumps({"maxResults": rows, **place})
    return signer.request("/listIncidentRecords", body)
