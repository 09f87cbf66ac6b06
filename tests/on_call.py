"""Rotations, schedules and overrides to begin a test with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.harness import CONTACTS, TestHouse, contact_arn

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DAILY = {
    "NumberOfOnCalls": 1,
    "RecurrenceMultiplier": 1,
    "DailySettings": [{"HourOfDay": 9, "MinuteOfHour": 0}],
}
NIGHTS = {
    **DAILY,
    "ShiftCoverages": {
        day: [
            {
                "Start": {"HourOfDay": 20, "MinuteOfHour": 0},
                "End": {"HourOfDay": 22, "MinuteOfHour": 0},
            }
        ]
        for day in ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
    },
}
"""Covered from 20:00 to 22:00 only."""


async def has_rotation(house: TestHouse, *aliases: str, **more: Any) -> str:
    """A rotation of these people, handed off every day at 9:00 UTC; answers the ARN."""
    given = {"Name": "primary", "TimeZoneId": "UTC", "Recurrence": DAILY, **more}
    people = [contact_arn(alias) for alias in aliases]
    answer = await house.call(CONTACTS, "CreateRotation", ContactIds=people, **given)
    return str(answer["RotationArn"])


async def has_schedule(house: TestHouse, *rotations: str, alias: str = "schedule") -> str:
    return await house.has_contact(
        alias, Type="ONCALL_SCHEDULE", Plan={"RotationIds": list(rotations)}
    )


async def overrides(
    house: TestHouse,
    rotation: str,
    *aliases: str,
    start: datetime | None = None,
    hours: float = 1,
) -> str:
    """Put these people, or nobody, on call for so long; answers the override's id."""
    begins = start or house.clock.now()
    answer = await house.call(
        CONTACTS,
        "CreateRotationOverride",
        RotationId=rotation,
        NewContactIds=[contact_arn(alias) for alias in aliases],
        StartTime=begins,
        EndTime=begins + timedelta(hours=hours),
    )
    return str(answer["RotationOverrideId"])


async def shifts(house: TestHouse, rotation: str, **more: Any) -> list[tuple[Any, ...]]:
    """(start, end, aliases, type) of each shift."""
    given = {"StartTime": house.clock.now(), "EndTime": house.clock.now() + 3 * DAY, **more}
    answer = await house.call(CONTACTS, "ListRotationShifts", RotationId=rotation, **given)
    return [
        (
            each["StartTime"],
            each["EndTime"],
            [arn.rsplit("/", 1)[1] for arn in each["ContactIds"]],
            each["Type"],
        )
        for each in answer["RotationShifts"]
    ]
