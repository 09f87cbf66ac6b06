"""A request runs without savepoints first, and carefully again where a step of it fails."""

from __future__ import annotations

import itertools
import secrets

import pytest
import sqlalchemy as sa

from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Page
from bot.core.store.schema import table_of
from tests.harness import CONTACTS, TestHouse

ANA = "arn:aws:ssm-contacts:us-east-1:111122223333:contact/ana"


async def is_called_and_texted(house: TestHouse) -> None:
    """ana is told by text and call at once, both at one number."""
    contact = await house.has_contact("ana")
    channels = [await house.has_channel(contact, medium) for medium in ("SMS", "VOICE")]
    targets = [{"ChannelTargetInfo": {"ContactChannelId": each}} for each in channels]
    plan = {"Stages": [{"DurationInMinutes": 5, "Targets": targets}]}
    await house.call(CONTACTS, "UpdateContact", ContactId=contact, Plan=plan)


async def engage(house: TestHouse) -> None:
    texts = {"Sender": "me", "Subject": "s", "Content": "c"}
    await house.call(CONTACTS, "StartEngagement", ContactId=ANA, **texts)


async def test_a_code_that_is_taken_is_drawn_anew_at_once(
    house: TestHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await is_called_and_texted(house)
    drawn = itertools.chain([1, 1, 2, 2], itertools.count(3))
    monkeypatch.setattr(secrets, "randbelow", lambda _: next(drawn))

    await engage(house)

    codes = {page.code for page in await house.rows(Page)}
    assert len(house.pages()) == len(codes) == 2


async def test_a_code_that_is_open_at_an_address_is_not_given_out_there_again(
    house_of_each_kind: TestHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = house_of_each_kind
    await is_called_and_texted(house)
    for _ in range(3):
        drawn = itertools.count(1)
        monkeypatch.setattr(secrets, "randbelow", lambda _, drawn=drawn: next(drawn))
        await engage(house)

    codes = [page.code for page in await house.rows(Page)]
    assert len(codes) == len(set(codes)) == 6


async def test_a_target_that_breaks_leaves_the_other_paged(house: TestHouse) -> None:
    await is_called_and_texted(house)
    channels = table_of(ContactChannel)
    spoil = sa.update(channels).where(channels.c.type == "SMS").values(address=b"\x01torn")
    await house.store.write(lambda tx: tx.execute(spoil))

    await engage(house)

    (page,) = house.pages()
    assert page.voice_url is None
    assert len(await house.rows(Page)) == 1
