from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bot.core.errors import ThrottlingException
from bot.core.registry import handlers
from bot.core.service_models import operation_names
from bot.web.rates import NAMED, Rates, rate_of
from tests.harness import ACCOUNT, LOADED
from tests.scenarios.wire import Api, Refused
from tests.scenarios.world import open_world


class Seconds:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def taken(rates: Rates, operation: str, count: int, account: str = ACCOUNT) -> int:
    """How many of so many requests are taken."""
    ended = Counter[bool]()
    for _ in range(count):
        try:
            rates.take(account, "ssm-incidents", operation)
        except ThrottlingException:
            ended[False] += 1
        else:
            ended[True] += 1
    return ended[True]


@pytest.mark.parametrize(
    ("service", "operation", "rate"),
    [
        ("ssm-incidents", "GetTimelineEvent", 30),
        ("ssm-incidents", "GetResponsePlan", 10),
        ("ssm-incidents", "BatchGetIncidentFindings", 10),
        ("ssm-incidents", "CreateTimelineEvent", 10),
        ("ssm-incidents", "StartIncident", 5),
        ("ssm-incidents", "TagResource", 5),
        ("ssm-incidents", "DeleteReplicationSet", 1),
        ("ssm-contacts", "GetContact", 20),
        ("ssm-contacts", "ListRotationShifts", 20),
        ("ssm-contacts", "AcceptPage", 20),
        ("ssm-contacts", "ListPagesByContact", 1),
        ("ssm-contacts", "CreateContact", 1),
        ("sns", "Publish", None),
        ("imbot", "TestPage", None),
    ],
)
def test_each_operation_has_the_documented_rate(
    service: str, operation: str, rate: int | None
) -> None:
    assert (service, operation) in handlers
    assert rate_of(service, operation) == rate


def test_every_operation_that_is_named_is_one_of_the_model() -> None:
    assert LOADED
    assert [name for service, name in NAMED if name not in operation_names(service)] == []


def test_a_second_s_worth_may_come_at_once_and_no_more() -> None:
    seconds = Seconds()
    rates = Rates(seconds)
    assert taken(rates, "StartIncident", 8) == 5

    seconds.now += 0.2
    assert taken(rates, "StartIncident", 8) == 1
    seconds.now += 60
    assert taken(rates, "StartIncident", 8) == 5


def test_operations_and_accounts_are_counted_by_themselves() -> None:
    rates = Rates(Seconds())
    assert taken(rates, "StartIncident", 8) == 5

    assert taken(rates, "UpdateIncidentRecord", 8) == 5
    assert taken(rates, "StartIncident", 8, "999988887777") == 5


async def refusal_of(api: Api, service: str, method: str, **given: Any) -> Refused:
    """What the first of many requests gets that is one too many."""
    for _ in range(50):
        try:
            await api.call(service, method, **given)
        except Refused as refusal:
            return refusal
    raise AssertionError(f"{method} was never refused")


async def test_what_is_over_the_rate_is_refused_as_the_services_do(sqlite_url: str) -> None:
    async with open_world(sqlite_url, IMBOT_REQUEST_RATES="true") as world:
        api = Api(world)
        [arn] = (await api.incidents("list_replication_sets"))["replicationSetArns"]
        protection = {"arn": arn, "deletionProtected": False}
        ours = await refusal_of(
            api, "ssm-incidents", "update_deletion_protection", **protection
        )
        ana = await world.has_contact("ana")
        contacts = await refusal_of(api, "ssm-contacts", "list_pages_by_contact", ContactId=ana)
        api.close()

    assert (ours.code, ours.status) == ("ThrottlingException", 429)
    assert ours.answer["serviceCode"] == "ssm-incidents"
    assert ours.answer["quotaCode"] == "UpdateDeletionProtectionRequestsPerSecond"
    assert (contacts.code, contacts.status) == ("ThrottlingException", 400)
    assert contacts.answer["RetryAfterSeconds"] == 1
