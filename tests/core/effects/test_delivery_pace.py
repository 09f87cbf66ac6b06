from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot.core.channel import Sent, Unavailable, Undeliverable
from bot.core.context import Context
from bot.core.courier import Courier
from bot.core.effects import delivery_pace
from bot.core.ids import new_key
from bot.core.store.executor import Store, open_store
from bot.core.store.lease import Lease
from bot.core.store.schema import table_of
from bot.core.store.subscriptions import Subscription
from bot.core.store.transaction import Transaction
from bot.core.store.work import Outbox
from tests.conftest import MASTER_KEY
from tests.core.office import Office, Vendor, a_page, free_row, keep, open_office, works
from tests.core.operations.subscribing import URL, confirmed

ONE_A_SECOND = json.dumps({"throttlePolicy": {"maxReceivesPerSecond": 1}})
TWO_A_SECOND = json.dumps({"throttlePolicy": {"maxReceivesPerSecond": 2}})
OF_A_TOPIC = json.dumps({"http": {"defaultThrottlePolicy": {"maxReceivesPerSecond": 1}}})


class Hook(Vendor):
    """Knows when it was sent something."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self._office = office
        self.times: list[datetime] = []

    async def send(self, message: Any) -> Sent:
        self.times.append(self._office.clock.now())
        return await super().send(message)

    def seconds(self) -> list[float]:
        """When it was sent something, from the first time on."""
        return [(at - self.times[0]).total_seconds() for at in self.times]


@pytest.fixture
async def office(store: Store) -> AsyncIterator[Office]:
    """On each kind of store, reachable, with one subscriber's server behind `http`."""
    async with open_office(store) as opened:
        opened.is_reachable()
        yield opened


async def has_hook(office: Office, topic: str, **attributes: str) -> tuple[str, Hook]:
    """A subscription's ARN, and what receives; from now on what is told leaves."""
    arn = await confirmed(office, topic, **attributes)
    await office.opens()
    return arn, begins(office, office.lease)


def begins(office: Office, lease: Lease) -> Hook:
    """Go on as the process of that lease; answers what its messages reach."""
    hook = Hook(office)
    office.lease = lease
    office.courier = Courier(
        office.store, office.clock, lease, {"http": hook}, office.dispatcher.unit
    )
    office._owner = lease.owner
    return hook


async def publishes(office: Office, topic: str, times: int) -> None:
    for n in range(times):
        await office.call("sns", "Publish", TopicArn=topic, Message=f"Number {n}")
        await office.courier.settle()


async def pass_by(office: Office, seconds: float, step: float = 0.25) -> None:
    for _ in range(round(seconds / step)):
        await works(office, seconds=step)


@pytest.mark.parametrize(
    ("policy", "expected"), [(ONE_A_SECOND, [0, 1, 2, 3]), (TWO_A_SECOND, [0, 0.5, 1, 1.5])]
)
async def test_what_is_over_the_rate_of_a_subscription_waits(
    office: Office, policy: str, expected: list[float]
) -> None:
    topic = await office.has_topic()
    _, hook = await has_hook(office, topic, DeliveryPolicy=policy)
    await publishes(office, topic, 4)
    assert hook.seconds() == [0]

    await pass_by(office, 4)
    assert hook.seconds() == expected
    assert [one.message for one in hook.sent] == [f"Number {n}" for n in range(4)]


async def test_the_rate_of_a_topic_holds_for_each_subscription_by_itself(
    office: Office,
) -> None:
    topic = await office.has_topic()
    policy = {"AttributeName": "DeliveryPolicy", "AttributeValue": OF_A_TOPIC}
    await office.call("sns", "SetTopicAttributes", TopicArn=topic, **policy)
    await confirmed(office, topic, "https", f"{URL}/other")
    _, hook = await has_hook(office, topic)
    await publishes(office, topic, 2)

    assert hook.seconds() == [0, 0]
    await pass_by(office, 1)
    assert hook.seconds() == [0, 0, 1, 1]


async def test_without_a_throttle_policy_nothing_waits_and_nothing_is_kept(
    office: Office,
) -> None:
    topic = await office.has_topic()
    policy = json.dumps({"requestPolicy": {"headerContentType": "text/html"}})
    _, hook = await has_hook(office, topic, DeliveryPolicy=policy)
    await publishes(office, topic, 4)

    assert hook.seconds() == [0] * 4
    [subscription] = await office.rows(Subscription)
    assert (subscription.next_at, subscription.free_at) == (None, None)


async def test_one_publication_with_many_messages_is_spaced_too(office: Office) -> None:
    topic = await office.has_topic()
    _, hook = await has_hook(office, topic, DeliveryPolicy=ONE_A_SECOND)
    entries = [{"Id": str(n), "Message": str(n)} for n in range(3)]
    given = {"TopicArn": topic, "PublishBatchRequestEntries": entries}
    await office.call("sns", "PublishBatch", **given)
    await office.courier.settle()
    await pass_by(office, 3)

    assert hook.seconds() == [0, 1, 2]


async def test_after_a_pause_of_the_program_nothing_is_made_up_for_at_once(
    office: Office,
) -> None:
    topic = await office.has_topic()
    _, hook = await has_hook(office, topic, DeliveryPolicy=ONE_A_SECOND)
    await publishes(office, topic, 5)
    office.clock.advance(hours=1)
    next_lease = Lease(office.store)
    await next_lease.start()
    hook = begins(office, next_lease)
    await works(office)
    assert len(hook.sent) == 1

    await pass_by(office, 3)
    assert hook.seconds() == [0, 1, 2, 3]


async def test_two_processes_keep_one_rate(office: Office) -> None:
    topic = await office.has_topic()
    _, first = await has_hook(office, topic, DeliveryPolicy=ONE_A_SECOND)
    await publishes(office, topic, 3)
    mine = office.courier
    other = Lease(office.store)
    await other.start()
    second = begins(office, other)
    await publishes(office, topic, 3)
    for _ in range(6):
        office.clock.advance(seconds=1)
        for courier in (office.courier, mine):
            await courier.claim()
            await courier.settle()

    times = sorted(first.times + second.times)
    assert [at - times[0] for at in times] == [timedelta(seconds=n) for n in range(6)]
    await other.end()


async def test_another_try_counts_to_the_rate(office: Office) -> None:
    topic = await office.has_topic()
    policy = json.dumps(
        {
            "throttlePolicy": {"maxReceivesPerSecond": 1},
            "healthyRetryPolicy": {"numRetries": 1, "numNoDelayRetries": 1},
        }
    )
    _, hook = await has_hook(office, topic, DeliveryPolicy=policy)
    hook.moods = [Unavailable("Busy.")]
    await publishes(office, topic, 2)
    await pass_by(office, 3)

    assert hook.seconds() == [0, 1, 2]


async def test_dead_letters_are_sent_again_at_the_rate(office: Office) -> None:
    topic = await office.has_topic()
    arn, hook = await has_hook(office, topic, DeliveryPolicy=TWO_A_SECOND)
    hook.moods = [Undeliverable("Gone.") for _ in range(3)]
    await publishes(office, topic, 3)
    await pass_by(office, 2)
    before = len(hook.times)
    await office.call("imbot", "SendDeadLettersAgain", SubscriptionArn=arn)
    await office.courier.settle()
    await pass_by(office, 2)

    again = hook.seconds()[before:]
    assert [at - again[0] for at in again] == [0, 0.5, 1]


async def test_what_waits_for_a_subscription_that_ended_is_not_sent(office: Office) -> None:
    topic = await office.has_topic()
    arn, hook = await has_hook(office, topic, DeliveryPolicy=ONE_A_SECOND)
    await publishes(office, topic, 3)
    await office.call("sns", "Unsubscribe", SubscriptionArn=arn)
    await pass_by(office, 3)

    assert len(hook.sent) == 1
    assert await office.rows(Outbox) == []


async def test_a_subscription_that_ends_while_its_topic_is_published_to_is_told_nothing(
    office: Office,
) -> None:
    topic = await office.has_topic()
    arn, hook = await has_hook(office, topic, DeliveryPolicy=ONE_A_SECOND)
    await publishes(office, topic, 1)
    [found_before] = await office.rows(Subscription)
    await office.call("sns", "Unsubscribe", SubscriptionArn=arn)

    def tell(tx: Transaction) -> None:
        ctx = Context(office.dispatcher.unit(tx), office.caller, "request")
        another = replace(hook.sent[0], key=new_key())
        delivery_pace.send(ctx, None, found_before, another)
        ctx.unit.flush()

    await office.store.write(tell)
    assert await office.rows(Outbox) == []


async def test_a_subscription_that_cannot_be_read_keeps_no_page_waiting(
    office: Office,
) -> None:
    topic = await office.has_topic()
    _, hook = await has_hook(office, topic, DeliveryPolicy=ONE_A_SECOND)
    await publishes(office, topic, 3)
    garbled = update(table_of(Subscription)).values(endpoint=b"nothing that was ever sealed")
    await office.store.write(lambda tx: tx.execute(garbled))
    page = free_row(office, a_page(office), "sms")
    await keep(office, page)
    office.clock.advance(seconds=2)
    await office.courier.claim()

    assert page.key not in {row.key for row in await office.rows(Outbox, owner=None)}
    await office.courier.settle()
    assert len(hook.sent) == 3


async def test_no_page_waits_for_a_process_that_stands_still_while_it_publishes(
    postgres_url: str,
) -> None:
    store = await open_store(postgres_url, MASTER_KEY, threads=4)
    async with open_office(store) as office:
        office.is_reachable()
        topic = await office.has_topic()
        _, hook = await has_hook(office, topic, DeliveryPolicy=ONE_A_SECOND)
        await publishes(office, topic, 2)
        [subscription] = await office.rows(Subscription)
        page = free_row(office, a_page(office), "sms")
        await keep(office, page)
        office.clock.advance(seconds=2)
        is_held, is_free = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def stand_still(tx: Transaction) -> None:
            tx.lock(Subscription, subscription.key)
            loop.call_soon_threadsafe(is_held.set)
            is_free.wait()

        publishing = asyncio.create_task(store.write(stand_still))
        await is_held.wait()
        try:
            async with asyncio.timeout(10):
                await office.courier.claim()
        finally:
            is_free.set()
            await publishing
        [waiting] = await office.rows(Outbox, owner=None)
        assert (waiting.medium, hook.seconds()) == ("http", [0])

        await pass_by(office, 1)
        assert len(hook.sent) == 2
    await store.close()


async def test_a_policy_that_is_taken_away_frees_what_waits_when_it_is_due(
    office: Office,
) -> None:
    topic = await office.has_topic()
    arn, hook = await has_hook(office, topic, DeliveryPolicy=ONE_A_SECOND)
    await publishes(office, topic, 3)
    given = {"AttributeName": "DeliveryPolicy", "AttributeValue": ""}
    await office.call("sns", "SetSubscriptionAttributes", SubscriptionArn=arn, **given)
    await publishes(office, topic, 1)
    await pass_by(office, 2)

    assert hook.seconds() == [0, 0, 1, 2]


async def test_a_clock_that_was_set_back_keeps_nobody_longer_than_the_rate(
    office: Office,
) -> None:
    topic = await office.has_topic()
    _, hook = await has_hook(office, topic, DeliveryPolicy=ONE_A_SECOND)
    await publishes(office, topic, 2)
    await pass_by(office, 2)
    office.clock.advance(hours=-1)
    await publishes(office, topic, 1)
    await pass_by(office, 2)

    assert len(hook.sent) == 3
