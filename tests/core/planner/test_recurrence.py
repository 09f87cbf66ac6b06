from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest

from bot.core.planner.recurrence import HandOff, parse_recurrence
from bot.core.planner.rotations import Override, Rotation

NINE = {"HourOfDay": 9, "MinuteOfHour": 0}
FIVE = {"HourOfDay": 17, "MinuteOfHour": 30}
MONDAY = {"DayOfWeek": "MON", "HandOffTime": NINE}


def document(**settings: Any) -> dict[str, Any]:
    return {"NumberOfOnCalls": 1, "RecurrenceMultiplier": 1, **settings}


def test_a_recurrence_is_read_from_the_wire_document() -> None:
    recurrence = parse_recurrence(
        document(
            NumberOfOnCalls=2,
            RecurrenceMultiplier=3,
            WeeklySettings=[MONDAY],
            ShiftCoverages={"FRI": [{"Start": NINE, "End": FIVE}]},
        )
    )

    assert (recurrence.number_of_on_calls, recurrence.multiplier) == (2, 3)
    assert recurrence.kind == "weekly"
    assert recurrence.hand_offs == (HandOff(day=0, at=time(9)),)
    assert recurrence.coverages == {4: ((time(9), time(17, 30)),)}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "exactly one"),
        ({"DailySettings": [NINE], "WeeklySettings": [MONDAY]}, "exactly one"),
        ({"DailySettings": []}, "no hand-off"),
        ({"DailySettings": [NINE, NINE]}, "twice"),
        ({"WeeklySettings": [MONDAY, MONDAY]}, "twice"),
        ({"WeeklySettings": [{"DayOfWeek": "MOO", "HandOffTime": NINE}]}, "day of the week"),
        ({"MonthlySettings": [{"DayOfMonth": 32, "HandOffTime": NINE}]}, "DayOfMonth"),
        ({"DailySettings": [{"HourOfDay": 24, "MinuteOfHour": 0}]}, "23:59"),
        ({"DailySettings": [NINE], "RecurrenceMultiplier": 101}, "RecurrenceMultiplier"),
        ({"DailySettings": [NINE], "NumberOfOnCalls": 0}, "NumberOfOnCalls"),
        ({"DailySettings": [NINE], "ShiftCoverages": {"MON": []}}, "no times"),
        ({"DailySettings": [NINE], "ShiftCoverages": {"MON": [{"Start": NINE}]}}, "both Start"),
    ],
)
def test_a_recurrence_that_cannot_be_followed_is_refused_with_the_reason(
    settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        parse_recurrence(document(**settings))


def test_coverages_that_together_leave_no_hour_out_restrict_nothing() -> None:
    whole = [{"Start": FIVE, "End": FIVE}]
    days = dict.fromkeys(("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"), whole)

    recurrence = parse_recurrence(document(DailySettings=[NINE], ShiftCoverages=days))

    assert recurrence.covered() is None


@pytest.mark.parametrize("zone", ["PST", "Europe/Nowhere", "../etc/passwd", ""])
def test_a_rotation_in_a_zone_that_is_none_is_refused(zone: str) -> None:
    recurrence = parse_recurrence(document(DailySettings=[NINE]))

    with pytest.raises(ValueError, match="not a time zone"):
        Rotation(
            members=("a",),
            starts_at=datetime(2026, 1, 1, tzinfo=UTC),
            zone=zone,
            recurrence=recurrence,
        )


def test_an_override_that_ends_before_it_starts_is_refused() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)

    with pytest.raises(ValueError, match="end after"):
        Override(starts_at=at, ends_at=at, members=(), key="1")
