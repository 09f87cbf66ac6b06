from __future__ import annotations

from tests.core.desk import Desk

TEAM = {"Key": "team", "Value": "payments"}


async def tags_of(desk: Desk, topic: str) -> list[dict[str, str]]:
    answer = await desk.call("sns", "ListTagsForResource", ResourceArn=topic)
    return list(answer["Tags"])


async def test_a_topic_keeps_the_tags_of_its_creation_and_gets_others(desk: Desk) -> None:
    created = await desk.call("sns", "CreateTopic", Name="chat", Tags=[TEAM])
    topic = created["TopicArn"]
    floor = {"Key": "floor", "Value": ""}
    await desk.call("sns", "TagResource", ResourceArn=topic, Tags=[floor])
    assert await tags_of(desk, topic) == [TEAM, floor]

    await desk.call("sns", "UntagResource", ResourceArn=topic, TagKeys=["team", "none"])
    assert await tags_of(desk, topic) == [floor]


async def test_a_topic_has_at_most_fifty_tags_and_none_that_aws_reserves(desk: Desk) -> None:
    topic = await desk.has_topic()
    tags = [{"Key": f"tag-{number}", "Value": "x"} for number in range(51)]
    many = await desk.refusal("sns", "TagResource", ResourceArn=topic, Tags=tags)
    reserved = await desk.refusal(
        "sns", "TagResource", ResourceArn=topic, Tags=[{"Key": "aws:team", "Value": "x"}]
    )

    assert many.code == "TagLimitExceededException"
    assert reserved.code == "InvalidParameterException"
    assert await tags_of(desk, topic) == []


async def test_a_topic_that_is_not_there_bears_no_tags(desk: Desk) -> None:
    arn = "arn:aws:sns:us-east-1:111122223333:none"
    refusal = await desk.refusal("sns", "ListTagsForResource", ResourceArn=arn)

    assert refusal.code == "ResourceNotFoundException"
