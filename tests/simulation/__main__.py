"""`python -m tests.simulation SEED` tells the story of a world; `--worlds N` plays many."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.scenario import Stage
from tests.simulation.story import BrokenError

SHOWN = 3


def play_many(seeds: Sequence[str]) -> list[str]:
    """Answers the stories of those that are broken."""
    stage, broken = Stage(), []
    for seed in seeds:
        try:
            stage.play(seed)
        except BrokenError as story:
            broken.append(str(story))
    return broken


def play_in_processes(number: int, processes: int) -> list[str]:
    seeds = [
        [str(seed) for seed in range(first, number, processes)] for first in range(processes)
    ]
    with ProcessPoolExecutor(processes) as pool:
        return [story for stories in pool.map(play_many, seeds) for story in stories]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", nargs="?")
    parser.add_argument("--worlds", type=int, default=300)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if options.seed is not None:
        try:
            print("\n".join(Stage().play(options.seed).lines))
        except BrokenError as broken:
            sys.exit(str(broken))
        return
    begun = time.perf_counter()
    stories = play_in_processes(options.worlds, options.processes)
    seconds = time.perf_counter() - begun
    for story in stories[:SHOWN]:
        print(story, end="\n\n")
    for story in stories[SHOWN:]:
        print(*story.splitlines()[:2], sep="\n")
    print(f"{options.worlds} worlds in {seconds:.1f} s, {len(stories)} broken")
    sys.exit(bool(stories))


if __name__ == "__main__":
    main()
