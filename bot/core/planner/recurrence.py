"""How often a rotation hands off and what hours it covers, parsed from the wire's document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any, Literal

from bot.core.planner.wall_clock import (
    DAY,
    MONDAY,
    SECOND,
    WEEK,
    EvenPoints,
    MonthlyPoints,
    Points,
    month_of,
)

Kind = Literal["daily", "weekly", "monthly"]
Coverage = tuple[time, time]

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_SETTINGS: dict[str, Kind] = {
    "DailySettings": "daily",
    "WeeklySettings": "weekly",
    "MonthlySettings": "monthly",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOff:
    """`day` is 0 (daily), 0 for Monday to 6 (weekly), or 1 to 31 (monthly)."""

    day: int
    at: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Recurrence:
    """Hand-offs on every `multiplier`-th day, week (from Monday) or month, in local time.

    `coverages` are by weekday, 0 for Monday; one that ends at or before its start ends on
    the next day. None at all: every hour is covered.
    Source: ssm-contacts 2021-05-03, RecurrenceSettings.
    """

    number_of_on_calls: int
    multiplier: int
    kind: Kind
    hand_offs: tuple[HandOff, ...]
    coverages: Mapping[int, tuple[Coverage, ...]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if self.number_of_on_calls < 1:
            raise ValueError("NumberOfOnCalls must be at least 1.")
        if not 1 <= self.multiplier <= 100:
            raise ValueError("RecurrenceMultiplier must be from 1 to 100.")
        if not self.hand_offs:
            raise ValueError(f"The {self.kind} settings name no hand-off.")
        if len(set(self.hand_offs)) < len(self.hand_offs):
            raise ValueError(f"The {self.kind} settings name the same hand-off twice.")
        if self.coverages and not any(self.coverages.values()):
            raise ValueError("ShiftCoverages name days, but no times.")

    def points(self, wall: int, *, multiplier: int) -> Points:
        """The hand-offs in walls, such that the unit that `wall` lies in has some."""
        if self.kind == "monthly":
            days = [(hand_off.day, _since_midnight(hand_off.at)) for hand_off in self.hand_offs]
            return MonthlyPoints(month_of(wall), multiplier, sorted(days))
        unit, first = (WEEK, MONDAY) if self.kind == "weekly" else (DAY, 0)
        base = wall - (wall - first) % unit
        offsets = sorted(
            hand_off.day * DAY + _since_midnight(hand_off.at) for hand_off in self.hand_offs
        )
        return EvenPoints(base, unit * multiplier, offsets)

    def covered(self) -> EvenPoints | None:
        """Where coverage begins (even numbers) and ends (odd); None where it never does."""
        merged = _merge(
            sorted(
                (start + week, end + week)
                for start, end in self._windows()
                for week in (0, WEEK, 2 * WEEK)
            )
        )
        if not merged or any(end - start >= WEEK for start, end in merged):
            return None
        week = [(start, end) for start, end in merged if WEEK <= start < 2 * WEEK]
        first = week[0][0]
        return EvenPoints(
            MONDAY + first, WEEK, [edge - first for window in week for edge in window]
        )

    def _windows(self) -> Iterator[tuple[int, int]]:
        for weekday, coverages in self.coverages.items():
            for start, end in coverages:
                length = (_since_midnight(end) - _since_midnight(start)) % DAY or DAY
                begins = weekday * DAY + _since_midnight(start)
                yield begins, begins + length


def parse_recurrence(document: Mapping[str, Any]) -> Recurrence:
    """Read a RecurrenceSettings document (ssm-contacts 2021-05-03).

    Raises ValueError, with a sentence for the caller, for settings that are not exactly one
    of daily, weekly and monthly, that are empty or repeat a hand-off, and for coverages that
    lack a start or an end or cover nothing.
    """
    given = [name for name in _SETTINGS if document.get(name) is not None]
    if len(given) != 1:
        raise ValueError(
            "Recurrence must have exactly one of DailySettings, WeeklySettings and "
            f"MonthlySettings, not {' and '.join(given) or 'none'}."
        )
    kind = _SETTINGS[given[0]]
    return Recurrence(
        number_of_on_calls=document["NumberOfOnCalls"],
        multiplier=document["RecurrenceMultiplier"],
        kind=kind,
        hand_offs=tuple(_parse_hand_off(kind, entry) for entry in document[given[0]]),
        coverages={
            _parse_weekday(day): tuple(_parse_coverage(day, entry) for entry in entries)
            for day, entries in (document.get("ShiftCoverages") or {}).items()
        },
    )


def _parse_hand_off(kind: Kind, entry: Mapping[str, Any]) -> HandOff:
    if kind == "daily":
        return HandOff(day=0, at=_parse_time(entry))
    at = _parse_time(entry["HandOffTime"])
    if kind == "weekly":
        return HandOff(day=_parse_weekday(entry["DayOfWeek"]), at=at)
    if not 1 <= entry["DayOfMonth"] <= 31:
        raise ValueError("DayOfMonth must be from 1 to 31.")
    return HandOff(day=entry["DayOfMonth"], at=at)


def _parse_weekday(name: str) -> int:
    if name not in WEEKDAYS:
        raise ValueError(f"The day of the week must be one of {', '.join(WEEKDAYS)}.")
    return WEEKDAYS.index(name)


def _parse_coverage(day: str, entry: Mapping[str, Any]) -> Coverage:
    start, end = entry.get("Start"), entry.get("End")
    if start is None or end is None:
        raise ValueError(f"A shift coverage of {day} must have both Start and End.")
    return _parse_time(start), _parse_time(end)


def _parse_time(entry: Mapping[str, Any]) -> time:
    hour, minute = entry["HourOfDay"], entry["MinuteOfHour"]
    if not (0 <= hour <= 23 and 0 <= minute <= 59):
        raise ValueError("A time must be from 00:00 to 23:59.")
    return time(hour, minute)


def _since_midnight(at: time) -> int:
    return (at.hour * 3600 + at.minute * 60) * SECOND


def _merge(windows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join windows, sorted by their starts, that overlap or touch."""
    merged = windows[:1]
    for start, end in windows[1:]:
        if start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
