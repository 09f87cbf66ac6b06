"""Overrides laid over each other: whose counts when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import heappop, heappush
from itertools import pairwise
from typing import NamedTuple

from bot.core.planner.wall_clock import micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Puts `members` (perhaps nobody) on call instead of the crew.

    `key` grows with the time of creation; of two that overlap, the later one counts.
    """

    starts_at: datetime
    ends_at: datetime
    members: tuple[str, ...]
    key: str

    def __post_init__(self) -> None:
        if self.starts_at.utcoffset() is None or self.ends_at.utcoffset() is None:
            raise ValueError("An override's times must be aware.")
        if self.ends_at <= self.starts_at:
            raise ValueError("An override must end after it starts.")


class Replacement(NamedTuple):
    """Where one override counts; microseconds since 1970, the end excluded."""

    start: int
    end: int
    members: tuple[str, ...]


def replacements(overrides: Sequence[Override]) -> list[Replacement]:
    """Say where which override counts: disjoint, ascending. n overrides take n log n steps."""
    ranked = sorted(overrides, key=lambda override: override.key, reverse=True)
    begins = sorted((micros(one.starts_at), rank) for rank, one in enumerate(ranked))
    edges = sorted({micros(at) for one in ranked for at in (one.starts_at, one.ends_at)})
    open_: list[int] = []
    found: list[tuple[int, int, int]] = []
    following = 0
    for start, end in pairwise(edges):
        while following < len(begins) and begins[following][0] <= start:
            heappush(open_, begins[following][1])
            following += 1
        while open_ and micros(ranked[open_[0]].ends_at) <= start:
            heappop(open_)
        if not open_:
            continue
        if found and found[-1][1:] == (start, open_[0]):
            found[-1] = (found[-1][0], end, open_[0])
        else:
            found.append((start, end, open_[0]))
    return [Replacement(start, end, ranked[rank].members) for start, end, rank in found]
