"""Who answers late hears who was faster, or who stopped it, on every medium. R22."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from bot.core.channel import Page
from bot.core.replies.calls import AlreadyClosed
from tests.core.replies.talk import replies_of, texts, types
from tests.harness import CONTACTS, TestHouse

Answer = Callable[[TestHouse], Awaitable[str | None]]

ACKNOWLEDGED = "Already acknowledged by ben at 09:30 UTC."
STOPPED = "No longer needed: stopped by ana at 09:30 UTC."
MEDIA = {"SMS": "+12065550100", "EMAIL": "ana@example.com", "VOICE": "+12065550100"}


def page_by(house: TestHouse, medium: str) -> Page:
    """Ana's page by that medium."""
    marks = {"VOICE": "voice_url", "EMAIL": "ack_url"}
    of_ana = [one for one in house.pages() if one.address != "ben@example.com"]
    for name, mark in marks.items():
        if name == medium:
            return next(one for one in of_ana if getattr(one, mark))
    return next(one for one in of_ana if not one.voice_url and not one.ack_url)


async def by_text(house: TestHouse) -> str | None:
    return await texts(house, page_by(house, "SMS").code)


async def in_chat(house: TestHouse) -> str | None:
    return await types(house, page_by(house, "EMAIL").code)


async def by_mail(house: TestHouse) -> str | None:
    url = str(page_by(house, "EMAIL").ack_url)
    return await replies_of(house).mail_accept(url.rsplit("/", 1)[1])


async def by_looking_at_the_mails_page(house: TestHouse) -> str | None:
    url = str(page_by(house, "EMAIL").ack_url)
    shown = await replies_of(house).mail_page(url.rsplit("/", 1)[1])
    return shown.state if shown else None


async def by_key(house: TestHouse) -> str | None:
    url = str(page_by(house, "VOICE").voice_url)
    said = await replies_of(house).call_step(
        url.rsplit("/", 1)[1], call_sid="CA1", step="key", digits="1"
    )
    return said.text if isinstance(said, AlreadyClosed) else None


ANSWERS = (by_text, in_chat, by_mail, by_looking_at_the_mails_page, by_key)


async def paged(house: TestHouse) -> str:
    """Ana by all media, and Ben; answers the plan's engagement."""
    house.is_reachable()
    ana = await house.has_person("ana", *MEDIA)
    ben = await house.has_contact("ben")
    channel = await house.has_channel(ben, "EMAIL", "ben@example.com")
    target = {"ChannelTargetInfo": {"ContactChannelId": channel}}
    plan = {"Stages": [{"DurationInMinutes": 5, "Targets": [target]}]}
    await house.call(CONTACTS, "UpdateContact", ContactId=ben, Plan=plan)
    targets = [
        {"ContactTargetInfo": {"ContactId": arn, "IsEssential": True}} for arn in (ana, ben)
    ]
    stages = [{"DurationInMinutes": 5, "Targets": targets}]
    team = await house.has_contact("team", Type="ESCALATION", Plan={"Stages": stages})
    return await house.engages(team)


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda one: one.__name__)
async def test_who_is_late_hears_who_acknowledged_and_when(
    house: TestHouse, answer: Answer
) -> None:
    await paged(house)
    [bens] = [page for page in house.pages() if page.address == "ben@example.com"]
    await types(house, bens.code)
    house.clock.advance(hours=1)

    assert await answer(house) == ACKNOWLEDGED


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda one: one.__name__)
async def test_who_answers_what_was_stopped_hears_by_whom_and_when(
    house: TestHouse, answer: Answer
) -> None:
    engagement = await paged(house)
    await house.call(CONTACTS, "StopEngagement", EngagementId=engagement, Reason="A secret")
    house.clock.advance(hours=1)

    assert await answer(house) == STOPPED
