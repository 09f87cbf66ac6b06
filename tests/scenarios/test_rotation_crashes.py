"""Keys are rotated beside the real program, by a process that is killed at any instant."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.store.keys import master_key_file, waiting_key_file
from tests.scenarios.crashing import ROOT, Bot, open_bot

KILLED = -signal.SIGKILL


@pytest.fixture
async def bot(tmp_path: Path) -> AsyncIterator[Bot]:
    async with open_bot(tmp_path) as running:
        yield running


async def rotation(bot: Bot) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "rotate-key"),
        cwd=ROOT,
        env=bot.environment,
        stderr=asyncio.subprocess.PIPE,
    )


async def is_paged(bot: Bot, title: str) -> None:
    await bot.starts_incident(title)
    await bot.town.until(lambda: bot.texts_to("ana", title))


async def test_a_house_that_serves_gets_new_keys_and_starts_again_with_them(bot: Bot) -> None:
    ana = await bot.has_person("ana", "SMS")
    await bot.has_response_plan(ana)
    old = master_key_file(bot.database).read_text()
    for number in range(2):
        process = await rotation(bot)
        await is_paged(bot, f"during-{number}")
        assert await process.wait() == 0
        await is_paged(bot, f"after-{number}")

    await bot.stop()
    await bot.start()
    await is_paged(bot, "at last")
    listed = await bot.call("ssm-contacts", "list_contact_channels", ContactId=ana)

    assert master_key_file(bot.database).read_text() != old
    assert not waiting_key_file(bot.database).exists()
    assert len(listed["ContactChannels"]) == 1
    assert [line for line in bot.log if "cannot" in line] == []


@pytest.mark.chaos
async def test_twenty_rotations_that_are_killed_lose_nothing(bot: Bot) -> None:
    ana = await bot.has_person("ana", "SMS")
    await bot.has_response_plan(ana)
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    for number in range(20):
        process = await rotation(bot)
        await is_paged(bot, f"round-{number:02}")
        after = dice.random() * 1.5
        try:
            await asyncio.wait_for(process.wait(), after)
        except TimeoutError:
            process.kill()
        assert await process.wait() in (0, KILLED), f"seed {seed}"
        if number % 3 == 2:
            bot.kill()
            assert await bot.ends() == KILLED
            await bot.start()
            await is_paged(bot, f"reborn-{number:02}")

    process = await rotation(bot)
    assert await process.wait() == 0, f"seed {seed}"
    shown = await bot.call("ssm-incidents", "list_incident_records")
    assert len(shown["incidentRecordSummaries"]) == 26, f"seed {seed}"
    assert not waiting_key_file(bot.database).exists()
