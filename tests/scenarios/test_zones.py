"""A rotation's zone, through the API: the shifts are those of the wall clock there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.scenarios.wire import Api
from tests.scenarios.world import contact_arn

ZONES = (
    "Europe/Dublin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Kiritimati",
)


@pytest.mark.parametrize("zone", ZONES)
async def test_the_api_and_the_preview_tell_the_same_shifts_in_any_zone(
    api: Api, zone: str
) -> None:
    """R30. A week is seven days on the wall, and not always on the stopwatch."""
    for name in ("ana", "ben"):
        await api.world.has_contact(name)
    people = [contact_arn("ana"), contact_arn("ben")]
    monday = {"DayOfWeek": "MON", "HandOffTime": {"HourOfDay": 9, "MinuteOfHour": 30}}
    weekly = {"NumberOfOnCalls": 1, "RecurrenceMultiplier": 1, "WeeklySettings": [monday]}
    start = datetime(2026, 1, 5, 9, 30, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    asked = {"StartTime": start, "EndTime": start + timedelta(days=365)}
    made = await api.contacts(
        "create_rotation",
        Name="weekly",
        ContactIds=people,
        StartTime=start,
        TimeZoneId=zone,
        Recurrence=weekly,
    )

    listed = await api.contacts("list_rotation_shifts", RotationId=made["RotationArn"], **asked)
    preview = await api.contacts(
        "list_preview_rotation_shifts",
        RotationStartTime=start,
        Members=people,
        TimeZoneId=zone,
        Recurrence=weekly,
        **asked,
    )

    shifts = listed["RotationShifts"]
    assert preview["RotationShifts"] == shifts
    assert len(shifts) == 53
    for number, shift in enumerate(shifts):
        local = shift["StartTime"].astimezone(ZoneInfo(zone))
        assert (local.weekday(), f"{local:%H:%M}") == (0, "09:30")
        assert shift["ContactIds"] == [people[number % 2]]
    ends = [shift["EndTime"] for shift in shifts[:-1]]
    assert ends == [shift["StartTime"] for shift in shifts[1:]]
