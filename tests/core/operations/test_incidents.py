from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from bot.core.channel import Page
from bot.core.store.engagements import Engagement
from bot.core.store.incidents import Incident, TimelineEvent
from tests.core.desk import INCIDENTS, PRINCIPAL, Desk
from tests.harness import ACCOUNT

ALARM = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:payments"


async def data_of(desk: Desk, incident_arn: str, event_type: str) -> list[Any]:
    """The data of the incident's events of that type, oldest first."""
    [incident] = await desk.rows(Incident, arn=incident_arn)
    events = await desk.rows(TimelineEvent, incident_key=incident.key, event_type=event_type)
    in_order = sorted(events, key=lambda event: (event.event_time, event.key))
    return [json.loads(event.data) for event in in_order]


async def titles(desk: Desk, key: str, **condition: Any) -> list[str]:
    filters = [{"key": key, "condition": condition}]
    answer = await desk.call(INCIDENTS, "ListIncidentRecords", filters=filters)
    return [each["title"] for each in answer["incidentRecordSummaries"]]


async def test_an_incident_is_what_its_plan_says(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    topic = await desk.has_topic()
    plan = await desk.has_plan(topics=[topic], summary="All cards are declined.")

    arn = await desk.starts(plan)

    now = desk.clock.now()
    assert await desk.record(arn) == {
        "arn": arn,
        "title": "Payments are failing",
        "summary": "All cards are declined.",
        "impact": 2,
        "status": "OPEN",
        "creationTime": now,
        "lastModifiedTime": now,
        "lastModifiedBy": PRINCIPAL,
        "dedupeString": arn.rsplit("/", 1)[1],
        "incidentRecordSource": {
            "createdBy": PRINCIPAL,
            "source": "aws.ssm-incidents.custom",
        },
        "chatChannel": {"chatbotSns": [topic]},
        "notificationTargets": [],
        "automationExecutions": [],
    }
    assert arn.startswith(f"arn:aws:ssm-incidents::{ACCOUNT}:incident-record/payments/")
    assert await desk.event_types(arn) == ["SSM Incident Trigger", "SSM Incident Start"]


async def test_what_the_caller_says_overrides_the_template(desk: Desk) -> None:
    plan = await desk.has_plan(incidentTags={"team": "pay"})
    arn = await desk.starts(plan, title="Refunds too", impact=1)

    record = await desk.record(arn)
    assert (record["title"], record["impact"]) == ("Refunds too", 1)
    [row] = await desk.rows(Incident, arn=arn)
    assert row.tags == {"team": "pay"}


async def test_the_trigger_is_told_in_the_words_of_the_service(desk: Desk) -> None:
    await desk.has_person("ana")
    plan = await desk.has_plan(engages=["ana"])
    raw = json.dumps({"detail": {"alarmName": "payments"}})
    trigger = {
        "source": "com.example.checkout",
        "timestamp": desk.clock.now() - timedelta(seconds=5),
        "triggerArn": ALARM,
        "rawData": raw,
    }
    arn = await desk.starts(plan, triggerDetails=trigger)

    [told] = await data_of(desk, arn, "SSM Incident Trigger")
    assert (told["createdIncident"], told["incidentSource"]) == (True, "com.example.checkout")
    assert (told["triggerArn"], told["rawData"]) == (ALARM, raw)
    [start] = await data_of(desk, arn, "SSM Incident Start")
    assert start["incidentTitle"] == "Payments are failing"
    assert [each["contactName"] for each in start["contactsEngage"]] == ["ana"]
    source = (await desk.record(arn))["incidentRecordSource"]
    assert (source["resourceArn"], source["source"]) == (ALARM, "com.example.checkout")


async def test_whom_the_plan_engages_is_paged_in_the_same_commit(desk: Desk) -> None:
    await desk.has_person("ana", "SMS")
    arn = await desk.starts(await desk.has_plan(engages=["ana"], summary="All of them."))

    page = desk.last_page()
    assert (page.public_subject, page.incident_arn) == ("Payments are failing", arn)
    assert page.content == "All of them.\n\nImpact: High"
    assert "SSM Contacts Page for Incident" in await desk.event_types(arn)


async def test_a_plan_that_engages_a_deleted_contact_still_engages_the_others(
    desk: Desk,
) -> None:
    await desk.has_person("ben")
    arn = await desk.starts(await desk.has_plan(engages=["gone", "ben"]))

    assert len([each for each in desk.messages if isinstance(each, Page)]) == 1
    [refused] = await data_of(desk, arn, "SSM Incident Action Refused")
    assert refused["code"] == "ResourceNotFoundException"
    assert refused["contactArn"].endswith("contact/gone")


async def test_starts_of_one_dedupe_string_are_one_incident_that_counts_them(
    desk_of_each_kind: Desk,
) -> None:
    """The first ten have an event of their own, all later ones share one."""
    desk = desk_of_each_kind
    await desk.has_person("ana")
    plan = await desk.has_plan(dedupeString="payments", engages=["ana"])
    other = await desk.has_plan("other", dedupeString="payments")

    arns = await asyncio.gather(
        *(desk.starts(plan if n % 2 else other) for n in range(12)),
    )

    assert len(set(arns)) == 1
    await desk.run_due(seconds=1)
    triggers = await data_of(desk, arns[0], "SSM Incident Trigger")
    assert sorted(each["createdIncident"] for each in triggers) == [False] * 11 + [True]
    assert [each.get("absorbedStarts", 0) for each in triggers] == [0] * 11 + [11]
    assert len(await desk.rows(Engagement)) <= 1
    assert (await desk.record(arns[0]))["dedupeString"] == "payments"


async def test_a_resolved_incident_absorbs_nothing(desk: Desk) -> None:
    plan = await desk.has_plan(dedupeString="payments")
    first = await desk.starts(plan)
    await desk.resolves(first)
    second = await desk.starts(plan)

    assert second != first
    assert await desk.starts(plan) == second


async def test_starts_by_hand_are_incidents_of_their_own(desk: Desk) -> None:
    plan = await desk.has_plan()

    assert await desk.starts(plan) != await desk.starts(plan)


async def test_starts_by_one_alarm_are_one_incident(desk: Desk) -> None:
    plan = await desk.has_plan()
    trigger = {
        "source": "aws.cloudwatch",
        "timestamp": desk.clock.now(),
        "triggerArn": ALARM,
    }

    first = await desk.starts(plan, triggerDetails=trigger)
    assert await desk.starts(plan, triggerDetails=trigger) == first


async def test_an_idempotency_token_answers_the_same_incident(desk: Desk) -> None:
    plan = await desk.has_plan()
    first = await desk.starts(plan, clientToken="once")

    assert await desk.starts(plan, clientToken="once") == first
    assert len(await desk.rows(Incident)) == 1


async def test_more_than_fifty_related_items_are_refused(desk: Desk) -> None:
    item = {"identifier": {"type": "OTHER", "value": {"url": "https://example.com"}}}
    plan = await desk.has_plan()
    refusal = await desk.refusal(
        INCIDENTS, "StartIncident", responsePlanArn=plan, relatedItems=[item] * 51
    )

    assert refusal.code == "ValidationException"
    assert await desk.starts(plan, relatedItems=[item] * 50)


async def test_a_plan_that_does_not_exist_starts_nothing(desk: Desk) -> None:
    absent = f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/absent"
    refusal = await desk.refusal(INCIDENTS, "StartIncident", responsePlanArn=absent)

    assert refusal.code == "ResourceNotFoundException"
    assert await desk.rows(Incident) == []


async def test_control_characters_are_kept_and_nul_is_refused(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    plan = await desk.has_plan(summary="bell\u0007, tab\t")
    record = await desk.record(await desk.starts(plan, title="a\u0001b"))
    assert (record["title"], record["summary"]) == ("a\u0001b", "bell\u0007, tab\t")

    refusal = await desk.refusal(
        INCIDENTS, "StartIncident", responsePlanArn=plan, title="a\x00b"
    )
    assert refusal.code == "ValidationException"


async def test_an_update_changes_what_it_names_and_tells_the_timeline(desk: Desk) -> None:
    arn = await desk.starts(await desk.has_plan())
    before = await desk.record(arn)
    desk.clock.advance(minutes=1)
    desk.acts_as(principal_arn=f"arn:aws:iam::{ACCOUNT}:user/ben")
    await desk.call(INCIDENTS, "UpdateIncidentRecord", arn=arn, summary="Known.", impact=1)

    changed = {
        "summary": "Known.",
        "impact": 1,
        "lastModifiedBy": f"arn:aws:iam::{ACCOUNT}:user/ben",
        "lastModifiedTime": desk.clock.now(),
    }
    assert await desk.record(arn) == before | changed
    [told] = await data_of(desk, arn, "SSM Incident Record Update")
    assert told["modifiedBy"] == changed["lastModifiedBy"]
    assert told["modifiedAttributes"] == [
        {"attributeName": "summary", "newValue": "Known."},
        {"attributeName": "impact", "newValue": "1"},
    ]


async def test_resolving_stops_the_engagements_once(desk: Desk) -> None:
    ana, ben = await desk.has_person("ana"), await desk.has_person("ben")
    await desk.has_escalation_plan("oncall", ana, ben)
    arn = await desk.starts(await desk.has_plan(engages=["oncall", "ben"]))
    await desk.resolves(arn)
    resolved = await desk.record(arn)
    desk.clock.advance(minutes=1)
    await desk.resolves(arn)

    assert await desk.record(arn) == resolved
    assert resolved["resolvedTime"] == resolved["lastModifiedTime"]
    assert len(await data_of(desk, arn, "SSM Incident Record Update")) == 1
    engagements = await desk.rows(Engagement)
    assert len(engagements) == 3
    assert {each.stop_reason for each in engagements} == {"The incident was resolved"}
    paged = len(desk.messages)
    await desk.run_due(hours=1)
    assert len(desk.messages) == paged


async def test_a_resolved_incident_is_not_opened_again(desk: Desk) -> None:
    arn = await desk.starts(await desk.has_plan())
    await desk.resolves(arn)
    refusal = await desk.refusal(INCIDENTS, "UpdateIncidentRecord", arn=arn, status="OPEN")

    assert refusal.code == "ValidationException"
    assert (await desk.record(arn))["status"] == "RESOLVED"


@pytest.mark.parametrize(
    "change",
    [
        {"title": "  "},
        {"chatChannel": {"chatbotSns": [f"arn:aws:sns:us-east-1:{ACCOUNT}:absent"]}},
    ],
)
async def test_a_refused_update_leaves_no_trace(desk: Desk, change: dict[str, Any]) -> None:
    arn = await desk.starts(await desk.has_plan())
    before = await desk.record(arn)
    refusal = await desk.refusal(
        INCIDENTS, "UpdateIncidentRecord", arn=arn, summary="New", **change
    )

    assert refusal.code == "ValidationException"
    assert await desk.record(arn) == before
    assert await data_of(desk, arn, "SSM Incident Record Update") == []


async def test_a_chat_channel_can_be_set_and_taken_away(desk: Desk) -> None:
    topic = await desk.has_topic()
    arn = await desk.starts(await desk.has_plan())
    given = {"chatbotSns": [topic]}
    await desk.call(INCIDENTS, "UpdateIncidentRecord", arn=arn, chatChannel=given)
    assert (await desk.record(arn))["chatChannel"] == given

    await desk.call(INCIDENTS, "UpdateIncidentRecord", arn=arn, chatChannel={"empty": {}})
    assert "chatChannel" not in await desk.record(arn)


async def test_a_deleted_incident_pages_nobody_and_is_gone(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    await desk.has_person("ana")
    arn = await desk.starts(await desk.has_plan(engages=["ana"]))
    await desk.call(INCIDENTS, "DeleteIncidentRecord", arn=arn)
    await desk.call(INCIDENTS, "DeleteIncidentRecord", arn=arn)

    refusal = await desk.refusal(INCIDENTS, "GetIncidentRecord", arn=arn)
    assert refusal.code == "ResourceNotFoundException"
    assert await desk.rows(TimelineEvent) == []
    [engagement] = await desk.rows(Engagement)
    assert engagement.stopped_at == desk.clock.now()


async def test_filters_must_all_hold_and_any_of_their_values(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    plan = await desk.has_plan()
    await desk.starts(plan, title="low", impact=4)
    desk.clock.advance(hours=1)
    noon = desk.clock.now()
    await desk.resolves(await desk.starts(plan, title="high", impact=2))
    desk.clock.advance(hours=1)
    desk.acts_as(principal_arn=f"{PRINCIPAL}-2")
    await desk.starts(plan, title="critical", impact=1)

    assert await titles(desk, "impact", equals={"integerValues": [1, 4]}) == ["critical", "low"]
    assert await titles(desk, "status", equals={"stringValues": ["RESOLVED"]}) == ["high"]
    by_ana = {"stringValues": [PRINCIPAL]}
    assert await titles(desk, "createdBy", equals=by_ana) == ["high", "low"]
    assert await titles(desk, "creationTime", after=noon) == ["critical"]
    assert await titles(desk, "creationTime", before=noon) == ["low"]
    assert await titles(desk, "impact", equals={"integerValues": []}) == []
    both = [
        {"key": "createdBy", "condition": {"equals": by_ana}},
        {"key": "impact", "condition": {"equals": {"integerValues": [1, 4]}}},
    ]
    found = await desk.call(INCIDENTS, "ListIncidentRecords", filters=both)
    assert [each["title"] for each in found["incidentRecordSummaries"]] == ["low"]


@pytest.mark.parametrize(
    ("key", "condition"),
    [
        ("title", {"equals": {"stringValues": ["x"]}}),
        ("impact", {"equals": {"stringValues": ["1"]}}),
        ("creationTime", {"equals": {"integerValues": [1]}}),
        ("status", {"equals": {"integerValues": [1]}}),
    ],
)
async def test_a_filter_that_makes_no_sense_is_refused_by_its_key(
    desk: Desk, key: str, condition: dict[str, Any]
) -> None:
    filters = [{"key": key, "condition": condition}]
    refusal = await desk.refusal(INCIDENTS, "ListIncidentRecords", filters=filters)

    assert refusal.code == "ValidationException"
    assert key in refusal.message


async def test_listing_by_slices_shows_every_incident_once_newest_first(desk: Desk) -> None:
    plan = await desk.has_plan()
    started = [await desk.starts(plan) for _ in range(5)]
    listed: list[str] = []
    given: dict[str, Any] = {"maxResults": 2}
    while True:
        answer = await desk.call(INCIDENTS, "ListIncidentRecords", **given)
        listed += [each["arn"] for each in answer["incidentRecordSummaries"]]
        if "nextToken" not in answer:
            break
        given["nextToken"] = answer["nextToken"]

    assert listed == started[::-1]
