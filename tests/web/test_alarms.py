"""What the alarms' door fetches, and from where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from bot.core.errors import ServiceUnavailable
from bot.core.replies.alarms import FetchFailed, Outcome
from bot.web.alarms import LARGEST_ANSWER, AlarmDoor, fetcher
from bot.web.routes import guarded


class Alarms:
    """Fails as it is told."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.taken: list[tuple[str, bytes, str]] = []

    async def take(self, token: str, body: bytes, remote: str) -> Sequence[Outcome]:
        self.taken.append((token, body, remote))
        if self.fault is not None:
            raise self.fault
        return [Outcome(alarm="Disk", result="ended")]


@pytest.fixture
def alarms() -> Alarms:
    return Alarms()


@pytest.fixture
async def url(alarms: Alarms) -> AsyncIterator[str]:
    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPFound("/certificate")

    async def long(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * (LARGEST_ANSWER + 1))

    async def certificate(_: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * LARGEST_ANSWER)

    app = web.Application(middlewares=[guarded])
    app.router.add_post("/alarms/{token}", AlarmDoor(alarms).take, name="alarms")
    app.router.add_get("/moved", moved, name="moved")
    app.router.add_get("/long", long, name="long")
    app.router.add_get("/certificate", certificate, name="certificate")
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    yield str(server.make_url("/")).rstrip("/")
    await server.close()


async def test_a_whole_answer_is_fetched(url: str) -> None:
    async with ClientSession() as session:
        assert len(await fetcher(session)(f"{url}/certificate")) == LARGEST_ANSWER


@pytest.mark.parametrize("path", ["/moved", "/long", "/nothing"])
async def test_another_place_a_long_answer_and_a_refusal_are_no_answer(
    url: str, path: str
) -> None:
    async with ClientSession() as session:
        with pytest.raises(FetchFailed):
            await fetcher(session)(f"{url}{path}")


@pytest.mark.parametrize("place", ["http://127.0.0.1:1/", "http://[::1", "gopher://x/"])
async def test_where_nobody_answers_the_fault_is_told_as_such(place: str) -> None:
    async with ClientSession() as session:
        with pytest.raises(FetchFailed):
            await fetcher(session)(place)


async def test_the_door_hands_over_body_and_sender_and_says_what_came_of_it(
    url: str, alarms: Alarms
) -> None:
    async with (
        ClientSession() as session,
        session.post(f"{url}/alarms/abc", data=b"{}") as answer,
    ):
        assert answer.status == 200
        assert await answer.json() == {"alarms": [{"alarm": "Disk", "result": "ended"}]}
        assert answer.headers["Cache-Control"] == "no-store"
    assert alarms.taken == [("abc", b"{}", "127.0.0.1")]


@pytest.mark.parametrize(
    ("fault", "status"), [(ServiceUnavailable("Full."), 503), (RuntimeError("broken"), 500)]
)
async def test_what_breaks_asks_the_sender_to_come_again(
    url: str, alarms: Alarms, fault: Exception, status: int
) -> None:
    alarms.fault = fault
    async with (
        ClientSession() as session,
        session.post(f"{url}/alarms/abc", data=b"{}") as answer,
    ):
        assert (answer.status, answer.headers["Retry-After"]) == (status, "60")
        assert "broken" not in (await answer.json())["message"]


async def test_a_sender_who_leaves_in_the_middle_starts_nothing(
    url: str, alarms: Alarms
) -> None:
    host, _, port = url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /alarms/abc HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    async with ClientSession() as session, session.get(f"{url}/certificate"):
        assert alarms.taken == []
