"""Whoever holds the database without its master key reads none of what people wrote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from bot.core.store.engagements import Page
from bot.core.store.executor import Store
from bot.core.store.schema import metadata
from bot.core.store.transaction import Transaction
from tests.harness import CONTACTS, TestHouse, open_house

INCIDENTS = "ssm-incidents"
SECRET = "Vermilion-Otter"
PHONE = "+12065550107"


@pytest.fixture
async def house(store: Store) -> AsyncIterator[TestHouse]:
    async with open_house(store) as opened:
        yield opened


def everything(tx: Transaction) -> dict[str, str]:
    """Each table's records as they stand in the database, in one text."""
    return {name: str(tx.records(sa.select(each))) for name, each in metadata.tables.items()}


async def test_no_table_holds_a_text_or_an_address_that_reads_without_the_key(
    house: TestHouse,
) -> None:
    contact = await house.has_contact()
    channel = await house.has_channel(contact, "SMS", PHONE)
    target = {"ChannelTargetInfo": {"ContactChannelId": channel}}
    plan = {"Stages": [{"DurationInMinutes": 5, "Targets": [target]}]}
    await house.call(CONTACTS, "UpdateContact", ContactId=contact, Plan=plan)
    await write_everywhere(house, contact)

    stored = await house.store.read(everything)

    assert [name for name, text in stored.items() if SECRET in text] == []
    assert [name for name, text in stored.items() if PHONE in text] == []
    assert sum("page/ana" in text for text in stored.values()) > 0, "rows are compared"


async def write_everywhere(house: TestHouse, contact: str) -> None:
    """Put the secret wherever an operation takes words."""

    def text(where: str) -> str:
        return f"{SECRET} in {where}"

    plan = await house.call(
        INCIDENTS,
        "CreateResponsePlan",
        name="payments",
        incidentTemplate={"title": text("title"), "summary": text("summary"), "impact": 1},
        engagements=[contact],
        clientToken="once",
    )
    trigger = {"source": "tests", "timestamp": house.clock.now(), "rawData": text("raw data")}
    identifier = {"type": "METRIC", "value": {"url": f"https://example.com/{SECRET}"}}
    item = {"identifier": identifier, "title": text("item")}
    started = await house.call(
        INCIDENTS,
        "StartIncident",
        responsePlanArn=plan["arn"],
        title=text("its title"),
        triggerDetails=trigger,
        relatedItems=[item],
    )
    arn = started["incidentRecordArn"]
    await house.call(
        INCIDENTS, "UpdateIncidentRecord", arn=arn, summary=text("new"), title=text("b")
    )
    await house.call(
        INCIDENTS,
        "CreateTimelineEvent",
        incidentRecordArn=arn,
        eventType="Note",
        eventTime=house.clock.now(),
        eventData=f'"{text("a note")}"',
    )
    (page,) = await house.rows(Page)
    await house.call(
        CONTACTS,
        "AcceptPage",
        PageId=page.arn,
        AcceptType="READ",
        AcceptCode=page.code,
        Note=text("the note"),
    )
    words: dict[str, Any] = {
        name: text(name) for name in ("Subject", "Content", "PublicSubject", "PublicContent")
    }
    engagement = await house.engages(contact, **words, IdempotencyToken="twice")
    reason = text("the reason")
    await house.call(CONTACTS, "StopEngagement", EngagementId=engagement, Reason=reason)
