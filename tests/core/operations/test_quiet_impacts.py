"""A plan may record without paging at chosen impacts, and nothing is silent about it."""

from __future__ import annotations

from typing import Any

import orjson

from bot.channels.slack.channel import as_post
from bot.core.store.incidents import TimelineEvent
from tests.core.desk import INCIDENTS, Desk
from tests.harness import contact_arn

QUIET = "SSM Incident Recorded Without Paging"


async def quiet_plan(desk: Desk, *impacts: int, **more: Any) -> str:
    """A plan of impact 4 that engages ana, quiet at these impacts."""
    await desk.has_person("ana")
    plan = await desk.has_plan(engages=["ana"], **{"impact": 4, **more})
    given = {"ResponsePlanArn": plan, "Impacts": list(impacts or (4, 5))}
    await desk.call("imbot", "SetQuietImpacts", **given)
    return plan


async def data_of(desk: Desk, event_type: str) -> dict[str, Any]:
    [event] = await desk.rows(TimelineEvent, event_type=event_type)
    return dict(orjson.loads(event.data))


async def changes(desk: Desk, incident: str, **members: Any) -> None:
    await desk.call(INCIDENTS, "UpdateIncidentRecord", arn=incident, **members)


async def test_a_plan_pages_at_every_impact_unless_it_is_told_otherwise(desk: Desk) -> None:
    await desk.has_person("ana")
    plan = await desk.has_plan(engages=["ana"], impact=5)

    await desk.starts(plan)

    told = await desk.call("imbot", "GetQuietImpacts", ResponsePlanArn=plan)
    assert told["Impacts"] == []
    assert len(desk.pages()) == 1


async def test_at_a_quiet_impact_it_is_recorded_that_nobody_was_paged(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    incident = await desk.starts(await quiet_plan(desk))

    assert desk.pages() == []
    assert (await desk.record(incident))["status"] == "OPEN"
    assert (await data_of(desk, "SSM Incident Start"))["contactsEngage"] == []
    ana = {"contactArn": contact_arn("ana"), "contactName": "ana"}
    assert await data_of(desk, QUIET) == {"impact": 4, "contactsNotEngaged": [ana]}
    extras = await desk.call("imbot", "GetIncidentExtras", IncidentRecordArn=incident)
    assert extras["PagedNobody"]


async def test_its_card_says_that_nobody_was_paged_until_somebody_is(desk: Desk) -> None:
    topic = await desk.has_topic(read_by="C1")
    incident = await desk.starts(await quiet_plan(desk, topics=[topic]))
    await desk.work()
    await desk.work(seconds=1)
    quiet = as_post(desk.wall.cards[-1]).text
    await changes(desk, incident, impact=1)
    await desk.work(seconds=1)
    await desk.work(seconds=1)

    assert "Nobody was paged." in quiet
    assert "Nobody was paged." not in as_post(desk.wall.cards[-1]).text
    assert desk.wall.cards[0].is_quiet


async def test_another_impact_of_the_same_plan_pages(desk: Desk) -> None:
    await desk.starts(await quiet_plan(desk), impact=3)

    assert len(desk.pages()) == 1
    assert await desk.rows(TimelineEvent, event_type=QUIET) == []


async def test_raising_the_impact_pages_once(desk: Desk) -> None:
    incident = await desk.starts(await quiet_plan(desk))
    await changes(desk, incident, impact=5)
    assert desk.pages() == []

    await changes(desk, incident, impact=2)
    await changes(desk, incident, impact=1)

    assert len(desk.pages()) == 1
    extras = await desk.call("imbot", "GetIncidentExtras", IncidentRecordArn=incident)
    assert not extras["PagedNobody"]


async def test_it_pages_whom_the_plan_named_even_if_the_plan_is_gone(desk: Desk) -> None:
    plan = await quiet_plan(desk)
    incident = await desk.starts(plan)
    await desk.call(INCIDENTS, "DeleteResponsePlan", arn=plan)

    await changes(desk, incident, impact=1)

    assert len(desk.pages()) == 1


async def test_resolving_at_a_paging_impact_pages_nobody(desk: Desk) -> None:
    incident = await desk.starts(await quiet_plan(desk))

    await changes(desk, incident, impact=1, status="RESOLVED")

    assert desk.pages() == []


async def test_a_start_that_pages_is_not_lost_in_an_incident_that_paged_nobody(
    desk: Desk,
) -> None:
    plan = await quiet_plan(desk, dedupeString="payments")
    incident = await desk.starts(plan)
    await desk.starts(plan)
    assert desk.pages() == []

    assert await desk.starts(plan, impact=1) == incident
    await desk.starts(plan, impact=1)

    assert len(desk.pages()) == 1
    assert (await desk.record(incident))["impact"] == 1


async def test_an_empty_list_lets_the_plan_page_again(desk: Desk) -> None:
    plan = await quiet_plan(desk)
    told = await desk.call("imbot", "SetQuietImpacts", ResponsePlanArn=plan, Impacts=[])

    await desk.starts(plan)

    assert told["Impacts"] == []
    assert len(desk.pages()) == 1


async def test_only_impacts_of_a_known_plan_are_taken(desk: Desk) -> None:
    plan = await quiet_plan(desk)
    for arn, impacts in ((plan, [6]), (plan, [0]), (plan + "x", [5])):
        given = {"ResponsePlanArn": arn, "Impacts": impacts}
        refusal = await desk.refusal("imbot", "SetQuietImpacts", **given)
        assert refusal.code in ("ValidationException", "ResourceNotFoundException")


async def test_the_plan_itself_reads_as_it_was_written(desk: Desk) -> None:
    await desk.has_person("ana")
    plan = await desk.has_plan(engages=["ana"])
    before = await desk.call(INCIDENTS, "GetResponsePlan", arn=plan)
    await desk.call("imbot", "SetQuietImpacts", ResponsePlanArn=plan, Impacts=[5])

    assert await desk.call(INCIDENTS, "GetResponsePlan", arn=plan) == before
