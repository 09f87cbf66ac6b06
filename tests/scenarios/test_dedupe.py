"""One trouble, many alerts: they become one incident, however close together they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.core.store.engagements import Engagement, Page
from bot.core.store.executor import Store, open_store
from bot.core.store.incidents import Incident, TimelineEvent
from tests.conftest import MASTER_KEY
from tests.core.desk import Desk, open_desk
from tests.harness import TestHouse

ALERTS = 1000
AT_ONCE = 50


@pytest.fixture
async def desk(store: Store) -> AsyncIterator[Desk]:
    async with open_desk(store) as opened:
        yield opened


async def test_a_thousand_alerts_of_one_dedupe_string_are_one_incident_and_one_chain(
    desk: Desk,
) -> None:
    """R25."""
    await desk.has_person("ana")
    plan = await desk.has_plan(dedupeString="payments", engages=["ana"])

    arns: set[str] = set()
    for _ in range(ALERTS // AT_ONCE):
        arns |= set(await asyncio.gather(*(desk.starts(plan) for _ in range(AT_ONCE))))

    (incident,) = await desk.rows(Incident)
    assert arns == {incident.arn}
    events = await desk.rows(TimelineEvent)
    assert sum(one.event_type == "SSM Incident Trigger" for one in events) == ALERTS
    assert sum(one.event_type == "SSM Incident Start" for one in events) == 1
    assert len(await desk.rows(Engagement)) == 1
    assert len(desk.pages()) == 1


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
