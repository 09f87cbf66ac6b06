"""What ssm-incidents refuses, and how, over the wire."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.scenarios.test_conformity_of_incidents import POLICY, SERVICE, FullIncidents
from tests.scenarios.wire import Api, Refused
from tests.scenarios.world import ACCOUNT

COMMON = frozenset(
    {
        "AccessDeniedException",
        "InternalServerException",
        "ThrottlingException",
        "ValidationException",
    }
)
NOT_THERE = "0199d0d0-0000-7000-8000-000000000000"
INCIDENT = f"incident-record/payments/{NOT_THERE}"
ABSENT = {
    "IncidentRecord": INCIDENT,
    "ReplicationSet": f"replication-set/{NOT_THERE}",
    "DeletionProtection": f"replication-set/{NOT_THERE}",
    "ResponsePlan": "response-plan/absent",
    "ResourcePolic": "response-plan/absent",
    "StartIncident": "response-plan/absent",
    "Tag": "response-plan/absent",
}
"""By a part of the operation's name: what it asks for; all others, for an incident."""
MEMBERS = ("arn", "incidentRecordArn", "resourceArn", "responsePlanArn")
MORE: dict[str, dict[str, Any]] = {
    "BatchGetIncidentFindings": {"findingIds": ["x"]},
    "CreateTimelineEvent": {"eventData": '"x"', "eventType": "Note"},
    "DeleteResourcePolicy": {"policyId": "x"},
    "PutResourcePolicy": {"policy": POLICY},
    "TagResource": {"tags": {"a": "b"}},
    "UntagResource": {"tagKeys": ["a"]},
    "UpdateDeletionProtection": {"deletionProtected": True},
    "UpdateRelatedItems": {
        "relatedItemsUpdate": {
            "itemToAdd": {
                "identifier": {"type": "OTHER", "value": {"url": "https://example.com"}}
            }
        }
    },
    "UpdateReplicationSet": {"actions": [{"addRegionAction": {"regionName": "eu-west-1"}}]},
}
SILENT = frozenset(
    {"DeleteIncidentRecord", "DeleteResponsePlan", "DeleteTimelineEvent"},
)
"""To delete what is not there is no error."""
UNMODELLED = frozenset({"ListRelatedItems", "ListTimelineEvents"})
"""Their models hold no ResourceNotFoundException."""


@pytest.fixture
async def full(api: Api) -> FullIncidents:
    built = FullIncidents(api)
    await built.build()
    return built


async def refusal(api: Api, method: str, **parameters: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await api.incidents(method, **parameters)
    return caught.value


async def code_of(api: Api, method: str, **parameters: Any) -> str | None:
    """None where it is answered."""
    try:
        await api.incidents(method, **parameters)
    except Refused as found:
        return found.code
    return None


def arn(resource: str, *, region: str = "", account: str = ACCOUNT) -> str:
    return f"arn:aws:{SERVICE}:{region}:{account}:{resource}"


def naming(api: Api) -> list[tuple[str, str, str]]:
    """Each operation that names a resource: its method, its name and that member."""
    client = api.client(SERVICE)
    found = []
    for method, name in client.meta.method_to_api_mapping.items():
        required = client.meta.service_model.operation_model(name).input_shape.required_members
        member = next((each for each in MEMBERS if each in required), None)
        if member is not None:
            found.append((method, name, member))
    return found


def absent(name: str) -> str:
    return next((what for noun, what in ABSENT.items() if noun in name), INCIDENT)


def given(api: Api, name: str, member: str, value: str) -> dict[str, Any]:
    known = {"eventId": NOT_THERE, "eventTime": api.world.clock.now()}
    required = api.client(SERVICE).meta.service_model.operation_model(name).input_shape
    more = {each: known[each] for each in known if each in required.required_members}
    return {member: value, **MORE.get(name, {}), **more}


async def test_what_is_not_there_is_not_found_by_any_operation_and_said_in_its_members(
    full: FullIncidents,
) -> None:
    api, asked = full.api, naming(full.api)
    assert len(asked) == 26
    for method, name, member in asked:
        for value in (arn(absent(name)), arn(absent(name), account="444455556666")):
            if name in SILENT:
                await api.incidents(method, **given(api, name, member, value))
                continue
            found = await refusal(api, method, **given(api, name, member, value))
            if name in UNMODELLED:
                assert (found.code, found.status) == ("ValidationException", 400), name
                continue
            assert (name, found.code) == (name, "ResourceNotFoundException")
            assert found.status == 404
            assert found.answer["resourceIdentifier"] == value
            assert found.answer["resourceType"]
            assert found.message


async def test_every_refusal_is_one_that_the_model_holds_for_its_operation(
    full: FullIncidents,
) -> None:
    api = full.api
    model = api.client(SERVICE).meta.service_model
    values: tuple[str, ...] = (
        arn(absent("Tag")),
        arn(INCIDENT),
        full.set,
        full.plan,
        full.incident,
        "nonsense",
        "arn:aws:ssm-incidents:::",
        "arn:aws:ssm-contacts:us-east-1:111122223333:contact/ana",
        arn("incident-record/payments/añá"),
        "a" * 1001,
    )
    for method, name, member in naming(api):
        modelled = {shape.name for shape in model.operation_model(name).error_shapes}
        if name.startswith("Delete"):
            values = tuple(value for value in values if value != full.set)
        for value in values:
            code = await code_of(api, method, **given(api, name, member, value))
            assert code in {None, *modelled, *COMMON} - {"InternalServerException"}, (
                name,
                value,
            )


async def test_an_event_or_policy_that_is_not_there_is_not_found(full: FullIncidents) -> None:
    incident = {"incidentRecordArn": full.incident, "eventId": NOT_THERE}
    for method, given_, kind in (
        ("get_timeline_event", incident, "TIMELINE_EVENT"),
        ("update_timeline_event", incident, "TIMELINE_EVENT"),
        (
            "delete_resource_policy",
            {"resourceArn": full.plan, "policyId": "0" * 32},
            "RESOURCE_POLICY",
        ),
    ):
        found = await refusal(full.api, method, **given_)
        assert (found.code, found.answer["resourceType"]) == ("ResourceNotFoundException", kind)
    await full.ask("delete_timeline_event", **incident)


async def test_a_name_that_is_taken_is_a_conflict_with_what_has_it(full: FullIncidents) -> None:
    template = {"title": "T", "impact": 1}
    found = await refusal(
        full.api, "create_response_plan", name="payments", incidentTemplate=template
    )
    assert (found.code, found.status) == ("ConflictException", 409)
    assert found.answer["resourceIdentifier"] == full.plan
    assert found.answer["resourceType"] == "RESPONSE_PLAN"
    again = await refusal(full.api, "create_replication_set", regions={"eu-west-1": {}})
    assert (again.code, again.answer["resourceIdentifier"]) == ("ConflictException", full.set)


async def test_a_tag_too_many_is_over_a_quota_with_its_code(full: FullIncidents) -> None:
    for resource in (full.plan, full.incident, full.set):
        tags = {f"k{number}": "" for number in range(48)}
        for _ in range(2):
            await full.ask("tag_resource", resourceArn=resource, tags=tags)
        more = {"x": "1", "y": "2", "z": "3"}
        found = await refusal(full.api, "tag_resource", resourceArn=resource, tags=more)
        assert (found.code, found.status) == ("ServiceQuotaExceededException", 402)
        assert found.answer["serviceCode"] == SERVICE
        assert found.answer["quotaCode"]
        for wrong in ({"aws:x": "v"}, {"": "v"}, {"k" * 129: "v"}, {"a": "v" * 257}, {}):
            with pytest.raises(Exception, match=r"Validation|length"):
                await full.ask("tag_resource", resourceArn=resource, tags=wrong)
        for _ in range(2):
            await full.ask("untag_resource", resourceArn=resource, tagKeys=list(tags))
        shown = await full.ask("list_tags_for_resource", resourceArn=resource)
        assert not set(shown["tags"]) & (set(tags) | set(more))
    odd = {"a b_=@:.+-/Z9": "payments / 1"}
    await full.ask("tag_resource", resourceArn=full.set, tags=odd)
    shown = await full.ask("list_tags_for_resource", resourceArn=full.set)
    assert shown["tags"] == odd


async def test_a_token_of_another_listing_is_refused(full: FullIncidents) -> None:
    first = await full.ask("list_response_plans", maxResults=1)
    token, incident = first["nextToken"], {"incidentRecordArn": full.incident}

    for method, more in (
        ("list_incident_records", {}),
        ("list_replication_sets", {}),
        ("get_resource_policies", {"resourceArn": full.plan}),
        ("list_timeline_events", incident),
        ("list_related_items", incident),
        ("list_incident_findings", incident),
    ):
        found = await refusal(full.api, method, nextToken=token, **more)
        assert found.code == "ValidationException", method
    for broken in (token[:-1], f"{token}A", token[::-1], "a" * 2000, "a" * 2001, "é"):
        found = await refusal(full.api, "list_response_plans", nextToken=broken)
        assert found.code == "ValidationException"
    rest = await full.ask("list_response_plans", nextToken=token)
    assert [each["name"] for each in rest["responsePlanSummaries"]] == ["payments"]
    timeline = await full.ask("list_timeline_events", **incident, maxResults=1)
    found = await refusal(
        full.api,
        "list_timeline_events",
        **incident,
        nextToken=timeline["nextToken"],
        sortOrder="ASCENDING",
    )
    assert found.code == "ValidationException"


async def test_filters_of_the_timeline_hold_all_together_and_sort_either_way(
    full: FullIncidents,
) -> None:
    now = full.api.world.clock.now()

    async def count(*filters: tuple[str, dict[str, Any]], **more: Any) -> int:
        asked = [{"key": key, "condition": condition} for key, condition in filters]
        events = await full.ask(
            "list_timeline_events", incidentRecordArn=full.incident, filters=asked, **more
        )
        return len(events["eventSummaries"])

    notes = ("eventType", {"equals": {"stringValues": ["Note", "Custom Event"]}})
    by_incident = ("eventReference", {"equals": {"stringValues": [full.incident]}})
    assert await count(notes) == await count(by_incident) == 1
    assert await count(notes, ("eventTime", {"after": now})) == 0
    assert await count(notes, ("eventTime", {"before": now + timedelta(hours=1)})) == 1
    assert await count(("eventReference", {"equals": {"stringValues": ["arn:aws:x"]}})) == 0
    by_order = {
        order: (
            await full.ask(
                "list_timeline_events", incidentRecordArn=full.incident, sortOrder=order
            )
        )["eventSummaries"]
        for order in ("ASCENDING", "DESCENDING")
    }
    assert by_order["ASCENDING"] == by_order["DESCENDING"][::-1]
    for key, condition in (
        ("eventType", {"before": now}),
        ("eventTime", {"equals": {"stringValues": ["x"]}}),
        ("status", {"equals": {"stringValues": ["OPEN"]}}),
    ):
        found = await refusal(
            full.api,
            "list_timeline_events",
            incidentRecordArn=full.incident,
            filters=[{"key": key, "condition": condition}],
        )
        assert (found.code, key in found.message) == ("ValidationException", True)
    found = await refusal(
        full.api,
        "list_incident_records",
        filters=[{"key": "status", "condition": {"equals": {"stringValues": ["OPEN"]}}}] * 6,
    )
    assert found.code == "ValidationException"
