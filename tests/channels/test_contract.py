"""Every channel keeps the contract: Sent, Unavailable or Undeliverable, nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.email import EmailChannel
from bot.channels.slack.channel import SlackChannel
from bot.channels.sms import SmsChannel
from bot.channels.twilio_account import TwilioAccount
from bot.channels.voice import VoiceChannel
from bot.core.channel import Channel, Message, Sent, Unavailable, Undeliverable
from tests.channels.slack.test_direct import ASKED
from tests.channels.slack.test_direct import PAGE as DIRECT
from tests.channels.vendors import (
    EVENT,
    HttpVendor,
    MailServer,
    activation,
    notice,
    page,
    post,
)

MEDIA = ["sms", "voice", "email", "slack"]


@dataclass
class World:
    """One channel of a medium, its vendor, and a message that it can carry."""

    channel: Channel
    messages: list[Message]
    goes_well: Callable[[], None]
    is_busy: Callable[[], None]
    refuses: Callable[[], None]
    raves: Callable[[], None]
    falls_silent: Callable[[], None]


@pytest.fixture
def world(
    request: pytest.FixtureRequest,
    vendor: HttpVendor,
    mailbox: MailServer,
    session: aiohttp.ClientSession,
) -> World:
    medium: str = request.param
    if medium == "email":
        return email_world(mailbox)
    if medium == "slack":
        return slack_world(vendor, session)
    return twilio_world(medium, vendor, session)


def twilio_world(medium: str, vendor: HttpVendor, session: aiohttp.ClientSession) -> World:
    account = TwilioAccount(session, vendor.url, "AC1", "secret", 0.5)
    sms: Channel = SmsChannel(account, "+15005550006")
    voice: Channel = VoiceChannel(account, "+15005550006")
    name = "Messages.json" if medium == "sms" else "Calls.json"
    return World(
        sms if medium == "sms" else voice,
        [page(), activation()],
        lambda: vendor.answer(name, 201, {"sid": "SM1"}),
        lambda: vendor.answer(name, 503, {"code": 20503}),
        lambda: vendor.answer(name, 400, {"code": 21211}),
        lambda: vendor.answer(name, 200, "<html>maintenance</html>"),
        lambda: setattr(vendor, "silent", True),
    )


def slack_world(vendor: HttpVendor, session: aiohttp.ClientSession) -> World:
    client = AsyncWebClient("xoxb-1", base_url=f"{vendor.url}/api/", session=session)
    slack: Channel = SlackChannel(client, timeout=0.5)
    name = "chat.postMessage"
    return World(
        slack,
        [post(), notice(), notice(event=EVENT, thread_ts="1.1"), DIRECT, ASKED],
        lambda: vendor.answer(name, 200, {"ok": True, "ts": "1.1"}),
        lambda: vendor.answer(name, 503, "<html>"),
        lambda: vendor.answer(name, 200, {"ok": False, "error": "is_archived"}),
        lambda: vendor.answer(name, 200, "<html>maintenance</html>"),
        lambda: setattr(vendor, "silent", True),
    )


def email_world(mailbox: MailServer) -> World:
    email: Channel = EmailChannel(
        "127.0.0.1", mailbox.port, None, None, "bot@bot.example", "none", timeout=0.5
    )
    return World(
        email,
        [page(address="ana@example.com"), activation(address="ana@example.com")],
        mailbox.replies.clear,
        lambda: mailbox.replies.update(RCPT="450 4.2.0 later"),
        lambda: mailbox.replies.update(RCPT="550 5.1.1 unknown"),
        lambda: mailbox.replies.update({".": "<html>maintenance</html>"}),
        lambda: mailbox.replies.update({".": "250-more to come"}),
    )


every_medium = pytest.mark.parametrize("world", MEDIA, indirect=True)


@every_medium
async def test_a_message_that_is_taken_is_sent_under_the_vendors_name(world: World) -> None:
    world.goes_well()

    for message in world.messages:
        sent = await world.channel.send(message)
        assert isinstance(sent, Sent)
        assert sent.vendor_id
    await world.channel.close()


@every_medium
async def test_a_busy_vendor_is_unavailable(world: World) -> None:
    world.is_busy()

    assert await expect(world, Unavailable) == {False}


@every_medium
async def test_a_refusing_vendor_makes_it_undeliverable(world: World) -> None:
    world.refuses()

    await expect(world, Undeliverable)


@every_medium
async def test_a_vendor_that_answers_nonsense_is_unavailable(world: World) -> None:
    world.raves()

    assert await expect(world, Unavailable) == {True}
    assert await world.channel.was_sent(world.messages[0]) is None
    assert await world.channel.poll("x") is None


@every_medium
async def test_a_vendor_that_does_not_answer_leaves_it_in_doubt(world: World) -> None:
    world.falls_silent()

    assert await expect(world, Unavailable) == {True}


async def test_a_vendor_that_is_not_there_is_unavailable(
    session: aiohttp.ClientSession,
) -> None:
    nowhere = "http://127.0.0.1:9"
    account = TwilioAccount(session, nowhere, "AC1", "secret", 2)
    client = AsyncWebClient("xoxb-1", base_url=f"{nowhere}/api/", session=session)
    channels: list[tuple[Channel, Any]] = [
        (SmsChannel(account, "+1"), page()),
        (VoiceChannel(account, "+1"), page()),
        (SlackChannel(client), post()),
        (
            EmailChannel("127.0.0.1", 9, None, None, "a@b.example", "none"),
            page(address="a@b.example"),
        ),
    ]
    for channel, message in channels:
        with pytest.raises(Unavailable) as fault:
            await channel.send(message)
        assert not fault.value.in_doubt
        assert await channel.was_sent(message) is None


async def expect(world: World, kind: type[Exception]) -> set[bool]:
    """Send every message, and answer whether it is in doubt that they arrived."""
    doubts = set()
    for message in world.messages:
        with pytest.raises(kind) as caught:
            await world.channel.send(message)
        doubts.add(getattr(caught.value, "in_doubt", False))
        told = str(caught.value)
        assert message.address not in told
        assert "425440" not in told
        assert "Payments" not in told
    await world.channel.close()
    return doubts
