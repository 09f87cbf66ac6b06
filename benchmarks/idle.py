"""Goals 8 and, for what was killed, 9: many pages pending, nothing to do."""

from __future__ import annotations

import asyncio
import re
import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import load
from benchmarks.figures import Figure
from benchmarks.machine import Child, start, sync_seconds
from benchmarks.pending import add_overdue_page, add_pending, size_of
from benchmarks.program import SERVER_CPU, Vendors, prepare, settings, start_program

BARE_REQUEST = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    rounds: int
    pending: int
    seconds: float


def measure(folder: Path, size: Size) -> list[Figure]:
    vendors = Vendors(folder)
    bare = start("-m", "benchmarks.servers", "bare", cpu=SERVER_CPU, log=folder / "floors.log")
    try:
        return _measured(folder, size, vendors, bare)
    finally:
        bare.stop()
        vendors.child.stop()


def _measured(folder: Path, size: Size, vendors: Vendors, bare: Child) -> list[Figure]:
    database = folder / "idle.db"
    prepare(database, vendors)
    environment = settings(database, vendors)
    few = start_program(folder, environment)
    empty = _idle(few, size.seconds)[1]
    few.stop()
    bytes_before = size_of(database)
    asyncio.run(add_pending(database, size.pending))
    a_page = (size_of(database) - bytes_before) / size.pending
    many = start_program(folder, environment)
    idles = [_idle(many, size.seconds) for _ in range(size.rounds)]
    many.kill()
    bare_size = _warmed(bare)
    opened = [_claim_in_units(folder, database, vendors, bare) for _ in range(size.rounds)]
    resident = [megabytes / bare_size for _, megabytes in idles]

    def goal(
        name: str, values: list[float], unit: str, limit: float, number: int = 8
    ) -> Figure:
        return Figure(number=number, name=name, values=values, unit=unit, goal=limit)

    pending = f"{size.pending:,} pending"
    return [
        goal(f"idle, {pending}, CPU", [cpu * 100 for cpu, _ in idles], "% of a core", 0.1),
        goal("resident memory / bare aiohttp", resident, "x", 2.0),
        goal("growth of memory with them", [idles[0][1] - empty], "MB", 1.0),
        goal("disk for each", [a_page], "bytes", 250),
        goal(f"kill -9, {pending}: first overdue page handed over", opened, "U", 12.0, 9),
    ]


def _idle(program: Child, seconds: float) -> tuple[float, float]:
    """The share of a core that it takes, and its resident megabytes."""
    time.sleep(3)
    begun = program.cpu_seconds
    time.sleep(seconds)
    return (program.cpu_seconds - begun) / seconds, program.resident_megabytes


def _warmed(bare: Child) -> float:
    asyncio.run(load(bare.port, [BARE_REQUEST] * 1000, 8))
    return bare.resident_megabytes


def _claim_in_units(folder: Path, database: Path, vendors: Vendors, bare: Child) -> float:
    """From the open store to the page at its channel, in a process that is killed then."""
    asyncio.run(add_overdue_page(database))
    log = folder / "restart.log"
    log.write_text("")
    child = start(
        "-m",
        "benchmarks.restart",
        cpu=SERVER_CPU,
        environment=settings(database, vendors),
        log=log,
    )
    child.kill()
    found = re.search(r"handed over after (\d+) ns", log.read_text())
    trips = asyncio.run(load(bare.port, [BARE_REQUEST] * 500, 1)).latencies
    unit = statistics.median(trips) + sync_seconds(folder)
    return int(found[1]) / 1e9 / unit if found else float("inf")
