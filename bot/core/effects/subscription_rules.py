"""What may be subscribed: protocols, endpoints, attributes and how many of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import bindparam, func, select

from bot.core.access import sees_addresses
from bot.core.context import Context
from bot.core.effects import spelling
from bot.core.effects.publication_rules import refused
from bot.core.errors import FilterPolicyLimitExceededException, ValidationException
from bot.core.planner import delivery_policies, filter_policies
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.subscriptions import Subscription, TopicProtocol

PROTOCOLS: tuple[TopicProtocol, ...] = ("http", "https", "email", "email-json", "sms")
ELSEWHERE = frozenset({"sqs", "lambda", "application", "firehose"})
LONGEST_URL = 2048
MOST_POLICIES = 200
"""Filter policies of one topic."""
SCOPES = ("MessageAttributes", "MessageBody")
NEEDS_URL = (
    "this program has no public address, which whoever confirms and verifies needs: "
    "set IMBOT_PUBLIC_URL"
)

_subscriptions = table_of(Subscription).c
FILTERED = prepared(
    select(func.count()).where(
        _subscriptions.topic_arn == bindparam("topic"),
        _subscriptions.attributes.like('%"FilterPolicy"%'),
    )
)


def check(
    ctx: Context, protocol: str, endpoint: str, attributes: Mapping[str, str]
) -> tuple[TopicProtocol, str]:
    """The protocol and the endpoint as it is stored. Raises InvalidParameterException."""
    kind = next((each for each in PROTOCOLS if each == protocol.lower()), None)
    if kind is None:
        where = "belongs to AWS, which is not here" if protocol in ELSEWHERE else "is unknown"
        known = ", ".join(PROTOCOLS)
        raise refused("Protocol", f"{protocol[:32]} {where}; use one of {known}")
    if kind in ("http", "https", "email-json") and ctx.house.public_url is None:
        raise refused("Protocol", NEEDS_URL)
    for name, value in attributes.items():
        check_attribute(kind, name, value, attributes)
    return kind, _endpoint(kind, endpoint)


def check_attribute(protocol: str, name: str, value: str, others: Mapping[str, str]) -> None:
    """Raises InvalidParameterException. An empty value brings the default back."""
    check = CHECKS.get(name)
    if check is None:
        why = f"it is one of {', '.join(sorted(CHECKS))}"
        raise refused("AttributeName" if not others else "Attributes", why)
    if value:
        try:
            check(protocol, value, others)
        except ValueError as fault:
            raise refused(name, str(fault)) from fault


def check_limits(ctx: Context, topic_arn: str) -> None:
    """Raises FilterPolicyLimitExceededException above 200 filter policies of a topic."""
    [(count,)] = ctx.tx.records(FILTERED, topic=topic_arn)
    if count >= MOST_POLICIES:
        raise FilterPolicyLimitExceededException(
            f"A topic has at most {MOST_POLICIES} filter policies."
        )


def shown(ctx: Context, subscription: Subscription) -> str:
    """The endpoint, in part for callers who do not administer addresses."""
    if sees_addresses(ctx.caller):
        return subscription.endpoint
    return masked(subscription.protocol, subscription.endpoint)


def masked(protocol: str, endpoint: str) -> str:
    """Enough to recognise an endpoint by: of a URL its host."""
    if protocol in ("http", "https"):
        return f"{protocol}://{urlsplit(endpoint).hostname}/***"
    return spelling.masked("SMS" if protocol == "sms" else "EMAIL", endpoint)


def _endpoint(protocol: TopicProtocol, endpoint: str) -> str:
    if protocol in ("http", "https"):
        return _url(protocol, endpoint.strip())
    try:
        return spelling.checked("SMS" if protocol == "sms" else "EMAIL", endpoint)
    except ValidationException as fault:
        what = "phone number" if protocol == "sms" else "email address"
        raise refused("Endpoint", f"it is no {what}") from fault


def _url(protocol: str, endpoint: str) -> str:
    try:
        parts = urlsplit(endpoint)
        is_whole = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_whole = False
    if not is_whole or len(endpoint) > LONGEST_URL or not endpoint.isascii():
        raise refused("Endpoint", "it is a URL of at most 2,048 ASCII characters")
    if not endpoint.isprintable() or " " in endpoint:
        raise refused("Endpoint", "it is a URL without blanks")
    if parts.scheme.lower() != protocol:
        raise refused("Endpoint", f"Endpoint must match the specified protocol {protocol}")
    return endpoint


def _document(value: str) -> Any:
    """Raises ValueError. The standard parser keeps what comes twice apart from what is JSON."""
    try:
        return json.loads(value)
    except ValueError as fault:
        raise ValueError("failed to parse JSON") from fault


def _check_raw(protocol: str, value: str, _others: Mapping[str, str]) -> None:
    if value.lower() not in ("true", "false"):
        raise ValueError("it is true or false")
    if value.lower() == "true" and protocol not in ("http", "https"):
        raise ValueError(
            f"Delivery protocol [{protocol}] does not support raw message delivery"
        )


def _check_filter(_protocol: str, value: str, others: Mapping[str, str]) -> None:
    if len(value.encode("utf-8", "replace")) > filter_policies.LONGEST:
        raise ValueError(f"it has at most {filter_policies.LONGEST} bytes")
    is_of_body = others.get("FilterPolicyScope") == "MessageBody"
    filter_policies.check_policy(_document(value), is_of_body=is_of_body)


def _check_scope(_protocol: str, value: str, others: Mapping[str, str]) -> None:
    if value not in SCOPES:
        raise ValueError(f"it is one of {', '.join(SCOPES)}")
    if others.get("FilterPolicy"):
        policy = _document(others["FilterPolicy"])
        filter_policies.check_policy(policy, is_of_body=value == "MessageBody")


def _check_delivery(protocol: str, value: str, _others: Mapping[str, str]) -> None:
    if protocol not in ("http", "https"):
        raise ValueError("only http and https have a delivery policy")
    delivery_policies.check_policy(_document(value), of_topic=False)


def _check_redrive(_protocol: str, _value: str, _others: Mapping[str, str]) -> None:
    raise ValueError(
        "queues are not offered here; what is given up is kept by itself, see imbot "
        "list-dead-letters"
    )


CHECKS: Mapping[str, Callable[[str, str, Mapping[str, str]], None]] = {
    "RawMessageDelivery": _check_raw,
    "FilterPolicy": _check_filter,
    "FilterPolicyScope": _check_scope,
    "DeliveryPolicy": _check_delivery,
    "RedrivePolicy": _check_redrive,
}
