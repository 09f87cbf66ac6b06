"""What chat adds to an answer about a contact channel at whose address nothing arrives."""

from __future__ import annotations

from typing import Any

from bot.commands.asking import Document, request_of
from bot.commands.binding import Bound
from bot.core.context import Context
from bot.core.dispatch import answer_within

CONCERNED = frozenset(
    {
        "CreateContactChannel",
        "GetContactChannel",
        "SendActivationCode",
        "UpdateContactChannel",
    }
)


def fault_notes(ctx: Context, document: Document, bound: Bound, result: Any) -> list[str]:
    """The fault of the contact channel that a command of `ssm-contacts` was about, if any."""
    if bound.service != "ssm-contacts" or bound.operation not in CONCERNED:
        return []
    arn = bound.parameters.get("ContactChannelId") or result["ContactChannelArn"]
    health = answer_within(
        ctx,
        request_of(
            ctx,
            document,
            "imbot",
            "GetContactChannelHealth",
            {"ContactChannelId": arn},
            bound.region,
        ),
    )
    return [f"⚠ {health['Reason']}"] if "FaultTime" in health else []
