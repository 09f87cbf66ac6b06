"""The channels against the stand-ins that the demo and the scenarios live in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.cards import command_result, incident_card
from bot.channels.slack.channel import SlackChannel
from bot.channels.sms import SmsChannel, compose
from bot.channels.twilio_account import TwilioAccount
from bot.channels.voice import VoiceChannel
from bot.core.channel import Unavailable
from bot.playground.phone import PhoneTown
from bot.playground.pulse import Pulse
from bot.playground.slack import INCIDENTS, SlackTown
from tests.channels.vendors import PHONE, activation, page, post


@pytest.fixture
async def pulse() -> AsyncIterator[Pulse]:
    running = Pulse()
    yield running
    await running.close()


@pytest.fixture
async def town(pulse: Pulse) -> PhoneTown:
    phones = PhoneTown(pulse)
    await phones.start()
    phones.add(PHONE, "ana")
    return phones


@pytest.fixture
async def slack(pulse: Pulse) -> SlackTown:
    workspace = SlackTown(pulse)
    await workspace.start()
    return workspace


def account(town: PhoneTown, session: aiohttp.ClientSession) -> TwilioAccount:
    return TwilioAccount(session, town.api_url, town.account_sid, town.auth_token, 5)


async def test_a_text_arrives_and_is_found_again(
    town: PhoneTown, session: aiohttp.ClientSession
) -> None:
    channel = SmsChannel(account(town, session), town.number)
    message = page(created_at=datetime.now(UTC))

    before = await channel.was_sent(message)
    sent = await channel.send(message)

    assert before is False
    assert await channel.was_sent(message) is True
    assert town["ana"].texts == [compose(message)]
    delivery = await channel.poll(sent.vendor_id)
    assert delivery is not None
    assert delivery.vendor_id == sent.vendor_id


async def test_a_vendor_that_is_down_is_unavailable(
    town: PhoneTown, session: aiohttp.ClientSession
) -> None:
    town.misbehave("POST Messages")
    channel = SmsChannel(account(town, session), town.number)

    with pytest.raises(Unavailable):
        await channel.send(page())
    await channel.send(page())


async def test_a_call_without_a_public_url_says_the_code(
    town: PhoneTown, session: aiohttp.ClientSession
) -> None:
    channel = VoiceChannel(account(town, session), town.number)
    phone = town["ana"]

    await channel.send(page())
    assert "4, 2, 5, 4, 4, 0" in await phone.answer()
    await channel.send(activation())
    assert "4, 6, 6, 1, 3, 6" in await phone.answer()


async def test_cards_are_posted_updated_and_found_again(
    slack: SlackTown, session: aiohttp.ClientSession
) -> None:
    now = datetime.now(UTC)
    record = {"arn": "a", "title": "Down", "impact": 1, "status": "OPEN", "creationTime": now}
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=session)
    channel = SlackChannel(client)
    card = incident_card(record)
    message = post(address=INCIDENTS, text=card.text, blocks=card.blocks, created_at=now)

    before = await channel.was_sent(message)
    ts = (await channel.send(message)).vendor_id
    after = await channel.was_sent(message)
    resolved = incident_card({**record, "status": "RESOLVED"})
    await channel.send(
        post(address=INCIDENTS, text=resolved.text, blocks=resolved.blocks, ts=ts)
    )

    assert (before, after) == (False, True)
    posted = slack.posts(INCIDENTS)
    assert [message["ts"] for message in posted] == [ts]
    assert posted[0]["text"] == "Down (resolved) · Critical"


async def test_a_long_answer_is_attached_in_its_thread(
    slack: SlackTown, session: aiohttp.ClientSession
) -> None:
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=session)
    result = {"Contacts": [{"Alias": f"ana-{n}", "Type": "PERSONAL"} for n in range(200)]}
    card = command_result("ssm-contacts", "ListContacts", result)

    ts = (
        await SlackChannel(client).send(
            post(
                address=INCIDENTS,
                text=card.text,
                blocks=card.blocks,
                attachment=card.attachment,
            )
        )
    ).vendor_id

    thread = slack.posts(INCIDENTS, ts)
    assert any(message.get("files") for message in thread)
