from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import pytest

from bot.channels.mailbox import LONGEST_MAIL, ImapMailbox
from bot.core.channel import MailReply, Unavailable
from bot.playground.imap import ImapServer, ImapTrouble
from bot.playground.pulse import Pulse

MAIL = b"From: ana@example.com\r\nIn-Reply-To: <1@imbot>\r\n\r\n425440\r\n"


@pytest.fixture
async def server() -> AsyncIterator[ImapServer]:
    pulse = Pulse()
    server = ImapServer(pulse)
    await server.start()
    yield server
    await server.close()
    await pulse.close()


@asynccontextmanager
async def opened(server: ImapServer, **more: Any) -> AsyncIterator[ImapMailbox]:
    given = {"security": "none", "timeout": 5.0, **more}
    name, password = given.pop("login", server.login)
    box = ImapMailbox("127.0.0.1", server.port, name, password, **given)
    try:
        await box.open()
        yield box
    finally:
        await box.close()


async def refusal(server: ImapServer, **more: Any) -> str:
    with pytest.raises(Unavailable) as refused:
        async with opened(server, **more):
            raise AssertionError("it was opened")
    return refused.value.reason


async def test_a_mail_is_read_without_being_marked(server: ImapServer) -> None:
    stored = server.put(MAIL)
    async with opened(server) as box:
        read = await box.read(1)
        assert isinstance(read, MailReply)
        assert tuple(read.lines) == ("425440",)
        assert stored.flags == set()
        await box.mark(1, "\\Seen")
    assert stored.flags == {"\\Seen"}


async def test_only_what_is_new_is_listed(server: ImapServer) -> None:
    old, _, _ = (server.put(MAIL) for _ in range(3))
    old.at -= timedelta(days=3)
    async with opened(server) as box:
        assert await box.after(0) == [1, 2, 3]
        assert await box.after(3) == []
        assert await box.since(server.mails[1].at.date()) == [2, 3]
        assert await box.since(date(2099, 1, 1)) == []
        server.expunge([3])
        assert await box.read(3) is None


async def test_a_mail_that_comes_is_told_of_at_once_or_found_by_asking(
    server: ImapServer,
) -> None:
    for offers_idle in (True, False):
        server.offers_idle = offers_idle
        async with opened(server, poll_seconds=0.01) as box:
            assert box.has_idle == offers_idle
            waiting = asyncio.create_task(box.wait())
            stored = server.put(MAIL)
            await asyncio.wait_for(waiting, 5)
            assert await box.after(stored.uid - 1) == [stored.uid]
    assert server.commands.count("IDLE") == 1


async def test_a_mail_that_came_just_before_the_wait_is_not_slept_through(
    server: ImapServer,
) -> None:
    async with opened(server) as box:
        server.put(MAIL)
        await asyncio.wait_for(box.wait(), 5)
        assert await box.after(0) == [1]


async def test_a_wait_that_is_cancelled_ends_at_once(server: ImapServer) -> None:
    async with opened(server) as box:
        waiting = asyncio.create_task(box.wait())
        while "IDLE" not in server.commands:
            await asyncio.sleep(0)
        began = time.monotonic()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert time.monotonic() - began < 1


async def test_refusals_name_the_setting_and_no_name(server: ImapServer) -> None:
    reasons = [
        await refusal(server, login=("ana@example.com", "secret")),
        await refusal(server, folder="Pages"),
        await refusal(server, security="tls"),
    ]

    assert "IMAP_USERNAME" in reasons[0]
    assert "IMAP_FOLDER" in reasons[1]
    assert "IMAP_SECURITY" in reasons[2]
    assert not any(word in reason for reason in reasons for word in ("ana@", "secret", "Pages"))


async def test_a_slow_server_is_given_up_and_opened_again(server: ImapServer) -> None:
    server.put(MAIL)
    async with opened(server, timeout=0.2) as box:
        server.gate.clear()
        with pytest.raises(Unavailable, match="in time"):
            await box.after(0)
        server.gate.set()
        await box.open()
        assert await box.after(0) == [1]
    assert server.connections == 2


@pytest.mark.parametrize(
    "trouble",
    [
        ImapTrouble(command="UID FETCH", after=60),
        ImapTrouble(command="UID FETCH", reply="* BYE Autologout; idle for too long"),
        ImapTrouble(command="UID FETCH", reply="NO [SERVERBUG] Internal error"),
        ImapTrouble(command="UID FETCH", reply="BAD Unknown"),
    ],
)
async def test_whatever_goes_wrong_the_mail_can_be_had_again(
    server: ImapServer, trouble: ImapTrouble
) -> None:
    server.put(MAIL)
    async with opened(server) as box:
        server.troubles.append(trouble)
        with pytest.raises(Unavailable):
            await box.read(1)
        await box.open()
        assert isinstance(await box.read(1), MailReply)


async def test_a_server_that_says_goodbye_while_it_is_idle_is_noticed(
    server: ImapServer,
) -> None:
    async with opened(server) as box:
        waiting = asyncio.create_task(box.wait())
        while "IDLE" not in server.commands:
            await asyncio.sleep(0)
        server.hang_up()
        with pytest.raises(Unavailable):
            await asyncio.wait_for(waiting, 5)


async def test_of_a_huge_mail_only_the_beginning_is_fetched(server: ImapServer) -> None:
    server.put(MAIL + b"x" * 3 * LONGEST_MAIL)
    async with opened(server) as box:
        read = await box.read(1)
    assert isinstance(read, MailReply)
    assert read.lines[0] == "425440"


async def test_other_uids_are_told_by_their_validity(server: ImapServer) -> None:
    server.put(MAIL)
    async with opened(server) as box:
        assert await box.open() == 1
        server.renumber()
        with pytest.raises(Unavailable):
            await box.after(0)
        assert await box.open() == 2
