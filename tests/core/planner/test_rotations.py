from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.core.planner.recurrence import HandOff, Recurrence
from bot.core.planner.rotations import (
    Override,
    Rotation,
    Shift,
    next_change,
    on_call,
    shifts,
)
from tests.core.planner.rotation_strategies import (
    any_rotations,
    instants,
    overrides_within,
    ranges,
    rotations,
)

FOREVER = datetime(9999, 12, 1, tzinfo=UTC)


def overlap(shift: Shift, start: datetime, end: datetime) -> timedelta:
    return min(shift.ends_at, end) - max(shift.starts_at, start)


@given(st.data(), rotations())
def test_without_coverages_the_shifts_of_a_range_add_up_to_it(
    data: st.DataObject, rotation: Rotation
) -> None:
    start, end = data.draw(ranges(rotation))
    start, end = max(start, rotation.starts_at), max(end, rotation.starts_at)

    told = list(shifts(rotation, [], start, end))

    assert sum((overlap(shift, start, end) for shift in told), timedelta(0)) == end - start
    assert all(one.ends_at == other.starts_at for one, other in pairwise(told))


@given(st.data(), any_rotations)
def test_shifts_ascend_without_overlap_and_every_one_lasts(
    data: st.DataObject, rotation: Rotation
) -> None:
    start, end = data.draw(ranges(rotation))
    overrides = data.draw(overrides_within(start, end))

    told = list(shifts(rotation, overrides, start, end))

    assert all(shift.ends_at > shift.starts_at for shift in told)
    assert all(one.ends_at <= other.starts_at for one, other in pairwise(told))
    assert all(overlap(shift, start, end) > timedelta(0) for shift in told)


@given(st.data(), any_rotations)
def test_who_is_on_call_is_the_shift_that_the_list_tells(
    data: st.DataObject, rotation: Rotation
) -> None:
    start, end = data.draw(ranges(rotation))
    overrides = data.draw(overrides_within(start, end))
    told = list(shifts(rotation, overrides, start, end))
    edges = [at for shift in told for at in (shift.starts_at, shift.ends_at)]
    span = int((end - start).total_seconds())
    others = data.draw(st.lists(st.integers(0, span - 1), max_size=10))

    for at in [*edges, *(start + timedelta(seconds=seconds) for seconds in others)]:
        if start <= at < end:
            listed = [shift for shift in told if shift.starts_at <= at < shift.ends_at]
            assert on_call(rotation, overrides, at) == (listed[0] if listed else None)


@given(st.data(), any_rotations)
def test_the_shifts_of_a_range_are_those_of_its_halves(
    data: st.DataObject, rotation: Rotation
) -> None:
    start, end = data.draw(ranges(rotation))
    overrides = data.draw(overrides_within(start, end))
    middle = start + (end - start) / data.draw(st.integers(1, 9))

    halves = [
        *shifts(rotation, overrides, start, middle),
        *shifts(rotation, overrides, middle, end),
    ]

    assert list(dict.fromkeys(halves)) == list(shifts(rotation, overrides, start, end))


@given(st.data(), any_rotations)
def test_overrides_neither_lose_nor_double_time(
    data: st.DataObject, rotation: Rotation
) -> None:
    start, end = data.draw(ranges(rotation))
    overrides = data.draw(overrides_within(start, end))
    span = int((end - start).total_seconds())
    seconds = data.draw(st.lists(st.integers(0, span - 1), min_size=5, max_size=20))
    edges = [at for one in overrides for at in (one.starts_at, one.ends_at)]

    for at in [*edges, *(start + timedelta(seconds=second) for second in seconds)]:
        below = on_call(rotation, [], at)
        over = [one for one in overrides if one.starts_at <= at < one.ends_at]
        shift = on_call(rotation, overrides, at)
        if over:
            last = max(over, key=lambda one: one.key)
            assert shift is not None
            assert shift.type == "OVERRIDDEN"
            assert shift.members == last.members
            assert shift.overridden == (below.members if below else ())
        else:
            assert (shift and shift.members) == (below and below.members)


@given(st.data(), any_rotations)
def test_nothing_changes_before_the_next_change(
    data: st.DataObject, rotation: Rotation
) -> None:
    start, end = data.draw(ranges(rotation))
    overrides = data.draw(overrides_within(start, end))
    now = on_call(rotation, overrides, start)

    change = next_change(rotation, overrides, start)

    assert change is not None
    assert change > start
    assert on_call(rotation, overrides, change - timedelta(microseconds=1)) == now
    assert now is None or change == now.ends_at
    assert now is not None or on_call(rotation, overrides, change) is not None


def plain_hand_offs(rotation: Rotation, first: date, days: int) -> list[datetime]:
    """As zoneinfo reads the wall clock; a hand-off that a later one overtakes is dropped."""
    zone, recurrence = ZoneInfo(rotation.zone), rotation.recurrence
    walls = sorted(
        datetime.combine(day, hand_off.at, zone).replace(fold=0)
        for day in (first + timedelta(days=n) for n in range(days))
        for hand_off in recurrence.hand_offs
        if falls_on(recurrence, hand_off, day)
    )
    found: list[datetime] = []
    for at in (wall.astimezone(UTC) for wall in walls):
        while found and found[-1] >= at:
            found.pop()
        found.append(at)
    return found


def falls_on(recurrence: Recurrence, hand_off: HandOff, day: date) -> bool:
    if recurrence.kind == "daily":
        return True
    if recurrence.kind == "weekly":
        return day.weekday() == hand_off.day
    is_last = (day + timedelta(days=1)).day == 1
    return day.day == hand_off.day or (is_last and hand_off.day > day.day)


@given(st.data(), rotations())
def test_shifts_change_when_zoneinfo_says_that_the_wall_clock_shows_the_hand_off(
    data: st.DataObject, rotation: Rotation
) -> None:
    recurrence = rotation.recurrence
    if recurrence.multiplier > 1:
        return
    start, end = data.draw(ranges(rotation))
    first = (start - timedelta(days=3)).date()
    expected = [
        at
        for at in plain_hand_offs(rotation, first, (end - start).days + 8)
        if max(start, rotation.starts_at) < at < end
    ]

    told = shifts(rotation, [], start, end)

    changes = [shift.starts_at for shift in told if shift.starts_at > rotation.starts_at]
    assert [at for at in changes if at > start] == expected


def covered_by_hand(rotation: Rotation, at: datetime) -> bool:
    zone = ZoneInfo(rotation.zone)
    for days in range(-3, 4):
        day = at.astimezone(zone).date() + timedelta(days=days)
        for start, end in rotation.recurrence.coverages.get(day.weekday(), ()):
            until = day if end > start else day + timedelta(days=1)
            begins = datetime.combine(day, start, zone).astimezone(UTC)
            if begins <= at < datetime.combine(until, end, zone).astimezone(UTC):
                return True
    return False


@given(st.data(), rotations(is_covered=True))
def test_somebody_is_on_call_exactly_in_the_hours_that_are_covered(
    data: st.DataObject, rotation: Rotation
) -> None:
    zone = ZoneInfo(rotation.zone)
    at = data.draw(instants(rotation.zone))
    days = (at + timedelta(days=n) for n in range(-2, 3))
    if len({day.astimezone(zone).utcoffset() for day in days}) > 1:
        return

    is_on_call = on_call(rotation, [], at) is not None

    assert is_on_call == (at >= rotation.starts_at and covered_by_hand(rotation, at))


def test_a_weekly_rotation_hands_off_at_nine_through_both_changes_of_the_clocks() -> None:
    rotation = weekly("Europe/Dublin", datetime(2026, 3, 23, 9, tzinfo=UTC), time(9))

    spring = list(shifts(rotation, [], utc(3, 23, 9), utc(4, 7, 0)))
    autumn = on_call(rotation, [], utc(10, 24, 0))

    assert [shift.members for shift in spring] == [("a",), ("b",), ("c",)]
    assert [shift.starts_at for shift in spring] == [utc(3, 23, 9), utc(3, 30, 8), utc(4, 6, 8)]
    assert spring[0].ends_at - spring[0].starts_at == timedelta(hours=167)
    assert autumn is not None
    assert autumn.ends_at - autumn.starts_at == timedelta(hours=169)


def test_a_hand_off_in_the_skipped_hour_is_an_hour_later_and_one_that_comes_twice_early() -> (
    None
):
    rotation = daily("America/New_York", utc(1, 1, 0), time(2, 30), time(1, 30))
    spring = on_call(rotation, [], utc(3, 8, 12))
    autumn = on_call(rotation, [], utc(11, 1, 6, 15))

    assert spring is not None
    assert autumn is not None
    assert spring.starts_at == utc(3, 8, 7, 30)
    assert autumn.starts_at == utc(11, 1, 5, 30)


def test_a_hand_off_moved_past_the_next_gives_way_to_it() -> None:
    rotation = daily("America/New_York", utc(1, 1, 0), time(2, 30), time(3), time(12))

    told = list(shifts(rotation, [], utc(3, 8, 5), utc(3, 8, 17)))

    assert [shift.starts_at for shift in told] == [utc(3, 7, 17), utc(3, 8, 7), utc(3, 8, 16)]


def test_the_day_that_samoa_skipped_has_no_shift_of_its_own() -> None:
    starts_at = datetime(2011, 12, 28, 19, tzinfo=UTC)
    rotation = daily("Pacific/Apia", starts_at, time(9))

    told = list(shifts(rotation, [], starts_at, starts_at + timedelta(days=3)))

    assert [shift.members for shift in told] == [("a",), ("b",), ("a",)]
    assert {shift.ends_at - shift.starts_at for shift in told} == {timedelta(days=1)}


def test_a_month_without_the_day_hands_off_on_its_last() -> None:
    recurrence = Recurrence(
        number_of_on_calls=1,
        multiplier=1,
        kind="monthly",
        hand_offs=(HandOff(day=31, at=time(12)),),
    )
    rotation = rotation_of(recurrence, "UTC", utc(1, 31, 12))

    told = shifts(rotation, [], utc(1, 31, 12), utc(5, 1, 0))

    starts = [shift.starts_at for shift in told]
    assert starts == [utc(1, 31, 12), utc(2, 28, 12), utc(3, 31, 12), utc(4, 30, 12)]


def test_a_rotation_of_three_weeks_counts_them_from_its_first_hand_off() -> None:
    recurrence = Recurrence(
        number_of_on_calls=2,
        multiplier=3,
        kind="weekly",
        hand_offs=(HandOff(day=0, at=time(9)),),
    )
    rotation = rotation_of(recurrence, "UTC", utc(6, 3, 0))

    told = list(shifts(rotation, [], utc(6, 1, 0), utc(8, 1, 0)))

    starts = [shift.starts_at for shift in told]
    assert starts == [utc(6, 3, 0), utc(6, 8, 9), utc(6, 29, 9), utc(7, 20, 9)]
    assert [s.members for s in told] == [("a", "b"), ("c", "a"), ("b", "c"), ("a", "b")]


def test_coverage_over_midnight_at_the_end_of_the_week_has_no_hole_when_the_clocks_change() -> (
    None
):
    recurrence = Recurrence(
        number_of_on_calls=1,
        multiplier=1,
        kind="weekly",
        hand_offs=(HandOff(day=2, at=time(9)),),
        coverages={6: ((time(22), time(6)),), 5: ((time(22), time(22)),)},
    )
    rotation = rotation_of(recurrence, "America/New_York", utc(1, 7, 14))

    told = list(shifts(rotation, [], utc(3, 6, 0), utc(3, 10, 0)))

    assert [(s.starts_at, s.ends_at) for s in told] == [(utc(3, 8, 3), utc(3, 9, 10))]


def test_an_override_splits_a_shift_in_three_and_shows_outside_of_coverage() -> None:
    recurrence = Recurrence(
        number_of_on_calls=1,
        multiplier=1,
        kind="daily",
        hand_offs=(HandOff(day=0, at=time(9)),),
        coverages={4: ((time(9), time(17)),)},
    )
    rotation = rotation_of(recurrence, "UTC", utc(3, 27, 9))
    inside = override("1", utc(3, 27, 12), utc(3, 27, 13), "x")
    outside = override("2", utc(3, 27, 16), utc(3, 27, 20), "y")

    told = list(shifts(rotation, [inside, outside], utc(3, 27, 0), utc(3, 28, 0)))

    assert [(s.starts_at.hour, s.type, s.members, s.overridden) for s in told] == [
        (9, "REGULAR", ("a",), ()),
        (12, "OVERRIDDEN", ("x",), ("a",)),
        (13, "REGULAR", ("a",), ()),
        (16, "OVERRIDDEN", ("y",), ("a",)),
        (17, "OVERRIDDEN", ("y",), ()),
    ]


def test_more_on_call_than_there_are_members_puts_everybody_on_call_once() -> None:
    recurrence = Recurrence(
        number_of_on_calls=10**9,
        multiplier=1,
        kind="daily",
        hand_offs=(HandOff(day=0, at=time(9)),),
    )
    shift = on_call(rotation_of(recurrence, "UTC", utc(1, 1, 0)), [], utc(6, 1, 0))

    assert shift is not None
    assert sorted(shift.members) == ["a", "b", "c"]


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def rotation_of(recurrence: Recurrence, zone: str, starts_at: datetime) -> Rotation:
    return Rotation(
        members=("a", "b", "c"), starts_at=starts_at, zone=zone, recurrence=recurrence
    )


def daily(zone: str, starts_at: datetime, *times: time) -> Rotation:
    hand_offs = tuple(HandOff(day=0, at=at) for at in times)
    recurrence = Recurrence(
        number_of_on_calls=1, multiplier=1, kind="daily", hand_offs=hand_offs
    )
    return rotation_of(recurrence, zone, starts_at)


def weekly(zone: str, starts_at: datetime, at: time) -> Rotation:
    recurrence = Recurrence(
        number_of_on_calls=1,
        multiplier=1,
        kind="weekly",
        hand_offs=(HandOff(day=0, at=at),),
    )
    return rotation_of(recurrence, zone, starts_at)


def override(key: str, starts_at: datetime, ends_at: datetime, *members: str) -> Override:
    return Override(starts_at=starts_at, ends_at=ends_at, members=members, key=key)
