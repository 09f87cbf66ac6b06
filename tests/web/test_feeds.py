"""Calendars and cards over HTTP: what kind they are, and how long they may be kept."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from bot.web.feeds import FeedDoor
from bot.web.routes import guarded

TOKEN = "ab" * 32


class Feeds:
    """Knows one calendar and one card."""

    def __init__(self) -> None:
        self.body: bytes | None = b"BEGIN:VCALENDAR\r\n"

    async def calendar(self, token: str) -> bytes | None:
        return self.body if token == TOKEN else None

    async def sender_card(self, token: str) -> bytes | None:
        return b"BEGIN:VCARD\r\n" if token == TOKEN else None


@pytest.fixture
def feeds() -> Feeds:
    return Feeds()


@pytest.fixture
async def url(feeds: Feeds) -> AsyncIterator[str]:
    door = FeedDoor(feeds)
    app = web.Application(middlewares=[guarded])
    app.router.add_get("/calendar/{token}.ics", door.calendar, name="calendar")
    app.router.add_get("/sender/{token}.vcf", door.sender_card, name="sender-card")
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    yield str(server.make_url("/")).rstrip("/")
    await server.close()


async def test_a_calendar_is_of_its_kind_and_may_be_kept_for_a_while(url: str) -> None:
    async with ClientSession() as session, session.get(f"{url}/calendar/{TOKEN}.ics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert answer.headers["Cache-Control"] == "private, max-age=300"
        assert await answer.read() == b"BEGIN:VCALENDAR\r\n"


async def test_who_has_the_calendar_already_gets_no_body(url: str, feeds: Feeds) -> None:
    address = f"{url}/calendar/{TOKEN}.ics"
    async with ClientSession() as session:
        async with session.get(address) as answer:
            known = {"If-None-Match": answer.headers["ETag"]}
        async with session.get(address, headers=known) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
            assert answer.headers["ETag"] == known["If-None-Match"]
        feeds.body = b"another"
        async with session.get(address, headers=known) as answer:
            assert (answer.status, await answer.read()) == (200, b"another")


async def test_asking_for_the_head_alone_is_answered(url: str) -> None:
    async with (
        ClientSession() as session,
        session.head(f"{url}/calendar/{TOKEN}.ics") as answer,
    ):
        assert answer.status == 200
        assert "ETag" in answer.headers


async def test_an_unknown_link_is_not_found_and_not_kept(url: str) -> None:
    for path in ("calendar/nothing.ics", "sender/nothing.vcf"):
        async with ClientSession() as session, session.get(f"{url}/{path}") as answer:
            assert answer.status == 404
            assert answer.headers["Cache-Control"] == "no-store"


async def test_a_card_is_a_vcard(url: str) -> None:
    async with ClientSession() as session, session.get(f"{url}/sender/{TOKEN}.vcf") as answer:
        assert answer.headers["Content-Type"] == "text/vcard; charset=utf-8"
        assert answer.headers["Content-Disposition"] == 'inline; filename="imbot.vcf"'
