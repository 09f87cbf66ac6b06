from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import (
    InvalidParameterException,
    ServiceError,
    ValidationException,
)
from bot.core.service_models import (
    Shape,
    from_wire,
    operation_model,
    validate,
)
from tests.core.model_helpers import (
    AWS,
    CONTACT,
    NOW,
    PLAN,
    botocore_model,
    refusal,
)


def test_constraint_faults_read_as_the_service_writes_them() -> None:
    error = refusal(
        "ssm-incidents",
        "UpdateResponsePlan",
        arn=PLAN,
        actions=[
            {
                "ssmAutomation": {
                    "documentName": "fix",
                    "roleArn": "arn:aws:iam::111122223333:role/fix",
                    "dynamicParameters": {},
                }
            }
        ],
    )

    assert isinstance(error, ValidationException)
    assert error.message == (
        "1 validation error detected: Value '{}' at "
        "'actions.1.member.ssmAutomation.dynamicParameters' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    )


def test_several_faults_are_told_in_one_sentence_each() -> None:
    error = refusal("ssm-contacts", "CreateContact", Alias="No Spaces", Type="BOT")

    assert error.message == (
        "3 validation errors detected: Value 'No Spaces' at 'Alias' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: ^[a-z0-9_\\-]*$; "
        "Value 'BOT' at 'Type' failed to satisfy constraint: Member must satisfy enum value "
        "set: [PERSONAL, ESCALATION, ONCALL_SCHEDULE]; Value null at 'Plan' failed to satisfy "
        "constraint: Member must not be null"
    )
    assert error.fields["reason"] == "FIELD_VALIDATION_FAILED"
    assert [field["Name"] for field in error.fields["fields"]] == ["Alias", "Type", "Plan"]


def test_sns_and_chatbot_say_invalid_parameter() -> None:
    for service, operation in (
        ("sns", "CreateTopic"),
        ("chatbot", "CreateSlackChannelConfiguration"),
    ):
        assert isinstance(refusal(service, operation), InvalidParameterException)
    assert refusal("sns", "CreateTopic").message.startswith("Invalid parameter: ")


@pytest.mark.parametrize(
    ("operation", "member", "value", "rule"),
    [
        ("StartIncident", "impact", 6, "less than or equal to 5"),
        ("StartIncident", "impact", 0, "greater than or equal to 1"),
        ("StartIncident", "impact", True, "whole number"),
        ("StartIncident", "impact", 2.0, "whole number"),
        ("StartIncident", "title", "x" * 201, "length less than or equal to 200"),
        ("StartIncident", "title", 7, "a string"),
        ("StartIncident", "title", "a\0b", "U+0000"),
        ("StartIncident", "relatedItems", {}, "a list"),
        ("StartIncident", "relatedItems", [None], "not be null"),
        ("StartIncident", "triggerDetails", "x", "a structure"),
        ("StartIncident", "triggerDetails", {"source": "x", "timestamp": 5}, "a timestamp"),
        ("CreateReplicationSet", "regions", {}, "length greater than or equal to 1"),
        ("CreateReplicationSet", "regions", {"x" * 21: {}}, "Map keys must satisfy"),
        ("CreateReplicationSet", "regions", [], "a map"),
        ("UpdateDeletionProtection", "deletionProtected", 1, "true or false"),
        ("UpdateIncidentRecord", "chatChannel", {}, "exactly one of"),
        ("UpdateIncidentRecord", "chatChannel", {"empty": {}, "chatbotSns": [PLAN]}, "exactly"),
        ("UpdateIncidentRecord", "arn", f"{PLAN}\n", "regular expression"),
    ],
)
def test_every_kind_of_constraint_is_held(
    operation: str, member: str, value: Any, rule: str
) -> None:
    assert rule in refusal("ssm-incidents", operation, **{member: value}).message


def test_addresses_codes_and_texts_are_never_repeated() -> None:
    channel = refusal(
        "ssm-contacts",
        "CreateContactChannel",
        ContactId=CONTACT,
        Name="mail",
        Type="EMAIL",
        DeliveryAddress={"SimpleAddress": "ana@example.com" * 30},
    )
    code = refusal(
        "ssm-contacts",
        "ActivateContactChannel",
        ContactChannelId=CONTACT,
        ActivationCode="12ab",
    )
    page = refusal(
        "ssm-contacts",
        "StartEngagement",
        ContactId=CONTACT,
        Sender="me",
        Subject="s" * 2049,
        Content="secret" * 2000,
    )

    assert "Value '***' at 'DeliveryAddress.SimpleAddress'" in channel.message
    assert "Value '***' at 'ActivationCode'" in code.message
    assert "secret" not in page.message
    assert "sss" not in page.message


def test_long_values_and_many_faults_are_cut() -> None:
    error = refusal("ssm-incidents", "StartIncident", responsePlanArn="x" * 5000)
    assert f"'{'x' * 64}...'" in error.message
    assert "x" * 65 not in error.message

    items = [{"title": 1, "identifier": {}}] * 100
    many = refusal("ssm-incidents", "StartIncident", responsePlanArn=PLAN, relatedItems=items)
    assert many.message.startswith("300 validation errors detected: ")
    assert len(many.message) < 4000


def test_members_that_the_model_does_not_hold_are_passed_over() -> None:
    validate("ssm-contacts", "GetContact", {"ContactId": CONTACT, "Colour": object()})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


def nearly(shape: Shape) -> st.SearchStrategy[Any]:
    """Values that fit a shape's types, or nearly: members may be missing or of any kind."""
    if shape.type_name == "structure":
        parts = {name: nearly(member) for name, member in shape.members.items()}
        return st.fixed_dictionaries({}, optional=parts) | json_values
    if shape.type_name == "list":
        return st.lists(nearly(shape.member), max_size=2) | json_values
    if shape.type_name == "map":
        return st.dictionaries(st.text(max_size=3), nearly(shape.value), max_size=2)
    if shape.type_name == "string":
        return (
            st.sampled_from(shape.enum) if shape.enum else st.text(max_size=3)
        ) | json_values
    plain: Mapping[str, st.SearchStrategy[Any]] = {
        "integer": st.integers(),
        "boolean": st.booleans(),
        "timestamp": st.just(NOW),
        "blob": st.binary(max_size=3),
    }
    return plain[shape.type_name] | json_values


@given(pair=st.sampled_from(AWS), data=st.data())
def test_whatever_botocore_refuses_is_refused(
    pair: tuple[str, str], data: st.DataObject
) -> None:
    service, name = pair
    parameters = data.draw(nearly(operation_model(service, name).input_shape))
    theirs = botocore_model(service, name).input_shape
    is_refused = False
    try:
        validate(service, name, parameters)
    except ServiceError:
        is_refused = True

    if theirs is not None and ParamValidator().validate(parameters, theirs).has_errors():
        known = from_wire(service, name, parameters) if isinstance(parameters, dict) else None
        assert is_refused or not ParamValidator().validate(known, theirs).has_errors()
