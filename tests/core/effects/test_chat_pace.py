"""What becomes of what a Slack channel is told while Slack asks to wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from bot.core.channel import DirectPage, Post, Sent, Unavailable
from bot.core.context import Context
from bot.core.courier import Courier
from bot.core.effects import chat_pace
from bot.core.ids import new_key
from bot.core.store.executor import Store, open_store
from bot.core.store.lease import Lease
from bot.core.store.transaction import Transaction
from bot.core.store.work import Outbox
from tests.conftest import MASTER_KEY
from tests.core.desk import INCIDENTS
from tests.core.office import Office, Vendor, free_row, keep, open_office, works

WAITING_FOR_THIS = text(
    "SELECT 1 FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid"
)


class Slack(Vendor):
    """Knows which channels were told when."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self._office = office
        self.calls: list[tuple[str, datetime]] = []

    async def send(self, message: Any) -> Sent:
        self.calls.append((message.address, self._office.clock.now()))
        return await super().send(message)

    def asks_to_wait(self, seconds: float, times: int = 1) -> None:
        self.moods += [Unavailable("Slower.", retry_after=seconds) for _ in range(times)]

    def told(self, channel: str) -> int:
        return sum(address == channel for address, _ in self.calls)


@pytest.fixture
async def office(store: Store) -> AsyncIterator[Office]:
    """On each kind of store, with a Slack that does as the test says."""
    async with open_office(store) as opened:
        yield opened


async def slack_of(office: Office) -> Slack:
    await office.opens()
    return begins(office, office.lease)


def begins(office: Office, lease: Lease) -> Slack:
    """Go on as the process of that lease; answers what its messages reach."""
    slack = Slack(office)
    office.courier = Courier(
        office.store, office.clock, lease, {"slack": slack}, office.dispatcher.unit
    )
    office._owner = lease.owner
    return slack


def a_post(office: Office, channel: str = "C1") -> Post:
    now = office.clock.now()
    return Post(key=str(new_key()), address=channel, created_at=now, text="words", blocks=())


async def posts(office: Office, channel: str = "C1", count: int = 1) -> None:
    """Write posts that anybody may carry, and let them be claimed."""
    rows = [free_row(office, a_post(office, channel), "slack") for _ in range(count)]
    await keep(office, *rows)
    await works(office)


async def test_while_slack_asks_to_wait_nothing_is_tried_in_that_channel(
    office: Office,
) -> None:
    slack = await slack_of(office)
    slack.asks_to_wait(30)
    await posts(office)
    await posts(office, count=20)
    await works(office, seconds=29.9)
    assert slack.told("C1") == 1

    for _ in range(22):
        await works(office, seconds=1)
    assert slack.told("C1") == 22
    assert len(slack.sent) == 21
    assert await office.rows(Outbox) == []


async def test_a_clock_that_is_set_back_silences_no_channel(office: Office) -> None:
    slack = await slack_of(office)
    slack.asks_to_wait(30)
    await posts(office)
    office.clock.advance(hours=-5)
    await posts(office)

    assert slack.told("C1") == 2
    assert len(slack.sent) == 1


async def test_what_has_waited_leaves_one_a_second(office: Office) -> None:
    slack = await slack_of(office)
    slack.asks_to_wait(30)
    await posts(office)
    await posts(office, count=5)
    await works(office, seconds=30)
    told = [slack.told("C1")]
    for _ in range(5):
        await works(office, seconds=1)
        told.append(slack.told("C1"))

    assert told == [2, 3, 4, 5, 6, 7]


async def test_what_was_claimed_before_slack_asked_is_not_tried_any_more(
    office: Office,
) -> None:
    slack = await slack_of(office)
    slack.gate.clear()
    slack.asks_to_wait(30, times=8)
    rows = [free_row(office, a_post(office), "slack") for _ in range(40)]
    await keep(office, *rows)
    await office.courier.claim()
    await slack.until(lambda: len(slack.tried) == 8)
    slack.gate.set()
    await works(office)

    assert slack.told("C1") == 8
    assert len(await office.rows(Outbox, owner=None)) == 40


async def test_other_channels_go_on(office: Office) -> None:
    slack = await slack_of(office)
    slack.asks_to_wait(30)
    await posts(office)
    await posts(office, "C2", count=3)

    assert (slack.told("C1"), slack.told("C2")) == (1, 3)


async def test_a_page_is_tried_though_slack_asks_to_wait(office: Office) -> None:
    slack = await slack_of(office)
    slack.asks_to_wait(30)
    await posts(office, "U1")
    page = DirectPage(
        key=str(new_key()),
        address="U1",
        created_at=office.clock.now(),
        subject="It burns",
        content="All of it",
        reason="",
        button="",
    )
    await keep(office, free_row(office, page, "slack", lane="page"))
    await works(office)

    assert slack.told("U1") == 2


async def test_being_asked_to_wait_is_no_attempt(office: Office) -> None:
    slack = await slack_of(office)
    slack.asks_to_wait(5, times=30)
    await posts(office)
    for _ in range(31):
        await works(office, seconds=5)

    assert len(slack.sent) == 1


async def test_another_process_waits_too(office: Office) -> None:
    slack = await slack_of(office)
    slack.asks_to_wait(30)
    await posts(office)
    other = Lease(office.store)
    await other.start()
    theirs = begins(office, other)
    await posts(office, count=3)
    assert theirs.calls == []

    for _ in range(36):
        await works(office, seconds=1)
    assert len(theirs.sent) == 4
    await other.end()


async def test_an_answer_that_is_born_owned_waits_too(office: Office) -> None:
    topic = await office.has_topic(read_by="C1")
    slack = await slack_of(office)
    slack.asks_to_wait(30)
    await posts(office)
    await office.call("sns", "Publish", TopicArn=topic, Message="All of it")
    await works(office)

    assert slack.told("C1") == 1
    await works(office, seconds=31)
    assert len(slack.sent) == 2


async def test_the_card_that_waits_shows_the_latest_when_slack_is_ready(
    office: Office,
) -> None:
    plan = await office.has_plan(topics=[await office.has_topic(read_by="C1")])
    slack = await slack_of(office)
    incident = await office.starts(plan)
    for _ in range(3):
        await office.engine.run_due()
        await works(office, seconds=2)
    slack.asks_to_wait(30)
    await posts(office)
    before = slack.told("C1")
    for n in range(5):
        await office.call(INCIDENTS, "UpdateIncidentRecord", arn=incident, title=f"Title {n}")
        await office.engine.run_due()
        await works(office, seconds=2)
    assert slack.told("C1") == before

    slack.sent.clear()
    for _ in range(40):
        await office.engine.run_due()
        await works(office, seconds=1)
    cards = [one for one in slack.sent if one.kind == "notice" and one.event is None]
    assert {card.incident["title"] for card in cards} == {"Title 4"}


async def test_a_channel_is_locked_before_the_message_that_waits(postgres_url: str) -> None:
    """Whoever draws a card does so, too; else the two would wait for each other."""
    store = await open_store(postgres_url, MASTER_KEY, threads=4)
    async with open_office(store) as office:
        slack = await slack_of(office)
        slack.gate.clear()
        slack.asks_to_wait(30)
        row = free_row(office, a_post(office), "slack")
        await keep(office, row)
        await office.courier.claim()
        await slack.until(lambda: slack.told("C1") == 1)
        loop = asyncio.get_running_loop()

        def draw(tx: Transaction) -> Outbox | None:
            ctx = Context(office.dispatcher.unit(tx), office.caller, "request")
            assert chat_pace.too_soon(ctx, row.account_id, "C1") is None
            loop.call_soon_threadsafe(slack.gate.set)
            assert any(tx.records(WAITING_FOR_THIS) for _ in range(100_000))
            return tx.lock(Outbox, row.key, skip_locked=True)

        assert await store.write(draw) is not None
        await works(office)
        assert slack.told("C1") == 1
    await store.close()
