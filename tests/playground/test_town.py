from __future__ import annotations

import asyncio
import base64
import json
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp, AsyncSay
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.pulse import Fault, Pulse
from bot.playground.slack import ANA, INCIDENTS
from bot.playground.town import Town
from bot.settings import load_settings

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)


async def test_its_settings_are_settings_of_the_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Town(socket_mode=True) as town:
        for name, value in town.settings.items():
            monkeypatch.setenv(name, value)
        settings = load_settings()

    assert settings.slack_api_url == town.slack.api_url
    assert settings.smtp_security == "none"
    assert settings.slack_app_token is not None


async def test_the_snapshot_is_json_and_holds_what_happened() -> None:
    async with Town(now=lambda: NOON) as town:
        ana = town.phones.add("+15550100001", "ana")
        await ana.text("hello")
        ts = await town.slack.say(ANA, INCIDENTS, "hello")
        seen = json.loads(json.dumps(town.snapshot()))

    assert ts.split(".")[0] == str(int(NOON.timestamp()))
    assert seen["phones"][0]["texts"][0]["body"] == "hello"
    channel = next(c for c in seen["slack"]["channels"] if c["id"] == INCIDENTS)
    assert channel["messages"][0]["user"] == ANA
    assert seen["surprises"] == []


async def test_a_watcher_is_told_of_each_change() -> None:
    async with Town() as town, aclosing(town.watch()) as versions:
        before = await anext(versions)
        await town.slack.say(ANA, INCIDENTS, "hello")

        assert await anext(versions) > before


async def test_what_does_not_come_about_is_told_with_the_surprises() -> None:
    pulse = Pulse()
    pulse.surprise("a text to nobody")

    with pytest.raises(TimeoutError, match="a text to nobody"):
        await pulse.until(lambda: False, timeout=0.01)


async def test_a_failure_in_the_background_is_a_surprise() -> None:
    async def fail() -> None:
        raise ValueError("broken")

    pulse = Pulse()
    pulse.spawn(fail(), "work")
    await pulse.settle()

    assert pulse.surprises == ["work: ValueError('broken')"]


async def test_a_call_that_rings_does_not_keep_the_town_from_settling() -> None:
    async with Town() as town:
        ana = town.phones.add("+15550100001", "ana")
        auth = (town.phones.account_sid, town.phones.auth_token)
        client = town.pulse.client
        url = f"{town.phones.api_url}/2010-04-01/Accounts/{auth[0]}/Calls.json"
        form = {"To": ana.number, "From": town.phones.number, "Twiml": "<Response/>"}
        async with client.post(url, data=form, headers=_basic(auth)) as answer:
            assert answer.status == 201
        await town.settle()

        assert ana.is_ringing


async def test_a_bolt_app_is_asked_and_answers() -> None:
    async with Town() as town:
        client = AsyncWebClient(token=town.slack.bot_token, base_url=town.slack.api_url)
        app = AsyncApp(client=client, signing_secret=town.slack.signing_secret)
        app.event("app_mention")(_greet)
        app.event("message")(_ignore)
        await town.connect(await town.pulse.serve(app.web_app("/slack/events")))

        ts = await town.slack.say(ANA, INCIDENTS, "@aws help")
        await town.until(lambda: town.slack.posts(INCIDENTS, ts))
        await town.settle()

        assert town.slack.posts(INCIDENTS)[0]["text"] == f"Hello <@{ANA}>"
        assert town.surprises == []


async def _greet(event: dict[str, Any], say: AsyncSay) -> None:
    await say(text=f"Hello <@{event['user']}>", thread_ts=event["ts"])


async def _ignore() -> None: ...


async def test_closing_ends_a_socket_that_is_open() -> None:
    town = Town(socket_mode=True)
    await town.start()
    client = AsyncWebClient(token=town.slack.app_token, base_url=town.slack.api_url)
    opened = await client.apps_connections_open(app_token=town.slack.app_token)
    async with town.pulse.client.ws_connect(opened["url"]) as ws:
        assert (await ws.receive_json())["type"] == "hello"
        await town.close()

    assert town.slack.server.door.sockets == 0


def _basic(auth: tuple[str, str]) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(':'.join(auth).encode()).decode()}"}


async def test_a_request_that_is_never_answered_does_not_keep_the_town_open() -> None:
    town = Town()
    await town.start()
    town.slack.misbehave("auth.test", fault=Fault(mode="hang"))
    client = AsyncWebClient(token=town.slack.bot_token, base_url=town.slack.api_url)

    asked = asyncio.create_task(client.auth_test())
    async with asyncio.timeout(5):
        while not town.slack.server.faults.is_empty:
            await asyncio.sleep(0)
    await town.close()
    with pytest.raises(aiohttp.ClientError):
        await asked
