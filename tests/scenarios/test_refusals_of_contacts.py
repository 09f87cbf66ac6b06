"""What ssm-contacts refuses, and how, over the wire."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.scenarios.test_conformity import DAILY, SERVICE, Full
from tests.scenarios.wire import Api, Refused, send
from tests.scenarios.world import ACCOUNT, REGION, contact_arn

COMMON = frozenset(
    {
        "AccessDeniedException",
        "InternalServerException",
        "ThrottlingException",
        "ValidationException",
    }
)
NOT_THERE = "0199d0d0-0000-7000-8000-000000000000"
NOUNS = {
    "ContactId": "contact/nobody",
    "ContactArn": "contact/nobody",
    "ContactChannelId": f"contact-channel/ana/{NOT_THERE}",
    "EngagementId": f"engagement/ana/{NOT_THERE}",
    "PageId": f"page/ana/{NOT_THERE}",
    "RotationId": f"rotation/{NOT_THERE}",
    "ResourceARN": "contact/nobody",
}
"""Input members that name a resource, and one of that kind that is not there."""
MORE: dict[str, dict[str, Any]] = {
    "AcceptPage": {"AcceptType": "READ", "AcceptCode": "425440"},
    "ActivateContactChannel": {"ActivationCode": "425440"},
    "CreateContactChannel": {
        "Name": "x",
        "Type": "SMS",
        "DeliveryAddress": {"SimpleAddress": "+12065550199"},
    },
    "CreateRotationOverride": {"NewContactIds": []},
    "PutContactPolicy": {
        "Policy": '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*"}}'
    },
    "StartEngagement": {"Sender": "tests", "Subject": "x", "Content": "y"},
    "TagResource": {"Tags": [{"Key": "a", "Value": "b"}]},
    "UntagResource": {"TagKeys": ["a"]},
    "UpdateRotation": {"Recurrence": DAILY},
}
UNMODELLED = frozenset({"CreateContactChannel"})
"""Its model holds no ResourceNotFoundException; ours answers it all the same."""


@pytest.fixture
async def full(api: Api) -> Full:
    built = Full(api)
    await built.build()
    return built


async def refusal(api: Api, method: str, **parameters: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await api.contacts(method, **parameters)
    return caught.value


def arn(resource: str, *, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:ssm-contacts:{region}:{account}:{resource}"


def naming(api: Api) -> list[tuple[str, str, str]]:
    """Each operation that names a resource: its method, its name and that member."""
    client = api.client(SERVICE)
    found = []
    for method, name in client.meta.method_to_api_mapping.items():
        required = client.meta.service_model.operation_model(name).input_shape.required_members
        member = next((each for each in NOUNS if each in required), None)
        if member is not None:
            found.append((method, name, member))
    return found


def given(api: Api, name: str, member: str, value: str) -> dict[str, Any]:
    now = api.world.clock.now()
    times = {"StartTime": now, "EndTime": now + timedelta(hours=1)}
    required = api.client(SERVICE).meta.service_model.operation_model(name).input_shape
    more = MORE.get(name, {}) | {
        each: times[each] for each in times if each in required.required_members
    }
    if "RotationOverrideId" in required.required_members:
        more |= {"RotationOverrideId": NOT_THERE}
    return {member: value, **more}


async def test_what_is_not_there_is_not_found_by_any_operation_and_said_in_its_members(
    full: Full,
) -> None:
    api, asked = full.api, naming(full.api)
    assert len(asked) == 33

    for method, name, member in asked:
        for value in (
            arn(NOUNS[member]),
            arn("contact/ana", account="444455556666")
            if member in ("ContactId", "ContactArn", "ResourceARN")
            else arn(NOUNS[member], account="444455556666"),
            arn("contact/ana", region="eu-west-1")
            if "Contact" in member and "Channel" not in member
            else arn(NOUNS[member], region="eu-west-1"),
        ):
            found = await refusal(api, method, **given(api, name, member, value))
            assert (name, found.code) == (name, "ResourceNotFoundException")
            assert found.status == 400
            assert found.answer["ResourceId"] == value
            assert found.answer["ResourceType"]
            assert found.message


async def test_every_refusal_is_one_that_the_model_holds_for_its_operation(full: Full) -> None:
    api = full.api
    model = api.client(SERVICE).meta.service_model
    for method, name, member in naming(api):
        modelled = {shape.name for shape in model.operation_model(name).error_shapes}
        for value in (arn(NOUNS[member]), "nonsense", "arn:aws:ssm-contacts:::"):
            found = await refusal(api, method, **given(api, name, member, value))
            assert found.code in modelled | COMMON or name in UNMODELLED, name


async def test_a_resource_of_another_kind_is_not_found_or_refused(full: Full) -> None:
    api = full.api
    kinds = {
        "contact": full.ana,
        "contact-channel": full.channel,
        "engagement": full.engagement,
        "page": full.page_arn,
        "rotation": full.rotation,
    }
    for method, name, member in naming(api):
        own = NOUNS[member].split("/")[0]
        for kind, value in kinds.items():
            if kind == own or (member, kind) == ("ResourceARN", "rotation"):
                continue
            found = await refusal(api, method, **given(api, name, member, value))
            assert found.code in ("ResourceNotFoundException", "ValidationException"), name


@pytest.mark.parametrize(
    "value",
    [
        "ana",
        "arn:aws:ssm-contacts:us-east-1:111122223333:contact/añá",
        "arn:aws:ssm-contacts:us-east-1:111122223333:contact/ana\n",
        "arn:aws:ssm-contacts:us-east-1:111122223333:contact/ana' OR '1'='1",
        "arn:aws:ssm-contacts:us-east-1:111122223333:contact/" + "a" * 2100,
        "arn:aws:sns:us-east-1:111122223333:contact/ana",
        "",
    ],
)
async def test_what_is_no_arn_of_the_service_is_refused_with_its_field(
    api: Api, value: str
) -> None:
    await api.world.has_contact("ana")

    for operation in ("GetContact", "ListPagesByContact", "DeleteContact"):
        status, answer = await raw(api, operation, {"ContactId": value})
        assert (status, answer["__type"].split("#")[-1]) == (400, "ValidationException")
        assert answer["Reason"] == "FIELD_VALIDATION_FAILED"
        assert [field["Name"] for field in answer["Fields"]] == ["ContactId"]


async def raw(api: Api, operation: str, body: Any) -> tuple[int, dict[str, Any]]:
    """Ask without boto3's own checks."""
    headers = {
        "X-Amz-Target": f"SSMContacts.{operation}",
        "Content-Type": "application/x-amz-json-1.1",
    }
    status, _, text = await send(api.world, SERVICE, json.dumps(body).encode(), headers=headers)
    return status, json.loads(text)


@pytest.mark.parametrize(
    ("alias", "is_one"),
    [
        ("a" * 255, True),
        ("a-_0", True),
        ("-", True),
        ("a" * 256, False),
        ("", False),
        ("Ana", False),
        ("añá", False),
        ("ana.b", False),
        ("ana\u200b", False),
        ("ana\n", False),
        ("٣", False),
        ("ana/../ben", False),
    ],
)
async def test_an_alias_is_what_the_model_says(api: Api, alias: str, *, is_one: bool) -> None:
    body = {"Alias": alias, "Type": "PERSONAL", "Plan": {"Stages": []}}

    status, answer = await raw(api, "CreateContact", body)

    assert (status == 200) == is_one
    if is_one:
        assert answer["ContactArn"] == contact_arn(alias)
        assert (await api.contacts("get_contact", ContactId=contact_arn(alias)))[
            "Alias"
        ] == alias


async def test_an_alias_is_taken_once_whatever_the_type_and_free_after_deletion(
    api: Api,
) -> None:
    first = await api.contacts(
        "create_contact", Alias="duty", Type="PERSONAL", Plan={"Stages": []}
    )
    for kind, plan in (("PERSONAL", "Stages"), ("ONCALL_SCHEDULE", "RotationIds")):
        taken = await refusal(api, "create_contact", Alias="duty", Type=kind, Plan={plan: []})
        assert taken.code == "ConflictException"
        assert taken.answer["ResourceId"] == first["ContactArn"]
        assert taken.answer["ResourceType"] == "CONTACT"
    await api.contacts("delete_contact", ContactId=first["ContactArn"])
    again = await api.contacts(
        "create_contact", Alias="duty", Type="ESCALATION", Plan={"Stages": []}
    )
    assert again == {**again, "ContactArn": first["ContactArn"]}


async def test_a_member_of_a_rotation_cannot_be_deleted_and_the_answer_says_which(
    full: Full,
) -> None:
    found = await refusal(full.api, "delete_contact", ContactId=full.ana)

    assert found.code == "ConflictException"
    (entity,) = found.answer["DependentEntities"]
    assert entity["RelationType"]
    assert full.rotation in entity["DependentResourceIds"]
    await full.api.contacts("delete_contact", ContactId=full.team)


async def test_a_plan_too_large_is_over_a_quota_or_against_the_model_and_changes_nothing(
    full: Full,
) -> None:
    api, target = full.api, {"ChannelTargetInfo": {"ContactChannelId": full.channel}}
    before = (await api.contacts("get_contact", ContactId=full.ana))["Plan"]

    def stages(count: int, targets: int) -> dict[str, Any]:
        stage = {"DurationInMinutes": 1, "Targets": [target] * targets}
        return {"Stages": [stage] * count}

    for plan in (stages(11, 1), stages(1, 11), stages(500, 0)):
        found = await refusal(api, "update_contact", ContactId=full.ana, Plan=plan)
        assert found.code == "ServiceQuotaExceededException"
        assert found.answer["QuotaCode"]
        assert found.answer["ServiceCode"] == "ssm-contacts"
    shown = await api.contacts("get_contact", ContactId=full.ana)
    assert shown["Plan"] == before
    await api.contacts("update_contact", ContactId=full.ana, Plan=stages(10, 10))
    nested: Any = {"Stages": []}
    for _ in range(60):
        nested = {"Stages": [{"DurationInMinutes": 1, "Targets": [nested]}]}
    status, answer = await raw(api, "UpdateContact", {"ContactId": full.ana, "Plan": nested})
    assert status in (200, 400)
    assert "InternalServer" not in json.dumps(answer)


async def test_a_token_of_another_listing_or_other_questions_is_refused(full: Full) -> None:
    api = full.api
    first = await api.contacts("list_contacts", MaxResults=1)
    token = first["NextToken"]

    for method, more in (
        ("list_engagements", {}),
        ("list_rotations", {}),
        ("list_contacts", {"Type": "PERSONAL"}),
        ("list_contacts", {"AliasPrefix": "a"}),
        ("list_contact_channels", {"ContactId": full.ana}),
        ("list_page_resolutions", {"PageId": full.page_arn}),
        ("list_rotation_shifts", {"RotationId": full.rotation, **full.range}),
        ("list_page_receipts", {"PageId": full.page_arn}),
    ):
        found = await refusal(api, method, NextToken=token, **more)
        assert found.code == "ValidationException", method
    for broken in (token[:-1], f"{token}A", token[::-1], "a" * 2048):
        assert (await refusal(api, "list_contacts", NextToken=broken)).code.startswith("Valid")
    rest = await api.contacts("list_contacts", NextToken=token, MaxResults=3)
    assert len(rest["Contacts"]) == 3
    for size in (-1, 1025):
        status, answer = await raw(api, "ListContacts", {"MaxResults": size})
        assert (status, "Fields" in answer) == (400, True)
    assert (await raw(api, "ListContacts", {"MaxResults": 0}))[0] == 200


async def test_engagements_are_found_by_incident_and_time_both_ends_included(
    full: Full,
) -> None:
    api = full.api
    every = (await api.contacts("list_engagements"))["Engagements"]
    started = max(one["StartTime"] for one in every)
    later = started + timedelta(seconds=1)

    async def count(**filters: Any) -> int:
        return len((await api.contacts("list_engagements", **filters))["Engagements"])

    assert await count(IncidentId="INC-1") == len(every)
    assert await count(IncidentId="INC") == 0
    assert await count(TimeRangeValue={}) == len(every)
    assert await count(TimeRangeValue={"EndTime": later}) == len(every)
    assert await count(TimeRangeValue={"StartTime": later}) == 0
    assert await count(IncidentId="INC-2", TimeRangeValue={"EndTime": later}) == 0


async def test_contacts_and_rotations_are_found_by_what_their_names_begin_with(
    full: Full,
) -> None:
    api = full.api

    async def aliases(**filters: Any) -> list[str]:
        listed = await api.contacts("list_contacts", **filters)
        return [one["Alias"] for one in listed["Contacts"]]

    await api.world.has_contact("a_b")
    await api.world.has_contact("axb")
    assert await aliases(AliasPrefix="a") == ["a_b", "ana", "axb"]
    assert await aliases(AliasPrefix="a_") == ["a_b"], "no wildcard"
    assert await aliases(AliasPrefix="an", Type="ESCALATION") == []
    assert await aliases(Type="ONCALL_SCHEDULE") == ["duty"]
    named = await api.contacts("list_rotations", RotationNamePrefix="fir")
    assert [one["Name"] for one in named["Rotations"]] == ["first"]
    assert (await api.contacts("list_rotations", RotationNamePrefix="_"))["Rotations"] == []
