from __future__ import annotations

import json

from tests.core.desk import INCIDENTS, Desk


def policy_for(account: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": account},
        "Action": "ssm-incidents:GetResponsePlan",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": statement}, indent=1)


async def put(desk: Desk, plan: str, policy: str) -> str:
    answer = await desk.call(INCIDENTS, "PutResourcePolicy", resourceArn=plan, policy=policy)
    return str(answer["policyId"])


async def test_policies_are_listed_as_they_were_written_until_they_are_deleted(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    plan = await desk.has_plan()
    one = await put(desk, plan, policy_for("444455556666"))
    two = await put(desk, plan, policy_for("777788889999"))

    first = await desk.call(INCIDENTS, "GetResourcePolicies", resourceArn=plan, maxResults=1)
    assert first["resourcePolicies"] == [
        {
            "policyDocument": policy_for("444455556666"),
            "policyId": one,
            "ramResourceShareRegion": "us-east-1",
        }
    ]
    rest = await desk.call(
        INCIDENTS, "GetResourcePolicies", resourceArn=plan, nextToken=first["nextToken"]
    )
    assert [policy["policyId"] for policy in rest["resourcePolicies"]] == [two]

    gone = {"resourceArn": plan, "policyId": one}
    await desk.call(INCIDENTS, "DeleteResourcePolicy", **gone)
    refusal = await desk.refusal(INCIDENTS, "DeleteResourcePolicy", **gone)
    assert refusal.code == "ResourceNotFoundException"
    left = await desk.call(INCIDENTS, "GetResourcePolicies", resourceArn=plan)
    assert [policy["policyId"] for policy in left["resourcePolicies"]] == [two]


async def test_the_same_text_is_the_same_policy(desk: Desk) -> None:
    plan = await desk.has_plan()
    policy = policy_for("444455556666")

    assert await put(desk, plan, policy) == await put(desk, plan, policy)


async def test_a_policy_belongs_to_its_plan_alone(desk: Desk) -> None:
    plan, other = await desk.has_plan(), await desk.has_plan("other")
    policy = await put(desk, plan, policy_for("444455556666"))

    refusal = await desk.refusal(
        INCIDENTS, "DeleteResourcePolicy", resourceArn=other, policyId=policy
    )
    assert refusal.code == "ResourceNotFoundException"
    await desk.call(INCIDENTS, "DeleteResponsePlan", arn=plan)
    await desk.has_plan()
    answer = await desk.call(INCIDENTS, "GetResourcePolicies", resourceArn=plan)
    assert answer == {"resourcePolicies": []}


async def test_what_is_no_policy_is_refused(desk: Desk) -> None:
    plan = await desk.has_plan()
    refusal = await desk.refusal(INCIDENTS, "PutResourcePolicy", resourceArn=plan, policy="{}")

    assert refusal.code == "ValidationException"
    assert "Statement" in refusal.message
