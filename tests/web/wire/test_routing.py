"""Anybody's bytes at the wire door."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.service_models import SERVICES, service_model
from bot.web.wire.routing import TARGETS
from tests.web.clients import (
    TOPIC,
    post,
)
from tests.web.door import KEY, House, open_door

ASKING_CONTACTS = {"X-Amz-Target": "SSMContacts.ListContacts"}


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"7", b'{"a":NaN}', b"\xff", b"[" * 100_000, b'{"a":"\\ud800"}']
)
async def test_bodies_that_are_no_json_object_cannot_be_parsed(url: str, body: bytes) -> None:
    code, headers, told = await post(url, "ssm-incidents", body, target="/startIncident")
    assert (code, headers["x-amzn-ErrorType"]) == (400, "SerializationException")
    assert json.loads(told)["message"]

    code, _, told = await post(url, "ssm-contacts", body, headers=ASKING_CONTACTS)
    assert code == 400
    assert json.loads(told)["__type"] == "ValidationException"
    assert json.loads(told)["Reason"] == "CANNOT_PARSE"


@pytest.mark.parametrize(
    ("service", "target", "headers", "body"),
    [
        ("ssm-incidents", "/flyToMars", {}, b"{}"),
        ("ssm-incidents", "/startIncident/", {}, b"{}"),
        ("ssm-contacts", "/", {"X-Amz-Target": "SSMContacts.FlyToMars"}, b"{}"),
        ("ssm-contacts", "/", {"X-Amz-Target": "Imbot.TestPage"}, b"{}"),
        ("ssm-contacts", "/", {}, b"{}"),
        ("sns", "/", {}, b"Action=FlyToMars"),
        ("sns", "/", {}, b""),
        ("ec2", "/", {}, b"Action=DescribeInstances"),
    ],
)
async def test_what_no_model_holds_is_unknown(
    url: str, service: str, target: str, headers: dict[str, str], body: bytes
) -> None:
    code, _, told = await post(url, service, body, target=target, headers=headers)

    assert code == 404
    assert json.loads(told) if service.startswith("ssm") else b"InvalidAction" in told


@pytest.mark.parametrize(
    "form",
    [
        b"Action=CreateTopic&Name=a&Name=b",
        b"Action=CreateTopic&Tags=x&Tags.member.1=y",
        b"Action=CreateTopic&Tags.member.1=y&Tags.member=x",
        b"Action=CreateTopic&Name=%ff",
        b"Action=CreateTopic&Name=\xff",
        b"Action=CreateTopic" + b"".join(b"&a%d=1" % n for n in range(2000)),
    ],
)
async def test_forms_that_contradict_themselves_are_malformed(url: str, form: bytes) -> None:
    code, _, told = await post(url, "sns", form)

    assert code == 400
    assert b"<Code>MalformedQueryString</Code>" in told


async def test_a_query_may_come_as_a_get(house: House, url: str) -> None:
    house.will("CreateTopic", {"TopicArn": TOPIC})
    target = "/?Action=CreateTopic&Name=updates&Version=2010-03-31"

    code, _, _ = await post(url, "sns", b"", target=target, method="GET")

    assert code == 200
    assert house.asked[0].parameters == {"Name": "updates"}


async def test_bodies_over_a_megabyte_are_refused_unread(house: House, url: str) -> None:
    for service, headers in (("ssm-contacts", ASKING_CONTACTS), ("ssm-incidents", {})):
        body = b'{"a":"%s"}' % (b"x" * 1_000_000)
        code, _, told = await post(url, service, body, headers=headers, is_signed=False)
        assert code == 413
        assert json.loads(told)
    assert house.asked == []


async def test_an_unsigned_request_is_told_so(url: str) -> None:
    code, headers, told = await post(url, "", b"", method="GET", is_signed=False)

    assert (code, headers["x-amzn-ErrorType"]) == (403, "MissingAuthenticationTokenException")
    assert json.loads(told) == {"message": "Missing Authentication Token"}


async def test_a_body_that_is_not_what_its_encoding_says_is_refused(url: str) -> None:
    code, _, _ = await post(
        url,
        "ssm-incidents",
        b"{}",
        target="/startIncident",
        headers={"Content-Encoding": "gzip"},
    )

    assert code in (400, 403)


async def test_a_request_of_yesterday_is_refused(url: str) -> None:
    request = AWSRequest(method="POST", url=f"{url}/listResponsePlans", data=b"{}")
    SigV4Auth(
        Credentials(KEY.access_key_id, KEY.secret), "ssm-incidents", "us-east-1"
    ).add_auth(request)
    headers = {name: str(value) for name, value in request.headers.items()}
    headers["X-Amz-Date"] = f"{datetime.now(UTC) - timedelta(days=1):%Y%m%dT%H%M%SZ}"

    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/listResponsePlans", data=b"{}", headers=headers) as answer,
    ):
        assert answer.status == 403


attacks = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["Plan", "Alias", "Stages", "responsePlanArn", "relatedItems"])
                | st.text(max_size=5),
                inner,
                max_size=4,
            )
        ),
    ).map(lambda value: json.dumps(value).encode()),
    st.lists(
        st.sampled_from(
            [
                "Action=CreateTopic",
                "Name=",
                "Tags.member.1.Key=a",
                "Tags.member.x=",
                "Attributes.entry.1.key=",
                "Attributes.entry.1",
                "Tags.member.1.Key.a.b.c=2",
                "%",
                "=",
                "Tags",
                "....",
                "Tags.entry=1",
            ]
        ),
        max_size=5,
    ).map(lambda parts: "&".join(["Action=CreateTopic", *parts]).encode()),
)
places = st.sampled_from(
    [
        ("ssm-incidents", "/startIncident", "POST", ""),
        ("ssm-incidents", "/createResponsePlan", "POST", ""),
        ("ssm-incidents", "/tags/%ff%00?tagKeys=%zz&&=", "DELETE", ""),
        ("ssm-incidents", "/getResourcePolicies?resourceArn=%ff", "POST", ""),
        ("ssm-contacts", "/", "POST", "SSMContacts.CreateContact"),
        ("ssm-contacts", "/", "POST", "SSMContacts.StartEngagement"),
        ("ssm-contacts", "/", "POST", "é.\u0130"),
        ("sns", "/", "POST", ""),
        ("chatbot", "/create-slack-channel-configuration", "POST", ""),
        ("imbot", "/", "POST", "Imbot.TestPage"),
    ]
)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=places, body=attacks)
def test_no_bytes_make_the_door_fail(place: tuple[str, str, str, str], body: bytes) -> None:
    service, target, method, operation = place

    async def attack() -> int:
        async with open_door(House()) as address:
            headers = {"X-Amz-Target": operation} if operation else {}
            code, _, _ = await post(
                address, service, body, target=target, method=method, headers=headers
            )
            return code

    assert asyncio.run(attack()) < 500


def test_the_table_of_target_prefixes_is_that_of_the_models() -> None:
    prefixes = {
        service_model(service).metadata["targetPrefix"]: service
        for service in SERVICES
        if "targetPrefix" in service_model(service).metadata
    }

    assert prefixes == TARGETS
