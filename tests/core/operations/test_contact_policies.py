from __future__ import annotations

import json
from typing import Any

import pytest

from tests.harness import CONTACTS, TestHouse

STATEMENT = {
    "Effect": "Allow",
    "Principal": {"AWS": "444455556666"},
    "Action": ["ssm-contacts:GetContact", "ssm-contacts:StartEngagement"],
    "Resource": "arn:aws:ssm-contacts:*:111122223333:contact/ana",
}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]}, indent=4)


def policy_with(**changes: Any) -> str:
    return json.dumps({"Statement": {**STATEMENT, **changes}})


async def test_a_policy_is_kept_as_it_was_written_until_the_next_one(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    arn = await house.has_contact()
    assert await house.call(CONTACTS, "GetContactPolicy", ContactArn=arn) == {"ContactArn": arn}

    for policy in (POLICY, policy_with(Effect="Deny")):
        await house.call(CONTACTS, "PutContactPolicy", ContactArn=arn, Policy=policy)
        answer = await house.call(CONTACTS, "GetContactPolicy", ContactArn=arn)
        assert answer == {"ContactArn": arn, "Policy": policy}


@pytest.mark.parametrize(
    ("policy", "why"),
    [
        ("allow everybody", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"Statement": []}', "Statement"),
        ('{"Version": "2012-10-17"}', "Statement"),
        ('{"Statement": ["Allow"]}', "statement 1"),
        (json.dumps({"Version": "2021-05-03", "Statement": [STATEMENT]}), "Version"),
        (policy_with(Effect="Perhaps"), "Effect"),
        (policy_with(NotAction="*"), "Action or NotAction"),
        ('{"Statement": {"Effect": "Allow", "Action": "*"}}', "Principal or NotPrincipal"),
    ],
)
async def test_what_is_no_policy_is_refused_with_the_reason(
    house: TestHouse, policy: str, why: str
) -> None:
    arn = await house.has_contact()
    refusal = await house.refusal(CONTACTS, "PutContactPolicy", ContactArn=arn, Policy=policy)

    assert refusal.code == "ValidationException"
    assert why in refusal.message


async def test_a_policy_does_not_outlive_its_contact(house: TestHouse) -> None:
    arn = await house.has_contact()
    await house.call(CONTACTS, "PutContactPolicy", ContactArn=arn, Policy=POLICY)
    await house.call(CONTACTS, "DeleteContact", ContactId=arn)

    refusal = await house.refusal(CONTACTS, "GetContactPolicy", ContactArn=arn)
    assert refusal.code == "ResourceNotFoundException"
    again = await house.has_contact()
    assert await house.call(CONTACTS, "GetContactPolicy", ContactArn=again) == {
        "ContactArn": arn
    }
