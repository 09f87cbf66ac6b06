"""Goals 1, 2 and 3: the wire path, the durable incident, and how soon its first page leaves.

Every round measures the floors (bare handler, raw loop, disk) and the program, in turn.
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import uvloop

from benchmarks.client import Answers, incidents, load
from benchmarks.figures import Figure
from benchmarks.machine import Child, quantile, start, sync_seconds
from benchmarks.program import (
    PLAN,
    SERVER_CPU,
    Vendors,
    prepare,
    running,
    settings,
)
from benchmarks.raw import RawLoop

CONNECTIONS = 32
PATIENCE = 60.0
"""Seconds that everything handed over may take to be recorded."""


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
    incident_cpu: float
    rate: float
    raw_rate: float
    unit: float
    alone: Sequence[float]
    loaded: Sequence[float]


def measure(folder: Path, size: Size) -> list[Figure]:
    vendors = Vendors(folder)
    database = folder / "paging.db"
    prepare(database, vendors)
    log = folder / "floors.log"
    bare = start("-m", "benchmarks.servers", "bare", cpu=SERVER_CPU, log=log)
    wire = start("-m", "benchmarks.servers", "wire", cpu=SERVER_CPU, log=log)
    try:
        with running(folder, settings(database, vendors)) as program:
            bench = Bench(folder, database, vendors, bare, wire, program, size)
            bench.warm_up()
            rounds = [bench.round() for _ in range(size.rounds)]
    finally:
        for child in (bare, wire, vendors.child):
            child.stop()
    return _figures(rounds)


class Bench:
    def __init__(
        self,
        folder: Path,
        database: Path,
        vendors: Vendors,
        bare: Child,
        wire: Child,
        program: Child,
        size: Size,
    ) -> None:
        self._folder = folder
        self._outbox = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        self._vendors, self._bare, self._wire, self._program = vendors, bare, wire, program
        self._size = size
        self._run = uuid4().hex
        self._number = 0
        self._raw: RawLoop | None = None

    def warm_up(self) -> None:
        self._incidents(300, CONNECTIONS)
        self._cpu_of(self._bare, 500)
        self._cpu_of(self._wire, 500)
        self._raw = RawLoop(self._outbox, self._folder / "raw.db")

    def round(self) -> Round:
        assert self._raw is not None
        size = self._size
        bare_cpu = self._cpu_of(self._bare, size.requests)
        wire_cpu = self._cpu_of(self._wire, size.requests)
        raw_rate = self._raw.rate(size.incidents)
        cpu = self._program.cpu_seconds
        under_load = self._incidents(size.incidents, CONNECTIONS)
        cpu = self._program.cpu_seconds - cpu
        loaded = self._handed(under_load)
        trip = statistics.median(self._load(self._bare, 1000, 1).latencies)
        unit = trip + sync_seconds(self._folder)
        alone = self._handed(self._incidents(size.alone, 1))
        return Round(
            bare_cpu=bare_cpu,
            wire_cpu=wire_cpu,
            incident_cpu=cpu / size.incidents,
            rate=size.incidents / under_load.seconds,
            raw_rate=raw_rate,
            unit=unit,
            alone=alone,
            loaded=loaded,
        )

    def _cpu_of(self, server: Child, requests: int) -> float:
        """Seconds of the server's CPU for one request."""
        begun = server.cpu_seconds
        self._load(server, requests, CONNECTIONS)
        return (server.cpu_seconds - begun) / requests

    def _load(self, server: Child, requests: int, connections: int) -> Answers:
        sent = incidents(range(requests), PLAN, self._run)
        return uvloop.run(load(server.port, sent, connections))

    def _incidents(self, number: int, connections: int) -> Answers:
        """Start incidents and wait until every page was handed over and that was recorded."""
        self._vendors.report()
        numbers = range(self._number, self._number + number)
        self._number += number
        sent = incidents(numbers, PLAN, self._run)
        answers = uvloop.run(load(self._program.port, sent, connections))
        ends_at = time.monotonic() + PATIENCE
        while self._outbox.execute("SELECT count(*) FROM outbox").fetchone()[0]:
            if time.monotonic() > ends_at:
                raise RuntimeError("pages are not being handed over; see bot.log")
            time.sleep(0.02)
        return answers

    def _handed(self, answers: Answers) -> list[float]:
        """Seconds from the first byte of each request to its first page at the sink."""
        first = self._vendors.report().first
        base = self._number - len(answers.sent_at)
        return [
            (first[base + place] - sent_at) / 1e9
            for place, sent_at in enumerate(answers.sent_at)
        ]


def _figures(rounds: Sequence[Round]) -> list[Figure]:
    def each(name: str, unit: str, values: Sequence[float]) -> Figure:
        return Figure(number=None, name=name, values=values, unit=unit)

    return [
        each("B: CPU of a bare handler", "us", [r.bare_cpu * 1e6 for r in rounds]),
        each("U: its round trip + fdatasync", "us", [r.unit * 1e6 for r in rounds]),
        Figure(
            number=1,
            name="wire path, CPU",
            values=[r.wire_cpu / r.bare_cpu for r in rounds],
            unit="B",
            goal=2.0,
        ),
        Figure(
            number=2,
            name="durable StartIncident, 2 pages handed and recorded, CPU",
            values=[r.incident_cpu / r.bare_cpu for r in rounds],
            unit="B",
            goal=8.0,
        ),
        Figure(
            number=2,
            name="incidents/s over HTTP / raw sqlite3 loop",
            values=[r.rate / r.raw_rate for r in rounds],
            unit="x",
            goal=1.25,
            is_floor=True,
        ),
        each("incidents/s over HTTP", "1/s", [r.rate for r in rounds]),
        each("raw loop, six inserts, FULL", "1/s", [r.raw_rate for r in rounds]),
        _latency("first page, 1 connection, p50", rounds, 0.5, 4.0),
        _latency("first page, 1 connection, p99", rounds, 0.99, 15.0),
        each(
            "first page, 32 connections, p50",
            "U",
            [quantile(r.loaded, 0.5) / r.unit for r in rounds],
        ),
        Figure(
            number=3,
            name="first page, 32 connections, p99",
            values=[quantile(r.loaded, 0.99) / r.unit for r in rounds],
            unit="U",
            goal=75.0,
        ),
    ]


def _latency(name: str, rounds: Sequence[Round], part: float, goal: float) -> Figure:
    values = [quantile(r.alone, part) / r.unit for r in rounds]
    return Figure(number=3, name=name, values=values, unit="U", goal=goal)
