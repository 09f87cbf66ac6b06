"""Taking over a shift for a while, and giving it back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.store.contacts import Contact
from bot.core.store.slack_links import SlackLink
from tests.harness import ACCOUNT, CONTACTS, TestHouse
from tests.on_call import HOUR, NIGHTS, has_rotation, has_schedule, overrides, shifts

NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)
SLACK_BEN = {
    "door": "slack",
    "rights": "responder",
    "principal_arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/chat/T1-UBEN",
}


async def has_team(house: TestHouse, *aliases: str, **more: Any) -> str:
    for alias in aliases:
        await house.has_contact(alias)
    return await has_rotation(house, *aliases, StartTime=NINE, **more)


async def takes(house: TestHouse, name: str, **more: Any) -> dict[str, Any]:
    return await house.call("imbot", "TakeOverShift", RotationId=name, **more)


async def is_linked(house: TestHouse, alias: str, user_id: str, *, confirmed: bool) -> None:
    [contact] = await house.rows(Contact, alias=alias)
    row = SlackLink(
        account_id=ACCOUNT,
        contact_key=contact.key,
        contact_arn=contact.arn,
        user_id=user_id,
        created_at=house.clock.now(),
        confirmed_at=house.clock.now() if confirmed else None,
    )
    await house.store.write(lambda tx: tx.insert([row]))


async def on_call(house: TestHouse) -> list[str]:
    [schedule] = (await house.call("imbot", "ListOnCall"))["Schedules"]
    return [one["ContactArn"].rsplit("/", 1)[1] for one in schedule["Rotations"][0]["Now"]]


async def test_a_take_over_is_an_override_until_its_time_is_over(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    await has_schedule(house, await has_team(house, "ana", "ben"))

    answer = await takes(house, "primary", ContactId="ben", DurationInMinutes=120)

    assert answer["EndTime"] - answer["StartTime"] == 2 * HOUR
    assert [one["DisplayName"] for one in answer["Displaced"]] == ["ana"]
    assert await on_call(house) == ["ben"]
    house.clock.advance(hours=2)
    assert await on_call(house) == ["ana"]


async def test_without_a_time_it_lasts_to_the_hand_off(house: TestHouse) -> None:
    await has_team(house, "ana", "ben")

    answer = await takes(house, "primary", ContactId="ben")

    assert answer["EndTime"] == NINE + timedelta(days=1)


async def test_shortly_before_the_hand_off_it_lasts_half_an_hour(house: TestHouse) -> None:
    await has_team(house, "ana", "ben", "cleo")
    house.clock.advance(hours=23, minutes=25)

    answer = await takes(house, "primary", ContactId="cleo")

    assert answer["EndTime"] - answer["StartTime"] == HOUR / 2


async def test_in_a_gap_it_lasts_to_the_next_shift(house: TestHouse) -> None:
    await has_team(house, "ana", Recurrence=NIGHTS)

    answer = await takes(house, "primary", ContactId="ana")

    assert answer["EndTime"] == NINE.replace(hour=20)
    assert answer["Displaced"] == []


async def test_a_shift_without_end_must_be_given_one(house: TestHouse) -> None:
    await has_team(house, "ana")

    refusal = await house.refusal(
        "imbot", "TakeOverShift", RotationId="primary", ContactId="ana"
    )

    assert "no end" in refusal.message


@pytest.mark.parametrize("name", ["primary", "PRIMARY", "schedule", "Schedule"])
async def test_a_rotation_is_found_by_its_name_or_its_schedule_s(
    house: TestHouse, name: str
) -> None:
    rotation = await has_team(house, "ana", "ben")
    await has_schedule(house, rotation)

    answer = await takes(house, name, ContactId="ben")

    assert answer["RotationArn"] == rotation


async def test_of_a_schedule_s_rotations_it_is_the_one_of_who_takes_over(
    house: TestHouse,
) -> None:
    first = await has_team(house, "ana", "ben")
    await house.has_contact("cleo")
    second = await has_rotation(house, "cleo", "ana", Name="second", StartTime=NINE)
    await has_schedule(house, first, second)

    assert (await takes(house, "schedule", ContactId="cleo"))["RotationArn"] == second
    refusal = await house.refusal(
        "imbot", "TakeOverShift", RotationId="schedule", ContactId="ana"
    )
    assert "one of several" in refusal.message


async def test_only_members_take_over(house: TestHouse) -> None:
    await has_team(house, "ana")
    await house.has_contact("ben")

    given = {"RotationId": "primary", "ContactId": "ben", "DurationInMinutes": 60}
    refusal = await house.refusal("imbot", "TakeOverShift", **given)

    assert "not in the rotation" in refusal.message


async def test_in_slack_it_is_the_contact_that_confirmed_the_link(house: TestHouse) -> None:
    await has_schedule(house, await has_team(house, "ana", "ben"))
    await is_linked(house, "ana", "UBEN", confirmed=False)
    await is_linked(house, "ben", "UBEN", confirmed=True)
    house.acts_as(**SLACK_BEN)

    await takes(house, "primary", DurationInMinutes=60)

    assert await on_call(house) == ["ben"]


async def test_who_is_not_linked_must_say_who_takes_over(house: TestHouse) -> None:
    await has_team(house, "ana", "ben")
    for caller in (SLACK_BEN, {}):
        house.acts_as(**caller)
        refusal = await house.refusal("imbot", "TakeOverShift", RotationId="primary")
        assert "Say who takes over" in refusal.message


async def test_given_back_those_whose_turn_it_is_are_on_call_at_once(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    rotation = await has_team(house, "ana", "ben")
    await has_schedule(house, rotation)
    house.acts_as(rights="responder")
    answer = await takes(house, "primary", ContactId="ben", DurationInMinutes=120)
    start = house.clock.now()
    house.clock.advance(hours=1)

    given = {"RotationId": rotation, "RotationOverrideId": answer["RotationOverrideId"]}
    for _ in range(2):
        back = await house.call("imbot", "GiveBackShift", **given)
        assert [one["DisplayName"] for one in back["Now"]] == ["ana"]

    assert await on_call(house) == ["ana"]
    told = await shifts(house, rotation, StartTime=start, EndTime=start + 2 * HOUR)
    assert (start, start + HOUR, ["ben"], "OVERRIDDEN") in told


async def test_given_back_at_once_nothing_is_left(house: TestHouse) -> None:
    rotation = await has_team(house, "ana", "ben")
    answer = await takes(house, "primary", ContactId="ben")

    await house.call(
        "imbot",
        "GiveBackShift",
        RotationId=rotation,
        RotationOverrideId=answer["RotationOverrideId"],
    )

    assert {kind for _, _, _, kind in await shifts(house, rotation)} == {"REGULAR"}


async def test_an_override_that_is_no_take_over_is_not_given_back(house: TestHouse) -> None:
    rotation = await has_team(house, "ana", "ben")
    override = await overrides(house, rotation, "ben")

    refusal = await house.refusal(
        "imbot", "GiveBackShift", RotationId=rotation, RotationOverrideId=override
    )

    assert refusal.code == "AccessDeniedException"


async def test_a_reader_takes_nothing_over(house: TestHouse) -> None:
    await has_team(house, "ana", "ben")
    house.acts_as(rights="reader")

    refusal = await house.refusal(
        "imbot", "TakeOverShift", RotationId="primary", ContactId="ben"
    )

    assert refusal.code == "AccessDeniedException"


async def test_who_was_taken_over_from_is_not_paged(house: TestHouse) -> None:
    for alias, number in (("ana", "+12065550101"), ("ben", "+12065550102")):
        contact = await house.has_contact(alias)
        channel = await house.has_channel(contact, "SMS", number)
        target = {"ChannelTargetInfo": {"ContactChannelId": channel}}
        plan = {"Stages": [{"DurationInMinutes": 5, "Targets": [target]}]}
        await house.call(CONTACTS, "UpdateContact", ContactId=contact, Plan=plan)
    rotation = await has_rotation(house, "ana", "ben", StartTime=NINE)
    schedule = await has_schedule(house, rotation)
    await takes(house, "primary", ContactId="ben")

    await house.engages(schedule)

    assert [page.address for page in house.pages()] == ["+12065550102"]
