from __future__ import annotations

import asyncio

from bot.core.channel import Page
from bot.core.errors import ServiceError
from bot.core.store.engagements import Engagement
from bot.core.store.incidents import Incident
from tests.core.desk import INCIDENTS, Desk


async def opens(desk: Desk, arn: str) -> None:
    await desk.call(INCIDENTS, "UpdateIncidentRecord", arn=arn, status="OPEN")


async def test_an_incident_is_opened_again_where_the_rules_allow_it_and_engages_nobody(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    desk.has_rules(may_reopen=True)
    await desk.has_person("ana")
    arn = await desk.starts(await desk.has_plan(engages=["ana"]))
    before = await desk.record(arn)
    await desk.resolves(arn)
    desk.clock.advance(minutes=5)
    paged = [each for each in desk.messages if isinstance(each, Page)]
    for _ in range(2):
        await opens(desk, arn)

    assert await desk.record(arn) == before | {"lastModifiedTime": desk.clock.now()}
    assert (await desk.event_types(arn)).count("SSM Incident Record Update") == 2
    await desk.run_due(hours=1)
    assert [each for each in desk.messages if isinstance(each, Page)] == paged
    desk.clock.advance(minutes=5)
    await desk.resolves(arn)
    assert (await desk.record(arn))["resolvedTime"] == desk.clock.now()


async def test_an_incident_opened_again_absorbs_starts_of_its_dedupe_string(
    desk: Desk,
) -> None:
    desk.has_rules(may_reopen=True)
    plan = await desk.has_plan(dedupeString="payments")
    first = await desk.starts(plan)
    await desk.resolves(first)
    await opens(desk, first)

    assert await desk.starts(plan) == first


async def test_it_stays_resolved_while_another_of_its_dedupe_string_is_open(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    desk.has_rules(may_reopen=True)
    plan = await desk.has_plan(dedupeString="payments")
    first = await desk.starts(plan)
    await desk.resolves(first)
    resolved = await desk.record(first)
    second = await desk.starts(plan)

    refusal = await desk.refusal(
        INCIDENTS, "UpdateIncidentRecord", arn=first, status="OPEN", title="New"
    )
    assert refusal.code == "ConflictException"
    assert await desk.record(first) == resolved
    await desk.resolves(second)
    await opens(desk, first)
    assert (await desk.record(first))["status"] == "OPEN"


async def test_resolving_tells_each_engagement_once_and_never_again(desk: Desk) -> None:
    await desk.has_person("ana")
    await desk.has_person("ben")
    arn = await desk.starts(await desk.has_plan(engages=["ana", "ben"]))
    await desk.resolves(arn)
    await desk.run_due(minutes=1)
    stops = [row.stopped_at for row in await desk.rows(Engagement)]
    events, told = await desk.event_types(arn), len(desk.messages)

    desk.clock.advance(minutes=10)
    for _ in range(3):
        await desk.resolves(arn)
    await desk.run_due(minutes=10)

    assert [row.stopped_at for row in await desk.rows(Engagement)] == stops
    assert await desk.event_types(arn) == events
    assert len(desk.messages) == told


async def test_of_reopenings_and_starts_at_once_one_incident_is_open(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    desk.has_rules(may_reopen=True)
    plan = await desk.has_plan(dedupeString="payments")
    resolved = []
    for _ in range(4):
        resolved.append(await desk.starts(plan))
        await desk.resolves(resolved[-1])

    outcomes = await asyncio.gather(
        *(opens(desk, arn) for arn in resolved),
        *(desk.starts(plan) for _ in range(4)),
        return_exceptions=True,
    )

    codes = {each.code for each in outcomes if isinstance(each, ServiceError)}
    assert codes <= {"ConflictException"}
    assert [each for each in outcomes if isinstance(each, Exception)] == [
        each for each in outcomes if isinstance(each, ServiceError)
    ]
    assert len(await desk.rows(Incident, status="OPEN")) == 1
