"""Which Chime room reads which topics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.core.context import Context
from bot.core.effects import chat_links, chat_rules
from bot.core.errors import ConflictException, ResourceNotFoundException
from bot.core.ids import new_key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.notices import ChimeWebhook
from bot.core.store.schema import Wire, table_of

ARN_PATH = ("chat-configuration", "chime-webhook")


@operation("chatbot", "CreateChimeWebhookConfiguration")
def create_chime_webhook_configuration(
    ctx: Context,
    *,
    webhook_description: str,
    webhook_url: str,
    sns_topic_arns: Sequence[str],
    iam_role_arn: str,
    configuration_name: str,
    logging_level: str = "NONE",
    tags: Sequence[Wire] = (),
) -> Wire:
    """Link topics to a Chime room, which is told in words what they publish.

    The URL is kept encrypted and never shown. Raises InvalidParameterException for a topic that
    does not exist, ConflictException where the name is taken.
    Source: CreateChimeWebhookConfiguration, chatbot 2017-10-11.
    """
    chat_rules.check_topics(ctx, sns_topic_arns)
    arn = ctx.new_arn("chatbot", *ARN_PATH, configuration_name)
    document: Wire = {
        "WebhookDescription": webhook_description,
        "ChatConfigurationArn": arn,
        "IamRoleArn": iam_role_arn,
        "SnsTopicArns": list(dict.fromkeys(sns_topic_arns)),
        "ConfigurationName": configuration_name,
        "LoggingLevel": logging_level,
        "Tags": list(tags),
        "State": "ENABLED",
    }
    webhook = ChimeWebhook(
        key=new_key(),
        account_id=ctx.account_id,
        arn=arn,
        url=webhook_url,
        document=document,
        created_at=ctx.now,
    )
    _store(ctx, webhook)
    return {"WebhookConfiguration": document}


@operation("chatbot", "DescribeChimeWebhookConfigurations")
def describe_chime_webhook_configurations(
    ctx: Context,
    *,
    max_results: int | None = None,
    next_token: str | None = None,
    chat_configuration_arn: str | None = None,
) -> Wire:
    """List the configurations, or the one of that ARN, where there is one."""
    columns = table_of(ChimeWebhook).c
    named = (columns.arn == chat_configuration_arn,) if chat_configuration_arn else ()
    webhooks, token = listing(
        ctx,
        ChimeWebhook,
        *named,
        of="DescribeChimeWebhookConfigurations",
        max_results=max_results,
        next_token=next_token,
    )
    answer: Wire = {"WebhookConfigurations": [webhook.document for webhook in webhooks]}
    return answer | next_token_member(token)


@operation("chatbot", "UpdateChimeWebhookConfiguration")
def update_chime_webhook_configuration(
    ctx: Context,
    *,
    chat_configuration_arn: str,
    webhook_description: str | None = None,
    webhook_url: str | None = None,
    sns_topic_arns: Sequence[str] | None = None,
    iam_role_arn: str | None = None,
    logging_level: str | None = None,
) -> Wire:
    """Replace what is given and keep the rest; a new URL ends what was wrong with the last."""
    webhook = _locked(ctx, chat_configuration_arn)
    given: dict[str, Any] = {
        "WebhookDescription": webhook_description,
        "IamRoleArn": iam_role_arn,
        "LoggingLevel": logging_level,
    }
    if sns_topic_arns is not None:
        chat_rules.check_topics(ctx, sns_topic_arns)
        given["SnsTopicArns"] = list(dict.fromkeys(sns_topic_arns))
        chat_rules.link(ctx, webhook.key, chat_links.CHIME, given["SnsTopicArns"])
    kept = {name: value for name, value in given.items() if value is not None}
    document = webhook.document | kept
    if webhook_url is not None:
        document |= {"State": "ENABLED"}
        document.pop("StateReason", None)
    ctx.update(webhook, document=document, url=webhook_url or webhook.url)
    return {"WebhookConfiguration": document}


@operation("chatbot", "DeleteChimeWebhookConfiguration")
def delete_chime_webhook_configuration(ctx: Context, *, chat_configuration_arn: str) -> None:
    """Raises ResourceNotFoundException for a configuration that does not exist."""
    webhook = _locked(ctx, chat_configuration_arn)
    chat_rules.link(ctx, webhook.key, chat_links.CHIME, ())
    ctx.delete(webhook)


def _store(ctx: Context, webhook: ChimeWebhook) -> None:
    if not ctx.tx.insert_or_ignore(webhook):
        message = f"There is a configuration called {webhook.document['ConfigurationName']}."
        raise ConflictException(message, "CHIME_WEBHOOK_CONFIGURATION", webhook.arn)
    chat_rules.link(ctx, webhook.key, chat_links.CHIME, webhook.document["SnsTopicArns"])


def _locked(ctx: Context, arn: str) -> ChimeWebhook:
    found = ctx.find(ChimeWebhook, arn)
    webhook = ctx.lock(ChimeWebhook, found.key) if found else None
    if webhook is None:
        raise ResourceNotFoundException("CHIME_WEBHOOK_CONFIGURATION", arn)
    return webhook
