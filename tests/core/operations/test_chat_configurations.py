from __future__ import annotations

from typing import Any

from bot.core.store.accounts import TopicLink
from tests.core.desk import ROLE, Desk

CONFIGURATION = {
    "SlackTeamId": "T1",
    "SlackChannelId": "C1",
    "IamRoleArn": ROLE,
    "ConfigurationName": "ops",
}


async def configure(desk: Desk, **parameters: Any) -> dict[str, Any]:
    given = CONFIGURATION | parameters
    answer = await desk.call("chatbot", "CreateSlackChannelConfiguration", **given)
    return dict(answer["ChannelConfiguration"])


async def test_a_configuration_is_described_as_it_was_created(desk: Desk) -> None:
    topic = await desk.has_topic()
    created = await configure(desk, SnsTopicArns=[topic], SlackChannelName="ops")

    described = await desk.call("chatbot", "DescribeSlackChannelConfigurations")
    assert described["SlackChannelConfigurations"] == [created]
    assert created["ChatConfigurationArn"] == (
        "arn:aws:chatbot::111122223333:chat-configuration/slack-channel/ops"
    )
    assert created["GuardrailPolicyArns"] == [
        "arn:aws:iam::aws:policy/AWSIncidentManagerResolverAccess"
    ]
    assert (created["State"], created["SnsTopicArns"]) == ("ENABLED", [topic])


async def test_one_configuration_is_described_by_its_arn(desk: Desk) -> None:
    await configure(desk)
    other = await configure(desk, SlackChannelId="C2", ConfigurationName="other")

    described = await desk.call(
        "chatbot",
        "DescribeSlackChannelConfigurations",
        ChatConfigurationArn=other["ChatConfigurationArn"],
    )
    assert described["SlackChannelConfigurations"] == [other]


async def test_a_topic_that_does_not_exist_cannot_be_linked(desk: Desk) -> None:
    absent = "arn:aws:sns:us-east-1:111122223333:absent"
    refusal = await desk.refusal(
        "chatbot", "CreateSlackChannelConfiguration", **CONFIGURATION, SnsTopicArns=[absent]
    )

    assert refusal.code == "InvalidParameterException"
    assert absent in refusal.message


async def test_a_guardrail_that_is_not_known_is_refused(desk: Desk) -> None:
    policy = "arn:aws:iam::aws:policy/PowerUserAccess"
    refusal = await desk.refusal(
        "chatbot",
        "CreateSlackChannelConfiguration",
        **CONFIGURATION,
        GuardrailPolicyArns=[policy],
    )

    assert refusal.code == "InvalidParameterException"
    assert policy in refusal.message


async def test_a_channel_is_configured_once(desk_of_each_kind: Desk) -> None:
    await configure(desk_of_each_kind)
    refusal = await desk_of_each_kind.refusal(
        "chatbot",
        "CreateSlackChannelConfiguration",
        **CONFIGURATION | {"ConfigurationName": "other"},
    )

    assert refusal.code == "ConflictException"


async def test_a_deleted_configuration_links_nothing_any_more(desk: Desk) -> None:
    created = await configure(desk, SnsTopicArns=[await desk.has_topic()])
    arn = created["ChatConfigurationArn"]
    await desk.call("chatbot", "DeleteSlackChannelConfiguration", ChatConfigurationArn=arn)

    assert await desk.rows(TopicLink) == []
    refusal = await desk.refusal(
        "chatbot", "DeleteSlackChannelConfiguration", ChatConfigurationArn=arn
    )
    assert refusal.code == "ResourceNotFoundException"
