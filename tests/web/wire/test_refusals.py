from __future__ import annotations

import asyncio

import pytest
from botocore.exceptions import ClientError

from bot.core.errors import (
    AccessDeniedException,
    ConflictException,
    InternalServerException,
    NotFoundException,
    OperationNotAnswered,
    ResourceNotFoundException,
    ServiceError,
    ServiceQuotaExceededException,
    ServiceUnavailable,
    ThrottlingException,
)
from tests.web.clients import (
    CONTACT,
    PLAN,
    TOPIC,
    client,
    refused,
    status,
)
from tests.web.door import KEY, House


@pytest.mark.parametrize(
    ("error", "incidents", "contacts"),
    [
        (ConflictException("No.", "RESPONSE_PLAN", PLAN), 409, 400),
        (ResourceNotFoundException("Response plan", PLAN), 404, 400),
        (ServiceQuotaExceededException("Enough.", quota_code="L-1"), 402, 400),
        (ThrottlingException("Slower."), 429, 400),
        (AccessDeniedException("No."), 403, 400),
        (InternalServerException("Broken."), 500, 500),
        (ServiceUnavailable("Full."), 503, 503),
        (OperationNotAnswered("Not yet."), 501, 501),
    ],
)
async def test_refusals_bear_the_services_status_and_name(
    house: House, url: str, error: ServiceError, incidents: int, contacts: int
) -> None:
    house.will("GetResponsePlan", error)
    house.will("GetContact", error)

    first = await refused(url, "ssm-incidents", "get_response_plan", arn=PLAN)
    second = await refused(url, "ssm-contacts", "get_contact", ContactId=CONTACT)

    assert (status(first), status(second)) == (incidents, contacts)
    for answer in (first, second):
        assert answer["Error"] == {"Code": error.code, "Message": error.message}
        assert answer["ResponseMetadata"]["RequestId"]


async def test_refusals_carry_the_members_as_each_service_spells_them(
    house: House, url: str
) -> None:
    dependents = {"RotationMember": [CONTACT]}
    house.will("GetResponsePlan", ResourceNotFoundException("Response plan", PLAN))
    house.will("DeleteContact", ConflictException("In use.", "CONTACT", CONTACT, dependents))
    house.will("StartIncident", ThrottlingException("Slower."))

    lost = await refused(url, "ssm-incidents", "get_response_plan", arn=PLAN)
    used = await refused(url, "ssm-contacts", "delete_contact", ContactId=CONTACT)
    slow = await refused(url, "ssm-incidents", "start_incident", responsePlanArn=PLAN)

    assert (lost["resourceType"], lost["resourceIdentifier"]) == ("RESPONSE_PLAN", PLAN)
    assert (used["ResourceType"], used["ResourceId"]) == ("CONTACT", CONTACT)
    assert used["DependentEntities"] == [
        {"RelationType": "RotationMember", "DependentResourceIds": [CONTACT]}
    ]
    assert slow["serviceCode"] == "ssm-incidents"
    assert slow["quotaCode"]


async def test_sns_refuses_by_its_models_codes(house: House, url: str) -> None:
    house.will("DeleteTopic", NotFoundException("Topic <does> not exist"))
    house.will("ListTopics", AccessDeniedException("No."))
    house.will("CreateTopic", InternalServerException("Broken."))

    lost = await refused(url, "sns", "delete_topic", TopicArn=TOPIC)
    denied = await refused(url, "sns", "list_topics")
    broken = await refused(url, "sns", "create_topic", Name="x")
    wrong = await refused(url, "sns", "get_topic_attributes", TopicArn="a\0b")

    assert lost["Error"] == {
        "Type": "Sender",
        "Code": "NotFound",
        "Message": "Topic <does> not exist",
    }
    assert (status(lost), status(denied), status(broken)) == (404, 403, 500)
    assert denied["Error"]["Code"] == "AuthorizationError"
    assert (broken["Error"]["Code"], broken["Error"]["Type"]) == ("InternalError", "Receiver")
    assert wrong["Error"]["Code"] == "InvalidParameter"


async def test_validation_says_which_fields(url: str) -> None:
    answer = await refused(
        url, "ssm-contacts", "create_contact", Alias="A B", Type="PERSONAL", Plan={"Stages": []}
    )

    assert answer["Error"]["Code"] == "ValidationException"
    assert answer["Reason"] == "FIELD_VALIDATION_FAILED"
    assert [field["Name"] for field in answer["Fields"]] == ["Alias"]


@pytest.mark.parametrize(
    ("service", "operation", "code", "unknown"),
    [
        (
            "ssm-incidents",
            "list_response_plans",
            "InvalidSignatureException",
            "UnrecognizedClientException",
        ),
        (
            "ssm-contacts",
            "list_contacts",
            "InvalidSignatureException",
            "UnrecognizedClientException",
        ),
        ("sns", "list_topics", "SignatureDoesNotMatch", "InvalidClientTokenId"),
    ],
)
async def test_wrong_secrets_and_unknown_keys_are_refused_in_the_services_form(
    house: House, url: str, service: str, operation: str, code: str, unknown: str
) -> None:
    for key, expected in ((KEY.access_key_id, code), ("AKIDNOBODY", unknown)):
        api = client(url, service, key=key, secret="wrong")
        with pytest.raises(ClientError) as caught:
            await asyncio.to_thread(getattr(api, operation))
        api.close()
        assert caught.value.response["Error"]["Code"] == expected
        assert status(caught.value.response) == 403
    assert house.asked == []
