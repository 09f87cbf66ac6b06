from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.core.desk import INCIDENTS, Desk, arn_of
from tests.harness import ACCOUNT

WHOLE: dict[str, Any] = {
    "displayName": "Payments ☂",
    "incidentTemplate": {
        "title": "Payments are failing",
        "impact": 1,
        "summary": 'Line one\nline two\t\u0007 and "quotes"',
        "dedupeString": "payments",
        "incidentTags": {"team": "pay"},
        "notificationTargets": [{"snsTopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:news"}],
    },
    "engagements": [arn_of("ana"), arn_of("ben")],
    "actions": [
        {
            "ssmAutomation": {
                "documentName": "Restart",
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/run",
                "parameters": {"Instance": ["i-1", ""]},
                "dynamicParameters": {"Incident": {"variable": "INCIDENT_RECORD_ARN"}},
            }
        }
    ],
    "integrations": [
        {
            "pagerDutyConfiguration": {
                "name": "pd",
                "secretId": "secret",
                "pagerDutyIncidentConfiguration": {"serviceId": "P1"},
            }
        }
    ],
}


async def read(desk: Desk, arn: str) -> dict[str, Any]:
    return await desk.call(INCIDENTS, "GetResponsePlan", arn=arn)


async def test_a_plan_is_read_as_it_was_written(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    await desk.has_topic("news")
    given = {**copy.deepcopy(WHOLE), "chatChannel": {"chatbotSns": [await desk.has_topic()]}}
    answer = await desk.call(INCIDENTS, "CreateResponsePlan", name="pay", **given)

    found = await read(desk, answer["arn"])
    assert found == {"arn": answer["arn"], "name": "pay", **given}
    assert answer["arn"] == f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/pay"


async def test_an_update_of_one_member_leaves_all_others_as_they_were(desk: Desk) -> None:
    await desk.has_topic("news")
    answer = await desk.call(INCIDENTS, "CreateResponsePlan", name="pay", **WHOLE)
    arn = answer["arn"]
    before = await read(desk, arn)

    await desk.call(INCIDENTS, "UpdateResponsePlan", arn=arn, incidentTemplateImpact=5)
    await desk.call(INCIDENTS, "UpdateResponsePlan", arn=arn)

    before["incidentTemplate"]["impact"] = 5
    assert await read(desk, arn) == before


async def test_every_flattened_member_finds_its_place_in_the_template(desk: Desk) -> None:
    arn = await desk.has_plan()
    await desk.call(
        INCIDENTS,
        "UpdateResponsePlan",
        arn=arn,
        incidentTemplateTitle="New",
        incidentTemplateImpact=3,
        incidentTemplateSummary="Why",
        incidentTemplateDedupeString="once",
        incidentTemplateNotificationTargets=[],
        incidentTemplateTags={"a": "b"},
    )

    assert (await read(desk, arn))["incidentTemplate"] == {
        "title": "New",
        "impact": 3,
        "summary": "Why",
        "dedupeString": "once",
        "notificationTargets": [],
        "incidentTags": {"a": "b"},
    }


async def test_an_empty_chat_channel_and_empty_tags_take_away_what_was_there(
    desk: Desk,
) -> None:
    arn = await desk.has_plan(topics=[await desk.has_topic()], incidentTags={"a": "b"})
    await desk.call(
        INCIDENTS,
        "UpdateResponsePlan",
        arn=arn,
        chatChannel={"empty": {}},
        incidentTemplateTags={},
        engagements=[],
    )

    found = await read(desk, arn)
    assert "chatChannel" not in found
    assert "incidentTags" not in found["incidentTemplate"]
    assert found["engagements"] == []


@pytest.mark.parametrize("operation", ["CreateResponsePlan", "UpdateResponsePlan"])
async def test_a_chat_channel_of_a_topic_that_is_not_there_is_refused_by_its_name(
    desk: Desk, operation: str
) -> None:
    absent = f"arn:aws:sns:us-east-1:{ACCOUNT}:absent"
    which: dict[str, Any] = {"arn": await desk.has_plan("other")}
    if operation == "CreateResponsePlan":
        which = {"name": "pay", "incidentTemplate": {"title": "T", "impact": 1}}

    refusal = await desk.refusal(
        INCIDENTS, operation, **which, chatChannel={"chatbotSns": [absent]}
    )
    assert refusal.code == "ValidationException"
    assert absent in refusal.message


async def test_a_name_is_taken_once(desk_of_each_kind: Desk) -> None:
    await desk_of_each_kind.has_plan("pay")
    refusal = await desk_of_each_kind.refusal(
        INCIDENTS,
        "CreateResponsePlan",
        name="pay",
        incidentTemplate={"title": "T", "impact": 1},
    )

    assert refusal.code == "ConflictException"


async def test_plans_are_listed_by_name_and_slice(desk: Desk) -> None:
    for name in ("c", "a", "b"):
        await desk.has_plan(name)

    first = await desk.call(INCIDENTS, "ListResponsePlans", maxResults=2)
    token = first["nextToken"]
    rest = await desk.call(INCIDENTS, "ListResponsePlans", maxResults=2, nextToken=token)

    names = [each["name"] for each in first["responsePlanSummaries"]]
    assert (names, rest["responsePlanSummaries"][0]["name"]) == (["a", "b"], "c")
    assert "nextToken" not in rest


async def test_a_deleted_plan_leaves_its_incidents(desk: Desk) -> None:
    arn = await desk.has_plan()
    incident = await desk.starts(arn)
    await desk.call(INCIDENTS, "DeleteResponsePlan", arn=arn)
    await desk.call(INCIDENTS, "DeleteResponsePlan", arn=arn)

    assert (await desk.record(incident))["status"] == "OPEN"
    for operation in ("GetResponsePlan", "UpdateResponsePlan"):
        refusal = await desk.refusal(INCIDENTS, operation, arn=arn)
        assert refusal.code == "ResourceNotFoundException"


@pytest.mark.parametrize("account", [ACCOUNT, "999988887777"])
async def test_a_notification_target_is_a_topic_of_the_account(
    desk: Desk, account: str
) -> None:
    targets = [{"snsTopicArn": f"arn:aws:sns:us-east-1:{account}:nowhere"}]
    template = {"title": "It burns", "impact": 1}
    plan = await desk.has_plan()
    incident = await desk.starts(plan)
    refusals = [
        await desk.refusal(
            INCIDENTS,
            "CreateResponsePlan",
            name="other",
            incidentTemplate={**template, "notificationTargets": targets},
        ),
        await desk.refusal(
            INCIDENTS,
            "UpdateResponsePlan",
            arn=plan,
            incidentTemplateNotificationTargets=targets,
        ),
        await desk.refusal(
            INCIDENTS, "UpdateIncidentRecord", arn=incident, notificationTargets=targets
        ),
    ]

    assert [one.code for one in refusals] == ["ValidationException"] * 3
    assert all(targets[0]["snsTopicArn"] in one.message for one in refusals)
