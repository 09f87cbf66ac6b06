"""The real process is killed at the worst instants; what it promised happens all the same."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, HTTPClientError

from tests.scenarios.crashing import CALLERS, Bot, open_bot

KILLED = -signal.SIGKILL
TITLE = "Payments are failing"


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Bot]:
    async with open_bot(tmp_path) as running:
        yield running


async def test_a_page_that_had_not_left_at_a_kill_leaves_after_it(bot: Bot) -> None:
    ana = await bot.has_person("ana", "SMS", "EMAIL")
    await bot.has_response_plan(ana)

    bot.dies_at_text(once_done=False)
    started = asyncio.create_task(bot.starts_incident(TITLE))
    assert await bot.ends() == KILLED
    await asyncio.gather(started, return_exceptions=True)
    assert bot.texts_to("ana", TITLE) == []

    await bot.start()
    await bot.town.until(lambda: bot.texts_to("ana", TITLE) and bot.mails_to("ana", TITLE))
    await bot.stop()
    assert len(bot.texts_to("ana", TITLE)) == 1
    assert are_marked(bot.mails_to("ana", TITLE))
    assert bot.left_over() == (0, 0)


async def test_a_text_that_the_vendor_had_at_a_kill_is_asked_for_and_not_sent_again(
    bot: Bot,
) -> None:
    ana = await bot.has_person("ana", "SMS")
    await bot.has_response_plan(ana)

    bot.dies_at_text(once_done=True)
    started = asyncio.create_task(bot.starts_incident(TITLE))
    assert await bot.ends() == KILLED
    await asyncio.gather(started, return_exceptions=True)

    await bot.start()
    await bot.town.until(lambda: "GET Messages" in bot.trap.seen)
    await bot.stop()
    assert bot.left_over() == (0, 0)
    await bot.start()
    assert len(bot.texts_to("ana", TITLE)) == 1
    assert (await bot.receipts_of(ana)).count("SENT") == 1


async def test_a_mail_that_the_server_had_at_a_kill_comes_once_more_marked_as_a_repeat(
    bot: Bot,
) -> None:
    ana = await bot.has_person("ana", "EMAIL")
    await bot.has_response_plan(ana)

    bot.dies_at_mail()
    started = asyncio.create_task(bot.starts_incident(TITLE))
    assert await bot.ends() == KILLED
    await asyncio.gather(started, return_exceptions=True)
    assert len(bot.mails_to("ana", TITLE)) == 1

    await bot.start()
    await bot.town.until(lambda: len(bot.mails_to("ana", TITLE)) == 2)
    await bot.stop()
    assert are_marked(bot.mails_to("ana", TITLE))
    assert bot.left_over() == (0, 0)
    first, second = (m.message["Message-ID"] for m in bot.town.mailbox.mails[-2:])
    assert first == second


async def test_an_escalation_that_waited_through_a_kill_fires_late_and_once(bot: Bot) -> None:
    ana, ben = await bot.has_person("ana", "SMS"), await bot.has_person("ben", "SMS")
    await bot.has_response_plan(await bot.has_escalation_plan(ana, ben))
    await bot.starts_incident(TITLE)
    await bot.town.until(lambda: bot.texts_to("ana", TITLE))
    await bot.town.settle()

    bot.kill()
    assert await bot.ends() == KILLED
    bot.sleeps_through(timedelta(hours=3))
    await bot.start()
    await bot.town.until(lambda: bot.texts_to("ben", TITLE))
    await bot.stop()
    await bot.start()
    await bot.stop()

    assert len(bot.texts_to("ana", TITLE)) == 1
    assert len(bot.texts_to("ben", TITLE)) == 1


async def test_a_stop_lets_what_is_being_sent_arrive_and_doubts_nothing(bot: Bot) -> None:
    ana = await bot.has_person("ana", "SMS", "EMAIL")
    await bot.has_response_plan(ana)
    bot.trap.set_for("POST Messages", bot.terminate, done=True)

    await bot.starts_incident(TITLE)
    assert await bot.ends() == 0
    assert bot.left_over()[1] == 0
    await bot.start()
    await bot.town.until(lambda: bot.mails_to("ana", TITLE))
    await bot.stop()

    assert len(bot.texts_to("ana", TITLE)) == 1
    assert len(bot.mails_to("ana", TITLE)) == 1


async def test_pages_that_wait_for_one_message_leave_after_a_kill(bot: Bot) -> None:
    bot.limits["IMBOT_SECONDS_BETWEEN_TEXTS"] = "3"
    await bot.stop()
    await bot.start()
    await bot.has_response_plan(await bot.has_person("ana", "SMS"))
    for title in ("First", "Second", "Third"):
        await bot.starts_incident(title)
    assert bot.texts_to("ana", "incidents") == []

    bot.kill()
    assert await bot.ends() == KILLED
    await bot.start()
    await bot.town.until(lambda: bot.texts_to("ana", "2 incidents, newest: Third; Second"))
    await bot.stop()

    assert len(bot.texts_to("ana", "First")) == 1
    assert len(bot.texts_to("ana", "Second")) == 1
    assert bot.left_over() == (0, 0)


async def test_of_incidents_in_a_killed_group_each_is_whole_or_was_never_answered(
    bot: Bot,
) -> None:
    await survive_storms(bot, rounds=3)


@pytest.mark.chaos
async def test_thirty_storms_lose_nothing(bot: Bot) -> None:
    await survive_storms(bot, rounds=30)


async def survive_storms(bot: Bot, rounds: int) -> None:
    ana = await bot.has_person("ana", "SMS", "EMAIL")
    await bot.has_response_plan(ana)
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    for number in range(rounds):
        asked, answered = await storm(bot, f"r{number}", dice.randrange(1, 60))
        await bot.start()
        assert await check(bot, asked, answered), f"seed {seed}"


async def storm(bot: Bot, name: str, lasts: int) -> tuple[list[str], set[str]]:
    """Start incidents at once until so many are answered, then kill; answers the titles asked
    for, and those answered.
    """
    asked: list[str] = []
    answered: set[str] = set()

    async def ask_on() -> None:
        while True:
            title = f"{name}-{len(asked):03}-x"
            asked.append(title)
            await bot.starts_incident(title)
            answered.add(title)
            if len(answered) == lasts:
                bot.kill()

    ends = await asyncio.gather(*(ask_on() for _ in range(CALLERS)), return_exceptions=True)
    assert await bot.ends() == KILLED
    assert all(isinstance(end, BotoCoreError | HTTPClientError) for end in ends), ends
    return asked, answered


async def check(bot: Bot, asked: list[str], answered: set[str]) -> bool:
    """Everything answered is there and was sent; the rest is whole, or nowhere."""
    there = {title: arn for title, arn in (await incidents(bot)).items() if title in asked}
    assert answered <= there.keys()
    for title in asked:
        if title in there:
            await bot.town.until(
                lambda title=title: (  # type: ignore[misc]
                    bot.texts_to("ana", title) and bot.mails_to("ana", title)
                )
            )
            assert await events(bot, there[title]) == 3
        else:
            assert not bot.texts_to("ana", title)
            assert not bot.mails_to("ana", title)
        assert len(bot.texts_to("ana", title)) <= 1
        assert are_marked(bot.mails_to("ana", title))
    return True


async def incidents(bot: Bot) -> dict[str, str]:
    """The ARNs of all incidents, by title."""
    found: dict[str, str] = {}
    more: dict[str, str] = {}
    while True:
        listed = await bot.call("ssm-incidents", "list_incident_records", **more)
        found |= {one["title"]: one["arn"] for one in listed["incidentRecordSummaries"]}
        if not listed.get("nextToken"):
            return found
        more = {"nextToken": listed["nextToken"]}


async def events(bot: Bot, arn: str) -> int:
    listed = await bot.call("ssm-incidents", "list_timeline_events", incidentRecordArn=arn)
    return len(listed["eventSummaries"])


def are_marked(mails: list[str]) -> bool:
    """At most one message too many, and that one says so."""
    return len(mails) < 2 or (len(mails) == 2 and "repeat" in mails[1].lower())
