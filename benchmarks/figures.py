"""What a run has measured, beside the goals of the facts' section 7."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["within", "within twice", "out", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table. `goal` None: told for its own sake.

    `is_floor`: the goal is a least, not a most.
    """

    number: int | None
    name: str
    values: Sequence[float]
    unit: str
    goal: float | None = None
    is_floor: bool = False

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def verdict(self) -> Verdict:
        if self.goal is None:
            return ""
        share = self.goal / self.median if self.is_floor else self.median / self.goal
        if share <= 1:
            return "within"
        return "within twice" if share <= 2 else "out"


def table(figures: Sequence[Figure]) -> str:
    lines = [
        "| goal | what | median (min-max) | goal's figure | |",
        "|---|---|---|---|---|",
    ]
    for figure in figures:
        values = figure.values
        spread = f" ({_short(min(values))}-{_short(max(values))})" if len(values) > 1 else ""
        limit = "" if figure.goal is None else f"{'>=' if figure.is_floor else '<='} "
        limit += "" if figure.goal is None else _short(figure.goal)
        number = "" if figure.number is None else str(figure.number)
        measured = f"{_short(figure.median)}{spread} {figure.unit}"
        lines.append(f"| {number} | {figure.name} | {measured} | {limit} | {figure.verdict} |")
    return "\n".join(lines)


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
