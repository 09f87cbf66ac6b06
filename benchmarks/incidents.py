"""A program under the load of incidents: its CPU, its rate, how soon first pages leave."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import uvloop

from benchmarks.client import incidents, load
from benchmarks.machine import Child
from benchmarks.program import PLAN

PATIENCE = 60.0
"""Seconds that everything handed over may take to be recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """`cpu` is seconds for one incident, until everything is recorded; `rate` incidents
    answered a second; `waits` seconds from each request's first byte to its first page.
    """

    cpu: float
    rate: float
    waits: Sequence[float]


class Loaded:
    """`first` says when the first pages of these incidents left (`time.monotonic_ns`)."""

    def __init__(
        self, program: Child, database: Path, first: Callable[[range], Sequence[int]]
    ) -> None:
        self.outbox = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        self._program = program
        self._first = first
        self._run = uuid4().hex
        self._number = 0

    def handle(self, number: int, connections: int) -> Handled:
        """Start incidents, and wait until all pages were handed over and that was recorded."""
        numbers = range(self._number, self._number + number)
        self._number += number
        sent = incidents(numbers, PLAN, self._run)
        cpu = self._program.cpu_seconds
        answers = uvloop.run(load(self._program.port, sent, connections))
        self._wait_until_recorded()
        cpu = self._program.cpu_seconds - cpu
        pairs = zip(self._first(numbers), answers.sent_at, strict=True)
        return Handled(
            cpu=cpu / number,
            rate=number / answers.seconds,
            waits=[(first - sent_at) / 1e9 for first, sent_at in pairs],
        )

    def _wait_until_recorded(self) -> None:
        ends_at = time.monotonic() + PATIENCE
        while self.outbox.execute("SELECT count(*) FROM outbox").fetchone()[0]:
            if time.monotonic() > ends_at:
                raise RuntimeError("pages are not being handed over; see bot.log")
            time.sleep(0.02)
