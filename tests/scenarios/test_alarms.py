"""A monitor posts alarms: a token from chat, an incident in chat, a page on the phone."""

from __future__ import annotations

import re
from typing import Any

import aiohttp
import orjson

from bot.playground.slack import INCIDENTS
from bot.web.alarms import LARGEST_BODY
from tests.core.alarms.payloads import event, group
from tests.scenarios.chat import Chat
from tests.scenarios.world import PLAN, World, open_world

Told = tuple[int, dict[str, Any]]


async def posts(world: World, path: str, document: Any = None, **body: Any) -> Told:
    """Post JSON, or `data`; answers status and document."""
    given = body or {"json": document}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{world.url}{path}", **given) as answer,
    ):
        told = answer.status, await answer.json()
    await world.settle()
    return told


async def path_from_chat(world: World, chat: Chat, *more: str) -> str:
    """The path of an address that an administrator asked for."""
    command = "@aws imbot create-alarm-token --response-plan-arn payments --name monitor"
    assert await chat.hears(" ".join([command, *more])) == []
    whisper = world.town.slack.workspace.conversation(INCIDENTS).ephemerals[-1]
    found = re.search(r"https?://[^/]+(/alarms/[\w-]{43})", str(whisper["blocks"]))
    assert found is not None
    return found[1]


async def has_plan(world: World) -> None:
    await world.has_person("ana")
    await world.has_response_plan("ana", topic=await world.has_topic_in_slack())


async def test_an_alarm_pages_shows_itself_and_is_over_when_the_monitor_says_so(
    town_world: World, chat: Chat
) -> None:
    await has_plan(town_world)
    path = await path_from_chat(town_world, chat, "--resolves-incidents")

    status, told = await posts(town_world, path, event())
    await posts(town_world, path, event())
    await posts(town_world, path, event())
    await town_world.advance(seconds=3)

    assert (status, told["alarms"][0]["result"]) == (200, "opened")
    assert len(town_world.pages_on("ana")) == 1
    (card,) = chat.cards(INCIDENTS)
    assert "[ServerCpuTooHigh]" in card.words
    assert "+2" in card.words
    _, told = await posts(town_world, path, event("OK"))
    assert told["alarms"][0]["result"] == "resolved"
    assert [one["status"] for one in await town_world.incidents()] == ["RESOLVED"]


async def test_a_start_in_chat_that_is_absorbed_says_so(town_world: World, chat: Chat) -> None:
    await has_plan(town_world)
    change = {"arn": PLAN, "incidentTemplateDedupeString": "payments"}
    await town_world.call("ssm-incidents", "UpdateResponsePlan", **change)
    command = f"@aws ssm-incidents start-incident --response-plan-arn {PLAN}"

    first = await chat.answers(command)
    await chat.answers(command)
    third = await chat.answers(command)

    assert "absorbed" not in first
    assert "absorbed this start (+2)" in third


async def test_a_start_in_chat_that_pages_nobody_says_so(town_world: World, chat: Chat) -> None:
    await has_plan(town_world)
    await chat.answers(
        "@aws imbot set-quiet-impacts --response-plan-arn payments --impacts 1 5"
    )

    words = await chat.answers(
        f"@aws ssm-incidents start-incident --response-plan-arn {PLAN} --impact 5"
    )
    await town_world.advance(seconds=3)

    assert "Nobody was paged" in words
    assert town_world.pages_on("ana") == []
    (card,) = chat.cards(INCIDENTS)
    assert "Nobody was paged." in card.words
    await chat.answers("@aws imbot set-quiet-impacts --response-plan-arn payments --impacts []")
    quiet = await town_world.call("imbot", "GetQuietImpacts", ResponsePlanArn=PLAN)
    assert quiet["Impacts"] == []


async def test_a_token_is_revoked_from_chat(town_world: World, chat: Chat) -> None:
    await has_plan(town_world)
    path = await path_from_chat(town_world, chat)
    [listed] = (await town_world.call("imbot", "ListAlarmTokens"))["AlarmTokens"]
    await posts(town_world, path, event())

    await chat.answers(
        f"@aws imbot revoke-alarm-token --alarm-token-id {listed['AlarmTokenId']}"
    )
    status, told = await posts(town_world, path, group())

    assert (status, told["error"]) == (404, "UnknownToken")


async def test_what_is_no_alarm_is_refused_in_json(town_world: World, chat: Chat) -> None:
    await has_plan(town_world)
    path = await path_from_chat(town_world, chat)

    answers = [
        await posts(town_world, path, data=b"no json"),
        await posts(town_world, path, {"what": "no title"}),
        await posts(town_world, path, {"Type": "Notification", "TopicArn": "arn"}),
        await posts(town_world, path, data=b" " * (LARGEST_BODY + 1)),
        await posts(town_world, f"{path}x", event()),
    ]

    assert [status for status, _ in answers] == [400, 400, 400, 413, 404]
    assert all(told["message"].endswith((".", "}.")) for _, told in answers)
    assert await town_world.incidents() == []


async def test_a_broken_plan_asks_the_monitor_to_come_again(
    town_world: World, chat: Chat
) -> None:
    await has_plan(town_world)
    path = await path_from_chat(town_world, chat)
    await town_world.call("ssm-incidents", "DeleteResponsePlan", arn=PLAN)

    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{town_world.url}{path}", json=event()) as answer,
    ):
        assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
        assert answer.headers["Content-Type"] == "application/json"
        assert "ResourceNotFoundException" in (await answer.json())["message"]


async def test_a_topic_of_this_house_is_confirmed_and_its_alarms_are_taken(
    sqlite_url: str,
) -> None:
    async with open_world(sqlite_url, IMBOT_TOPIC_NETWORKS="127.0.0.0/8") as world:
        await has_plan(world)
        path = await path_from_chat(world, Chat(world))
        topic = (await world.call("sns", "CreateTopic", Name="alarms"))["TopicArn"]

        endpoint = {"Protocol": "http", "Endpoint": f"{world.url}{path}"}
        await world.call("sns", "Subscribe", TopicArn=topic, **endpoint)
        await world.settle()
        message = orjson.dumps(event()).decode()
        await world.call("sns", "Publish", TopicArn=topic, Message=message)
        await world.settle()

        [incident] = await world.incidents()
        assert incident["title"].endswith("[ServerCpuTooHigh]")
        assert len(world.pages_on("ana")) == 1
