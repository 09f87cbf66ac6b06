"""What tools that keep infrastructure as code do with ssm-incidents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.scenarios.test_conformity_of_incidents import ITEMS, POLICY, TOPIC, WHOLE
from tests.scenarios.test_refusals_of_incidents import refusal
from tests.scenarios.wire import Api
from tests.scenarios.world import ACCOUNT, World

EMPTY_AT_CREATION: tuple[dict[str, Any], ...] = (
    {"displayName": ""},
    {"engagements": []},
    {"actions": []},
    {"integrations": []},
    {"displayName": " \t☂", "engagements": [], "actions": [], "integrations": []},
)
EMPTY_IN_TEMPLATE: tuple[dict[str, Any], ...] = (
    {"summary": ""},
    {"dedupeString": ""},
    {"notificationTargets": []},
    {"title": ""},
    {"summary": "", "dedupeString": "", "notificationTargets": []},
)
MINIMAL = {"title": "T", "impact": 3}


@pytest.fixture
async def api(world: World) -> AsyncIterator[Api]:
    """On either store: what is written and read is where they could differ."""
    opened = Api(world)
    await world.has_person("ana")
    await opened.call("sns", "create_topic", Name="chat")
    yield opened
    opened.close()


async def read(api: Api, arn: str) -> dict[str, Any]:
    answer = await api.incidents("get_response_plan", arn=arn)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def named(name: str, **members: Any) -> dict[str, Any]:
    arn = f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/{name}"
    return {"arn": arn, "name": name, **members}


def flattened(name: str) -> str:
    """How UpdateResponsePlan calls a member of the template."""
    return f"incidentTemplate{name[0].upper()}{name[1:]}".replace("IncidentTags", "Tags")


async def test_a_response_plan_lives_as_infrastructure_as_code_wants_it(api: Api) -> None:
    made = await api.incidents(
        "create_response_plan", name="pay", incidentTemplate=MINIMAL, tags={"a": "b"}
    )
    arn = made["arn"]
    assert await read(api, arn) == named("pay", incidentTemplate=MINIMAL)

    template = WHOLE["incidentTemplate"]
    more = {name: value for name, value in WHOLE.items() if name != "incidentTemplate"}
    await api.incidents(
        "update_response_plan",
        arn=arn,
        **more,
        **{
            f"incidentTemplate{name[0].upper()}{name[1:]}".replace(
                "IncidentTags", "Tags"
            ): value
            for name, value in template.items()
        },
    )
    assert await read(api, arn) == named("pay", **WHOLE)
    for _ in range(2):
        await api.incidents("update_response_plan", arn=arn)
        assert await read(api, arn) == named("pay", **WHOLE), "an empty update drifts nothing"

    await api.incidents(
        "update_response_plan",
        arn=arn,
        displayName="",
        chatChannel={"empty": {}},
        engagements=[],
        actions=[],
        integrations=[],
        incidentTemplateSummary="",
        incidentTemplateDedupeString="",
        incidentTemplateNotificationTargets=[],
        incidentTemplateTags={},
    )
    emptied = {"summary": "", "dedupeString": "", "notificationTargets": []}
    assert await read(api, arn) == named(
        "pay",
        displayName="",
        engagements=[],
        actions=[],
        integrations=[],
        incidentTemplate={"title": template["title"], "impact": 1, **emptied},
    )
    tags = await api.incidents("list_tags_for_resource", resourceArn=arn)
    assert tags["tags"] == {"a": "b"}, "an update leaves the plan's own tags"

    await api.incidents("delete_response_plan", arn=arn)
    for method, key in (
        ("get_response_plan", "arn"),
        ("list_tags_for_resource", "resourceArn"),
    ):
        assert (await refusal(api, method, **{key: arn})).code == "ResourceNotFoundException"
    await api.incidents("delete_response_plan", arn=arn)
    again = await api.incidents("create_response_plan", name="pay", incidentTemplate=MINIMAL)
    assert again["arn"] == arn
    left = await api.incidents("list_tags_for_resource", resourceArn=arn)
    assert left["tags"] == {}, "a new plan has nothing of the old one"
    assert (await api.incidents("get_resource_policies", resourceArn=arn))[
        "resourcePolicies"
    ] == []


async def test_what_is_written_empty_is_read_empty(api: Api) -> None:
    for number, members in enumerate(EMPTY_AT_CREATION):
        await api.incidents(
            "create_response_plan", name=f"p{number}", incidentTemplate=MINIMAL, **members
        )
        expected = named(f"p{number}", incidentTemplate=MINIMAL, **members)
        assert await read(api, expected["arn"]) == expected
    for number, members in enumerate(EMPTY_IN_TEMPLATE):
        template = {**MINIMAL, **members}
        await api.incidents(
            "create_response_plan", name=f"t{number}", incidentTemplate=template
        )
        expected = named(f"t{number}", incidentTemplate=template)
        assert await read(api, expected["arn"]) == expected
        started = await api.incidents("start_incident", responsePlanArn=expected["arn"])
        record = (await api.incidents("get_incident_record", arn=started["incidentRecordArn"]))[
            "incidentRecord"
        ]
        assert record["title"]
        assert record["dedupeString"]
        assert record["notificationTargets"] == []
        assert record.get("summary") == members.get("summary")


async def test_a_chat_channel_that_is_empty_is_none_at_creation_and_in_an_update(
    api: Api,
) -> None:
    for name in ("without", "with"):
        await api.incidents(
            "create_response_plan",
            name=name,
            incidentTemplate=MINIMAL,
            chatChannel={"empty": {}},
        )
        assert await read(api, named(name)["arn"]) == named(name, incidentTemplate=MINIMAL)
    arn, chat = named("with")["arn"], {"chatbotSns": [TOPIC]}
    for given, shown in ((chat, {"chatChannel": chat}), ({"empty": {}}, {})):
        for _ in range(2):
            await api.incidents("update_response_plan", arn=arn, chatChannel=given)
            expected = named("with", incidentTemplate=MINIMAL, **shown)
            assert await read(api, arn) == expected


async def test_an_incident_record_is_read_as_it_was_written_and_keeps_the_rest(
    api: Api,
) -> None:
    await api.incidents("create_response_plan", name="pay", **WHOLE)
    started = await api.incidents("start_incident", responsePlanArn=named("pay")["arn"])
    arn = started["incidentRecordArn"]

    async def record() -> dict[str, Any]:
        return dict((await api.incidents("get_incident_record", arn=arn))["incidentRecord"])

    steps: tuple[tuple[dict[str, Any], dict[str, Any] | None], ...] = (
        ({"summary": ""}, None),
        ({"summary": "Known.\n☂ \t"}, None),
        ({"title": "T" * 200}, None),
        ({"impact": 5}, None),
        ({"notificationTargets": []}, None),
        ({"notificationTargets": [{"snsTopicArn": TOPIC}]}, None),
        ({"chatChannel": {"empty": {}}}, {"chatChannel": None}),
        ({"chatChannel": {"chatbotSns": [TOPIC]}}, None),
        ({}, None),
    )
    moving = {"lastModifiedTime", "lastModifiedBy"}
    for given, shown in steps:
        before = {name: each for name, each in (await record()).items() if name not in moving}
        await api.incidents("update_incident_record", arn=arn, **given)
        after = {name: each for name, each in (await record()).items() if name not in moving}
        wanted = before | (given if shown is None else shown)
        assert after == {name: each for name, each in wanted.items() if each is not None}


async def test_a_refused_update_of_a_plan_changes_nothing(api: Api) -> None:
    await api.incidents("create_response_plan", name="pay", **WHOLE)
    before = named("pay", **WHOLE)
    absent = f"arn:aws:sns:us-east-1:{ACCOUNT}:absent"
    for wrong in (
        {"chatChannel": {"chatbotSns": [absent]}},
        {"engagements": ["ana"]},
        {"incidentTemplateImpact": 9},
        {"incidentTemplateTags": {"aws:x": "y"}},
        {"actions": [{"ssmAutomation": {"documentName": "x", "roleArn": "y"}}]},
    ):
        found = await refusal(
            api, "update_response_plan", arn=before["arn"], displayName="New", **wrong
        )
        assert found.code == "ValidationException"
        assert await read(api, before["arn"]) == before


async def test_a_replication_set_lives_as_infrastructure_as_code_wants_it(
    world: World,
) -> None:
    api = Api(world)
    (first,) = (await api.incidents("list_replication_sets"))["replicationSetArns"]
    await api.incidents("delete_replication_set", arn=first)
    assert (await api.incidents("list_replication_sets"))["replicationSetArns"] == []
    key = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    made = await api.incidents(
        "create_replication_set",
        regions={"us-east-1": {"sseKmsKeyId": key}, "us-east-2": {}},
        tags={"team": "pay"},
    )
    arn = made["arn"]

    async def regions() -> dict[str, tuple[str, str]]:
        found = (await api.incidents("get_replication_set", arn=arn))["replicationSet"]
        assert (found["arn"], found["status"]) == (arn, "ACTIVE")
        return {
            name: (info["status"], info["sseKmsKeyId"])
            for name, info in found["regionMap"].items()
        }

    ours, default = ("ACTIVE", key), ("ACTIVE", "DefaultKey")
    assert await regions() == {"us-east-1": ours, "us-east-2": default}
    added = {"addRegionAction": {"regionName": "eu-west-1", "sseKmsKeyId": key}}
    await api.incidents("update_replication_set", arn=arn, actions=[added])
    removed = {"deleteRegionAction": {"regionName": "us-east-2"}}
    await api.incidents("update_replication_set", arn=arn, actions=[removed])
    assert await regions() == {"us-east-1": ours, "eu-west-1": ours}
    wrong: list[list[dict[str, Any]]] = [[], [added, removed], [{}]]
    for actions in wrong:
        with pytest.raises(Exception, match=r"Validation|validation|nvalid"):
            await api.incidents("update_replication_set", arn=arn, actions=actions)
    tags = await api.incidents("list_tags_for_resource", resourceArn=arn)
    assert tags["tags"] == {"team": "pay"}

    await api.incidents("delete_replication_set", arn=arn)
    found = await refusal(api, "get_replication_set", arn=arn)
    assert (found.code, found.status) == ("ResourceNotFoundException", 404)
    assert found.answer["resourceType"] == "REPLICATION_SET"
    api.close()


async def test_timeline_event_and_related_item_come_back_as_they_were_written(
    api: Api,
) -> None:
    made = await api.incidents("create_response_plan", name="pay", incidentTemplate=MINIMAL)
    started = await api.incidents("start_incident", responsePlanArn=made["arn"])
    one = {"incidentRecordArn": started["incidentRecordArn"]}
    at = api.world.clock.now().replace(microsecond=0) - timedelta(days=400)
    resource = {"resource": started["incidentRecordArn"]}
    event = await api.incidents(
        "create_timeline_event",
        **one,
        eventType="Custom Event",
        eventTime=at,
        eventData='"a \\u2602"',
        eventReferences=[resource],
    )
    which = {**one, "eventId": event["eventId"]}

    async def shown() -> dict[str, Any]:
        answer = (await api.incidents("get_timeline_event", **which))["event"]
        return {name: answer.get(name) for name in ("eventType", "eventTime", "eventData")} | {
            "references": answer["eventReferences"]
        }

    written = {
        "eventType": "Custom Event",
        "eventTime": at,
        "eventData": '"a \\u2602"',
        "references": [resource],
    }
    assert await shown() == written
    await api.incidents("update_timeline_event", **which, eventTime=at + timedelta(hours=1))
    assert await shown() == written | {"eventTime": at + timedelta(hours=1)}
    await api.incidents("update_timeline_event", **which, eventType="Note", eventReferences=[])
    assert (await shown())["references"] == []
    await api.incidents("delete_timeline_event", **which)
    found = await refusal(api, "get_timeline_event", **which)
    assert found.code == "ResourceNotFoundException"

    for item in ITEMS:
        update = {"itemToAdd": {"identifier": item, "title": ""}}
        await api.incidents("update_related_items", **one, relatedItemsUpdate=update)
    items = (await api.incidents("list_related_items", **one))["relatedItems"][1:]
    assert [(item["identifier"], item["title"]) for item in items] == [
        (item, "") for item in ITEMS
    ]
    for item in ITEMS:
        removal = {"itemToRemove": item}
        await api.incidents("update_related_items", **one, relatedItemsUpdate=removal)
        found = await refusal(api, "update_related_items", **one, relatedItemsUpdate=removal)
        assert found.code == "ResourceNotFoundException"


async def test_a_policy_is_put_read_and_deleted_and_goes_with_its_plan(api: Api) -> None:
    made = await api.incidents("create_response_plan", name="pay", incidentTemplate=MINIMAL)
    which = {"resourceArn": made["arn"]}
    put = await api.incidents("put_resource_policy", **which, policy=POLICY)
    (shown,) = (await api.incidents("get_resource_policies", **which))["resourcePolicies"]
    assert (shown["policyDocument"], shown["policyId"]) == (POLICY, put["policyId"])
    for wrong in ("", "{", "[]", '{"Statement": []}', POLICY.replace("Allow", "Maybe")):
        with pytest.raises(Exception, match=r"Validation|validation"):
            await api.incidents("put_resource_policy", **which, policy=wrong)
    for expected in (None, "ResourceNotFoundException"):
        given = {**which, "policyId": put["policyId"]}
        if expected is None:
            await api.incidents("delete_resource_policy", **given)
        else:
            assert (await refusal(api, "delete_resource_policy", **given)).code == expected
    assert (await api.incidents("get_resource_policies", **which))["resourcePolicies"] == []
