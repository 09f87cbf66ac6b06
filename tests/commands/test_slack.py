from __future__ import annotations

import hashlib
import hmac
import time

import pytest
from aiohttp import ClientSession

from tests.scenarios.world import World, open_world

EVENT = b'{"type":"event_callback","event_id":"Ev1","event":{"type":"message"}}'


def signed(world: World, body: bytes, *, age: float = 0) -> dict[str, str]:
    secret = world.app.settings.slack_signing_secret
    assert secret is not None
    stamp = str(int(time.time() - age))
    digest = hmac.new(
        secret.get_secret_value().encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256
    ).hexdigest()
    return {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
        "Content-Type": "application/json",
    }


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        (b"{", {"X-Slack-Signature": "v0=0"}),
        (b"[]", {"X-Slack-Signature": ""}),
        (b"\xff\xfe", {}),
        (EVENT, {"X-Slack-Request-Timestamp": "yesterday"}),
        (EVENT, {"X-Slack-Request-Timestamp": "1" * 400}),
        (EVENT, {"X-Slack-Signature": "v0=\u00e9\u00e9"}),
    ],
)
async def test_what_slack_did_not_sign_is_refused_before_it_is_read(
    sqlite_url: str, body: bytes, changes: dict[str, str]
) -> None:
    async with open_world(sqlite_url) as world, ClientSession() as session:
        headers = signed(world, body) | changes
        answer = await session.post(f"{world.url}/slack/events", data=body, headers=headers)
        assert answer.status == 401


async def test_a_signed_request_of_more_than_five_minutes_ago_is_refused(
    sqlite_url: str,
) -> None:
    async with open_world(sqlite_url) as world, ClientSession() as session:
        url = f"{world.url}/slack/events"
        fresh = await session.post(url, data=EVENT, headers=signed(world, EVENT, age=200))
        stale = await session.post(url, data=EVENT, headers=signed(world, EVENT, age=400))
        assert (fresh.status, stale.status) == (200, 401)


async def test_the_house_opens_while_slack_is_away(sqlite_url: str) -> None:
    async with open_world(
        sqlite_url,
        SLACK_API_URL="http://127.0.0.1:9/api/",
        SLACK_APP_TOKEN="xapp-1-away",
    ) as world:
        await world.has_person("ana")
        await world.has_response_plan("ana")
        await world.starts_incident()
        assert len(world.pages_on("ana")) == 1
