"""`make bench`: ratios to floors measured in the same run, beside their goals."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import claiming, delivery, idle, paging, rotations, starting, storm, timers
from benchmarks.figures import Figure, table
from benchmarks.machine import pin
from benchmarks.program import LOAD_CPU

ALL = (
    "paging",
    "storm",
    "claiming",
    "timers",
    "idle",
    "starting",
    "delivery",
    "rotations",
)


def main() -> None:
    options = _options()
    chosen: list[str] = options.goals or list(ALL)
    figures: list[Figure] = []
    pin(LOAD_CPU)
    for name in chosen:
        with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
            figures += PARTS[name](Path(folder).absolute(), options.quick)
    print(table(figures))


def _paging(folder: Path, is_quick: bool) -> list[Figure]:
    if is_quick:
        size = paging.Size(rounds=5, requests=4_000, incidents=800, alone=200)
    else:
        size = paging.Size(rounds=7, requests=20_000, incidents=4_000, alone=1_000)
    return paging.measure(folder, size)


def _idle(folder: Path, is_quick: bool) -> list[Figure]:
    if is_quick:
        return idle.measure(folder, idle.Size(rounds=5, pending=100_000, seconds=2))
    return idle.measure(folder, idle.Size(rounds=5, pending=1_000_000, seconds=10))


def _starting(folder: Path, is_quick: bool) -> list[Figure]:
    return starting.measure(folder, 5 if is_quick else 9)


def _storm(folder: Path, is_quick: bool) -> list[Figure]:
    return storm.measure(folder, 3 if is_quick else 7, 200 if is_quick else 1_000)


def _claiming(folder: Path, is_quick: bool) -> list[Figure]:
    if is_quick:
        size = claiming.Size(many=20_000, claims=200, under_snapshot=10_000)
    else:
        size = claiming.Size(many=1_000_000, claims=1_000, under_snapshot=60_000)
    return claiming.measure(folder, size)


def _timers(folder: Path, is_quick: bool) -> list[Figure]:
    return timers.measure(folder, 3 if is_quick else 5, 10_000)


def _delivery(folder: Path, is_quick: bool) -> list[Figure]:
    return delivery.measure(folder, 5, 1_000 if is_quick else 5_000)


def _rotations(_: Path, is_quick: bool) -> list[Figure]:
    return rotations.measure(5, 3_000 if is_quick else 20_000)


PARTS: dict[str, Callable[[Path, bool], list[Figure]]] = {
    "paging": _paging,
    "storm": _storm,
    "claiming": _claiming,
    "timers": _timers,
    "idle": _idle,
    "starting": _starting,
    "delivery": _delivery,
    "rotations": _rotations,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few minutes in all")
    parser.add_argument(
        "goals",
        nargs="*",
        metavar="GOALS",
        help="paging (goals 1-3), storm (4), claiming (5), timers (7), idle (8), starting (9), "
        "delivery (12), rotations (15)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
