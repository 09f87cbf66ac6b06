from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp import web

from bot.channels.chime import LONGEST, ChimeChannel, content
from bot.core.channel import Sent, TopicMessage, Unavailable, Undeliverable

PATH = "/incomingwebhooks/1-2-3"
HOOK = f"https://hooks.chime.aws{PATH}?token=s3cret"
LOOPBACK = (ip_network("127.0.0.0/8"),)


class Chime:
    """Incoming webhooks on loopback, in a mood."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Any]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.url = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.got.append((request.path_qs, await request.json()))
        return web.json_response({"MessageId": "m"}, status=self.status, headers=self.headers)


@pytest.fixture
async def chime() -> AsyncIterator[Chime]:
    opened = Chime()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", opened.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    opened.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield opened
    await runner.cleanup()


@pytest.fixture
async def channel(chime: Chime) -> AsyncIterator[ChimeChannel]:
    opened = ChimeChannel(chime.url, LOOPBACK)
    yield opened
    await opened.close()


def message(text: str = "It burns", **more: Any) -> TopicMessage:
    return TopicMessage(
        key="K1",
        address=HOOK,
        created_at=datetime(2026, 3, 1, tzinfo=UTC),
        topic_arn="arn:aws:sns:us-east-1:111122223333:news",
        text=text,
        **more,
    )


async def test_a_message_is_posted_to_the_webhook(channel: ChimeChannel, chime: Chime) -> None:
    assert await channel.send(message()) == Sent("K1")
    assert chime.got == [(f"{PATH}?token=s3cret", {"Content": "It burns"})]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_busy_chime_is_asked_again(
    channel: ChimeChannel, chime: Chime, status: int
) -> None:
    chime.status, chime.headers = status, {"Retry-After": "7"}
    with pytest.raises(Unavailable) as fault:
        await channel.send(message())
    assert fault.value.retry_after == 7


@pytest.mark.parametrize("status", [302, 400, 403, 404])
async def test_a_webhook_that_is_gone_is_given_up_without_its_url(
    channel: ChimeChannel, chime: Chime, status: int
) -> None:
    chime.status, chime.headers = status, {"Location": "/elsewhere"}
    with pytest.raises(Undeliverable) as fault:
        await channel.send(message())
    assert "s3cret" not in fault.value.reason
    assert len(chime.got) == 1


async def test_an_address_that_is_not_public_is_refused(chime: Chime) -> None:
    channel = ChimeChannel(chime.url)
    with pytest.raises(Undeliverable, match="not a public one"):
        await channel.send(message())
    await channel.close()
    assert chime.got == []


async def test_nobody_there_is_tried_again(chime: Chime) -> None:
    channel = ChimeChannel("http://127.0.0.1:1", LOOPBACK)
    with pytest.raises(Unavailable) as fault:
        await channel.send(message())
    await channel.close()
    assert not fault.value.in_doubt


def test_a_custom_notification_is_markdown() -> None:
    document = {
        "version": "1.0",
        "source": "custom",
        "content": {"title": "v2 *out*", "description": "**Fine**", "nextSteps": ["Look"]},
    }
    assert content(message(json.dumps(document))) == (
        "/md **v2 \\*out\\***\n\n**Fine**\n\n* Look"
    )


def test_a_message_fits_into_chimes_limit() -> None:
    assert len(content(message("x" * 10_000))) == LONGEST
    assert len(content(message("*" * 10_000, subject="s"))) == LONGEST


def test_a_url_is_in_no_repr() -> None:
    assert "s3cret" not in repr(message())
