"""HTTP endpoints keep the contract of channels, whatever they answer."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Literal

import pytest

from bot.channels import http_topics
from bot.channels.guard import networks
from bot.channels.http_topics import HttpTopicsChannel
from bot.channels.mail import Sender
from bot.channels.notification_mail import render
from bot.channels.notifications import canonical
from bot.channels.sms import compose
from bot.core.channel import Channel, Notification, Sent, Signed, Unavailable, Undeliverable
from tests.channels.vendors import HttpVendor

LOOPBACK = networks("127.0.0.0/8")
TOPIC = "arn:aws:sns:us-east-1:111122223333:news"
TEXT = (
    "Message\nHello\nMessageId\n4f1c\nSubject\nNews\nTimestamp\n2026-03-01T09:30:00.000Z\n"
    f"TopicArn\n{TOPIC}\nType\nNotification\n"
)
"""As the documentation of SNS builds it."""


def notification(address: str, **changes: Any) -> Notification:
    given: dict[str, Any] = {
        "key": "k-1",
        "address": address,
        "created_at": datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        "type": "Notification",
        "protocol": "http",
        "message_id": "4f1c",
        "topic_arn": TOPIC,
        "subscription_arn": f"{TOPIC}:1",
        "message": "Hello",
        "subject": "News",
        **changes,
    }
    return Notification(**given)


async def sign(text: str, version: Literal["1", "2"]) -> Signed:
    return Signed(f"{version}:{len(text)}", "https://bot.example.com/x.pem")


@pytest.fixture
async def channel() -> AsyncIterator[Channel]:
    opened = HttpTopicsChannel(sign, LOOPBACK, timeout=0.5)
    yield opened
    await opened.close()


def test_what_is_signed_is_what_the_documentation_says() -> None:
    assert canonical(notification("x")) == TEXT
    plain = canonical(notification("x", subject=None))
    assert plain == TEXT.replace("Subject\nNews\n", "")
    asked = notification("x", type="SubscriptionConfirmation", token="t", subscribe_url="u")
    assert canonical(asked) == TEXT.replace("Subject\nNews\n", "SubscribeURL\nu\n").replace(
        "TopicArn", "Token\nt\nTopicArn"
    ).replace("Type\nNotification", "Type\nSubscriptionConfirmation")


async def test_what_is_taken_is_sent_under_its_message_id(
    channel: Channel, vendor: HttpVendor
) -> None:
    vendor.answer("hook", 204, "")
    message = notification(f"{vendor.url}/hook")

    assert await channel.send(message) == Sent("4f1c")
    assert vendor.asked[0].headers["User-Agent"].startswith("Amazon Simple Notification")
    assert await channel.was_sent(message) is None
    assert await channel.poll("4f1c") is None


@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_a_server_that_fails_is_tried_again(
    channel: Channel, vendor: HttpVendor, status: int
) -> None:
    vendor.answer("hook", status, "<html>")
    fault = await expect(channel, Unavailable, f"{vendor.url}/hook")

    assert isinstance(fault, Unavailable)
    assert (fault.in_doubt, fault.retry_after) == (False, None)


@pytest.mark.parametrize("status", [301, 302, 308, 400, 403, 404, 410])
async def test_a_refusal_is_final(channel: Channel, vendor: HttpVendor, status: int) -> None:
    vendor.answer("hook", status, "", Location=f"{vendor.url}/other")
    await expect(channel, Undeliverable, f"{vendor.url}/hook")

    assert [asked.path for asked in vendor.asked] == ["/hook"]


async def test_silence_leaves_it_in_doubt(channel: Channel, vendor: HttpVendor) -> None:
    vendor.silent = True
    fault = await expect(channel, Unavailable, f"{vendor.url}/hook")

    assert isinstance(fault, Unavailable)
    assert fault.in_doubt


async def test_what_cannot_be_reached_has_not_arrived(channel: Channel) -> None:
    fault = await expect(channel, Unavailable, "http://127.0.0.1:9/hook")

    assert isinstance(fault, Unavailable)
    assert not fault.in_doubt


@pytest.mark.parametrize("address", ["http://", "http://[::1", "gopher://127.0.0.1/", "hook"])
async def test_what_is_no_url_is_final(channel: Channel, address: str) -> None:
    await expect(channel, Undeliverable, address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]"])
async def test_no_spelling_of_this_machine_is_posted_to(vendor: HttpVendor, host: str) -> None:
    guarded = HttpTopicsChannel(sign, timeout=2)
    port = vendor.url.rpartition(":")[2]
    with pytest.raises((Undeliverable, Unavailable)):
        await guarded.send(notification(f"http://{host}:{port}/hook"))
    await guarded.close()

    assert vendor.asked == []


async def test_a_name_is_judged_by_the_address_that_is_connected_to(
    vendor: HttpVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(vendor.url.rpartition(":")[2])
    asked: list[str] = []

    async def lookup(*given: Any, **_: Any) -> list[Any]:
        asked.append(str(given[0]))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", lookup)
    guarded = HttpTopicsChannel(sign, timeout=2)
    with pytest.raises(Undeliverable, match="not a public one"):
        await guarded.send(notification(f"http://rebinding.example.com:{port}/hook"))
    await guarded.close()

    assert (len(asked) > 0, vendor.asked) == (True, [])


async def test_a_host_that_is_silent_makes_nobody_else_wait(
    vendor: HttpVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_topics, "PATIENCE", 0.01)
    vendor.silent = True
    channel = HttpTopicsChannel(sign, LOOPBACK, timeout=0.5)
    address = f"{vendor.url}/hook"
    outcomes = await asyncio.gather(
        *(channel.send(notification(address)) for _ in range(20)), return_exceptions=True
    )
    await channel.close()

    busy = [one for one in outcomes if isinstance(one, Unavailable) and one.retry_after]
    assert (len(busy), len(outcomes) - len(busy)) == (4, 16)


async def test_many_subscriptions_share_one_signature(vendor: HttpVendor) -> None:
    signed: list[str] = []

    async def counted(text: str, version: Literal["1", "2"]) -> Signed:
        signed.append(text)
        return await sign(text, version)

    vendor.answer("hook", 200, "")
    channel = HttpTopicsChannel(counted, LOOPBACK)
    for number in range(3):
        arn = f"{TOPIC}:{number}"
        await channel.send(notification(f"{vendor.url}/hook", subscription_arn=arn))
    await channel.close()

    assert len(signed) == 1


def test_a_mail_tells_what_was_published_and_how_to_stop_it() -> None:
    message = notification(
        "ana@example.com", protocol="email", unsubscribe_url="https://bot.example.com/s/1"
    )
    mail = render(message, Sender.parse("pager@example.com"), "ana@example.com", None)

    assert b"Subject: News\r\n" in mail
    assert b"List-Unsubscribe: <https://bot.example.com/s/1>\r\n" in mail
    assert mail.endswith(
        b"\r\n\r\nHello\r\n\r\n--\r\nTo stop these mails: https://bot.example.com/s/1\r\n"
    )


def test_a_subject_cannot_begin_a_header() -> None:
    message = notification("ana@example.com", protocol="email", subject="News\r\nBcc: eve")
    mail = render(message, Sender.parse("pager@example.com"), "ana@example.com", None)

    assert b"\r\nBcc:" not in mail


def test_a_text_says_whose_it_is() -> None:
    message = notification("+1", protocol="sms", display_name="News")

    assert compose(message) == "News> Hello"
    assert len(compose(notification("+1", protocol="sms", message="x" * 5000))) == 1600


async def expect(channel: Channel, kind: type[Exception], address: str) -> Exception:
    with pytest.raises(kind) as caught:
        await channel.send(notification(address))
    assert address not in str(caught.value)
    assert "Hello" not in str(caught.value)
    return caught.value
