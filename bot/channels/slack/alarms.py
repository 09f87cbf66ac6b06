"""Cards about alarms, pure: from the documents of imbot's operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.channels.slack.blocks import bold, code, context, join, section
from bot.channels.slack.results import Card
from bot.channels.slack.words import resource_name

WHERE = (
    "Subscribe it over HTTPS to the topic of CloudWatch alarms, name it as the url of "
    "Alertmanager's webhook, or post JSON with a title to it."
)


def alarm_token_card(answer: Mapping[str, Any]) -> Card:
    """The answer of CreateAlarmToken, for the eyes of who asked alone."""
    plan = resource_name(answer["ResponsePlanArn"])
    told = join("Alarms for ", bold(plan), " are posted to this address:")
    address = answer.get("Url") or f"/alarms/{answer['Token']}"
    revoke = f"@aws imbot revoke-alarm-token --alarm-token-id {answer['AlarmTokenId']}"
    blocks = [
        section(told),
        section(code(address)),
        context("It is a secret, and is shown only now. ", WHERE),
        context("To end it: ", code(revoke)),
    ]
    return Card(text=told, blocks=blocks)
