from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot.core.store.engagements import Page
from bot.core.store.executor import Store
from bot.web.metrics import Audience, Metrics
from tests.harness import CONTACTS, TestHouse, open_house


@pytest.fixture
async def house(store: Store) -> AsyncIterator[TestHouse]:
    async with open_house(store) as opened:
        yield opened


async def told(
    house: TestHouse,
    audience: Audience = "local",
    headers: Mapping[str, str] | None = None,
    token: str | None = None,
) -> tuple[int, str]:
    """The answer to one look, freshly counted."""
    application = web.Application()
    secret = None if token is None else SecretStr(token)
    metrics = Metrics(house.store, house.clock, audience, secret)
    application.router.add_get("/metrics", metrics.answer)
    async with (
        TestServer(application, host="127.0.0.1") as server,
        aiohttp.ClientSession() as session,
        session.get(server.make_url("/metrics"), headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def test_pages_are_counted_by_medium_and_outcome(house: TestHouse) -> None:
    await house.engages(await house.has_person("ana", "SMS", "EMAIL"))
    [text] = [one for one in house.pages() if one.address == "+12065550100"]
    [page] = [row for row in await house.rows(Page) if row.code == text.code]
    await house.call(
        CONTACTS, "AcceptPage", PageId=page.arn, AcceptType="READ", AcceptCode=text.code
    )

    _, metrics = await told(house)
    assert 'imbot_pages{medium="sms",outcome="acknowledged"} 1.0' in metrics
    assert 'imbot_pages{medium="email",outcome="unsent"} 1.0' in metrics
    assert "imbot_engagements_acknowledged 1.0" in metrics


async def test_an_open_incident_that_reached_nobody_is_counted_until_somebody_is_reached(
    house: TestHouse,
) -> None:
    incident = await house.has_incident()
    await house.engages(await house.has_contact("ana"), IncidentId=incident)
    _, text = await told(house)
    assert "imbot_incidents_unreached 1.0" in text
    assert "imbot_engagements_unreachable 1.0" in text
    assert 'imbot_incidents_open{impact="2"} 1.0' in text

    await house.engages(await house.has_person("ben"), IncidentId=incident)
    _, text = await told(house)
    assert "imbot_incidents_unreached 0.0" in text


async def test_mutes_and_what_they_keep_back_are_counted(house: TestHouse) -> None:
    ana = await house.has_person("ana", "SMS", "EMAIL")
    until = house.clock.now() + timedelta(hours=1)
    await house.call("imbot", "MuteContact", ContactId=ana, Until=until)
    await house.engages(ana)

    _, text = await told(house)
    assert "imbot_contacts_muted 1.0" in text
    assert "imbot_pages_withheld 2.0" in text


@pytest.mark.parametrize(
    ("audience", "headers", "status"),
    [
        ("local", {}, 200),
        ("local", {"X-Forwarded-For": "203.0.113.7"}, 404),
        ("all", {"X-Forwarded-For": "203.0.113.7"}, 200),
        ("off", {}, 404),
    ],
)
async def test_metrics_are_told_to_this_machine_unless_a_setting_says_otherwise(
    house: TestHouse, audience: Audience, headers: dict[str, str], status: int
) -> None:
    answered, _ = await told(house, audience, headers)
    assert answered == status


@pytest.mark.parametrize(
    ("audience", "said", "status"),
    [
        ("local", "Bearer 5ecret", 200),
        ("local", "Bearer 5ecret ", 200),
        ("local", "Bearer 5ecre", 404),
        ("local", "Bearer ", 404),
        ("local", "5ecret", 404),
        ("off", "Bearer 5ecret", 404),
    ],
)
async def test_who_bears_the_token_is_told_through_a_proxy_too(
    house: TestHouse, audience: Audience, said: str, status: int
) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7", "Authorization": said}
    answered, _ = await told(house, audience, headers, token="5ecret")
    assert answered == status


async def test_an_empty_token_opens_nothing(house: TestHouse) -> None:
    headers = {"X-Forwarded-For": "203.0.113.7", "Authorization": "Bearer "}
    answered, _ = await told(house, headers=headers, token="")
    assert answered == 404
