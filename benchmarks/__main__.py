"""`make bench`: ratios to floors measured in the same run, beside their goals."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    claiming,
    delivery,
    growing,
    idle,
    paging,
    peer,
    rotations,
    starting,
    storm,
    timers,
    topics,
)
from benchmarks.figures import Figure, table
from benchmarks.machine import pin
from benchmarks.program import LOAD_CPU

ALL = (
    "paging",
    "storm",
    "claiming",
    "growing",
    "timers",
    "idle",
    "starting",
    "delivery",
    "peer",
    "topics",
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
        size = claiming.Size(many=20_000, claims=100, under_snapshot=10_000)
    else:
        size = claiming.Size(many=1_000_000, claims=300, under_snapshot=60_000)
    return claiming.measure(folder, size)


def _growing(folder: Path, is_quick: bool) -> list[Figure]:
    if is_quick:
        stored = (1_000, 10_000, 100_000)
        rounds, incidents, listings = 5, 800, 500
    else:
        stored = (1_000, 100_000, 1_000_000)
        rounds, incidents, listings = 5, 2_000, 1_000
    few, many, most = stored
    size = growing.Size(
        few=few, many=many, most=most, rounds=rounds, incidents=incidents, listings=listings
    )
    return growing.measure(folder, size)


def _timers(folder: Path, is_quick: bool) -> list[Figure]:
    return timers.measure(folder, 3 if is_quick else 5, 10_000)


def _delivery(folder: Path, is_quick: bool) -> list[Figure]:
    return delivery.measure(folder, 5, 1_000 if is_quick else 5_000)


def _peer(folder: Path, is_quick: bool) -> list[Figure]:
    if is_quick:
        size = peer.Size(rounds=5, incidents=800, publications=800)
    else:
        size = peer.Size(rounds=7, incidents=2_000, publications=2_000)
    return peer.measure(folder, size)


def _topics(folder: Path, is_quick: bool) -> list[Figure]:
    if is_quick:
        return topics.measure(folder, topics.Size(rounds=3, notifications=1_000))
    return topics.measure(folder, topics.Size(rounds=5, notifications=5_000))


def _rotations(_: Path, is_quick: bool) -> list[Figure]:
    return rotations.measure(5, 3_000 if is_quick else 20_000)


PARTS: dict[str, Callable[[Path, bool], list[Figure]]] = {
    "paging": _paging,
    "storm": _storm,
    "claiming": _claiming,
    "growing": _growing,
    "timers": _timers,
    "idle": _idle,
    "starting": _starting,
    "delivery": _delivery,
    "peer": _peer,
    "topics": _topics,
    "rotations": _rotations,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few minutes in all")
    parser.add_argument(
        "goals",
        nargs="*",
        metavar="GOALS",
        help="paging (goals 1-3), storm (4), claiming (5), growing (6), timers (7), idle (8), "
        "starting (9), delivery (12), peer (14), topics, rotations (15)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
