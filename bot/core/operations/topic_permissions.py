"""AddPermission and RemovePermission: statements of a topic's policy, by their label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from bot.core.context import Context
from bot.core.effects import subscriptions
from bot.core.effects.publication_rules import refused
from bot.core.effects.topics import DEFAULT_ACTIONS, default_policy
from bot.core.registry import operation
from bot.core.store.accounts import Topic
from bot.core.store.schema import Wire

ACTIONS = frozenset({*DEFAULT_ACTIONS, "ListTagsForResource", "Receive"})


@operation("sns", "AddPermission")
def add_permission(
    ctx: Context,
    *,
    topic_arn: str,
    label: str,
    aws_account_id: Sequence[str],
    action_name: Sequence[str],
) -> None:
    """Allow accounts to do something. Raises NotFoundException, InvalidParameterException for a
    label that is taken. Source: AddPermission, sns 2010-03-31.
    """
    topic, policy = _locked(ctx, topic_arn)
    if any(each.get("Sid") == label for each in policy["Statement"]):
        raise refused("Label", "Statement already exists")
    if not aws_account_id or not action_name or not label:
        raise refused("Permission", "it has a label, accounts and actions")
    for account in aws_account_id:
        if not (account.isascii() and account.isdigit() and len(account) == 12):
            raise refused("AWSAccountId", "an account has twelve digits")
    for action in action_name:
        if action != "*" and action not in ACTIONS:
            raise refused("ActionName", f"it is * or one of {', '.join(sorted(ACTIONS))}")
    statement = {
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": _one([f"arn:aws:iam::{a}:root" for a in aws_account_id])},
        "Action": _one([f"SNS:{action}" for action in action_name]),
        "Resource": topic.arn,
    }
    _keep(ctx, topic, {**policy, "Statement": [*policy["Statement"], statement]})


@operation("sns", "RemovePermission")
def remove_permission(ctx: Context, *, topic_arn: str, label: str) -> None:
    """Raises NotFoundException, also where nothing bears the label."""
    topic, policy = _locked(ctx, topic_arn)
    left = [each for each in policy["Statement"] if each.get("Sid") != label]
    if len(left) < len(policy["Statement"]):
        _keep(ctx, topic, {**policy, "Statement": left})


def _locked(ctx: Context, topic_arn: str) -> tuple[Topic, Wire]:
    found = subscriptions.topic_of(ctx, topic_arn)
    topic = ctx.lock(Topic, found.key) or found
    policy: Wire = orjson.loads(topic.attributes.get("Policy") or default_policy(topic))
    if isinstance(policy["Statement"], dict):
        policy["Statement"] = [policy["Statement"]]
    return topic, policy


def _keep(ctx: Context, topic: Topic, policy: Wire) -> None:
    text = orjson.dumps(policy).decode()
    ctx.update(topic, attributes={**topic.attributes, "Policy": text})


def _one(given: list[str]) -> Any:
    """SNS writes a list of one as a text."""
    return given[0] if len(given) == 1 else given
