"""One trouble, many alerts: they become one incident, however close together they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from bot.channels.slack.channel import as_post
from bot.core.effects.starts import KEPT
from bot.core.store.engagements import Engagement, Page
from bot.core.store.executor import Store, open_store
from bot.core.store.incidents import Incident, TimelineEvent
from tests.conftest import MASTER_KEY
from tests.core.desk import Desk, open_desk
from tests.harness import TestHouse

ALERTS = 1000


@pytest.fixture
async def desk(store: Store) -> AsyncIterator[Desk]:
    async with open_desk(store) as opened:
        yield opened


async def test_a_thousand_alerts_of_one_dedupe_string_are_one_incident_and_one_chain(
    desk: Desk,
) -> None:
    """R25. The record, the timeline and the card count those that were absorbed."""
    await desk.has_person("ana")
    topic = await desk.has_topic(read_by="C1")
    plan = await desk.has_plan(dedupeString="payments", engages=["ana"], topics=[topic])

    arns = set(await asyncio.gather(*(desk.starts(plan) for _ in range(ALERTS))))
    await desk.work()
    await desk.work(seconds=1)
    await desk.work(seconds=1)

    (incident,) = await desk.rows(Incident)
    assert arns == {incident.arn}
    assert incident.absorbed == ALERTS - 1
    events = await desk.rows(TimelineEvent)
    triggers = [orjson.loads(one.data) for one in events if "Trigger" in one.event_type]
    assert len(triggers) == 1 + KEPT + 1
    assert [one["absorbedStarts"] for one in triggers if "absorbedStarts" in one] == [999]
    assert sum(one.event_type == "SSM Incident Start" for one in events) == 1
    assert len(await desk.rows(Engagement)) == 1
    assert len(desk.pages()) == 1
    assert desk.wall.cards[-1].absorbed == ALERTS - 1
    assert "+999" in as_post(desk.wall.cards[-1]).text


async def test_starts_that_stream_in_are_counted_once_a_second(desk: Desk) -> None:
    plan = await desk.has_plan(dedupeString="payments")
    for _ in range(3):
        await asyncio.gather(*(desk.starts(plan) for _ in range(20)))
        await desk.run_due(seconds=1)

    updates = [one.updated_at for one in await counted(desk)]
    assert updates == [desk.clock.now()]
    [data] = [orjson.loads(one.data) for one in await counted(desk)]
    assert data["absorbedStarts"] == 59


async def counted(desk: Desk) -> list[TimelineEvent]:
    events = await desk.rows(TimelineEvent)
    return [one for one in events if "absorbedStarts" in one.data]


async def test_a_thousand_starts_in_three_processes_on_one_database_are_one_incident(
    postgres_url: str,
) -> None:
    stores = [await open_store(postgres_url, MASTER_KEY, threads=4) for _ in range(3)]
    async with open_desk(stores[0]) as desk:
        await desk.has_person("ana")
        plan = await desk.has_plan(dedupeString="payments", engages=["ana"])
        others = [TestHouse(store, frozenset({"sms"})) for store in stores[1:]]
        houses: list[TestHouse] = [desk, *others]

        answers = await asyncio.gather(
            *(
                houses[n % 3].call("ssm-incidents", "StartIncident", responsePlanArn=plan)
                for n in range(ALERTS)
            )
        )

        (incident,) = await desk.rows(Incident)
        assert {each["incidentRecordArn"] for each in answers} == {incident.arn}
        assert incident.absorbed == ALERTS - 1
        assert len(await desk.rows(Engagement)) == 1
        assert len(await desk.rows(Page)) == 1
        for house in others:
            await house.close()
    for store in stores:
        await store.close()


async def test_two_starts_in_two_processes_at_once_are_one_incident(postgres_url: str) -> None:
    """R26."""
    stores = [await open_store(postgres_url, MASTER_KEY, threads=2) for _ in range(2)]
    async with open_desk(stores[0]) as desk:
        await desk.has_person("ana")
        plan = await desk.has_plan(dedupeString="payments", engages=["ana"])
        neighbour = TestHouse(stores[1], frozenset({"sms"}))

        for round_ in range(10):
            first, second = await asyncio.gather(
                desk.starts(plan, title=f"{round_}"),
                neighbour.call("ssm-incidents", "StartIncident", responsePlanArn=plan),
            )
            assert first == second["incidentRecordArn"]
            await desk.resolves(first)

        assert len(await desk.rows(Incident)) == 10
        assert len(await desk.rows(Engagement)) == 10
        assert len(await desk.rows(Page)) == 10
        await neighbour.close()
    for store in stores:
        await store.close()
