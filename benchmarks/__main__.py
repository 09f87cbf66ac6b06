"""`make bench`: ratios to floors measured in the same run, beside their goals."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import paging
from benchmarks.figures import Figure, table
from benchmarks.machine import pin
from benchmarks.program import LOAD_CPU

WHOLE = paging.Size(rounds=7, requests=20_000, incidents=4_000, alone=1_000)
QUICK = paging.Size(rounds=5, requests=6_000, incidents=1_000, alone=300)


def main() -> None:
    options = _options()
    chosen: list[str] = options.goals or ["paging"]
    pin(LOAD_CPU)
    parts: dict[str, Callable[[Path], list[Figure]]] = {
        "paging": lambda folder: paging.measure(folder, QUICK if options.quick else WHOLE),
    }
    figures: list[Figure] = []
    for name in chosen:
        with tempfile.TemporaryDirectory(dir=".", prefix=".bench-") as folder:
            figures += parts[name](Path(folder).absolute())
    print(table(figures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about two minutes in all")
    parser.add_argument("goals", nargs="*", help="paging (goals 1-3), idle (8), starting (9)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
