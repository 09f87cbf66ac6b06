from __future__ import annotations

import pytest

from tests.core.desk import Desk


async def test_creating_a_topic_again_answers_the_same_topic(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    first = await desk.call("sns", "CreateTopic", Name="chat")
    again = await desk.call("sns", "CreateTopic", Name="chat")

    assert again == first == {"TopicArn": "arn:aws:sns:us-east-1:111122223333:chat"}
    assert (await desk.call("sns", "ListTopics"))["Topics"] == [first]


async def test_a_topic_is_not_created_again_with_other_attributes(desk: Desk) -> None:
    await desk.call("sns", "CreateTopic", Name="chat", Attributes={"DisplayName": "Chat"})
    refusal = await desk.refusal(
        "sns", "CreateTopic", Name="chat", Attributes={"DisplayName": "Other"}
    )

    assert refusal.code == "InvalidParameterException"


@pytest.mark.parametrize("name", ["", "a b", "x" * 257, "café", "chat\n"])
async def test_a_topic_of_a_bad_name_is_refused(desk: Desk, name: str) -> None:
    refusal = await desk.refusal("sns", "CreateTopic", Name=name)

    assert refusal.code == "InvalidParameterException"
    assert "Topic Name" in refusal.message


@pytest.mark.parametrize(
    "parameters", [{"Name": "chat.fifo"}, {"Name": "chat", "Attributes": {"FifoTopic": "true"}}]
)
async def test_a_fifo_topic_is_refused_with_a_sentence(
    desk: Desk, parameters: dict[str, str]
) -> None:
    refusal = await desk.refusal("sns", "CreateTopic", **parameters)

    assert refusal.code == "InvalidParameterException"
    assert "FIFO topics are not offered here" in refusal.message


async def test_topics_are_listed_by_hundreds(desk: Desk) -> None:
    for number in range(101):
        await desk.has_topic(f"topic-{number:03}")

    first = await desk.call("sns", "ListTopics")
    rest = await desk.call("sns", "ListTopics", NextToken=first["NextToken"])

    assert (len(first["Topics"]), len(rest["Topics"])) == (100, 1)
    assert "NextToken" not in rest


async def test_deleting_a_topic_twice_is_no_error(desk: Desk) -> None:
    arn = await desk.has_topic()
    await desk.call("sns", "DeleteTopic", TopicArn=arn)
    await desk.call("sns", "DeleteTopic", TopicArn=arn)

    assert (await desk.call("sns", "ListTopics"))["Topics"] == []
