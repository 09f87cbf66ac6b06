from __future__ import annotations

from typing import Any

import pytest

from bot.core.planner.topic_policies import Asking, unread_operators, verdict

ACCOUNT = "111122223333"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:chat"
ENGINE = "ssm-incidents.amazonaws.com"
INCIDENTS = {
    "Sid": "IncidentManagerSNSPublishingPermissions",
    "Effect": "Allow",
    "Principal": {"Service": ENGINE},
    "Action": "SNS:Publish",
    "Resource": TOPIC,
    "Condition": {"StringEqualsIfExists": {"AWS:SourceAccount": ACCOUNT}},
}
"""As the documentation of Incident Manager has it."""


def asked(*statements: dict[str, Any], service: str | None = ENGINE, **keys: str) -> str | None:
    asking = Asking(
        action="SNS:Publish",
        topic_arn=TOPIC,
        principal_arn=f"arn:aws:iam::{ACCOUNT}:user/ana",
        account_id=ACCOUNT,
        service=service,
        keys={name.replace("_", ":").lower(): value for name, value in keys.items()},
    )
    return verdict({"Statement": list(statements)}, asking)


def test_the_documented_statement_admits_the_own_accounts_incidents() -> None:
    assert asked(INCIDENTS, aws_sourceaccount=ACCOUNT) == "Allow"
    assert asked(INCIDENTS) == "Allow"


def test_another_account_is_not_admitted() -> None:
    assert asked(INCIDENTS, aws_sourceaccount="999988887777") is None


def test_a_condition_without_if_exists_needs_its_key() -> None:
    strict = INCIDENTS | {"Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}

    assert asked(strict) is None
    assert asked(strict, aws_sourceaccount=ACCOUNT) == "Allow"


def test_a_denial_goes_before_what_allows() -> None:
    denial = {"Effect": "Deny", "Principal": "*", "Action": "sns:pub*", "Resource": "*"}

    assert asked(INCIDENTS, denial, aws_sourceaccount=ACCOUNT) == "Deny"


@pytest.mark.parametrize(
    "changes",
    [
        {"Principal": {"Service": "events.amazonaws.com"}},
        {"Principal": {"AWS": ACCOUNT}},
        {"Action": "SNS:Subscribe"},
        {"Resource": f"{TOPIC}2"},
        {"Condition": {"DateLessThan": {"aws:CurrentTime": "2000-01-01"}}},
    ],
)
def test_a_statement_about_something_else_says_nothing(changes: dict[str, Any]) -> None:
    assert asked(INCIDENTS | changes, aws_sourceaccount=ACCOUNT) is None


@pytest.mark.parametrize(
    "principal",
    ["*", {"AWS": "*"}, {"AWS": [ACCOUNT]}, {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}],
)
def test_a_user_is_named_by_his_account(principal: Any) -> None:
    statement = {k: v for k, v in INCIDENTS.items() if k != "Condition"}

    assert asked(statement | {"Principal": principal}, service=None) == "Allow"


def test_not_principal_denies_everybody_else() -> None:
    statement = {k: v for k, v in INCIDENTS.items() if k not in ("Condition", "Principal")}
    denial = statement | {"Effect": "Deny", "NotPrincipal": {"AWS": ACCOUNT}}

    assert asked(denial, service=None) is None
    assert asked(denial) == "Deny"


def test_brackets_in_a_pattern_are_plain_characters() -> None:
    assert asked(INCIDENTS | {"Resource": f"{TOPIC[:-1]}[t]"}) is None


def test_operators_that_are_not_read_are_told() -> None:
    policy = {"Statement": [INCIDENTS, {"Condition": {"IpAddress": {}}}]}

    assert unread_operators(policy) == ["IpAddress"]
