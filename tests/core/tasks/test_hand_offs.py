"""Who hears of a hand-off, when, and how often."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.core.channel import HandOff
from tests.core.desk import Desk
from tests.harness import TestHouse, contact_arn
from tests.on_call import has_rotation, has_schedule

NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)


def told(house: TestHouse) -> list[tuple[str, str, list[str], list[str]]]:
    """(to whom, which side, before, now) of each message, since this was asked last."""
    found = [one for one in house.messages if isinstance(one, HandOff)]
    house.messages.clear()
    return [(one.address, one.to, list(one.before), list(one.now)) for one in found]


async def has_people(house: TestHouse, *aliases: str, medium: str = "EMAIL") -> None:
    for alias in aliases:
        await house.has_channel(await house.has_contact(alias), medium)
    house.messages.clear()


async def has_watched(house: TestHouse, *aliases: str, **more: Any) -> str:
    """A rotation of these people in a schedule, looked at for the first time."""
    rotation = await has_rotation(house, *aliases, StartTime=NINE, **more)
    await has_schedule(house, rotation)
    await house.run_due()
    return rotation


async def test_both_people_hear_of_a_hand_off_once_by_mail(
    desk_of_each_kind: Desk,
) -> None:
    house = desk_of_each_kind
    await has_people(house, "ana", "ben")
    await has_watched(house, "ana", "ben")
    assert told(house) == []

    await house.run_due(days=1)

    assert told(house) == [
        ("ben@example.com", "coming", ["ana"], ["ben"]),
        ("ana@example.com", "leaving", ["ana"], ["ben"]),
    ]
    await house.run_due(hours=1)
    assert told(house) == []


async def test_the_chat_channels_of_the_plans_that_engage_the_schedule_hear_of_it(
    desk: Desk,
) -> None:
    topic = await desk.has_topic(read_by="C1")
    await desk.has_topic("other", read_by="C2")
    for alias in ("ana", "ben"):
        await desk.has_contact(alias)
    await has_watched(desk, "ana", "ben")
    await desk.has_escalation_plan("team", contact_arn("schedule"))
    await desk.has_plan(topics=[topic], engages=["team"])

    await desk.run_due(days=1)

    assert told(desk) == [("C1", "everybody", ["ana"], ["ben"])]
