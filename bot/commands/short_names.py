"""A name where the model takes an ARN: people know `payments`, not its ARN."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.core.arns import build_arn
from bot.core.context import Context

NAME = re.compile(r"[\w.-]{1,255}")

PLAN = ("ssm-incidents", "response-plan")
CONTACT = ("ssm-contacts", "contact")
TOPIC = ("sns",)
BY_MEMBER = {
    "responsePlanArn": PLAN,
    "ResponsePlanArn": PLAN,
    "ContactId": CONTACT,
    "ContactIds": CONTACT,
    "NewContactIds": CONTACT,
    "engagements": CONTACT,
    "TopicArn": TOPIC,
    "TopicArns": TOPIC,
    "SnsTopicArns": TOPIC,
}
"""A list holds several."""

BY_OPERATION = {
    (operation, "arn"): PLAN
    for operation in ("GetResponsePlan", "UpdateResponsePlan", "DeleteResponsePlan")
}


def with_arns(
    operation: str, given: Mapping[str, Any], *, account_id: str, region: str
) -> dict[str, Any]:
    """The parameters, with the account's own ARN in the place of each name.

    Contacts are named in any case: phones begin a word with a capital.
    """

    def written_out(kind: tuple[str, ...], value: Any) -> Any:
        if isinstance(value, list):
            return [written_out(kind, item) for item in value]
        if not isinstance(value, str) or not NAME.fullmatch(value):
            return value
        service, *folder = kind
        name = value.lower() if kind == CONTACT else value
        return build_arn(service, region, account_id, *folder, name)

    return {
        member: written_out(kind, value) if (kind := kind_of(operation, member)) else value
        for member, value in given.items()
    }


def contact_arn(ctx: Context, name: str) -> str:
    """The ARN of a contact that is named by its alias, in any case, or by its ARN."""
    if name.startswith("arn:"):
        return name
    return ctx.new_arn("ssm-contacts", "contact", name.lower())


def kind_of(operation: str, member: str) -> tuple[str, ...] | None:
    """What a member names, where a name may stand for the ARN."""
    return BY_OPERATION.get((operation, member)) or BY_MEMBER.get(member)


def with_names(operation: str, member: str, expected: str) -> str:
    """What a member takes, in words that tell of names where they may stand for ARNs."""
    is_named = kind_of(operation, member) is not None
    return expected.replace("an ARN", "a name or an ARN") if is_named else expected


def alias_of(arn: str) -> str:
    """The last part of an ARN, which is the name of a contact or a response plan."""
    return arn.rsplit("/", 1)[-1]
