"""What is asked twice of ssm-incidents, what is looked for, and what is gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.scenarios.test_life_cycles import MINIMAL, named
from tests.scenarios.test_refusals_of_incidents import NOT_THERE, refusal
from tests.scenarios.wire import Api
from tests.scenarios.world import World, contact_arn


@pytest.fixture
async def api(world: World) -> AsyncIterator[Api]:
    """On either store: tokens and filters are where they could differ."""
    opened = Api(world)
    await world.has_person("ana")
    yield opened
    opened.close()


async def test_a_token_has_one_effect_and_with_other_words_is_a_conflict(api: Api) -> None:
    made = await api.incidents("create_response_plan", name="pay", incidentTemplate=MINIMAL)
    started = await api.incidents("start_incident", responsePlanArn=made["arn"])
    arn = started["incidentRecordArn"]
    one = {"incidentRecordArn": arn}
    now = api.world.clock.now().replace(microsecond=0)
    note = {**one, "eventType": "Note", "eventTime": now, "eventData": '"x"'}
    event = await api.incidents("create_timeline_event", **note)
    which = {**one, "eventId": event["eventId"]}
    (set_arn,) = (await api.incidents("list_replication_sets"))["replicationSetArns"]
    url = {"type": "OTHER", "value": {"url": "https://example.com"}}
    item = {"itemToAdd": {"identifier": url}}
    region = {"addRegionAction": {"regionName": "eu-west-3"}}
    asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("create_response_plan", {"name": "b", "incidentTemplate": MINIMAL}, {"name": "c"}),
        ("start_incident", {"responsePlanArn": made["arn"]}, {"title": "Other"}),
        ("create_timeline_event", note, {"eventData": '"y"'}),
        ("update_timeline_event", {**which, "eventData": '"1"'}, {"eventData": '"2"'}),
        (
            "update_incident_record",
            {"arn": started["incidentRecordArn"], "impact": 1},
            {"impact": 2},
        ),
        (
            "update_related_items",
            {**one, "relatedItemsUpdate": item},
            {"relatedItemsUpdate": {"itemToRemove": url}},
        ),
        (
            "update_response_plan",
            {"arn": made["arn"], "displayName": "A"},
            {"displayName": "B"},
        ),
        (
            "update_replication_set",
            {"arn": set_arn, "actions": [region]},
            {"actions": [{"deleteRegionAction": {"regionName": "eu-west-3"}}]},
        ),
        (
            "update_deletion_protection",
            {"arn": set_arn, "deletionProtected": True},
            {"deletionProtected": False},
        ),
    ]
    for method, given, other in asked:
        answers = []
        for _ in range(2):
            answer = await api.incidents(method, **given, clientToken=f"{method} ☂")
            answers.append({k: v for k, v in answer.items() if k != "ResponseMetadata"})
        assert answers[0] == answers[1], method
        found = await refusal(api, method, **{**given, **other}, clientToken=f"{method} ☂")
        assert found.code == "ConflictException", method
    found = await refusal(
        api, "start_incident", responsePlanArn=made["arn"], clientToken="x" * 129
    )
    assert found.code == "ValidationException"
    records = await api.incidents("list_incident_records")
    assert len(records["incidentRecordSummaries"]) == 2


async def test_incidents_are_found_by_each_filter_and_all_of_them_together(api: Api) -> None:
    await api.incidents("create_response_plan", name="pay", incidentTemplate=MINIMAL)
    plan = named("pay")["arn"]
    arns = []
    for impact in (1, 2, 5):
        started = await api.incidents("start_incident", responsePlanArn=plan, impact=impact)
        arns.append(started["incidentRecordArn"])
        await api.world.advance(minutes=10)
    await api.incidents("update_incident_record", arn=arns[0], status="RESOLVED")
    every = (await api.incidents("list_incident_records"))["incidentRecordSummaries"]
    assert [each["arn"] for each in every] == arns[::-1], "newest first"
    middle = every[1]["creationTime"]
    creator = every[0]["incidentRecordSource"]["createdBy"]

    async def found(*filters: tuple[str, dict[str, Any]]) -> list[int]:
        asked = [{"key": key, "condition": condition} for key, condition in filters]
        listed = await api.incidents("list_incident_records", filters=asked)
        return [each["impact"] for each in listed["incidentRecordSummaries"]]

    impacts = ("impact", {"equals": {"integerValues": [1, 2, 2, 4]}})
    is_open = ("status", {"equals": {"stringValues": ["OPEN"]}})
    assert await found(impacts) == [2, 1]
    assert await found(is_open) == [5, 2]
    assert await found(impacts, is_open) == [2]
    second = timedelta(seconds=1)
    assert await found(("creationTime", {"after": middle + second})) == [5]
    assert await found(("creationTime", {"before": middle})) == [1]
    window = (
        ("creationTime", {"after": middle - second}),
        ("creationTime", {"before": middle + second}),
    )
    assert await found(*window) == [2]
    by_creator = ("createdBy", {"equals": {"stringValues": [creator, "nobody"]}})
    assert await found(by_creator, impacts, is_open, *window) == [2]
    parts = ("createdBy", {"equals": {"stringValues": [creator[:-1], "%", "_"]}})
    assert await found(parts) == []
    assert await found(("status", {"equals": {"stringValues": ["open", "CLOSED"]}})) == []
    assert await found(("impact", {"equals": {"integerValues": [2**31 - 1, -1]}})) == []


async def test_an_incident_that_was_deleted_is_gone_with_all_that_it_had(api: Api) -> None:
    await api.incidents(
        "create_response_plan",
        name="pay",
        incidentTemplate=MINIMAL,
        engagements=[contact_arn("ana")],
    )
    started = await api.incidents("start_incident", responsePlanArn=named("pay")["arn"])
    arn = started["incidentRecordArn"]
    for _ in range(2):
        await api.incidents("delete_incident_record", arn=arn)
    for method, given in (
        ("get_incident_record", {"arn": arn}),
        ("update_incident_record", {"arn": arn, "status": "RESOLVED"}),
        ("get_timeline_event", {"incidentRecordArn": arn, "eventId": NOT_THERE}),
        ("list_tags_for_resource", {"resourceArn": arn}),
        ("list_incident_findings", {"incidentRecordArn": arn}),
    ):
        assert (await refusal(api, method, **given)).code == "ResourceNotFoundException"
    assert (await api.incidents("list_incident_records"))["incidentRecordSummaries"] == []
