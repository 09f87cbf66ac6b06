"""What the resolver may cost: counted in calls, so that a slow machine fails nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.planner.recurrence import Coverage, HandOff, Kind, Recurrence
from bot.core.planner.rotations import Override, Rotation, on_call, shifts
from tests.core.planner.rotation_strategies import any_rotations

EVERY_MINUTE = tuple(time(hour, minute) for hour in range(24) for minute in range(60))
EVERY_OTHER = tuple(zip(EVERY_MINUTE[::2], EVERY_MINUTE[1::2], strict=True))
FOREVER = datetime(9999, 12, 31, 23, tzinfo=UTC)

any_instants = st.datetimes(timezones=st.just(UTC))


def calls_of(work: Callable[[], Any]) -> int:
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def made(
    kind: Kind,
    days: list[int],
    times: tuple[time, ...],
    *,
    zone: str = "America/New_York",
    coverages: dict[int, tuple[Coverage, ...]] | None = None,
    starts_at: datetime = datetime(2000, 1, 1, tzinfo=UTC),
) -> Rotation:
    recurrence = Recurrence(
        number_of_on_calls=2**31,
        multiplier=1,
        kind=kind,
        hand_offs=tuple(HandOff(day=day, at=at) for day in days for at in times),
        coverages=coverages or {},
    )
    return Rotation(members=("a", "b"), starts_at=starts_at, zone=zone, recurrence=recurrence)


DENSEST = {
    "every minute": made("daily", [0], EVERY_MINUTE),
    "every minute, every other covered": made(
        "daily", [0], EVERY_MINUTE, coverages=dict.fromkeys(range(7), EVERY_OTHER)
    ),
    "every minute, one covered a week": made(
        "weekly", list(range(7)), EVERY_MINUTE, coverages={2: ((time(5), time(5, 1)),)}
    ),
    "every minute where a day was skipped": made(
        "daily",
        [0],
        EVERY_MINUTE,
        zone="Pacific/Apia",
        starts_at=datetime(2011, 12, 30, 9, 30, tzinfo=UTC),
    ),
    "every tenth minute of every month": made(
        "monthly", list(range(1, 32)), EVERY_MINUTE[::10]
    ),
}


@pytest.mark.parametrize("rotation", DENSEST.values(), ids=DENSEST.keys())
def test_a_listing_of_a_hundred_shifts_is_bounded_for_the_densest_rotations(
    rotation: Rotation,
) -> None:
    starts_at = rotation.starts_at

    calls = calls_of(lambda: list(islice(shifts(rotation, [], starts_at, FOREVER), 100)))

    assert calls < 100_000


@given(rotation=any_rotations, at=any_instants)
def test_an_answer_costs_the_same_few_calls_at_any_age(
    rotation: Rotation, at: datetime
) -> None:
    assert calls_of(lambda: on_call(rotation, [], at)) < 1_000


def test_sixteen_overlapping_overrides_and_a_thousand_cost_in_proportion() -> None:
    rotation = made("daily", [0], (time(9),))
    start = datetime(2026, 1, 1, tzinfo=UTC)

    def calls(count: int) -> int:
        overrides = [
            Override(
                starts_at=start + timedelta(minutes=n),
                ends_at=start + timedelta(days=400, minutes=n * 7919 % 1000),
                members=("x",),
                key=f"{n * 31 % count:04}",
            )
            for n in range(count)
        ]
        until = start + timedelta(days=402)
        return calls_of(lambda: list(shifts(rotation, overrides, start, until)))

    assert calls(16) < 100_000
    assert calls(1000) < 400_000


def test_an_override_of_centuries_over_hand_offs_of_minutes_is_told_at_once() -> None:
    rotation = made("daily", [0], EVERY_MINUTE)
    long = Override(
        starts_at=datetime(1000, 1, 1, tzinfo=UTC), ends_at=FOREVER, members=("x",), key="1"
    )
    at = datetime(2900, 1, 1, tzinfo=UTC)

    assert calls_of(lambda: on_call(rotation, [long], at)) < 1_000


@given(
    rotation=any_rotations, at=any_instants, lasts=st.timedeltas(timedelta(0), timedelta(30))
)
def test_a_listing_ends_wherever_between_the_years_1_and_9999_it_lies(
    rotation: Rotation, at: datetime, lasts: timedelta
) -> None:
    end = at + min(lasts, FOREVER + timedelta(minutes=59) - at) if at < FOREVER else at

    told = list(shifts(rotation, [], at, end))

    assert all(shift.starts_at < end and shift.ends_at > at for shift in told)
