"""The vocabulary of the resolver's property tests."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from hypothesis import strategies as st

from bot.core.planner.recurrence import HandOff, Kind, Recurrence
from bot.core.planner.rotations import Override, Rotation

ZONES = {
    "Europe/Dublin": (2025, 2027),
    "America/New_York": (2025, 2027),
    "Australia/Lord_Howe": (2025, 2027),
    "Asia/Kathmandu": (1985, 1987),
    "America/Sao_Paulo": (2016, 2019),
    "Africa/Casablanca": (2023, 2026),
    "Pacific/Apia": (2011, 2012),
}
"""Zones, and years in which their clocks changed: by an hour at midnight, by half an hour, by
fifteen minutes once, for a month a year, by a whole day.
"""

KINDS: tuple[Kind, ...] = ("daily", "weekly", "monthly")

minutes = st.integers(0, 24 * 60 - 1).map(lambda n: time(n // 60, n % 60))
near_changes = st.sampled_from(
    [time(0), time(0, 30), time(1, 30), time(2), time(2, 30), time(3)]
)
times = st.one_of(near_changes, minutes)
coverage_days = st.dictionaries(
    st.integers(0, 6), st.lists(st.tuples(times, times), min_size=1, max_size=3).map(tuple)
)


def _hand_offs(days: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[HandOff, ...]]:
    one = st.builds(HandOff, day=days, at=times)
    return st.lists(one, min_size=1, max_size=4, unique=True).map(tuple)


@st.composite
def recurrences(draw: st.DrawFn, *, is_covered: bool = False) -> Recurrence:
    kind = draw(st.sampled_from(KINDS))
    days = {"daily": st.just(0), "weekly": st.integers(0, 6), "monthly": st.integers(1, 31)}
    return Recurrence(
        number_of_on_calls=draw(st.integers(1, 4)),
        multiplier=draw(st.sampled_from([1, 1, 1, 2, 3, 100])),
        kind=kind,
        hand_offs=draw(_hand_offs(days[kind])),
        coverages=draw(coverage_days.filter(len)) if is_covered else {},
    )


@st.composite
def instants(draw: st.DrawFn, zone: str) -> datetime:
    """Anywhere in the zone's years; often within two days of a change of its clocks."""
    first, last = ZONES[zone]
    start, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)
    return start + timedelta(seconds=draw(st.integers(0, int((end - start).total_seconds()))))


@st.composite
def rotations(draw: st.DrawFn, *, is_covered: bool = False) -> Rotation:
    zone = draw(st.sampled_from(sorted(ZONES)))
    return Rotation(
        members=tuple("abcdefg"[: draw(st.integers(1, 7))]),
        starts_at=draw(instants(zone)),
        zone=zone,
        recurrence=draw(recurrences(is_covered=is_covered)),
    )


any_rotations = st.one_of(rotations(), rotations(is_covered=True))


@st.composite
def ranges(draw: st.DrawFn, rotation: Rotation) -> tuple[datetime, datetime]:
    """Up to sixty days of the zone's years; it may begin before the rotation does."""
    start = draw(instants(rotation.zone))
    return start, start + timedelta(minutes=draw(st.integers(1, 60 * 24 * 60)))


@st.composite
def overrides_within(draw: st.DrawFn, start: datetime, end: datetime) -> list[Override]:
    """Up to five, of five minutes to twenty days, in and around a range."""
    made = []
    span = int((end - start).total_seconds())
    for number in range(draw(st.integers(0, 5))):
        at = start + timedelta(seconds=draw(st.integers(-86_400, span)))
        lasts = timedelta(minutes=draw(st.integers(5, 20 * 24 * 60)))
        members = tuple(draw(st.lists(st.sampled_from("uvwxyz"), max_size=2, unique=True)))
        made.append(
            Override(starts_at=at, ends_at=at + lasts, members=members, key=f"{number}")
        )
    return draw(st.permutations(made))
