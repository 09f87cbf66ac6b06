"""What an engagement of an on-call schedule does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson

from bot.core.store.engagements import Engagement
from bot.core.store.incidents import TimelineEvent
from tests.harness import CONTACTS, TestHouse, contact_arn
from tests.on_call import DAILY, NIGHTS, has_rotation, has_schedule, overrides

NUMBERS = {"ana": "+12065550101", "ben": "+12065550102", "cleo": "+12065550103"}
NOBODY = "SSM Contacts Nobody On Call for Incident"


async def has_people(house: TestHouse, *aliases: str, minutes: int = 30) -> None:
    for alias in aliases:
        contact = await house.has_contact(alias)
        channel = await house.has_channel(contact, "SMS", NUMBERS[alias])
        target = {"ChannelTargetInfo": {"ContactChannelId": channel}}
        plan = {"Stages": [{"DurationInMinutes": minutes, "Targets": [target]}]}
        await house.call(CONTACTS, "UpdateContact", ContactId=contact, Plan=plan)


def paged(house: TestHouse) -> list[str]:
    """Who was told, in order."""
    names = {number: alias for alias, number in NUMBERS.items()}
    return [names[page.address] for page in house.pages()]


async def accepts(house: TestHouse, alias: str) -> None:
    listed = await house.call(CONTACTS, "ListPagesByContact", ContactId=contact_arn(alias))
    code = next(p.code for p in house.pages()[::-1] if p.address == NUMBERS[alias])
    await house.call(
        CONTACTS,
        "AcceptPage",
        PageId=listed["Pages"][0]["PageArn"],
        AcceptType="READ",
        AcceptCode=code,
    )


async def has_plan(
    house: TestHouse, *stages: tuple[str, ...], minutes: int = 5, is_essential: bool = True
) -> str:
    plan = [
        {
            "DurationInMinutes": minutes,
            "Targets": [
                {"ContactTargetInfo": {"ContactId": arn, "IsEssential": is_essential}}
                for arn in targets
            ],
        }
        for targets in stages
    ]
    return await house.has_contact("plan", Type="ESCALATION", Plan={"Stages": plan})


async def resolutions(house: TestHouse, alias: str) -> list[tuple[str, str, int | None]]:
    listed = await house.call(CONTACTS, "ListPagesByContact", ContactId=contact_arn(alias))
    answer = await house.call(
        CONTACTS, "ListPageResolutions", PageId=listed["Pages"][0]["PageArn"]
    )
    return [
        (one["ContactArn"].rsplit("/", 1)[1], one["Type"], one.get("StageIndex"))
        for one in answer["PageResolutions"]
    ]


async def events(house: TestHouse) -> list[tuple[str, Mapping[str, Any]]]:
    rows = await house.rows(TimelineEvent)
    return [(row.event_type, orjson.loads(row.data)) for row in rows]


async def test_a_schedule_pages_whoever_is_on_call(house_of_each_kind: TestHouse) -> None:
    house = house_of_each_kind
    await has_people(house, "ana", "ben")
    schedule = await has_schedule(house, await has_rotation(house, "ana", "ben"))

    await house.engages(schedule)
    assert paged(house) == ["ana"]
    house.clock.advance(days=1)
    await house.engages(schedule)
    assert paged(house) == ["ana", "ben"]


async def test_whoever_is_on_call_in_two_rotations_is_paged_once(house: TestHouse) -> None:
    await has_people(house, "ana", "ben")
    both = {**DAILY, "NumberOfOnCalls": 2}
    rotations = [
        await has_rotation(house, "ana"),
        await has_rotation(house, "ana", "ben", Recurrence=both),
    ]

    await house.engages(await has_schedule(house, *rotations))

    assert paged(house) == ["ana", "ben"]


async def test_whoever_is_on_call_first_acknowledges_for_all(house: TestHouse) -> None:
    await has_people(house, "ana", "ben", minutes=5)
    both = {**DAILY, "NumberOfOnCalls": 2}
    rotation = await has_rotation(house, "ana", "ben", Recurrence=both)
    engagement = await house.engages(await has_schedule(house, rotation))

    await accepts(house, "ben")

    for each in await house.rows(Engagement):
        assert each.acknowledged_by == contact_arn("ben"), each.contact_arn
    assert engagement


async def test_the_acknowledgement_of_one_on_call_stops_the_plan_above_the_schedule(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    await has_people(house, "ana", "ben")
    schedule = await has_schedule(house, await has_rotation(house, "ana"))
    await house.engages(await has_plan(house, (schedule,), (contact_arn("ben"),)))

    await accepts(house, "ana")
    await house.run_due(minutes=30)

    assert paged(house) == ["ana"]


async def test_a_schedule_that_is_not_essential_does_not_stop_the_plan(
    house: TestHouse,
) -> None:
    await has_people(house, "ana", "ben")
    schedule = await has_schedule(house, await has_rotation(house, "ana"))
    plan = await has_plan(house, (schedule,), (contact_arn("ben"),), is_essential=False)
    await house.engages(plan)

    await accepts(house, "ana")
    await house.run_due(minutes=5)

    assert paged(house) == ["ana", "ben"]


async def test_an_acknowledgement_beside_a_schedule_ends_what_the_schedule_began(
    house: TestHouse,
) -> None:
    await has_people(house, "ana", "ben")
    schedule = await has_schedule(house, await has_rotation(house, "ana"))
    await house.engages(await has_plan(house, (schedule, contact_arn("ben"))))

    await accepts(house, "ben")

    assert {each.acknowledged_by for each in await house.rows(Engagement)} == {
        contact_arn("ben")
    }


async def test_a_gap_begins_the_next_stage_at_once_and_is_told(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    await has_people(house, "ana", "ben")
    gap = await has_schedule(house, await has_rotation(house, "ana", Recurrence=NIGHTS))
    incident = await house.has_incident()

    await house.engages(
        await has_plan(house, (gap,), (contact_arn("ben"),)), IncidentId=incident
    )

    assert paged(house) == ["ben"]
    told = [data for kind, data in await events(house) if kind == NOBODY]
    assert [data["contactArn"] for data in told] == [gap]


async def test_a_schedule_without_rotations_has_nobody_on_call(house: TestHouse) -> None:
    incident = await house.has_incident()

    await house.engages(await has_schedule(house), IncidentId=incident)

    assert [kind for kind, _ in await events(house)][-1] == NOBODY
    [engagement] = await house.rows(Engagement)
    assert engagement.is_unreachable


async def test_a_schedule_whose_people_cannot_be_reached_gives_way_at_once(
    house: TestHouse,
) -> None:
    await house.has_contact("ana")
    await has_people(house, "ben")
    schedule = await has_schedule(house, await has_rotation(house, "ana"))

    await house.engages(await has_plan(house, (schedule,), (contact_arn("ben"),)))

    assert paged(house) == ["ben"]


async def test_an_override_counts_for_the_next_engagement_and_not_for_the_last(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    await has_people(house, "ana", "ben")
    rotation = await has_rotation(house, "ana", "ben")
    schedule = await has_schedule(house, rotation)
    await house.engages(schedule)

    override = await overrides(house, rotation, "ben")
    await house.run_due(minutes=1)
    assert paged(house) == ["ana"]

    await house.engages(schedule)
    assert paged(house) == ["ana", "ben"]

    await house.call(
        CONTACTS,
        "DeleteRotationOverride",
        RotationId=rotation,
        RotationOverrideId=override,
    )
    await house.engages(schedule)
    assert paged(house) == ["ana", "ben", "ana"]


async def test_two_routes_to_one_person_page_him_once_while_his_plan_runs(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    await has_people(house, "ana", "ben")
    schedule = await has_schedule(house, await has_rotation(house, "ana"))
    stages = ((contact_arn("ana"), schedule), (schedule,), (contact_arn("ben"),))
    await house.engages(await has_plan(house, *stages))

    await house.run_due(minutes=5)
    assert paged(house) == ["ana"]
    await house.run_due(minutes=5)
    assert paged(house) == ["ana", "ben"]

    await accepts(house, "ana")
    assert {each.acknowledged_by for each in await house.rows(Engagement)} == {
        contact_arn("ana")
    }


async def test_somebody_whose_plan_is_through_is_paged_again_by_a_later_stage(
    house: TestHouse,
) -> None:
    await has_people(house, "ana", minutes=5)
    schedule = await has_schedule(house, await has_rotation(house, "ana"))
    await house.engages(await has_plan(house, (contact_arn("ana"),), (schedule,)))

    await house.run_due(minutes=5)

    assert paged(house) == ["ana", "ana"]


async def test_a_second_route_is_essential_where_the_first_is_not(house: TestHouse) -> None:
    await has_people(house, "ana", "ben")
    schedule = await has_schedule(house, await has_rotation(house, "ana"))
    plan = [
        {"DurationInMinutes": 5, "Targets": [target]}
        for target in (
            {"ContactTargetInfo": {"ContactId": contact_arn("ana"), "IsEssential": False}},
            {"ContactTargetInfo": {"ContactId": schedule, "IsEssential": True}},
            {"ContactTargetInfo": {"ContactId": contact_arn("ben"), "IsEssential": True}},
        )
    ]
    await house.engages(
        await house.has_contact("plan", Type="ESCALATION", Plan={"Stages": plan})
    )
    await house.run_due(minutes=5)

    await accepts(house, "ana")
    await house.run_due(minutes=30)

    assert paged(house) == ["ana"]


async def test_a_page_tells_how_it_came_about(house_of_each_kind: TestHouse) -> None:
    house = house_of_each_kind
    await has_people(house, "ana", "ben", "cleo")
    schedule = await has_schedule(house, await has_rotation(house, "ana"))
    await house.engages(await has_plan(house, (contact_arn("ben"),), (schedule,)))
    await house.engages(contact_arn("cleo"))
    await house.run_due(minutes=5)

    assert await resolutions(house, "ana") == [
        ("plan", "ESCALATION", None),
        ("schedule", "ONCALL_SCHEDULE", 1),
        ("ana", "PERSONAL", 1),
    ]
    assert await resolutions(house, "ben") == [
        ("plan", "ESCALATION", None),
        ("ben", "PERSONAL", 0),
    ]
    assert await resolutions(house, "cleo") == [("cleo", "PERSONAL", None)]


async def test_who_is_on_call_tells_now_next_and_the_hand_off(house: TestHouse) -> None:
    await has_people(house, "ana", "ben")
    rotations = [
        await has_rotation(house, "ana", "ben"),
        await has_rotation(house, "ana", Recurrence=NIGHTS, Name="nights"),
        await has_rotation(house, "ana", Name="always"),
    ]
    await has_schedule(house, *rotations)
    await has_schedule(house, alias="empty")

    schedules = (await house.call("imbot", "ListOnCall"))["Schedules"]

    nine = house.clock.now().replace(hour=9, minute=0)
    assert [one["DisplayName"] for one in schedules] == ["empty", "schedule"]
    assert [
        (
            each["Name"],
            [person["DisplayName"] for person in each["Now"]],
            each.get("HandOffTime"),
            [person["DisplayName"] for person in each["Next"]],
        )
        for each in schedules[1]["Rotations"]
    ] == [
        ("primary", ["ana"], nine + timedelta(days=1), ["ben"]),
        ("nights", [], nine + timedelta(hours=11), ["ana"]),
        ("always", ["ana"], None, []),
    ]
