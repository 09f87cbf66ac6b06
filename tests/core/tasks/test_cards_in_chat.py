"""How often cards are drawn, what becomes of one that waits, and of one that is left behind."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from bot.core.channel import Notice
from bot.core.store.work import Outbox
from tests.core.desk import INCIDENTS, Desk


async def incidents(desk: Desk, count: int) -> list[str]:
    """So many incidents, whose cards stand in C1."""
    plan = await desk.has_plan(topics=[await desk.has_topic(read_by="C1")])
    arns = [await desk.starts(plan) for _ in range(count)]
    await desk.work()
    await desk.work(seconds=count + 1)
    desk.wall.posts.clear()
    return arns


async def rename(desk: Desk, arn: str, title: str) -> None:
    await desk.call(INCIDENTS, "UpdateIncidentRecord", arn=arn, title=title)


async def shows(desk: Desk, arn: str, **chat_channel: Any) -> None:
    await desk.call(INCIDENTS, "UpdateIncidentRecord", arn=arn, chatChannel=chat_channel)
    for _ in range(3):
        await desk.work(seconds=1)


def last_card(desk: Desk, channel: str) -> Notice:
    card: Notice = [card for card in desk.wall.cards if card.address == channel][-1]
    return card


async def test_the_cards_of_one_channel_are_drawn_one_a_second(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    arns = await incidents(desk, 5)
    drawn = []
    for second in range(8):
        for arn in arns:
            await rename(desk, arn, f"Title {min(second, 3)}")
        await desk.work(seconds=1 if second else 0)
        drawn.append(len(desk.wall.cards))

    assert all(after - before <= 1 for before, after in pairwise(drawn))
    for _ in range(6):
        await desk.work(seconds=1)
    latest = {card.incident["arn"]: card.incident["title"] for card in desk.wall.cards}
    assert latest == dict.fromkeys(arns, "Title 3")


async def test_cards_that_are_late_are_not_drawn_all_at_once(desk: Desk) -> None:
    arns = await incidents(desk, 5)
    for arn in arns:
        await rename(desk, arn, "New")
    await desk.run_due()
    await desk.work(seconds=60)
    assert len(desk.wall.cards) <= 2

    for _ in range(6):
        await desk.work(seconds=1)
    assert {card.incident["arn"] for card in desk.wall.cards} == set(arns)


async def test_a_card_that_waits_to_be_carried_is_replaced_by_the_newer_one(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    [arn] = await incidents(desk, 1)
    for number in range(5):
        await rename(desk, arn, f"Title {number}")
        await desk.run_due()
        await desk.run_due(seconds=1)

    notices = [row.message for row in await desk.rows(Outbox) if "event" in row.message]
    assert [one["event"] for one in notices].count(None) == 1
    for _ in range(3):
        await desk.work()
    assert [card.incident["title"] for card in desk.wall.cards] == ["Title 4"]
    assert len(desk.wall.replies) == 5


async def test_a_channel_named_later_gets_a_card_and_the_old_one_points_to_it(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    [arn] = await incidents(desk, 1)
    other = await desk.has_topic("other", read_by="C2")

    await shows(desk, arn, chatbotSns=[other])
    assert last_card(desk, "C2").ts is None
    assert last_card(desk, "C2").moved_to is None
    old = last_card(desk, "C1")
    assert (old.moved_to, old.ts) == (["C2"], "1.000")

    desk.wall.posts.clear()
    await rename(desk, arn, "Later")
    for _ in range(2):
        await desk.work(seconds=1)
    assert {post.address for post in desk.wall.posts} == {"C2"}


async def test_a_channel_that_is_taken_away_is_told_and_one_that_comes_back_goes_on(
    desk: Desk,
) -> None:
    [arn] = await incidents(desk, 1)
    record = await desk.record(arn)

    await shows(desk, arn, empty={})
    assert last_card(desk, "C1").moved_to == []

    await shows(desk, arn, **record["chatChannel"])
    again = last_card(desk, "C1")
    assert (again.moved_to, again.ts) == (None, "1.000")


async def test_a_card_links_to_what_is_related_to_the_incident(desk: Desk) -> None:
    [arn] = await incidents(desk, 1)
    runbook = {"type": "OTHER", "value": {"url": "https://wiki.example.com/runbook"}}
    await desk.call(
        INCIDENTS,
        "UpdateRelatedItems",
        incidentRecordArn=arn,
        relatedItemsUpdate={"itemToAdd": {"identifier": runbook, "title": "Runbook"}},
    )
    await rename(desk, arn, "New")
    await desk.work()
    await desk.work(seconds=1)

    link = {"title": "Runbook", "target": "https://wiki.example.com/runbook"}
    assert last_card(desk, "C1").links == [link]
