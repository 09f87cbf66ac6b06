"""Bodies that no client sends: ssm-contacts refuses them in its own form; nothing breaks."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.core.service_models import operation_model, operation_names
from tests.scenarios.test_conformity import Full
from tests.scenarios.test_refusals_of_contacts import given, naming, raw
from tests.scenarios.wire import Api, send
from tests.scenarios.world import World, contact_arn

SERVICE = "ssm-contacts"
NASTY: list[Any] = [
    None,
    True,
    -1,
    0,
    2**63,
    -(2**70),
    1e308,
    1.5,
    "",
    " ",
    "\x00",
    "\ud800",
    "\u202egnp.exe",
    "'; DROP TABLE contact; --",
    "%s%n{0}",
    "a" * 70_000,
    "arn:aws:ssm-contacts:us-east-1:111122223333:contact/ana",
    "arn:aws:ssm-contacts:us-east-1:111122223333:rotation/ana",
    "arn:aws-cn:ssm-contacts:us-east-1:111122223333:contact/ana",
    "arn:aws:ssm-contacts:us-east-1:999999999999:page/ana/1",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    253402300799,
    253402300800,
    -62135596801,
    [],
    [None],
    [[[[[]]]]],
    ["x"] * 2000,
    {},
    {"": ""},
    {"Stages": [{"DurationInMinutes": 30, "Targets": [{}]}]},
    {"Stages": None, "RotationIds": ["x"]},
    {"Key": {"Key": "x"}},
    {"StartTime": "soon", "EndTime": []},
    [{"Key": "a", "Value": "b"}] * 51,
    {"NumberOfOnCalls": 0, "RecurrenceMultiplier": 101, "DailySettings": []},
    {"SimpleAddress": "a@b" * 100},
]


def body_of(operation: str, dice: random.Random) -> str:
    """Some members of the operation's input, and one that it does not know."""
    names = [*operation_model(SERVICE, operation).input_shape.members, "Nothing"]
    chosen = [name for name in names if dice.random() < 0.8]
    return json.dumps({name: dice.choice(NASTY) for name in chosen})


@pytest.mark.parametrize("seed", range(8))
async def test_nothing_that_a_body_may_hold_breaks_an_operation(
    town_world: World, seed: int
) -> None:
    dice = random.Random(seed)
    await town_world.has_contact("ana")

    for operation in operation_names(SERVICE):
        headers = {
            "X-Amz-Target": f"SSMContacts.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
        }
        body = body_of(operation, dice).encode()
        status, _, text = await send(town_world, SERVICE, body, headers=headers)
        answer = json.loads(text)
        assert status in (200, 400), (operation, body[:500], text[:300])
        if status == 400:
            assert answer["__type"].endswith("Exception"), operation
            assert answer["Message"], operation
            assert len(text) < 20_000, "what is refused is not repeated at length"

    shown = await town_world.call(SERVICE, "ListContacts")
    assert "ana" in [one["Alias"] for one in shown["Contacts"]]


async def test_one_wrong_member_among_right_ones_breaks_nothing(full: Full) -> None:
    dice = random.Random(7)
    own = {
        "ContactId": full.team,
        "ContactArn": full.ana,
        "ContactChannelId": full.channel,
        "EngagementId": full.engagement,
        "PageId": full.page_arn,
        "RotationId": full.rotation,
        "ResourceARN": full.rotation,
    }
    asked = [one for one in naming(full.api) if not one[1].startswith("Delete")]
    for _, name, member in asked * 4:
        right = given(full.api, name, member, own[member])
        members = operation_model(SERVICE, name).input_shape.members
        wrong = dice.choice([each for each in members if each != member] or [member])
        body = json.loads(json.dumps(right, default=lambda at: at.timestamp()))
        status, answer = await raw(full.api, name, body | {wrong: dice.choice(NASTY)})
        assert status in (200, 400), (name, wrong, answer)
        if status == 400:
            assert answer["Message"], name


@pytest.fixture
async def full(town_world: World) -> AsyncIterator[Full]:
    api = Api(town_world)
    built = Full(api)
    await built.build()
    yield built
    api.close()


async def test_a_plan_of_a_thousand_levels_is_refused_and_the_next_request_answered(
    town_world: World,
) -> None:
    await town_world.has_contact("ana")
    deep = '{"Stages":[{"DurationInMinutes":1,"Targets":[' * 900 + "]}]}" * 900
    body = f'{{"ContactId":"{contact_arn("ana")}","Plan":{deep}}}'
    headers = {
        "X-Amz-Target": "SSMContacts.UpdateContact",
        "Content-Type": "application/x-amz-json-1.1",
    }

    status, _, text = await send(town_world, SERVICE, body.encode(), headers=headers)

    assert status == 400, text[:300]
    assert json.loads(text)["__type"].endswith("Exception")
    shown = await town_world.call(SERVICE, "GetContact", ContactId=contact_arn("ana"))
    assert shown["Plan"] == {"Stages": []}
