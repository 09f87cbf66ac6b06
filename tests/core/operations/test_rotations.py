from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.operations import rotations
from bot.core.store.rotations import RotationOverride
from tests.harness import CONTACTS, TestHouse, contact_arn
from tests.on_call import DAILY, has_rotation, has_schedule, overrides, shifts


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
