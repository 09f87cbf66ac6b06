"""Which crew a rotation's recurrence puts on call at an instant, before any override."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot.core.planner.recurrence import Recurrence
from bot.core.planner.wall_clock import EARLIEST, LATEST, Clock, instant_of, micros, wall_at

Crew = tuple[str, ...]


class Period(NamedTuple):
    """A stretch of one crew, or a gap (None); microseconds since 1970, the end excluded."""

    start: int
    end: int
    crew: Crew | None


class Periods:
    """The hand-offs and coverages of one rotation, ready to be asked at any instant.

    The first period begins at `starts_at` and ends at the first hand-off after it; the
    hand-offs that count are those of every multiplier-th day, week or month from the one
    that the first hand-off at or after `starts_at` falls in.
    """

    def __init__(
        self, recurrence: Recurrence, zone: ZoneInfo, starts_at: int, members: Crew
    ) -> None:
        every = Clock(recurrence.points(wall_at(starts_at, zone), multiplier=1), zone)
        begun = every.span(starts_at)
        is_stub = begun.start != starts_at
        first_wall = every.wall(begun.number + is_stub)
        points = recurrence.points(first_wall, multiplier=recurrence.multiplier)
        covered = recurrence.covered()
        self._starts_at = starts_at
        self._hand_offs = Clock(points, zone)
        self._first = points.number(first_wall) - is_stub
        self._covered = Clock(covered, zone) if covered else None
        self._crews = _crews(members, recurrence.number_of_on_calls)

    def at(self, at: int) -> Period:
        """The period or gap that `at` lies in, in full. Its cost does not grow with age."""
        if self._covered is not None or at < self._starts_at:
            return next(self.following(at))
        number, start, end = self._hand_offs.span(at)
        period = number - self._first
        if period <= 0:
            return Period(self._starts_at, end, self._crews[0])
        return Period(start, end, self._crews[period % len(self._crews)])

    def following(self, at: int) -> Iterator[Period]:
        """Every period and gap from the one that `at` lies in, without end or hole."""
        if self._covered is None:
            return self._uncut(at)
        return self._cut(at, self._covered)

    def told(self, at: int) -> Iterator[tuple[datetime, datetime, Crew]]:
        """As `following`, less the gaps and in aware UTC datetimes, to the last year; quick
        where the clocks do not change.
        """
        if self._covered is not None:
            for start, end, crew in itertools.takewhile(_is_told, self.following(at)):
                if crew is not None:
                    yield instant_of(start), instant_of(end), crew
            return
        at = max(at, self._starts_at)
        crews, size = self._crews, len(self._crews)
        while at < LATEST:
            start, end, crew = self.at(at)
            ends_at = instant_of(end)
            yield instant_of(start), ends_at, crew or ()
            number = self._hand_offs.span(end).number
            period = number - self._first
            for starts_at, ends_at in self._hand_offs.steady_spans(number):
                yield starts_at, ends_at, crews[period % size]
                period += 1
            at = micros(ends_at)

    def _uncut(self, at: int) -> Iterator[Period]:
        if at < self._starts_at:
            yield Period(EARLIEST, self._starts_at, None)
        crews, first, starts_at = self._crews, self._first, self._starts_at
        for number, start, end in self._hand_offs.spans(max(at, starts_at)):
            period = number - first
            if period <= 0:
                yield Period(starts_at, end, crews[0])
            else:
                yield Period(start, end, crews[period % len(crews)])

    def _cut(self, at: int, covered: Clock) -> Iterator[Period]:
        begins, at = at < self._starts_at, max(at, self._starts_at)
        for window in _windows(covered, at):
            if not window.is_covered:
                start = window.start if window.start > self._starts_at else EARLIEST
                yield Period(start, window.end, None)
            else:
                if begins:
                    yield Period(EARLIEST, self._starts_at, None)
                yield from self._within(window, max(at, window.start))
            begins = False

    def _within(self, window: _Window, at: int) -> Iterator[Period]:
        for period in self._uncut(at):
            start, end = max(period.start, window.start), min(period.end, window.end)
            yield Period(start, end, period.crew)
            if end == window.end:
                return


class _Window(NamedTuple):
    start: int
    end: int
    is_covered: bool


def _is_told(period: Period) -> bool:
    return period.start < LATEST


def _windows(covered: Clock, at: int) -> Iterator[_Window]:
    """Stretches covered and not, in turn, in full. Those between which a change of the
    clocks leaves nothing are one.
    """
    held = _Window(_start_of_window(covered, at), at, covered.span(at).number % 2 == 0)
    for number, start, end in covered.spans(at):
        is_covered = number % 2 == 0
        if is_covered == held.is_covered:
            held = held._replace(end=end)
        else:
            yield held
            held = _Window(start, end, is_covered)


def _start_of_window(covered: Clock, at: int) -> int:
    number, start, _ = covered.span(at)
    while True:
        earlier = number - 1
        while (before := covered.instant(earlier)) == start:
            earlier -= 1
        if (number - earlier) % 2:
            return start
        number, start = earlier, before


def _crews(members: Crew, size: int) -> tuple[Crew, ...]:
    """Crew i is members[(i * size + j) mod len] for j < size, nobody twice; crews repeat."""
    count = len(members)
    return tuple(
        tuple(
            dict.fromkeys(
                members[(number * size + place) % count] for place in range(min(size, count))
            )
        )
        for number in range(count)
    )
