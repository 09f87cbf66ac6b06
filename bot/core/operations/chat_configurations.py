"""Which Slack channel reads which topics, and what may be done from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.core.context import Context
from bot.core.effects import topics
from bot.core.errors import (
    ConflictException,
    InvalidParameterException,
    ResourceNotFoundException,
)
from bot.core.ids import new_key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.accounts import SlackChannelConfiguration, TopicLink
from bot.core.store.schema import Wire, table_of

ARN_PATH = ("chat-configuration", "slack-channel")
RESOLVER = "arn:aws:iam::aws:policy/AWSIncidentManagerResolverAccess"
GUARDRAILS = (
    RESOLVER,
    "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "arn:aws:iam::aws:policy/AdministratorAccess",
)
"""The policies that this program knows. Roles have no policies here, so that guardrails alone
say what a channel may do; without any it may do what responders need (our choice: the
reference's default is AdministratorAccess, under a role that limits it).
"""


@operation("chatbot", "CreateSlackChannelConfiguration")
def create_slack_channel_configuration(
    ctx: Context,
    *,
    slack_team_id: str,
    slack_channel_id: str,
    iam_role_arn: str,
    configuration_name: str,
    slack_channel_name: str | None = None,
    sns_topic_arns: Sequence[str] = (),
    logging_level: str = "NONE",
    guardrail_policy_arns: Sequence[str] = (),
    user_authorization_required: bool = False,
    tags: Sequence[Wire] = (),
) -> Wire:
    """Link topics to a Slack channel, which shows from then on what they publish.

    Raises InvalidParameterException for a topic that does not exist or a guardrail that is not
    known, ConflictException where the name or the channel is taken.
    Source: CreateSlackChannelConfiguration, chatbot 2017-10-11.
    """
    _check(ctx, sns_topic_arns, guardrail_policy_arns)
    document: Wire = {
        "SlackTeamName": slack_team_id,
        "SlackTeamId": slack_team_id,
        "SlackChannelId": slack_channel_id,
        "SlackChannelName": slack_channel_name or slack_channel_id,
        "ChatConfigurationArn": ctx.new_arn("chatbot", *ARN_PATH, configuration_name),
        "IamRoleArn": iam_role_arn,
        "SnsTopicArns": list(dict.fromkeys(sns_topic_arns)),
        "ConfigurationName": configuration_name,
        "LoggingLevel": logging_level,
        "GuardrailPolicyArns": list(guardrail_policy_arns) or [RESOLVER],
        "UserAuthorizationRequired": user_authorization_required,
        "Tags": list(tags),
        "State": "ENABLED",
    }
    _store(ctx, document)
    return {"ChannelConfiguration": document}


@operation("chatbot", "DescribeSlackChannelConfigurations")
def describe_slack_channel_configurations(
    ctx: Context,
    *,
    max_results: int | None = None,
    next_token: str | None = None,
    chat_configuration_arn: str | None = None,
) -> Wire:
    """List the configurations, or the one of that ARN, where there is one."""
    columns = table_of(SlackChannelConfiguration).c
    named = (columns.arn == chat_configuration_arn,) if chat_configuration_arn else ()
    configurations, token = listing(
        ctx,
        SlackChannelConfiguration,
        *named,
        of="DescribeSlackChannelConfigurations",
        max_results=max_results,
        next_token=next_token,
    )
    documents = [configuration.document for configuration in configurations]
    answer: Wire = {"SlackChannelConfigurations": documents}
    return answer | next_token_member(token)


@operation("chatbot", "DeleteSlackChannelConfiguration")
def delete_slack_channel_configuration(ctx: Context, *, chat_configuration_arn: str) -> None:
    """Raises ResourceNotFoundException for a configuration that does not exist."""
    found = ctx.find(SlackChannelConfiguration, chat_configuration_arn)
    if found is None:
        raise ResourceNotFoundException("SLACK_CHANNEL_CONFIGURATION", chat_configuration_arn)
    for link in ctx.select(TopicLink, configuration_key=found.key):
        ctx.delete(link)
    ctx.delete(found)


def _store(ctx: Context, document: Wire) -> None:
    configuration = SlackChannelConfiguration(
        key=new_key(),
        account_id=ctx.account_id,
        arn=document["ChatConfigurationArn"],
        team_id=document["SlackTeamId"],
        channel_id=document["SlackChannelId"],
        document=document,
        created_at=ctx.now,
    )
    if not ctx.tx.insert_or_ignore(configuration):
        name, channel_id = document["ConfigurationName"], configuration.channel_id
        raise ConflictException(
            f"The name {name} or the channel {channel_id} is taken.",
            "SLACK_CHANNEL_CONFIGURATION",
            configuration.arn,
        )
    for topic_arn in document["SnsTopicArns"]:
        _link(ctx, configuration, topic_arn)


def _link(ctx: Context, configuration: SlackChannelConfiguration, topic_arn: str) -> None:
    ctx.add(
        TopicLink(
            key=new_key(),
            account_id=ctx.account_id,
            topic_arn=topic_arn,
            configuration_key=configuration.key,
            channel_id=configuration.channel_id,
        )
    )


def _check(ctx: Context, topic_arns: Sequence[str], guardrails: Sequence[Any]) -> None:
    if absent := topics.missing(ctx, topic_arns):
        raise InvalidParameterException(
            f"SnsTopicArns names {', '.join(absent)}, which is no topic of this account. "
            "Create it first: sns create-topic --name NAME"
        )
    if unknown := [arn for arn in guardrails if arn not in GUARDRAILS]:
        raise InvalidParameterException(
            f"GuardrailPolicyArns names {', '.join(unknown)}, which is not known here. "
            f"Known are {', '.join(GUARDRAILS)}."
        )
