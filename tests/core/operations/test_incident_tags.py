from __future__ import annotations

import pytest

from tests.core.desk import INCIDENTS, Desk


async def tags_of(desk: Desk, arn: str) -> dict[str, str]:
    answer = await desk.call(INCIDENTS, "ListTagsForResource", resourceArn=arn)
    return dict(answer["tags"])


async def test_plans_records_and_the_replication_set_bear_tags(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    plan = await desk.has_plan(incidentTags={"team": "payments"})
    incident = await desk.starts(plan)
    sets = await desk.call(INCIDENTS, "ListReplicationSets")
    assert await tags_of(desk, incident) == {"team": "payments"}

    for arn in (plan, incident, *sets["replicationSetArns"]):
        tags = {"team": "search", "cost center": "12:a/b"}
        await desk.call(INCIDENTS, "TagResource", resourceArn=arn, tags=tags)
        assert await tags_of(desk, arn) == tags
        keys = ["cost center", "none"]
        await desk.call(INCIDENTS, "UntagResource", resourceArn=arn, tagKeys=keys)
        assert await tags_of(desk, arn) == {"team": "search"}


async def test_a_plan_without_tags_lists_none(desk: Desk) -> None:
    assert await tags_of(desk, await desk.has_plan()) == {}


async def test_keys_that_aws_reserves_are_refused(desk: Desk) -> None:
    plan = await desk.has_plan()
    refusal = await desk.refusal(
        INCIDENTS, "TagResource", resourceArn=plan, tags={"aws:team": "x"}
    )

    assert refusal.code == "ValidationException"


async def test_a_plan_has_at_most_fifty_tags(desk: Desk) -> None:
    plan = await desk.has_plan()
    tags = {f"tag-{number}": "" for number in range(50)}
    await desk.call(INCIDENTS, "TagResource", resourceArn=plan, tags=tags)
    refusal = await desk.refusal(
        INCIDENTS, "TagResource", resourceArn=plan, tags={"one": "more"}
    )

    assert refusal.code == "ServiceQuotaExceededException"
    assert refusal.fields["service_code"] == INCIDENTS


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        ("payments", "ValidationException"),
        ("arn:aws:sns:us-east-1:111122223333:chat", "ValidationException"),
        ("arn:aws:ssm-incidents::111122223333:response-plan/none", "ResourceNotFoundException"),
        ("arn:aws:ssm-incidents::444455556666:response-plan/none", "ResourceNotFoundException"),
    ],
)
async def test_what_is_not_there_bears_no_tags(desk: Desk, arn: str, code: str) -> None:
    refusal = await desk.refusal(INCIDENTS, "ListTagsForResource", resourceArn=arn)

    assert refusal.code == code
