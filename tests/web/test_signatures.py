from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from bot.core.credentials import Credential
from bot.core.errors import ServiceError
from bot.web.signatures import (
    IncompleteSignatureException,
    InvalidSignatureException,
    MissingAuthenticationTokenException,
    UnrecognizedClientException,
    read_authorization,
    verify,
)
from tests.web.door import KEY

HOST = "127.0.0.1:8080"
BODY = b'{"responsePlanArn":"arn:aws:ssm-incidents::111122223333:response-plan/payments"}'

Sent = dict[str, Any]
"""What `verify` is given, apart from the authorization and the credential."""


def signed(
    method: str = "POST",
    target: str = "/startIncident",
    body: bytes = BODY,
    headers: Mapping[str, str] | None = None,
    service: str = "ssm-incidents",
) -> Sent:
    """Sign a request with botocore, as it would arrive now."""
    request = AWSRequest(
        method=method, url=f"http://{HOST}{target}", data=body, headers=dict(headers or {})
    )
    SigV4Auth(Credentials(KEY.access_key_id, KEY.secret), service, "us-east-1").add_auth(
        request
    )
    path, _, query = target.partition("?")
    arrived = CIMultiDict({name: str(value) for name, value in request.headers.items()})
    arrived.setdefault("Host", HOST)
    return {
        "method": method,
        "raw_path": path or "/",
        "raw_query": query,
        "headers": arrived,
        "body": body,
        "now": datetime.now(UTC),
    }


def check(sent: Sent, credential: Credential | None = KEY) -> Credential:
    return verify(read_authorization(sent["headers"]), credential, **sent)


def with_header(sent: Sent, name: str, value: str) -> Sent:
    headers = CIMultiDict(sent["headers"])
    headers[name] = value
    return {**sent, "headers": headers}


def with_authorization(sent: Sent, old: str, new: str) -> Sent:
    header = sent["headers"]["Authorization"]
    assert re.search(old, header)
    return with_header(sent, "Authorization", re.sub(old, new, header, count=1))


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/startIncident",
        "/tags/arn%3Aaws%3Assm-incidents%3A%3A111122223333%3Aresponse-plan%2Fp1",
        "/tags/arn:aws:ssm-incidents::111122223333:response-plan/p1?tagKeys=b&tagKeys=a",
        "/getIncidentRecord?arn=arn%3Aaws%3Ax%2Fy&empty=&none&plus=%2B%20&z=~",
        "/a//b/./c/../d/?x=y=z",
        "/%C3%A9/%25/a+b*c(d)",
        "/..?b=1&a=2&a=1&=",
    ],
)
def test_what_botocore_signs_is_accepted(target: str) -> None:
    assert check(signed(target=target)) == KEY


@given(
    path=st.text(st.sampled_from("ab/.~-_%:+*(),=@!' é"), max_size=20),
    query=st.text(st.sampled_from("ab&=%+-.~:/?"), max_size=20),
    value=st.text(st.sampled_from("ab \tcé,;"), min_size=1, max_size=12),
    body=st.binary(max_size=50),
    method=st.sampled_from(["GET", "POST", "DELETE", "PATCH"]),
)
def test_odd_paths_queries_and_headers_are_signed_as_botocore_signs_them(
    path: str, query: str, value: str, body: bytes, method: str
) -> None:
    sent = signed(
        method, f"/{path.lstrip('/')}?{query}", body, {"X-Amz-Meta": value, "Content-Type": "x"}
    )

    assert check(sent) == KEY


def test_each_tampered_part_is_refused() -> None:
    sent = signed(target="/startIncident?a=1", headers={"X-Amz-Target": "A.B", "X-Other": "c"})
    tampered: dict[str, Sent] = {
        "method": {**sent, "method": "GET"},
        "path": {**sent, "raw_path": "/stopIncident"},
        "query": {**sent, "raw_query": "a=2"},
        "no query": {**sent, "raw_query": ""},
        "body": {**sent, "body": BODY.replace(b"payments", b"payment5")},
        "no body": {**sent, "body": b""},
        "host": with_header(sent, "Host", "evil.example"),
        "target": with_header(sent, "X-Amz-Target", "A.C"),
        "other signed header": with_header(sent, "X-Other", "d"),
        "date": with_header(sent, "X-Amz-Date", f"{sent['now']:%Y%m%d}T000000Z"),
        "signature": with_authorization(sent, "Signature=.", "Signature=x"),
        "other signature": with_authorization(sent, "Signature=.{64}", f"Signature={'0' * 64}"),
        "region": with_authorization(sent, "us-east-1", "us-west-2"),
        "service": with_authorization(sent, "/ssm-incidents/", "/ssm-contacts/"),
        "fewer signed headers": with_authorization(sent, ";x-other", ""),
    }
    check(sent)

    for part, request in tampered.items():
        with pytest.raises((InvalidSignatureException, IncompleteSignatureException)):
            raise AssertionError(f"{part} was accepted for {check(request)}")


def test_a_repeated_header_is_not_the_one_that_was_signed() -> None:
    sent = signed(headers={"X-Amz-Target": "A.B"})
    headers = CIMultiDict(sent["headers"])
    headers.add("X-Amz-Target", "A.C")

    with pytest.raises(InvalidSignatureException):
        check({**sent, "headers": headers})


@pytest.mark.parametrize("name", ["X-Amz-Target", "X-Amz-Security-Token"])
def test_headers_that_mean_something_must_be_signed(name: str) -> None:
    with pytest.raises(InvalidSignatureException, match="must be a signed header"):
        check(with_header(signed(), name, "ImBot.TestPage"))


def test_host_must_be_signed() -> None:
    with pytest.raises(InvalidSignatureException):
        check(with_authorization(signed(), "SignedHeaders=host;", "SignedHeaders="))


def test_a_payload_that_is_not_signed_is_refused() -> None:
    sent = signed(headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})

    with pytest.raises(InvalidSignatureException, match="x-amz-content-sha256"):
        check(sent)


@pytest.mark.parametrize("minutes", [-5.1, 5.1, 60 * 24])
def test_a_signature_lives_five_minutes(minutes: float) -> None:
    sent = signed()

    check({**sent, "now": sent["now"] + timedelta(minutes=4.9)})
    check({**sent, "now": sent["now"] - timedelta(minutes=4.9)})
    with pytest.raises(InvalidSignatureException, match=r"Signature (expired|not yet current)"):
        check({**sent, "now": sent["now"] + timedelta(minutes=minutes)})


def test_the_scope_is_of_the_day_of_the_signature() -> None:
    with pytest.raises(InvalidSignatureException, match="Date in Credential scope"):
        check(with_authorization(signed(), r"/\d{8}/", "/20200101/"))


def test_unknown_keys_and_wrong_secrets_are_refused() -> None:
    with pytest.raises(UnrecognizedClientException):
        check(signed(), None)
    with pytest.raises(InvalidSignatureException):
        check(signed(), replace(KEY, secret="another"))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer abc",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=a/20261121/us-east-1/sns/aws4_request",
        "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=" + "0" * 64,
        "AWS4-HMAC-SHA256 Credential=a/20261121/us-east-1/sns/aws4_request, "
        "SignedHeaders=host, Signature=" + "0" * 63,
        "AWS4-ECDSA-P256-SHA256 Credential=a/20261121/us-east-1/sns/aws4_request, "
        "SignedHeaders=host, Signature=" + "0" * 64,
    ],
)
def test_half_an_authorization_is_incomplete(header: str) -> None:
    with pytest.raises(IncompleteSignatureException):
        read_authorization(CIMultiDict({"Authorization": header}))


def test_two_authorizations_are_none() -> None:
    sent = signed()
    sent["headers"].add("Authorization", sent["headers"]["Authorization"])

    with pytest.raises(IncompleteSignatureException):
        read_authorization(sent["headers"])


def test_no_authorization_is_missing() -> None:
    with pytest.raises(MissingAuthenticationTokenException):
        read_authorization(CIMultiDict())


@pytest.mark.parametrize("stamp", ["", "20261321T000000Z", "2026-11-21T00:00:00Z", "now"])
def test_a_date_that_is_none_is_incomplete(stamp: str) -> None:
    with pytest.raises(IncompleteSignatureException):
        check(with_header(signed(), "X-Amz-Date", stamp))


@given(header=st.text(max_size=200), path=st.text(max_size=30), query=st.text(max_size=30))
def test_no_garbage_is_accepted_or_breaks_the_verifier(
    header: str, path: str, query: str
) -> None:
    sent = {**signed(), "raw_path": path, "raw_query": query}
    with pytest.raises(ServiceError):
        check(sent)
    with pytest.raises(ServiceError):
        check(with_header(signed(), "Authorization", header))


def test_a_credential_does_not_show_its_secret() -> None:
    assert KEY.secret not in repr(KEY)


@pytest.mark.parametrize("name", ["\udcff", "AKIA\u00e9", "AKIA\x07"])
def test_a_key_id_that_no_store_could_hold_is_refused_unasked(name: str) -> None:
    scope = f"{name}/20261121/us-east-1/sns/aws4_request"
    words = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"

    with pytest.raises(IncompleteSignatureException):
        read_authorization(CIMultiDict({"Authorization": words}))
