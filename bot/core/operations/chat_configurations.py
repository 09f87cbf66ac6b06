"""Which Slack channel reads which topics, and what may be done from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.core.context import Context
from bot.core.effects import chat_rules
from bot.core.errors import (
    ConflictException,
    InvalidParameterException,
    ResourceNotFoundException,
)
from bot.core.ids import new_key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.accounts import SlackChannelConfiguration
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
    chat_rules.check_topics(ctx, sns_topic_arns)
    _check_guardrails(guardrail_policy_arns)
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


@operation("chatbot", "UpdateSlackChannelConfiguration")
def update_slack_channel_configuration(
    ctx: Context,
    *,
    chat_configuration_arn: str,
    slack_channel_id: str,
    slack_channel_name: str | None = None,
    sns_topic_arns: Sequence[str] | None = None,
    iam_role_arn: str | None = None,
    logging_level: str | None = None,
    guardrail_policy_arns: Sequence[str] | None = None,
    user_authorization_required: bool | None = None,
) -> Wire:
    """Replace what is given and keep the rest; open incidents move to the channel at their next
    event.

    Raises ResourceNotFoundException, InvalidParameterException for an unknown topic or
    guardrail, and for a channel that another configuration has.
    Source: UpdateSlackChannelConfiguration, chatbot 2017-10-11.
    """
    found = _locked(ctx, chat_configuration_arn)
    chat_rules.check_topics(ctx, sns_topic_arns or ())
    _check_guardrails(guardrail_policy_arns or ())
    _check_channel(ctx, found, slack_channel_id)
    given: Wire = {
        "SlackChannelName": slack_channel_name or _moved_to(found, slack_channel_id),
        "IamRoleArn": iam_role_arn,
        "LoggingLevel": logging_level,
        "UserAuthorizationRequired": user_authorization_required,
    }
    document = found.document | {
        name: value for name, value in given.items() if value is not None
    }
    document["SlackChannelId"] = slack_channel_id
    if sns_topic_arns is not None:
        document["SnsTopicArns"] = list(dict.fromkeys(sns_topic_arns))
    if guardrail_policy_arns is not None:
        document["GuardrailPolicyArns"] = list(guardrail_policy_arns) or [RESOLVER]
    ctx.update(found, channel_id=slack_channel_id, document=document)
    chat_rules.link(ctx, found.key, slack_channel_id, document["SnsTopicArns"])
    return {"ChannelConfiguration": document}


@operation("chatbot", "DeleteSlackChannelConfiguration")
def delete_slack_channel_configuration(ctx: Context, *, chat_configuration_arn: str) -> None:
    """Raises ResourceNotFoundException for a configuration that does not exist."""
    found = _locked(ctx, chat_configuration_arn)
    chat_rules.link(ctx, found.key, found.channel_id, ())
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
    chat_rules.link(ctx, configuration.key, configuration.channel_id, document["SnsTopicArns"])


def _locked(ctx: Context, arn: str) -> SlackChannelConfiguration:
    found = ctx.find(SlackChannelConfiguration, arn)
    locked = ctx.lock(SlackChannelConfiguration, found.key) if found else None
    if locked is None:
        raise ResourceNotFoundException("SLACK_CHANNEL_CONFIGURATION", arn)
    return locked


def _moved_to(found: SlackChannelConfiguration, channel_id: str) -> str | None:
    """Another channel whose name was not given is called by its id."""
    return channel_id if channel_id != found.channel_id else None


def _check_channel(ctx: Context, found: SlackChannelConfiguration, channel_id: str) -> None:
    """Of two who take a channel at once, the unique index lets one in, and the other's request
    fails as a whole.
    """
    other = ctx.find_by(
        SlackChannelConfiguration, account_id=ctx.account_id, channel_id=channel_id
    )
    if other is not None and other.key != found.key:
        raise InvalidParameterException(
            f"The channel {channel_id} has a configuration already: {other.arn}."
        )


def _check_guardrails(guardrails: Sequence[Any]) -> None:
    if unknown := [arn for arn in guardrails if arn not in GUARDRAILS]:
        raise InvalidParameterException(
            f"GuardrailPolicyArns names {', '.join(unknown)}, which is not known here. "
            f"Known are {', '.join(GUARDRAILS)}."
        )
