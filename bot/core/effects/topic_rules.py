"""What the attributes of a topic may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import orjson

from bot.core.effects.policy_rules import check_policy
from bot.core.effects.publication_rules import refused
from bot.core.errors import ValidationException
from bot.core.planner import delivery_policies
from bot.core.planner.topic_policies import unread_operators

LONGEST_NAME = 100


def check_attribute(name: str, value: str) -> None:
    """Raises InvalidParameterException. An empty value brings the default back."""
    check = SETTABLE.get(name)
    if check is None:
        raise refused("AttributeName", f"it is one of {', '.join(sorted(SETTABLE))}.")
    if value:
        check(value)


def _check_name(value: str) -> None:
    if len(value) > LONGEST_NAME or not value.isprintable():
        raise refused("DisplayName", f"it has at most {LONGEST_NAME} printable characters")


def _check_policy(value: str) -> None:
    try:
        check_policy(value)
    except ValidationException as fault:
        raise refused("Policy", fault.message) from fault
    if unread := unread_operators(orjson.loads(value)):
        raise refused("Policy", f"the conditions {', '.join(unread)} are not read here")


def _check_delivery_policy(value: str) -> None:
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as fault:
        raise refused("DeliveryPolicy", "it is not JSON") from fault
    try:
        delivery_policies.check_policy(document, of_topic=True)
    except ValueError as fault:
        raise refused("DeliveryPolicy", str(fault)) from fault


def _one_of(name: str, *allowed: str) -> Callable[[str], None]:
    def check(value: str) -> None:
        if value not in allowed:
            raise refused(name, f"it is one of {', '.join(allowed)}")

    return check


SETTABLE: Mapping[str, Callable[[str], None]] = {
    "DisplayName": _check_name,
    "Policy": _check_policy,
    "DeliveryPolicy": _check_delivery_policy,
    "SignatureVersion": _one_of("SignatureVersion", "1", "2"),
    "TracingConfig": _one_of("TracingConfig", "PassThrough", "Active"),
}
