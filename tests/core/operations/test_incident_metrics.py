from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.harness import CONTACTS, TestHouse

INCIDENTS = "ssm-incidents"
NOBODY = {"Count": 0}


async def metrics(house: TestHouse, **given: Any) -> dict[str, Any]:
    return await house.call("imbot", "GetIncidentMetrics", **given)


async def has_plan(house: TestHouse, name: str, impact: int = 2) -> str:
    answer = await house.call(
        INCIDENTS,
        "CreateResponsePlan",
        name=name,
        incidentTemplate={"title": "It burns", "impact": impact},
    )
    return str(answer["arn"])


async def starts(house: TestHouse, plan: str, **more: Any) -> str:
    answer = await house.call(INCIDENTS, "StartIncident", responsePlanArn=plan, **more)
    return str(answer["incidentRecordArn"])


async def resolves(house: TestHouse, incident: str, **later: float) -> None:
    house.clock.advance(**later)
    await house.call(INCIDENTS, "UpdateIncidentRecord", arn=incident, status="RESOLVED")


async def acknowledges(house: TestHouse, engagement: str, **later: float) -> None:
    """Accept the last page, which is that of the engagement."""
    house.clock.advance(**later)
    [told] = await house.pages_of(engagement)
    given = {"PageId": told["PageArn"], "AcceptCode": house.last_page().code}
    await house.call(CONTACTS, "AcceptPage", AcceptType="READ", **given)


async def test_without_incidents_every_number_is_nought_and_no_time_is_told(
    house: TestHouse,
) -> None:
    answer = await metrics(house)

    nothing = {
        "NumberOfCreateIncidents": 0,
        "NumberOfResolveIncidents": 0,
        "TimeToFirstAcknowledgement": NOBODY,
        "TimeToResolveIncident": NOBODY,
    }
    assert answer["Total"] == nothing
    assert [one["Metrics"] for one in answer["Periods"]] == [nothing] * 30
    assert answer["Groups"] == []
    assert answer["StartTime"] == datetime(2026, 1, 31, tzinfo=UTC)


async def test_an_incident_counts_from_its_start_over_its_first_acknowledgement_to_its_end(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    plan = await has_plan(house, "payments")
    incident = await starts(house, plan)
    for name, medium, seconds in (("ana", "SMS", 90), ("ben", "EMAIL", 60)):
        contact = await house.has_person(name, medium)
        engagement = await house.engages(contact, IncidentId=incident)
        await acknowledges(house, engagement, seconds=seconds)
    await resolves(house, incident, minutes=30)
    house.clock.advance(seconds=1)

    total = (await metrics(house))["Total"]

    assert total["NumberOfCreateIncidents"] == 1
    assert total["NumberOfResolveIncidents"] == 1
    took = {"Count": 1, "Average": 90.0, "Median": 90.0, "Maximum": 90.0}
    assert total["TimeToFirstAcknowledgement"] == took
    took = {"Count": 1, "Average": 1950.0, "Median": 1950.0, "Maximum": 1950.0}
    assert total["TimeToResolveIncident"] == took


async def test_a_resolution_counts_on_its_own_day_and_within_the_range_only(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    plan = await has_plan(house, "payments")
    incident = await starts(house, plan)
    await resolves(house, incident, days=2)
    created, resolved = house.clock.now() - timedelta(days=2), house.clock.now()

    answer = await metrics(house, StartTime=created, EndTime=resolved)
    assert [one["Metrics"]["NumberOfCreateIncidents"] for one in answer["Periods"]] == [1, 0, 0]
    assert answer["Total"]["NumberOfResolveIncidents"] == 0

    later = await metrics(house, StartTime=resolved, EndTime=resolved + timedelta(hours=1))
    assert later["Total"]["NumberOfCreateIncidents"] == 0
    assert later["Total"]["TimeToResolveIncident"]["Median"] == 172_800.0


async def test_groups_are_told_apart_by_plan_impact_and_source(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    first, second = await has_plan(house, "payments"), await has_plan(house, "search", 4)
    await starts(house, first)
    await starts(house, first, impact=1)
    alarm = {"source": "aws.cloudwatch", "timestamp": house.clock.now()}
    await starts(house, second, triggerDetails=alarm)
    house.clock.advance(seconds=1)

    def counted(answer: dict[str, Any], *members: str) -> list[tuple[Any, ...]]:
        return [
            (*(one[member] for member in members), one["Metrics"]["NumberOfCreateIncidents"])
            for one in answer["Groups"]
        ]

    by_plan = await metrics(house, GroupBy=["RESPONSE_PLAN"])
    assert counted(by_plan, "ResponsePlanArn") == [(first, 2), (second, 1)]
    both = await metrics(house, GroupBy=["RESPONSE_PLAN", "IMPACT"])
    assert counted(both, "ResponsePlanArn", "Impact") == [
        (first, 1, 1),
        (first, 2, 1),
        (second, 4, 1),
    ]
    by_source = await metrics(house, GroupBy=["SOURCE"])
    assert counted(by_source, "Source") == [
        ("aws.ssm-incidents.custom", 2),
        ("aws.cloudwatch", 1),
    ]


async def test_the_usual_range_before_a_midnight_has_thirty_days(house: TestHouse) -> None:
    answer = await metrics(house, EndTime=datetime(2026, 3, 1, tzinfo=UTC))
    assert answer["StartTime"] == datetime(2026, 1, 30, tzinfo=UTC)
    assert len(answer["Periods"]) == 30


async def test_a_day_is_the_zones_own_also_where_the_clocks_change(house: TestHouse) -> None:
    given = {
        "StartTime": datetime(2026, 3, 27, 23, tzinfo=UTC),
        "EndTime": datetime(2026, 3, 30, 22, tzinfo=UTC),
        "TimeZoneId": "Europe/Berlin",
    }
    answer = await metrics(house, **given)

    begins = [one["StartTime"] for one in answer["Periods"]]
    lengths = [after - before for before, after in pairwise(begins)]
    assert begins[0] == given["StartTime"]
    assert lengths == [timedelta(hours=24), timedelta(hours=23)]


@pytest.mark.parametrize(("days", "period", "count"), [(31, 1, 31), (90, 7, 13), (365, 28, 14)])
async def test_long_ranges_are_told_in_longer_periods(
    house: TestHouse, days: int, period: int, count: int
) -> None:
    end = datetime(2026, 3, 1, tzinfo=UTC)
    answer = await metrics(house, StartTime=end - timedelta(days=days), EndTime=end)

    assert answer["PeriodInDays"] == period
    assert len(answer["Periods"]) == count


@pytest.mark.parametrize(
    "given",
    [
        {
            "EndTime": datetime(2020, 1, 1, tzinfo=UTC),
            "StartTime": datetime(2020, 1, 1, tzinfo=UTC),
        },
        {"StartTime": datetime(2020, 1, 1, tzinfo=UTC)},
        {"EndTime": datetime(9999, 12, 31, 23, tzinfo=UTC)},
        {"EndTime": datetime(1, 1, 1, tzinfo=UTC), "TimeZoneId": "Asia/Tokyo"},
        {"TimeZoneId": "Mars/Olympus"},
        {"TimeZoneId": "../../etc/passwd"},
        {"TimeZoneId": "Europe"},
        {"TimeZoneId": "a\0b"},
        {"GroupBy": ["CUSTOMER"]},
    ],
)
async def test_what_cannot_be_counted_is_refused(
    house: TestHouse, given: dict[str, Any]
) -> None:
    refusal = await house.refusal("imbot", "GetIncidentMetrics", **given)
    assert refusal.code == "ValidationException"
