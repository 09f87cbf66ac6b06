from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest
from slack_sdk.signature import SignatureVerifier

from bot.core.store.accounts import FailedTry
from bot.playground.slack import ADMIN, ANA, INCIDENTS
from bot.playground.slack_state import TEAM_ID
from tests.scenarios.chat import Chat
from tests.scenarios.world import World, open_world


@pytest.fixture
async def socket_world(sqlite_url: str) -> AsyncIterator[World]:
    """A house that has an app token and no signing secret."""
    async with open_world(sqlite_url, has_public_url=False) as world:
        yield world


@pytest.fixture
async def http_world(sqlite_url: str) -> AsyncIterator[World]:
    async with open_world(sqlite_url) as world:
        yield world


def mention(text: str) -> dict[str, Any]:
    """An event of the administrator's, as Slack would send it."""
    event = {"type": "app_mention", "user": ADMIN, "channel": INCIDENTS, "text": text}
    event |= {"ts": "1.000", "event_ts": "1.000", "team": TEAM_ID}
    return {
        "type": "event_callback",
        "team_id": TEAM_ID,
        "api_app_id": "A1",
        "event_id": "Ev1",
        "event_time": 1,
        "event": event,
    }


async def forge(world: World, document: dict[str, Any]) -> int:
    """Post to Slack's address, signed with another secret."""
    body = orjson.dumps(document).decode()
    stamp = str(int(time.time()))
    signature = (
        SignatureVerifier("guessed").generate_signature(timestamp=stamp, body=body) or ""
    )
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature,
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{world.url}/slack/events", data=body, headers=headers) as answer,
    ):
        status = answer.status
    await world.settle()
    return status


async def test_without_a_signing_secret_nobody_is_heard_over_http(
    socket_world: World,
) -> None:
    status = await forge(socket_world, mention("<@U0> ssm-contacts list-contacts"))

    assert status == 404
    assert Chat(socket_world).shown() == []


async def test_with_a_signing_secret_a_forged_event_is_refused(http_world: World) -> None:
    status = await forge(http_world, mention("<@U0> ssm-contacts list-contacts"))

    assert status == 401
    assert Chat(http_world).shown() == []


async def test_bolt_does_not_warn_of_the_token_that_is_our_own_setting(
    http_world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    await forge(http_world, mention("<@U0> ssm-contacts list-contacts"))

    assert [one.name for one in caplog.records if one.name.startswith("slack_bolt")] == []


async def test_digits_in_a_thread_of_no_incident_are_left_alone(http_world: World) -> None:
    chat = Chat(http_world)
    ts = await chat.slack.say(ANA, INCIDENTS, "What was the number of the ticket?")

    said = await chat.hears("48213377", user=ANA, thread_ts=ts)

    assert said == []
    tries = await http_world.app.store.read(lambda tx: tx.select(FailedTry))
    assert tries == []


async def test_a_code_after_a_mention_is_read_in_any_thread(http_world: World) -> None:
    chat = Chat(http_world)
    ts = await chat.slack.say(ANA, INCIDENTS, "Who is on it?")

    (said,) = await chat.hears("@aws 482133", user=ANA, thread_ts=ts)

    assert "No open page bears that code" in said.words


@pytest.mark.parametrize("has_public_url", [True, False], ids=["over HTTP", "by socket"])
async def test_forms_open_complain_and_close_by_both_ways_in(
    sqlite_url: str, has_public_url: bool
) -> None:
    async with open_world(sqlite_url, has_public_url=has_public_url) as world:
        chat = Chat(world)
        await world.has_response_plan(topic=await world.has_topic_in_slack())
        arn = await world.starts_incident()
        ahead = int(world.clock.now().timestamp()) + 3600

        await chat.opens(chat.cards()[-1], "add_event")
        complaints = await chat.submits(text="Tomorrow", time=ahead)
        assert complaints == {"time": "That is in the future."}
        assert await chat.submits(text="Now") == {}
        assert chat.form() == ""

        ts = await chat.slack.say(ANA, INCIDENTS, "It was the cable")
        await chat.adds_to_timeline(ANA, ts)
        listed = await world.call("ssm-incidents", "ListTimelineEvents", incidentRecordArn=arn)
        kinds = [one["eventType"] for one in listed["eventSummaries"]]
        assert kinds.count("Custom Event") == 2


async def test_a_form_that_is_sent_off_twice_at_once_counts_once(http_world: World) -> None:
    chat = Chat(http_world)
    await http_world.has_response_plan(topic=await http_world.has_topic_in_slack())
    arn = await http_world.starts_incident()
    await chat.opens(chat.cards()[-1], "add_event")
    modals = chat.slack.workspace.modals[ADMIN]
    modals.append(modals[0])

    await asyncio.gather(*(chat.slack.submit_view(ADMIN, {"text": "Once"}) for _ in range(2)))
    await http_world.settle()

    listed = await http_world.call("ssm-incidents", "ListTimelineEvents", incidentRecordArn=arn)
    kinds = [one["eventType"] for one in listed["eventSummaries"]]
    assert kinds.count("Custom Event") == 1
