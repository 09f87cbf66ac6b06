from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import botocore.loaders
import botocore.model
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import (
    InvalidParameterException,
    ServiceError,
    UnknownOperationException,
    ValidationException,
)
from bot.core.patterns import compile_pattern
from bot.core.service_models import (
    SERVICES,
    Shape,
    from_wire,
    is_read,
    kebab,
    operation_model,
    operation_names,
    service_model,
    snake_parameters,
    to_wire,
    token_members,
    validate,
    validate_output,
    wire_name,
    xform_name,
)

CONTACT = "arn:aws:ssm-contacts:us-east-1:111122223333:contact/ana"
PLAN = "arn:aws:ssm-incidents::111122223333:response-plan/payments"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OPERATIONS = [(service, name) for service in SERVICES for name in operation_names(service)]
AWS = [pair for pair in OPERATIONS if pair[0] != "imbot"]


def walk(shape: Shape) -> Iterator[Shape]:
    yield shape
    for member in shape.members.values():
        yield from walk(member)
    if shape.type_name == "list":
        yield from walk(shape.member)
    if shape.type_name == "map":
        yield from walk(shape.key)
        yield from walk(shape.value)


ALL_SHAPES = [
    shape
    for service, name in OPERATIONS
    for side in (
        operation_model(service, name).input_shape,
        operation_model(service, name).output_shape,
    )
    for shape in walk(side)
]


def refusal(service: str, operation: str, **parameters: Any) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        validate(service, operation, parameters)
    return caught.value


def botocore_model(service: str, name: str) -> botocore.model.OperationModel:
    document = botocore.loaders.Loader().load_service_model(service, "service-2")
    return botocore.model.ServiceModel(document, service).operation_model(name)


# names and look-ups


def test_unknown_services_and_operations_are_refused() -> None:
    for service, name in (("ec2", "RunInstances"), ("sns", "FlyToMars"), ("imbot", "")):
        with pytest.raises(UnknownOperationException):
            operation_model(service, name)


def test_the_models_hold_what_botocore_reads_in_them() -> None:
    for service in ("ssm-incidents", "ssm-contacts", "sns", "chatbot"):
        for name in operation_names(service):
            ours, theirs = operation_model(service, name), botocore_model(service, name)
            given_input = theirs.input_shape.members if theirs.input_shape else {}
            given_output = theirs.output_shape.members if theirs.output_shape else {}
            assert list(ours.input_shape.members) == list(given_input)
            assert list(ours.output_shape.members) == list(given_output)
            assert ours.http == theirs.http


def test_names_are_spelt_as_botocore_and_the_command_line_do() -> None:
    assert xform_name("ResourceARN") == "resource_arn"
    assert kebab("CheckIfPhoneNumberIsOptedOut") == "check-if-phone-number-is-opted-out"
    assert wire_name("ssm-contacts", "TagResource", "resource_arn") == "ResourceARN"
    assert wire_name("ssm-incidents", "StartIncident", "client_token") == "clientToken"
    with pytest.raises(LookupError):
        wire_name("ssm-incidents", "StartIncident", "colour")


def test_tokens_are_found_by_trait_and_by_name() -> None:
    assert token_members("ssm-incidents", "StartIncident") == {"clientToken"}
    assert token_members("ssm-contacts", "CreateRotation") == {"IdempotencyToken"}
    assert token_members("chatbot", "CreateCustomAction") == {"ClientToken"}
    assert token_members("ssm-contacts", "ListContacts") == frozenset()


def test_handlers_get_neither_tokens_nor_nulls_nor_strangers() -> None:
    wire = {"responsePlanArn": PLAN, "clientToken": "t", "title": None, "colour": "red"}

    assert snake_parameters("ssm-incidents", "StartIncident", wire) == {
        "response_plan_arn": PLAN
    }


def test_reads_are_told_by_their_verb() -> None:
    assert all(map(is_read, ("GetContact", "BatchGetIncidentFindings", "DescribePage")))
    assert not any(map(is_read, ("StartIncident", "AcceptPage", "SendActivationCode")))


def test_loading_the_models_loads_no_session() -> None:
    program = (
        "import sys; from bot.core import service_models as m;"
        "[m.service_model(s) for s in m.SERVICES];"
        "sys.exit(any(n in sys.modules for n in ('botocore.session', 'botocore.model')))"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_body_members_bear_their_own_names_so_that_json_needs_no_renaming() -> None:
    for service, name in OPERATIONS:
        if service_model(service).protocol == "query":
            continue
        model = operation_model(service, name)
        for side in (model.input_shape, model.output_shape):
            for shape in walk(side):
                for member, inner in shape.members.items():
                    is_body = "location" not in inner.serialization
                    assert not is_body or inner.serialization.get("name", member) == member


# constraints


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


# patterns


def test_no_pattern_of_the_models_takes_long_on_any_string_that_its_length_allows() -> None:
    shapes = {s.name: s for s in ALL_SHAPES if "pattern" in s.metadata}
    arn = "arn:aws:ssm-contacts:us-east-1:1:"
    attacks = ["a" * 20_000, arn + "a" * 20_000, "%3a%40" * 3000, " " * 20_000]
    assert len(shapes) > 30

    for shape in shapes.values():
        pattern = compile_pattern(shape.metadata["pattern"])
        longest = min(shape.metadata.get("max", 20_000), 20_000)
        for attack in attacks:
            began = time.perf_counter()
            pattern.fullmatch(attack[: longest - 1] + "\n")
            assert time.perf_counter() - began < 0.5, shape


@pytest.mark.parametrize(
    ("source", "fits", "fails"),
    [
        (r"^[\p{L}\p{Z}\p{N}_.\-]*$", "Ana María 宮 9\u00a0", "a:b"),
        (r"^[\p{Lu}]+$", "ÀB", "b"),
        (r"\p{Nd}", "٣", "x"),
        (r"^[a-zA-Z0-9_\-\s\.]*$", "a b", "a\u00a0b"),
        (r"[^\p{L}\p{N}_]", " ", "x"),
        (r"^\d\w$", "1a", "١a"),
        (r".+", "ab", "a\u2028b"),
        (r"([a-z]+)*", "abc", "ab1"),
        (r"[.]", ".", "x"),
    ],
)
def test_patterns_mean_what_java_means(source: str, fits: str, fails: str) -> None:
    assert compile_pattern(source).fullmatch(fits)
    assert not compile_pattern(source).fullmatch(fails)


# conversions


@pytest.mark.parametrize(
    "told",
    [
        1_795_262_400,
        1_795_262_400.0,
        "1795262400",
        "2026-11-21T12:00:00Z",
        "2026-11-21T13:00:00+01:00",
        "2026-11-21T12:00:00",
    ],
)
def test_timestamps_become_aware_datetimes_however_they_are_told(told: Any) -> None:
    given_range = {"TimeRangeValue": {"StartTime": told}}
    parameters = from_wire("ssm-contacts", "ListEngagements", given_range)

    start = parameters["TimeRangeValue"]["StartTime"]
    assert start == NOW
    assert start.utcoffset() == timedelta(0)
    assert given_range["TimeRangeValue"]["StartTime"] == told


@pytest.mark.parametrize("told", ["soon", "", True, [], 1e300, -1e300, "9" * 400, {}])
def test_what_is_no_timestamp_is_named_by_validation(told: Any) -> None:
    parameters = from_wire(
        "ssm-contacts", "ListEngagements", {"TimeRangeValue": {"EndTime": told}}
    )

    assert (
        "'TimeRangeValue.EndTime'"
        in refusal("ssm-contacts", "ListEngagements", **parameters).message
    )


def test_nulls_and_strangers_do_not_reach_what_is_stored() -> None:
    plan = {
        "Stages": [{"DurationInMinutes": 1, "Targets": [], "Colour": 1}],
        "RotationIds": None,
    }
    parameters = from_wire(
        "ssm-contacts", "UpdateContact", {"ContactId": CONTACT, "Plan": plan}
    )

    assert parameters["Plan"] == {"Stages": [{"DurationInMinutes": 1, "Targets": []}]}


def test_answers_leave_as_epoch_seconds_to_the_millisecond() -> None:
    started = NOW.astimezone(timezone(timedelta(hours=5))) + timedelta(microseconds=1_234_567)
    engagement = {"EngagementArn": "e", "ContactArn": CONTACT, "Sender": "s", "StopTime": None}
    answer = {"Engagements": [{**engagement, "StartTime": started}], "NextToken": None}

    wire = to_wire("ssm-contacts", "ListEngagements", answer)

    assert wire["Engagements"][0]["StartTime"] == 1_795_262_401.234
    assert "StopTime" not in wire["Engagements"][0]
    assert "NextToken" not in wire


def test_an_answer_that_does_not_fit_its_model_is_named() -> None:
    validate_output("ssm-contacts", "CreateContact", {"ContactArn": CONTACT})
    for answer in ({}, {"ContactArn": CONTACT, "Arn": "x"}, {"ContactArn": 5}):
        with pytest.raises(TypeError, match="CreateContact"):
            validate_output("ssm-contacts", "CreateContact", answer)
