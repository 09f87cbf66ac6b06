"""Overrides, and the shifts that come of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.harness import CONTACTS, TestHouse, contact_arn
from tests.on_call import DAY, HOUR, has_rotation, overrides, shifts


async def test_an_override_splits_the_shift_that_it_takes_from(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    for alias in ("ana", "ben"):
        await house.has_contact(alias)
    start = house.clock.now()
    rotation = await has_rotation(house, "ana", "ben", StartTime=start)
    [(_, end, _, _), *_] = await shifts(house, rotation)

    await overrides(house, rotation, "ben", start=start + HOUR, hours=2)

    assert (await shifts(house, rotation))[:3] == [
        (start, start + HOUR, ["ana"], "REGULAR"),
        (start + HOUR, start + 3 * HOUR, ["ben"], "OVERRIDDEN"),
        (start + 3 * HOUR, end, ["ana"], "REGULAR"),
    ]
    answer = await house.call(
        CONTACTS, "ListRotationShifts", RotationId=rotation, EndTime=start + 2 * HOUR
    )
    assert answer["RotationShifts"][1]["ShiftDetails"] == {
        "OverriddenContactIds": [contact_arn("ana")]
    }


async def test_an_override_that_is_deleted_was_never_there(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    await house.has_contact("ana")
    rotation = await has_rotation(house, "ana")
    before = await shifts(house, rotation)
    override = {"RotationId": rotation, "RotationOverrideId": await overrides(house, rotation)}
    assert await shifts(house, rotation) != before

    await house.call(CONTACTS, "DeleteRotationOverride", **override)

    assert await shifts(house, rotation) == before
    refusal = await house.refusal(CONTACTS, "GetRotationOverride", **override)
    assert refusal.code == "ResourceNotFoundException"


async def test_an_override_is_found_by_its_own_rotation_only(house: TestHouse) -> None:
    await house.has_contact("ana")
    one, two = await has_rotation(house, "ana"), await has_rotation(house, "ana")
    override = await overrides(house, one)

    shown = await house.call(
        CONTACTS, "GetRotationOverride", RotationId=one, RotationOverrideId=override
    )
    assert (shown["RotationArn"], shown["CreateTime"]) == (one, house.clock.now())
    refusal = await house.refusal(
        CONTACTS, "GetRotationOverride", RotationId=two, RotationOverrideId=override
    )
    assert refusal.code == "ResourceNotFoundException"


async def test_overrides_are_listed_where_they_overlap_a_range(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    await house.has_contact("ana")
    rotation = await has_rotation(house, "ana")
    now = house.clock.now()
    late = await overrides(house, rotation, start=now + 5 * HOUR)
    early = await overrides(house, rotation, start=now + 2 * HOUR)

    async def listed(start: datetime, end: datetime, **more: Any) -> list[str]:
        answer = await house.call(
            CONTACTS,
            "ListRotationOverrides",
            RotationId=rotation,
            StartTime=start,
            EndTime=end,
            **more,
        )
        return [each["RotationOverrideId"] for each in answer["RotationOverrides"]]

    assert await listed(now, now + DAY) == [early, late]
    assert await listed(now, now + 2 * HOUR) == []
    assert await listed(now + 3 * HOUR - timedelta(seconds=1), now + 5 * HOUR) == [early]
    assert await listed(now + 3 * HOUR, now + 5 * HOUR) == []


@pytest.mark.parametrize(
    ("start", "length"),
    [(HOUR, timedelta(minutes=29)), (HOUR, -HOUR), (200 * DAY, HOUR)],
    ids=["too short", "backwards", "too far ahead"],
)
async def test_an_override_keeps_to_the_consoles_rules(
    house: TestHouse, start: timedelta, length: timedelta
) -> None:
    await house.has_contact("ana")
    rotation = await has_rotation(house, "ana")
    begins = house.clock.now() + start

    refusal = await house.refusal(
        CONTACTS,
        "CreateRotationOverride",
        RotationId=rotation,
        NewContactIds=[],
        StartTime=begins,
        EndTime=begins + length,
    )

    assert refusal.code == "ValidationException"


async def test_who_is_not_in_the_rotation_cannot_take_its_shifts(house: TestHouse) -> None:
    for alias in ("ana", "ben"):
        await house.has_contact(alias)
    rotation = await has_rotation(house, "ana")

    with pytest.raises(Exception, match="not in the rotation"):
        await overrides(house, rotation, "ben")


async def test_shifts_are_listed_slice_by_slice_without_hole(house: TestHouse) -> None:
    for alias in ("ana", "ben"):
        await house.has_contact(alias)
    rotation = await has_rotation(house, "ana", "ben")
    range_ = {"RotationId": rotation, "EndTime": house.clock.now() + 10 * DAY}
    whole = (await house.call(CONTACTS, "ListRotationShifts", **range_))["RotationShifts"]

    slices: list[Any] = []
    token: dict[str, str] = {}
    while True:
        answer = await house.call(
            CONTACTS, "ListRotationShifts", **range_, **token, MaxResults=3
        )
        slices += answer["RotationShifts"]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}

    assert slices == whole
    refusal = await house.refusal(
        CONTACTS,
        "ListRotationShifts",
        **{**range_, "EndTime": house.clock.now() + DAY},
        **token,
    )
    assert refusal.code == "ValidationException"


async def test_a_preview_shows_what_a_rotation_would_do(house: TestHouse) -> None:
    start = datetime(2026, 3, 23, 9, tzinfo=UTC)
    weekly = {
        "NumberOfOnCalls": 1,
        "RecurrenceMultiplier": 1,
        "WeeklySettings": [
            {"DayOfWeek": "MON", "HandOffTime": {"HourOfDay": 9, "MinuteOfHour": 0}}
        ],
    }

    answer = await house.call(
        CONTACTS,
        "ListPreviewRotationShifts",
        RotationStartTime=start,
        EndTime=start + 21 * DAY,
        Members=["A", "B", "C"],
        TimeZoneId="Europe/Dublin",
        Recurrence=weekly,
        Overrides=[{"NewMembers": ["D"], "StartTime": start + DAY, "EndTime": start + 2 * DAY}],
    )

    told = [(s["StartTime"], s["ContactIds"], s["Type"]) for s in answer["RotationShifts"]]
    assert told == [
        (start, ["A"], "REGULAR"),
        (start + DAY, ["D"], "OVERRIDDEN"),
        (start + 2 * DAY, ["A"], "REGULAR"),
        (start + 7 * DAY - HOUR, ["B"], "REGULAR"),
        (start + 14 * DAY - HOUR, ["C"], "REGULAR"),
        (start + 21 * DAY - HOUR, ["A"], "REGULAR"),
    ]


async def test_an_empty_range_is_refused(house: TestHouse) -> None:
    await house.has_contact("ana")
    now = house.clock.now()

    refusal = await house.refusal(
        CONTACTS,
        "ListRotationShifts",
        RotationId=await has_rotation(house, "ana"),
        StartTime=now,
        EndTime=now,
    )

    assert refusal.code == "ValidationException"
