"""What chat adds to an answer: a contact channel at whose address nothing arrives, and a plan,
just written, that could tell nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.commands.asking import Document, request_of
from bot.commands.binding import Bound
from bot.core.context import Context
from bot.core.dispatch import answer_within

ADDRESSES: Mapping[tuple[str, str], str] = {
    ("ssm-contacts", "CreateContactChannel"): "ContactChannelArn",
    ("ssm-contacts", "GetContactChannel"): "ContactChannelId",
    ("ssm-contacts", "SendActivationCode"): "ContactChannelId",
    ("ssm-contacts", "UpdateContactChannel"): "ContactChannelId",
}
PLANS: Mapping[tuple[str, str], str] = {
    ("ssm-contacts", "CreateContact"): "ContactArn",
    ("ssm-contacts", "UpdateContact"): "ContactId",
    ("ssm-incidents", "CreateResponsePlan"): "arn",
    ("ssm-incidents", "UpdateResponsePlan"): "arn",
}
"""Which operations are looked after, and the member of question or answer with the ARN."""


def fault_notes(ctx: Context, document: Document, bound: Bound, result: Any) -> list[str]:
    """Sentences to stand under the answer to a command; mostly none."""
    action = (bound.service, bound.operation)
    known = {**bound.parameters, **(result or {})}
    if action in ADDRESSES:
        channel = {"ContactChannelId": known[ADDRESSES[action]]}
        health = _asked(ctx, document, bound, "GetContactChannelHealth", channel)
        return [f"⚠ {health['Reason']}"] if "FaultTime" in health else []
    if action in PLANS:
        found = _asked(ctx, document, bound, "ListUnreachable", {})["Unreachable"]
        lost = [one["Reason"] for one in found if one["Arn"] == known[PLANS[action]]]
        return [f"⚠ It could tell nobody now. {reason}" for reason in lost]
    return []


def _asked(
    ctx: Context,
    document: Document,
    bound: Bound,
    operation: str,
    parameters: Mapping[str, Any],
) -> Mapping[str, Any]:
    request = request_of(ctx, document, "imbot", operation, parameters, bound.region)
    return answer_within(ctx, request)
