"""Goal 15: shifts made a second beside plain zoneinfo, and how long "who is on call" takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

from benchmarks.figures import Figure
from bot.core.planner.recurrence import parse_recurrence
from bot.core.planner.rotations import Rotation, on_call, shifts

ZONE = "Europe/Dublin"
BEGINS = datetime(2025, 1, 1, 9, tzinfo=UTC)
MEMBERS = tuple(f"arn:aws:ssm-contacts:us-east-1:111122223333:contact/{n}" for n in range(6))
DAILY = {
    "NumberOfOnCalls": 1,
    "RecurrenceMultiplier": 1,
    "DailySettings": [{"HourOfDay": 9, "MinuteOfHour": 0}],
}
NEAR = [timedelta(minutes=7 * n) for n in range(2_000)]
"""Ten days, as when people and the engine ask for now."""
FAR = [timedelta(minutes=n) for n in Random(1).sample(range(365 * 24 * 60), 2_000)]
"""Anywhere in a year."""
AGES = {"near": (timedelta(days=30), NEAR), "old": (timedelta(days=3650), NEAR)}
AGES |= {"far": (timedelta(days=30), FAR), "far and old": (timedelta(days=3650), FAR)}


def measure(rounds: int, number: int) -> list[Figure]:
    """`number`: shifts made in each round."""
    rates: list[float] = []
    floors: list[float] = []
    asked: dict[str, list[float]] = {name: [] for name in AGES}
    for _ in range(rounds):
        floors.append(_rate(lambda: _plain_shifts(number), number))
        rates.append(_rate(lambda: _own_shifts(number), number))
        for name, (age, instants) in AGES.items():
            asked[name].append(_look_up(BEGINS + age, instants) * 1e6)
    ratios = [rate / floor for rate, floor in zip(rates, floors, strict=True)]
    return [
        _figure("shifts/s / plain zoneinfo, two conversions", ratios, "x", 1.5, is_floor=True),
        Figure(number=None, name="shifts/s", values=rates, unit="1/s"),
        _figure("who is on call, asked as time goes on", asked["near"], "us", 1.0),
        _figure("the same in a rotation of ten years", asked["old"], "us", 1.0),
        Figure(number=None, name="anywhere in its first year", values=asked["far"], unit="us"),
        Figure(
            number=None, name="anywhere in its tenth", values=asked["far and old"], unit="us"
        ),
    ]


def _figure(
    name: str, values: list[float], unit: str, goal: float, *, is_floor: bool = False
) -> Figure:
    return Figure(number=15, name=name, values=values, unit=unit, goal=goal, is_floor=is_floor)


def _rate(make: Callable[[], Iterator[object]], number: int) -> float:
    begun = time.perf_counter()
    made = sum(1 for _ in make())
    taken = time.perf_counter() - begun
    if made != number:
        raise RuntimeError(f"{made} shifts instead of {number}")
    return made / taken


def _rotation() -> Rotation:
    return Rotation(
        members=MEMBERS, starts_at=BEGINS, zone=ZONE, recurrence=parse_recurrence(DAILY)
    )


def _own_shifts(number: int) -> Iterator[object]:
    ends = BEGINS + timedelta(days=number + 10)
    return islice(shifts(_rotation(), (), BEGINS, ends), number)


def _plain_shifts(number: int) -> Iterator[object]:
    """Wall-clock hand-offs, both ends of each shift converted to UTC."""
    zone, day = ZoneInfo(ZONE), timedelta(days=1)
    local = BEGINS.astimezone(zone).replace(tzinfo=None)
    for shift in range(number):
        start = (local + shift * day).replace(tzinfo=zone).astimezone(UTC)
        end = (local + (shift + 1) * day).replace(tzinfo=zone).astimezone(UTC)
        yield start, end, MEMBERS[shift % len(MEMBERS)]


def _look_up(begin: datetime, after: Sequence[timedelta]) -> float:
    """Seconds for one look-up in a rotation that is kept, as the schedules keep theirs."""
    rotation = _rotation()
    instants = [begin + span for span in after]
    begun = time.perf_counter()
    for instant in instants:
        on_call(rotation, (), instant)
    return (time.perf_counter() - begun) / len(instants)
