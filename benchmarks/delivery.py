"""Goal 12: CPU of handing a message to its vendor, beside the barest loop that could do it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import uvloop
from aiosmtplib import SMTP
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.figures import Figure
from benchmarks.machine import pin
from benchmarks.program import LOAD_CPU, SERVER_CPU, Vendors
from bot.channels.email import EmailChannel
from bot.channels.mail import Sender, render
from bot.channels.slack.channel import SlackChannel
from bot.channels.sms import SmsChannel, compose
from bot.channels.twilio_account import TwilioAccount
from bot.channels.voice import VoiceChannel
from bot.core.channel import Page, Post
from bot.core.ids import new_key

AT_ONCE = 16
CONNECTIONS = 4
"""To the mail server, for both sides."""
MESSAGES = 500
FROM, TO, NUMBER = "imbot@example.com", "ana@example.com", "+14155550101"

Send = Callable[[int], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What is ours, and the floor; both hand over message number n."""

    name: str
    own: Send
    floor: Send
    goal: float


def measure(folder: Path, rounds: int, number: int) -> list[Figure]:
    vendors = Vendors(folder)
    pin(SERVER_CPU)
    try:
        return uvloop.run(_measured(vendors, rounds, number))
    finally:
        vendors.child.stop()
        pin(LOAD_CPU)


async def _measured(vendors: Vendors, rounds: int, number: int) -> list[Figure]:
    figures = []
    async with AsyncExitStack() as stack:
        for pair in await _pairs(vendors, stack):
            await _cpu(pair.own, number // 4)
            await _cpu(pair.floor, number // 4)
            taken = [
                (await _cpu(pair.floor, number), await _cpu(pair.own, number))
                for _ in range(rounds)
            ]
            ratios = [own / floor for floor, own in taken]
            own = [cpu * 1e6 for _, cpu in taken]
            figures += [
                Figure(number=12, name=pair.name, values=ratios, unit="x", goal=pair.goal),
                Figure(number=None, name="that is", values=own, unit="us"),
            ]
    return figures


async def _cpu(send: Send, number: int) -> float:
    """Seconds of this process's CPU for one message, AT_ONCE under way."""
    waiting = iter(range(number))

    async def work() -> None:
        for each in waiting:
            await send(each)

    begun = time.process_time()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return (time.process_time() - begun) / number


async def _pairs(vendors: Vendors, stack: AsyncExitStack) -> list[Pair]:
    session = await stack.enter_async_context(aiohttp.ClientSession())
    base = f"http://127.0.0.1:{vendors.child.port}"
    account = TwilioAccount(session, base, f"AC{0:032x}", f"{0:032x}")
    texts = [_page(n) for n in range(MESSAGES)]
    mails = [_page(n, TO) for n in range(MESSAGES)]
    posts = [_post(n) for n in range(MESSAGES)]
    sms, voice = SmsChannel(account, NUMBER), VoiceChannel(account, NUMBER)
    email = EmailChannel("127.0.0.1", vendors.mail_port, None, None, FROM, "none", CONNECTIONS)
    stack.push_async_callback(email.close)
    client = AsyncWebClient("xoxb-1-bench", base_url=f"{base}/api/", session=session)
    slack = SlackChannel(client)
    post = _poster(session, base)

    async def plain_slack(number: int) -> Any:
        return await client.chat_postMessage(channel="C1", text=f"Payments {number}")

    return [
        Pair(
            name="a text / bare aiohttp POST of the same form",
            own=lambda n: sms.send(texts[n % MESSAGES]),
            floor=post,
            goal=1.2,
        ),
        Pair(
            name="a call / bare aiohttp POST of the text's form",
            own=lambda n: voice.send(texts[n % MESSAGES]),
            floor=post,
            goal=1.2,
        ),
        Pair(
            name="a mail / aiosmtplib, 4 kept connections, bytes made before",
            own=lambda n: email.send(mails[n % MESSAGES]),
            floor=await _mailer(vendors.mail_port, stack),
            goal=0.4,
        ),
        Pair(
            name="a Slack post / slack_sdk with a shared session",
            own=lambda n: slack.send(posts[n % MESSAGES]),
            floor=plain_slack,
            goal=1.1,
        ),
    ]


def _poster(session: aiohttp.ClientSession, base: str) -> Send:
    form = {"To": NUMBER, "From": NUMBER, "Body": compose(_page(0))}
    body, url = urlencode(form).encode(), f"{base}/2010-04-01/Accounts/AC/Messages.json"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    async def send(_: int) -> object:
        async with session.post(url, data=body, headers=headers) as answer:
            return await answer.read()

    return send


async def _mailer(port: int, stack: AsyncExitStack) -> Send:
    content = render(_page(0, TO), Sender.parse(FROM), TO)
    kept: asyncio.Queue[SMTP] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        connection = SMTP(hostname="127.0.0.1", port=port, start_tls=False)
        await connection.connect()
        stack.callback(connection.close)
        kept.put_nowait(connection)

    async def send(_: int) -> object:
        connection = await kept.get()
        try:
            return await connection.sendmail(FROM, [TO], content)
        finally:
            kept.put_nowait(connection)

    return send


def _page(number: int, address: str = NUMBER) -> Page:
    title = f"Payments are failing {number:07d}"
    return Page(
        key=new_key(),
        address=address,
        created_at=datetime.now(UTC),
        subject=title,
        content=f"{title}. Cards fail since the last deployment.",
        public_subject=title,
        code="425440",
        ack_url="https://imbot.example.com/ack/abc",
        unsubscribe_url="https://imbot.example.com/unsubscribe/abc",
        voice_url="https://imbot.example.com/twilio/voice/abc",
        status_url="https://imbot.example.com/twilio/status?page=abc",
    )


def _post(number: int) -> Post:
    return Post(
        key=new_key(), address="C1", created_at=datetime.now(UTC), text=f"Payments {number}"
    )
