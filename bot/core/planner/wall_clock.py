"""Wall times that recur, and the instants at which the clocks of a zone show them.

Everything is counted in whole microseconds since 1970: instants in UTC, walls as if the
wall clock were UTC. A wall that the clocks skip is moved by the length of the gap; one that
comes twice is taken the first time. A wall so moved that it would come at or after the next
one gives way to it: the span between them is empty and is never told.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count, cycle, islice, pairwise
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

SECOND = 1_000_000
DAY = 86_400 * SECOND
WEEK = 7 * DAY
MONDAY = 4 * DAY
"""1970-01-05, a Monday."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = EPOCH.toordinal()
_DAYS_IN_400_YEARS = 146_097

_FAR = 24
"""Looking further ahead than so many points costs more than it saves."""


def micros(at: datetime) -> int:
    since = at - EPOCH
    return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds


EARLIEST = micros(datetime.min.replace(tzinfo=UTC))
LATEST = micros(datetime.max.replace(tzinfo=UTC))
_FIRST_ASKED, _LAST_ASKED = EARLIEST + 2 * DAY, LATEST - 2 * DAY


def instant_of(at: int) -> datetime:
    """The aware UTC datetime, held within the years 1 to 9999."""
    seconds, rest = divmod(min(max(at, EARLIEST), LATEST), SECOND)
    return EPOCH + timedelta(0, seconds, rest)


class Points(Protocol):
    """Walls numbered in order, without beginning or end."""

    reach: int
    """The most points within the day after a point, or more. No change of the clocks is
    longer than a day: only those can overtake it.
    """

    def wall(self, number: int) -> int: ...

    def steps(self, number: int) -> Iterator[timedelta]:
        """From this point to the next, from that to the one after, and so on."""
        ...

    def number(self, wall: int) -> int:
        """Of the last point at or before `wall`."""
        ...


class EvenPoints:
    """The same offsets (ascending, below `length`) after `base`, and again every `length`."""

    def __init__(self, base: int, length: int, offsets: Sequence[int]) -> None:
        self._base = base
        self._length = length
        self._offsets = offsets
        steps = [b - a for a, b in pairwise([*offsets, offsets[0] + length])]
        self._steps = [timedelta(microseconds=step) for step in steps]
        later = [offset + DAY for offset in offsets]
        ahead = [offset + more for more in (0, length) for offset in offsets]
        self.reach = max(bisect_right(ahead, one) - n - 1 for n, one in enumerate(later))

    def steps(self, number: int) -> Iterator[timedelta]:
        place = number % len(self._steps)
        return cycle(self._steps[place:] + self._steps[:place])

    def wall(self, number: int) -> int:
        cycles, place = divmod(number, len(self._offsets))
        return self._base + cycles * self._length + self._offsets[place]

    def number(self, wall: int) -> int:
        cycles, rest = divmod(wall - self._base, self._length)
        return cycles * len(self._offsets) + bisect_right(self._offsets, rest) - 1


class MonthlyPoints:
    """Days of every `multiplier`-th month from `base` (months since the year 0), each a day
    (1 to 31; the last one of a month that lacks it) and a time of day.
    """

    def __init__(self, base: int, multiplier: int, days: Sequence[tuple[int, int]]) -> None:
        self._base = base
        self._multiplier = multiplier
        self._days = days
        self._latest: tuple[int, list[int]] = (base, self._compute(base))
        self.reach = len(days) if len(days) > 1 else 0

    def steps(self, number: int) -> Iterator[timedelta]:
        walls = (self.wall(following) for following in count(number))
        return (timedelta(microseconds=later - wall) for wall, later in pairwise(walls))

    def wall(self, number: int) -> int:
        units, place = divmod(number, len(self._days))
        return self._walls(self._base + units * self._multiplier)[place]

    def number(self, wall: int) -> int:
        units, rest = divmod(month_of(wall) - self._base, self._multiplier)
        passed = len(self._days)
        if rest == 0:
            passed = bisect_right(self._walls(self._base + units * self._multiplier), wall)
        return units * len(self._days) + passed - 1

    def _walls(self, month: int) -> list[int]:
        known, walls = self._latest
        if known != month:
            walls = self._compute(month)
            self._latest = (month, walls)
        return walls

    def _compute(self, month: int) -> list[int]:
        first = _first_day(month)
        length = _first_day(month + 1) - first
        return sorted(
            (first + min(day, length) - 1) * DAY + time_of_day
            for day, time_of_day in self._days
        )


def month_of(wall: int) -> int:
    """Months since the year 0 of the proleptic Gregorian calendar, for any year."""
    cycles, rest = divmod(wall // DAY + _EPOCH_ORDINAL - 1, _DAYS_IN_400_YEARS)
    day = date.fromordinal(rest + 1)
    return (day.year + 400 * cycles) * 12 + day.month - 1


def _first_day(month: int) -> int:
    cycles, rest = divmod(month - 12, 400 * 12)
    first = date(rest // 12 + 1, rest % 12 + 1, 1)
    return first.toordinal() - _EPOCH_ORDINAL + cycles * _DAYS_IN_400_YEARS


class Span(NamedTuple):
    """From one point (its number) to the next."""

    number: int
    start: int
    end: int


class Clock:
    """Points seen on the wall clocks of a zone."""

    def __init__(self, points: Points, zone: ZoneInfo) -> None:
        self._points = points
        self._zone = zone
        self._epoch = datetime(1970, 1, 1, tzinfo=zone)

    def wall(self, number: int) -> int:
        return self._points.wall(number)

    def span(self, at: int) -> Span:
        """The span that `at` lies in. Work: the points within one change of the clocks."""
        number = self._points.number(wall_at(at, self._zone))
        while (start := self._moved(number)) > at:
            number -= 1
        return Span(number, start, self.instant(number + 1))

    def spans(self, at: int) -> Iterator[Span]:
        """Every span that is not empty, from the one that `at` lies in, without end."""
        number, start, end = self.span(at)
        for following, ends_at in self._instants(number + 1, end):
            if ends_at > start:
                yield Span(following - 1, start, ends_at)
                start = ends_at

    def steady_spans(self, number: int) -> Iterator[tuple[datetime, datetime]]:
        """The spans from a point on, each at the cost of one look at the zone: as long as no
        change of the clocks is near, or for ever where no point can overtake another. None
        where the point itself is near a change.
        """
        reach = self._points.reach
        first = self._points.wall(number)
        if reach > _FAR or not _FIRST_ASKED < first < _LAST_ASKED:
            return
        wall = self._shown(first)
        offset = wall.utcoffset()
        start = wall.replace(tzinfo=UTC) - (offset or timedelta(0))
        ahead = self._points.steps(number)
        try:
            for step in islice(ahead, reach):
                wall += step
                if wall.utcoffset() != offset:
                    return
            for step in self._points.steps(number):
                wall += next(ahead)
                end = start + step
                if wall.utcoffset() != offset:
                    if reach:
                        return
                    offset = wall.utcoffset()
                    end = wall.astimezone(UTC)
                yield start, end
                start = end
        except OverflowError:
            return

    def instant(self, number: int) -> int:
        """When the point comes, or the next one that it gives way to."""
        wall = self._points.wall(number)
        before = self._offset(wall)
        moved = wall - before
        if not self._points.reach:
            return moved
        skipped = self._offset(wall, fold=1) - before
        if skipped <= 0:
            return moved
        return min(moved, self._moved(self._after_gap(number, wall + skipped, before)))

    def _after_gap(self, number: int, until: int, before: int) -> int:
        """The first point after `number` that the gap does not swallow."""
        last = self._points.number(until) + 1
        return number + bisect_left(
            range(number, last),
            True,
            key=lambda later: self._offset(self._points.wall(later)) != before,
        )

    def _instants(self, number: int, first: int) -> Iterator[tuple[int, int]]:
        """Points from `number`, which comes at `first`, with their instants.

        Where points are a day apart, a point can give way to the next one only, and one
        look at the zone serves for each.
        """
        yield number, first
        if self._points.reach > 1:
            while True:
                number += 1
                yield number, self.instant(number)
        ahead = self._moved(number + 1)
        while True:
            number += 1
            moved, ahead = ahead, self._moved(number + 1)
            yield number, min(moved, ahead)

    def _moved(self, number: int) -> int:
        wall = self._points.wall(number)
        return wall - self._offset(wall)

    def _offset(self, wall: int, *, fold: int = 0) -> int:
        shown = self._shown(wall)
        return _length(shown.replace(fold=1) if fold else shown)

    def _shown(self, wall: int) -> datetime:
        asked = min(max(wall, _FIRST_ASKED), _LAST_ASKED) // SECOND
        return self._epoch + timedelta(asked // 86_400, asked % 86_400)


def wall_at(at: int, zone: ZoneInfo) -> int:
    """The latest wall that has come by this instant. While an hour comes again, that is
    after the wall shown: what it shows has come before.
    """
    shown = instant_of(min(max(at, _FIRST_ASKED), _LAST_ASKED)).astimezone(zone)
    return at + _length(shown.replace(fold=0))


def _length(shown: datetime) -> int:
    offset = shown.utcoffset() or timedelta(0)
    return (offset.days * 86_400 + offset.seconds) * SECOND
