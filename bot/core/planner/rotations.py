"""Who is on call in a rotation, and when: the one answer for lists, previews and paging.

The rules, with worked tables, are in docs/rotations.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from bot.core.planner.overrides import Override, Replacement, replacements
from bot.core.planner.periods import Period, Periods
from bot.core.planner.recurrence import Recurrence
from bot.core.planner.wall_clock import EARLIEST, LATEST, instant_of, micros

__all__ = ["Override", "Rotation", "Shift", "last_change", "next_change", "on_call", "shifts"]

_KEPT = 64
"""Looked-up shifts that a rotation remembers; then it forgets all of them."""

Stretch = tuple[int, int, "Shift | None"]
"""From, up to, and the shift; None is a gap."""


class Shift(NamedTuple):
    """Who is on call from `starts_at` up to `ends_at` (UTC, excluded).

    `overridden` is the crew that an OVERRIDDEN shift displaces; empty outside of coverage.
    An override to nobody is a shift without members. A tuple, which is made in a third of
    the time of a dataclass.
    """

    starts_at: datetime
    ends_at: datetime
    members: tuple[str, ...]
    type: Literal["REGULAR", "OVERRIDDEN"] = "REGULAR"
    overridden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """`members` in shift order; `zone` is an IANA name.

    Raises ValueError for no members, a naive `starts_at` or an unknown zone.
    """

    members: tuple[str, ...]
    starts_at: datetime
    zone: str
    recurrence: Recurrence
    _periods: Periods = field(init=False, repr=False, compare=False)
    _known: list[tuple[list[int], list[Stretch]]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.members:
            raise ValueError("A rotation must have at least one member.")
        if self.starts_at.utcoffset() is None:
            raise ValueError("A rotation's start must be aware.")
        try:
            zone = ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{self.zone} is not a time zone of the IANA database.") from None
        starts_at = micros(self.starts_at)
        periods = Periods(self.recurrence, zone, starts_at, self.members)
        object.__setattr__(self, "_periods", periods)
        object.__setattr__(self, "_known", [([], [])])

    def following(self, at: int) -> Iterator[Period]:
        """Periods and gaps before any override, from the one that `at` lies in, in full."""
        return self._periods.following(at)

    def told(self, at: int) -> Iterator[tuple[datetime, datetime, tuple[str, ...]]]:
        """The same in aware UTC datetimes, less the gaps."""
        return self._periods.told(at)

    def unreplaced(self, at: int) -> Stretch:
        """The shift or gap at `at` before any override; the answer is remembered."""
        starts, stretches = self._known[0]
        place = bisect_right(starts, at) - 1
        if place >= 0 and at < stretches[place][1]:
            return stretches[place]
        period = self._periods.at(at)
        stretch = (period.start, period.end, _regular(period.start, period.end, period.crew))
        if len(starts) >= _KEPT:
            starts, stretches, place = [], [], -1
        place += 1
        self._known[0] = (
            [*starts[:place], period.start, *starts[place:]],
            [*stretches[:place], stretch, *stretches[place:]],
        )
        return stretch


def shifts(
    rotation: Rotation, overrides: Sequence[Override], start: datetime, end: datetime
) -> Iterator[Shift]:
    """Tell every shift that overlaps [start, end), ascending and disjoint.

    Our choice: a shift is told in full, also where the range cuts it, so that its times are
    those of the hand-offs. A gap is absent. An override is cut where the crew below it
    changes, for each piece names whom it displaces.
    """
    if overrides:
        return _overridden_shifts(rotation, overrides, micros(start), micros(end))
    return _regular_shifts(rotation, micros(start), end.astimezone(UTC))


def on_call(rotation: Rotation, overrides: Sequence[Override], at: datetime) -> Shift | None:
    """Who is on call at `at`, as the shift that `shifts` tells; None in a gap."""
    return _stretch(rotation, overrides, micros(at))[2]


def next_change(
    rotation: Rotation, overrides: Sequence[Override], after: datetime
) -> datetime | None:
    """The first instant after `after` at which a shift begins or ends, though the same
    people may go on; None when none does before the year 10000.
    """
    ends = _stretch(rotation, overrides, micros(after))[1]
    return instant_of(ends) if ends < LATEST else None


def last_change(
    rotation: Rotation, overrides: Sequence[Override], before: datetime
) -> datetime | None:
    """The instant at which the shift or gap that `before` lies in began; None where nobody was
    ever on call.
    """
    starts = _stretch(rotation, overrides, micros(before))[0]
    return instant_of(starts) if starts > EARLIEST else None


def _stretch(rotation: Rotation, overrides: Sequence[Override], at: int) -> Stretch:
    if overrides:
        return next(_stretches(rotation, overrides, at))
    return rotation.unreplaced(at)


def _regular_shifts(rotation: Rotation, at: int, until: datetime) -> Iterator[Shift]:
    for starts_at, ends_at, crew in rotation.told(at):
        if starts_at >= until:
            return
        yield Shift(starts_at, ends_at, crew)


def _overridden_shifts(
    rotation: Rotation, overrides: Sequence[Override], at: int, until: int
) -> Iterator[Shift]:
    for start, _, shift in _stretches(rotation, overrides, at):
        if start >= until:
            return
        if shift is not None:
            yield shift


def _stretches(rotation: Rotation, overrides: Sequence[Override], at: int) -> Iterator[Stretch]:
    """Every shift and gap from the one that `at` lies in, without hole, to the last year."""
    laid = replacements(overrides)
    number = bisect_right([replacement.end for replacement in laid], at)
    for period in rotation.following(at):
        while at < min(period.end, LATEST):
            stretch = _piece(period, laid, number, at)
            yield stretch
            at = stretch[1]
            if number < len(laid) and laid[number].end <= at:
                number += 1
        if at >= LATEST:
            return


def _piece(period: Period, laid: Sequence[Replacement], number: int, at: int) -> Stretch:
    """The part of the period around `at`; `number` is of the first that ends after `at`."""
    start, end, crew = period
    over = laid[number] if number < len(laid) else None
    if over is None or at < over.start:
        start = max(start, laid[number - 1].end if number else start)
        end = min(end, over.start if over else end)
        return start, end, _regular(start, end, crew)
    start, end = max(start, over.start), min(end, over.end)
    shift = Shift(
        starts_at=instant_of(start),
        ends_at=instant_of(end),
        members=over.members,
        type="OVERRIDDEN",
        overridden=crew or (),
    )
    return start, end, shift


def _regular(start: int, end: int, crew: tuple[str, ...] | None) -> Shift | None:
    if crew is None:
        return None
    return Shift(starts_at=instant_of(start), ends_at=instant_of(end), members=crew)
