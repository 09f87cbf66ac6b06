"""`make bench`: ratios to floors measured in the same run, beside their goals."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import idle, paging, starting
from benchmarks.figures import Figure, table
from benchmarks.machine import pin
from benchmarks.program import LOAD_CPU

ALL = ("paging", "idle", "starting")


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


PARTS: dict[str, Callable[[Path, bool], list[Figure]]] = {
    "paging": _paging,
    "idle": _idle,
    "starting": _starting,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about two minutes in all")
    parser.add_argument(
        "goals", nargs="*", metavar="GOALS", help="paging (goals 1-3), idle (8), starting (9)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
