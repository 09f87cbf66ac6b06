from __future__ import annotations

import subprocess
import sys

import pytest

from bot.core.errors import (
    UnknownOperationException,
)
from bot.core.service_models import (
    is_read,
    kebab,
    operation_model,
    operation_names,
    service_model,
    snake_parameters,
    token_members,
    validate_output,
    wire_name,
    xform_name,
)
from tests.core.model_helpers import (
    CONTACT,
    OPERATIONS,
    PLAN,
    botocore_model,
    walk,
)


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


def test_an_answer_that_does_not_fit_its_model_is_named() -> None:
    validate_output("ssm-contacts", "CreateContact", {"ContactArn": CONTACT})
    for answer in ({}, {"ContactArn": CONTACT, "Arn": "x"}, {"ContactArn": 5}):
        with pytest.raises(TypeError, match="CreateContact"):
            validate_output("ssm-contacts", "CreateContact", answer)
