"""Goal 9: from the start of the process to its first answer, beside `import aiohttp.web`."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from compileall import compile_dir
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.machine import Child, spawn, start
from benchmarks.program import SERVER_CPU, Vendors, prepare, settings

ALIVE = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def measure(folder: Path, rounds: int) -> list[Figure]:
    compile_dir("bot", quiet=1)  # as an installation does; the libraries are compiled, too
    vendors = Vendors(folder)
    database = folder / "starting.db"
    prepare(database, vendors)
    alone, slack = settings(database, vendors), settings(database, vendors, slack=True)
    ratios: list[tuple[float, float]] = []
    for number in range(rounds + 1):
        floor = _import(folder)
        pair = (_answer(folder, alone) / floor, _answer(folder, slack) / floor)
        if number:  # the first finds cold caches
            ratios.append(pair)
    vendors.child.stop()
    names = ("start to first answer / import aiohttp.web, API only", "the same with Slack on")
    return [
        Figure(number=9, name=name, values=values, unit="x", goal=goal)
        for name, values, goal in zip(names, zip(*ratios, strict=True), (1.3, 2.0), strict=True)
    ]


def _import(folder: Path) -> float:
    begun = time.perf_counter()
    spawn("-c", "import aiohttp.web", cpu=SERVER_CPU, log=folder / "import.log").wait()
    return time.perf_counter() - begun


def _answer(folder: Path, environment: Mapping[str, str]) -> float:
    begun = time.perf_counter()
    program = start(
        "-m", "bot", "serve", cpu=SERVER_CPU, environment=environment, log=folder / "bot.log"
    )
    _ask(program)
    taken = time.perf_counter() - begun
    program.stop()
    return taken


def _ask(program: Child) -> None:
    """Raises OSError where nobody listens."""
    with socket.create_connection(("127.0.0.1", program.port), timeout=10) as connection:
        connection.sendall(ALIVE)
        if not connection.recv(1024).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("the program does not answer")
