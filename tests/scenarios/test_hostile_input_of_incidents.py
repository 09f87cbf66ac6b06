"""Requests that no client sends: ssm-incidents refuses them in its own form; nothing breaks."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from yarl import URL

from bot.core.service_models import operation_model, operation_names
from tests.scenarios.test_conformity_of_incidents import SERVICE, FullIncidents
from tests.scenarios.test_hostile_input import NASTY
from tests.scenarios.test_refusals_of_incidents import MEMBERS
from tests.scenarios.wire import Api
from tests.scenarios.world import ACCOUNT, KEY_ID, REGION, SECRET, World


@pytest.fixture
async def full(api: Api) -> FullIncidents:
    built = FullIncidents(api)
    await built.build()
    return built


async def ask_raw(
    world: World, name: str, body: Mapping[str, Any], query: Mapping[str, str], uri: str = ""
) -> tuple[int, dict[str, Any]]:
    """Ask without boto3's own checks; members of path and query as they are given."""
    http = operation_model(SERVICE, name).http
    path = http["requestUri"].replace("{resourceArn}", quote(uri, safe=""))
    asked = "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())
    url = world.url + path + (f"?{asked}" if asked else "")
    content = json.dumps(body).encode() if http["method"] == "POST" else b""
    request = AWSRequest(method=http["method"], url=url, data=content)
    request.headers["Content-Type"] = "application/json"
    SigV4Auth(Credentials(KEY_ID, SECRET), SERVICE, REGION).add_auth(request)
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            http["method"],
            URL(url, encoded=True),
            data=content,
            headers={name: str(value) for name, value in request.headers.items()},
        ) as answer,
    ):
        text = await answer.text()
        return answer.status, json.loads(text) if text else {}


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_that_a_request_may_hold_breaks_an_operation(
    full: FullIncidents, seed: int
) -> None:
    dice, world = random.Random(seed), full.api.world
    rights = {**dict.fromkeys(MEMBERS, full.incident), "responsePlanArn": full.plan}
    short = [each for each in NASTY if len(json.dumps(each)) < 4000]
    for name in sorted(set(operation_names(SERVICE)) - {"DeleteReplicationSet"}):
        shape = operation_model(SERVICE, name).input_shape
        body: dict[str, Any] = {}
        query: dict[str, str] = {}
        uri = full.incident if dice.random() < 0.5 else "'; DROP TABLE incident; --/é"
        for member, its in shape.members.items():
            place = its.serialization.get("location")
            if dice.random() < 0.2:
                continue
            right = rights.get(member) if dice.random() < 0.6 else None
            if place == "querystring":
                nasty = json.dumps(dice.choice(short)).strip('"')
                query[its.serialization.get("name", member)] = right or nasty
            elif place is None:
                body[member] = right or dice.choice(NASTY)
        status, answer = await ask_raw(world, name, {**body, "nothing": 1}, query, uri)
        assert status < 500, (name, body, answer)
        if status >= 400:
            assert answer["message"], name
            assert len(json.dumps(answer)) < 20_000, "what is refused is not repeated at length"
    assert (await full.ask("get_response_plan", arn=full.plan))["name"] == "payments"


async def test_constraints_are_refused_in_the_services_words(full: FullIncidents) -> None:
    automation = {"documentName": "Restart", "roleArn": f"arn:aws:iam::{ACCOUNT}:role/run"}
    body = {
        "name": "new",
        "incidentTemplate": {"title": "T", "impact": 6},
        "actions": [{"ssmAutomation": {**automation, "dynamicParameters": {}}}],
    }
    status, answer = await ask_raw(full.api.world, "CreateResponsePlan", body, {})

    assert status == 400
    assert "2 validation errors detected" in answer["message"]
    assert (
        "Value '{}' at 'actions.1.member.ssmAutomation.dynamicParameters' failed to satisfy "
        "constraint: Member must have length greater than or equal to 1"
    ) in answer["message"]


@pytest.mark.parametrize(
    "members",
    [
        {"name": "has blank"},
        {"name": ""},
        {"name": "a" * 201},
        {"name": "ünicode"},
        {"engagements": ["ana"]},
        {"engagements": [f"arn:aws:ssm-contacts:us-east-1:{ACCOUNT}:rotation/x"]},
        {"engagements": [f"arn:aws:ssm-contacts:us-east-1:{ACCOUNT}:contact/a"] * 6},
        {"chatChannel": {"chatbotSns": []}},
        {"chatChannel": {"chatbotSns": [f"arn:aws:sns:us-east-1:{ACCOUNT}:none"]}},
        {"chatChannel": {"chatbotSns": ["x"], "empty": {}}},
        {"actions": [{}]},
        {"actions": [{"ssmAutomation": {"documentName": "Restart"}}]},
        {"actions": [{"ssmAutomation": {"documentName": "ab", "roleArn": "x"}}]},
        {"integrations": [{"pagerDutyConfiguration": {"name": "pd"}}]},
        {"incidentTemplate": {"title": "T"}},
        {"incidentTemplate": {"title": "T", "impact": 0}},
        {"incidentTemplate": {"title": "T", "impact": "1"}},
        {"incidentTemplate": {"title": "T" * 201, "impact": 1}},
        {"incidentTemplate": {"title": "T", "impact": 1, "incidentTags": {}}},
        {"incidentTemplate": {"title": "T", "impact": 1, "incidentTags": {"aws:x": "y"}}},
        {"incidentTemplate": {"title": "T", "impact": 1, "dedupeString": "x" * 1001}},
        {"tags": {"AWS:x": "y" * 257}},
    ],
)
async def test_a_plan_that_the_model_does_not_allow_is_refused_and_not_kept(
    api: Api, members: dict[str, Any]
) -> None:
    whole = {"name": "new", "incidentTemplate": {"title": "T", "impact": 1}, **members}
    status, answer = await ask_raw(api.world, "CreateResponsePlan", whole, {})

    assert (status, bool(answer["message"])) == (400, True)
    assert (await api.incidents("list_response_plans"))["responsePlanSummaries"] == []
