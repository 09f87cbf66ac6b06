from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from bot.playground.site import Controls, page_application
from bot.playground.slack import ANA, INCIDENTS
from bot.playground.smtp import Envelope
from bot.playground.town import Town

NUMBER = "+12065550101"


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with Town() as town:
        town.phones.add(NUMBER, "ana")
        yield town


@pytest.fixture
async def url(town: Town) -> str:
    controls = Controls(now=lambda: datetime.now(UTC), facts={"colour": "red"})
    return await town.pulse.serve(page_application(town, controls))


async def do(town: Town, url: str, what: object, **headers: str) -> tuple[int, str]:
    given = {"Origin": url, "Content-Type": "application/json", **headers}
    body = json.dumps(what)
    async with town.pulse.client.post(f"{url}/do", data=body, headers=given) as answer:
        return answer.status, await answer.text()


SAY = {"do": "say", "user": ANA, "channel": INCIDENTS, "text": "hello"}


async def test_what_a_person_says_is_in_the_channel_and_on_the_stream(
    town: Town, url: str
) -> None:
    async with town.pulse.client.get(f"{url}/town") as stream:
        first = json.loads((await stream.content.readline()).removeprefix(b"data: "))
        assert first["facts"] == {"colour": "red"}
        assert await do(town, url, SAY) == (200, "{}")
        await stream.content.readline()
        second = json.loads((await stream.content.readline()).removeprefix(b"data: "))

    [channel] = [c for c in second["slack"]["channels"] if c["id"] == INCIDENTS]
    assert channel["messages"][0]["text"] == "hello"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.com"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Host": "rebound.example.com"},
        {"Content-Type": "text/plain"},
    ],
)
async def test_a_forged_request_does_nothing(
    town: Town, url: str, headers: dict[str, str]
) -> None:
    status, _ = await do(town, url, SAY, **headers)

    assert status in (403, 415)
    assert town.slack.channel(INCIDENTS).messages == []


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ([], 400),
        ({"do": "fly"}, 400),
        ({"do": ["say"]}, 400),
        (SAY | {"text": " "}, 409),
        (SAY | {"channel": "C0NOWHERE"}, 409),
        (SAY | {"user": 7}, 409),
        (
            {"do": "press", "user": ANA, "channel": INCIDENTS, "ts": "1.0", "action_id": "x"},
            409,
        ),
        ({"do": "text", "phone": "+10000000", "text": "hello"}, 409),
        ({"do": "answer", "phone": NUMBER}, 409),
        ({"do": "key", "phone": NUMBER, "key": "1"}, 409),
        ({"do": "key", "phone": NUMBER, "key": "12"}, 409),
        ({"do": "pace", "pace": 1000}, 409),
    ],
)
async def test_what_makes_no_sense_is_refused_in_words(
    town: Town, url: str, what: object, status: int
) -> None:
    answered, words = await do(town, url, what)

    assert answered == status
    assert words


@pytest.mark.parametrize(
    "path", ["/linked/metrics", "/mails/7", "/files/F0", "/site.py", "/x.js"]
)
async def test_there_is_nothing_else_to_be_had(town: Town, url: str, path: str) -> None:
    async with town.pulse.client.get(url + path) as answer:
        assert answer.status == 404


async def test_a_stranger_s_name_for_this_machine_is_refused(town: Town, url: str) -> None:
    headers = {"Host": "rebound.example.com"}
    async with town.pulse.client.get(f"{url}/town", headers=headers) as answer:
        assert answer.status == 403


async def test_the_page_asks_nothing_of_other_hosts(town: Town, url: str) -> None:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        page = await answer.text()
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page


async def test_a_reply_to_a_mail_goes_to_whoever_sent_it(town: Town, url: str) -> None:
    envelope = Envelope(sender=town.mailbox.address, recipients=["ana@example.com"])
    page = b"From: incidents@playground.example.com\r\nMessage-ID: <1@imbot>\r\n\r\nBurns\r\n"
    town.mailbox.server.keep(envelope, page)

    assert await do(town, url, {"do": "mail reply", "mail": 0, "text": "425440"}) == (200, "{}")
    status, _ = await do(town, url, {"do": "mail reply", "mail": 7, "text": "425440"})

    [reply] = town.mailbox.imap.mails
    assert b"In-Reply-To: <1@imbot>" in reply.raw
    assert b"\r\n425440\r\n" in reply.raw
    assert b"> Burns" in reply.raw
    assert status == 409
