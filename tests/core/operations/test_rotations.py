from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.operations import rotations
from bot.core.store.rotations import RotationOverride
from tests.harness import CONTACTS, TestHouse, contact_arn
from tests.on_call import DAILY, has_rotation, has_schedule, overrides

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


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


async def test_a_rotation_is_shown_as_it_was_given(house_of_each_kind: TestHouse) -> None:
    house = house_of_each_kind
    for alias in ("ana", "ben"):
        await house.has_contact(alias)
    start = datetime(2026, 3, 23, 9, tzinfo=UTC)

    rotation = await has_rotation(house, "ana", "ben", StartTime=start)

    shown = await house.call(CONTACTS, "GetRotation", RotationId=rotation)
    assert shown == {
        "RotationArn": rotation,
        "Name": "primary",
        "ContactIds": [contact_arn("ana"), contact_arn("ben")],
        "StartTime": start,
        "TimeZoneId": "UTC",
        "Recurrence": DAILY,
    }
    assert (await house.call(CONTACTS, "ListRotations"))["Rotations"] == [shown]


async def test_a_rotation_starts_now_unless_it_says_when(house: TestHouse) -> None:
    await house.has_contact("ana")

    shown = await house.call(
        CONTACTS, "GetRotation", RotationId=await has_rotation(house, "ana")
    )

    assert shown["StartTime"] == house.clock.now()


async def test_rotations_are_listed_by_name_and_by_what_it_begins_with(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    await house.has_contact("ana")
    for name in ("b_2", "a", "b%1", "b"):
        await has_rotation(house, "ana", Name=name.replace("%", "-"))

    async def names(**given: Any) -> list[str]:
        answer = await house.call(CONTACTS, "ListRotations", **given)
        return [each["Name"] for each in answer["Rotations"]]

    assert await names() == ["a", "b", "b-1", "b_2"]
    assert await names(RotationNamePrefix="b_") == ["b_2"]
    first = await house.call(CONTACTS, "ListRotations", MaxResults=3)
    assert await names(NextToken=first["NextToken"]) == ["b_2"]


@pytest.mark.parametrize("zone", ["PST", "EST", "EST5EDT", "CET", "Mars/Olympus", "../etc"])
async def test_what_is_no_iana_zone_is_refused(house: TestHouse, zone: str) -> None:
    await house.has_contact("ana")

    refusal = await house.refusal(
        CONTACTS,
        "CreateRotation",
        Name="x",
        ContactIds=[contact_arn("ana")],
        TimeZoneId=zone,
        Recurrence=DAILY,
    )

    assert refusal.code == "ValidationException"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ContactIds": [contact_arn("nobody")]}, "ResourceNotFoundException"),
        ({"ContactIds": [contact_arn("team")]}, "ValidationException"),
        ({"Recurrence": {**DAILY, "DailySettings": []}}, "ValidationException"),
        ({"Recurrence": {**DAILY, "MonthlySettings": []}}, "ValidationException"),
    ],
)
async def test_a_rotation_that_nobody_can_serve_is_refused(
    house: TestHouse, change: dict[str, Any], code: str
) -> None:
    await house.has_escalation_plan("team", await house.has_contact("ana"))
    given = {
        "Name": "x",
        "ContactIds": [contact_arn("ana")],
        "TimeZoneId": "UTC",
        "Recurrence": DAILY,
        **change,
    }

    assert (await house.refusal(CONTACTS, "CreateRotation", **given)).code == code
    assert (await house.call(CONTACTS, "ListRotations"))["Rotations"] == []


async def test_an_account_has_so_many_rotations_and_no_more(
    house: TestHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotations, "MOST_ROTATIONS", 1)
    await house.has_contact("ana")
    await has_rotation(house, "ana")

    with pytest.raises(Exception, match="rotations at most"):
        await has_rotation(house, "ana")


async def test_a_token_makes_one_rotation_of_two_calls(house: TestHouse) -> None:
    await house.has_contact("ana")

    one = await has_rotation(house, "ana", IdempotencyToken="t")
    two = await has_rotation(house, "ana", IdempotencyToken="t")

    assert one == two


async def test_a_refused_update_changes_nothing(house: TestHouse) -> None:
    await house.has_contact("ana")
    rotation = await has_rotation(house, "ana")
    before = await house.call(CONTACTS, "GetRotation", RotationId=rotation)

    await house.refusal(
        CONTACTS, "UpdateRotation", RotationId=rotation, Recurrence=DAILY, TimeZoneId="PST"
    )

    assert await house.call(CONTACTS, "GetRotation", RotationId=rotation) == before


async def test_an_update_changes_the_shifts_from_now_on(house: TestHouse) -> None:
    for alias in ("ana", "ben"):
        await house.has_contact(alias)
    rotation = await has_rotation(house, "ana")

    await house.call(
        CONTACTS,
        "UpdateRotation",
        RotationId=rotation,
        ContactIds=[contact_arn("ben")],
        Recurrence=DAILY,
    )

    assert {tuple(who) for _, _, who, _ in await shifts(house, rotation)} == {("ben",)}


async def test_a_deleted_rotation_leaves_its_schedules_and_takes_its_overrides_along(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    await house.has_contact("ana")
    one, two = await has_rotation(house, "ana"), await has_rotation(house, "ana")
    schedule = await has_schedule(house, one, two)
    await overrides(house, one)

    await house.call(CONTACTS, "DeleteRotation", RotationId=one)

    shown = await house.call(CONTACTS, "GetContact", ContactId=schedule)
    assert shown["Plan"]["RotationIds"] == [two]
    assert await house.rows(RotationOverride) == []
    refusal = await house.refusal(CONTACTS, "GetRotation", RotationId=one)
    assert (refusal.code, refusal.fields["resource_type"]) == (
        "ResourceNotFoundException",
        "ROTATION",
    )


async def test_a_member_of_a_rotation_cannot_be_deleted(house: TestHouse) -> None:
    ana = await house.has_contact("ana")
    rotation = await has_rotation(house, "ana")

    refusal = await house.refusal(CONTACTS, "DeleteContact", ContactId=ana)
    assert refusal.code == "ConflictException"
    assert refusal.fields["dependent_entities"] == [
        {"RelationType": "RotationMember", "DependentResourceIds": [rotation]}
    ]

    await house.call(CONTACTS, "DeleteRotation", RotationId=rotation)
    await house.call(CONTACTS, "DeleteContact", ContactId=ana)


async def test_a_schedule_names_rotations_that_exist_and_has_no_stages(
    house: TestHouse,
) -> None:
    stages = [{"DurationInMinutes": 5, "Targets": []}]

    async def refusal(**plan: Any) -> str:
        refused = await house.refusal(
            CONTACTS, "CreateContact", Alias="s", Type="ONCALL_SCHEDULE", Plan=plan
        )
        return f"{refused.code}: {refused.message}"

    nothing = "arn:aws:ssm-contacts:us-east-1:111122223333:rotation/nothing"
    assert (await refusal(RotationIds=[nothing])).startswith("ValidationException")
    assert (await refusal(RotationIds=[nothing] * 9)).startswith("ServiceQuotaExceeded")
    assert await refusal(Stages=stages) == (
        "ValidationException: Invalid value provided - "
        "ONCALL SCHEDULE contact cannot have stages in plan"
    )


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
