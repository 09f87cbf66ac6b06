"""Goals 1, 2 and 3: the wire path, the durable incident, and how soon its first page leaves.

Every round measures the floors (bare handler, raw loop, disk) and the program, in turn: once
with channels that take every page at once, as the goals have it, and once with the real ones
and vendors beside it.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import uvloop

from benchmarks.client import Answers, incidents, load
from benchmarks.figures import Figure
from benchmarks.incidents import Handled, Loaded
from benchmarks.instant import Ledger
from benchmarks.machine import Child, quantile, start, sync_seconds
from benchmarks.program import PLAN, SERVER_CPU, Vendors, prepare, running, settings
from benchmarks.raw import RawLoop

CONNECTIONS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    rounds: int
    requests: int
    incidents: int
    alone: int
    """Incidents one after the other, over one connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    bare_cpu: float
    wire_cpu: float
    raw_rate: float
    unit: float
    instant: Handled
    real: Handled
    alone: Handled
    """To the instant sink, over one connection."""


def measure(folder: Path, size: Size) -> list[Figure]:
    log = folder / "floors.log"
    with ExitStack() as stack:
        vendors = Vendors(folder)
        stack.callback(vendors.child.stop)
        floors = [
            start("-m", "benchmarks.servers", kind, cpu=SERVER_CPU, log=log)
            for kind in ("bare", "wire")
        ]
        for floor in floors:
            stack.callback(floor.stop)
        instant, real = _instant(folder, vendors, stack), _real(folder, vendors, stack)
        bench = Bench(folder, floors[0], floors[1], instant, real, size)
        bench.warm_up()
        return _figures([bench.round() for _ in range(size.rounds)])


def _real(folder: Path, vendors: Vendors, stack: ExitStack) -> Loaded:
    database = folder / "real.db"
    prepare(database, vendors)
    program = stack.enter_context(running(folder, settings(database, vendors)))

    def first(numbers: range) -> list[int]:
        known = vendors.report().first
        return [known[number] for number in numbers]

    return Loaded(program, database, first)


def _instant(folder: Path, vendors: Vendors, stack: ExitStack) -> Loaded:
    database, ledger = folder / "instant.db", folder / "ledger"
    prepare(database, vendors)
    command = ("benchmarks.instant", str(ledger))
    program = stack.enter_context(running(folder, settings(database, vendors), command))
    return Loaded(program, database, Ledger(ledger).first)


class Bench:
    def __init__(
        self,
        folder: Path,
        bare: Child,
        wire: Child,
        instant: Loaded,
        real: Loaded,
        size: Size,
    ) -> None:
        self._folder = folder
        self._bare, self._wire = bare, wire
        self._instant, self._real = instant, real
        self._size = size
        self._run = uuid4().hex
        self._raw: RawLoop | None = None

    def warm_up(self) -> None:
        self._instant.handle(300, CONNECTIONS)
        self._real.handle(300, CONNECTIONS)
        self._cpu_of(self._bare, 500)
        self._cpu_of(self._wire, 500)
        self._raw = RawLoop(self._instant.outbox, self._folder / "raw.db")

    def round(self) -> Round:
        assert self._raw is not None
        size = self._size
        bare_cpu = self._cpu_of(self._bare, size.requests)
        wire_cpu = self._cpu_of(self._wire, size.requests)
        raw_rate = self._raw.rate(size.incidents)
        instant = self._instant.handle(size.incidents, CONNECTIONS)
        real = self._real.handle(size.incidents, CONNECTIONS)
        trip = statistics.median(self._load(self._bare, 1000, 1).latencies)
        return Round(
            bare_cpu=bare_cpu,
            wire_cpu=wire_cpu,
            raw_rate=raw_rate,
            unit=trip + sync_seconds(self._folder),
            instant=instant,
            real=real,
            alone=self._instant.handle(size.alone, 1),
        )

    def _cpu_of(self, server: Child, requests: int) -> float:
        """Seconds of the server's CPU for one request."""
        begun = server.cpu_seconds
        self._load(server, requests, CONNECTIONS)
        return (server.cpu_seconds - begun) / requests

    def _load(self, server: Child, requests: int, connections: int) -> Answers:
        sent = incidents(range(requests), PLAN, self._run)
        return uvloop.run(load(server.port, sent, connections))


def _figures(rounds: Sequence[Round]) -> list[Figure]:
    def told(
        name: str,
        unit: str,
        values: Sequence[float],
        number: int | None = None,
        goal: float | None = None,
    ) -> Figure:
        return Figure(number=number, name=name, values=values, unit=unit, goal=goal)

    cpu = "durable StartIncident, 2 pages handed and recorded, CPU"
    return [
        told("B: CPU of a bare handler", "us", [r.bare_cpu * 1e6 for r in rounds]),
        told("U: its round trip + fdatasync", "us", [r.unit * 1e6 for r in rounds]),
        told("wire path, CPU", "B", [r.wire_cpu / r.bare_cpu for r in rounds], 1, 2.0),
        told(cpu, "B", [r.instant.cpu / r.bare_cpu for r in rounds], 2, 8.0),
        told(
            "the same with the real channels, vendors beside them",
            "B",
            [r.real.cpu / r.bare_cpu for r in rounds],
        ),
        Figure(
            number=2,
            name="incidents/s over HTTP / raw sqlite3 loop",
            values=[r.instant.rate / r.raw_rate for r in rounds],
            unit="x",
            goal=1.25,
            is_floor=True,
        ),
        told("incidents/s over HTTP", "1/s", [r.instant.rate for r in rounds]),
        told("raw loop, six inserts, FULL", "1/s", [r.raw_rate for r in rounds]),
        *_waits(rounds),
    ]


def _waits(rounds: Sequence[Round]) -> list[Figure]:
    """Goal 3's rows, in U."""

    def wait(
        name: str, part: float, handled: Sequence[Handled], goal: float | None = None
    ) -> Figure:
        units = [r.unit for r in rounds]
        values = [quantile(h.waits, part) / u for h, u in zip(handled, units, strict=True)]
        number = None if goal is None else 3
        return Figure(number=number, name=name, values=values, unit="U", goal=goal)

    alone, loaded = [r.alone for r in rounds], [r.instant for r in rounds]
    real = [r.real for r in rounds]
    return [
        wait("first page, 1 connection, p50", 0.5, alone, 4.0),
        wait("first page, 1 connection, p99", 0.99, alone, 15.0),
        wait("first page, 32 connections, p50", 0.5, loaded),
        wait("first page, 32 connections, p99", 0.99, loaded, 75.0),
        wait("the same with the real channels, p99", 0.99, real),
    ]
