from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession

from bot.logs import set_up_logging
from bot.playground.phone import VENDOR_DOWN
from bot.playground.pulse import Fault
from bot.playground.slack import ADMIN, INCIDENTS
from tests.conftest import MASTER_KEY
from tests.scenarios.world import PLAN, SECRET, TITLE, World, code_in

HTML = Fault(body="<html>Welcome</html>", content_type="text/html")
CODE = re.compile(r"\b\d{6}\b")
CHATTED, TYPED, POSTED = "zebra-in-the-chat", "quagga-in-a-text", "okapi-in-a-body"


@pytest.fixture(params=["text", "json"])
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What a production's log holds, with every logger as talkative as it can be."""
    form: Literal["text", "json"] = request.param
    root, stream = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level
    loggers = [
        each for each in root.manager.loggerDict.values() if not hasattr(each, "loggerMap")
    ]
    levels = [
        (logger, logger.level) for logger in loggers if isinstance(logger, logging.Logger)
    ]
    root.handlers.clear()
    set_up_logging(form, stream)
    for logger in [root, *(logger for logger, _ in levels)]:
        logger.setLevel(logging.DEBUG)
    yield stream
    root.handlers[:], root.level = before
    for logger, level in levels:
        logger.setLevel(level)


async def everything_happens(world: World) -> None:
    """A page by each medium, with troubled vendors, replies, chat, and what strangers send."""
    await world.has_person("ana", "SMS", "EMAIL", "VOICE", minutes=2)
    await world.has_response_plan("ana", topic=await world.has_topic_in_slack())
    town = world.town
    town.phones.misbehave("POST Messages", VENDOR_DOWN)
    town.phones.misbehave("POST Calls", HTML)
    town.mailbox.misbehave("rcpt", "451 4.7.1 Greylisted ana@example.com")
    town.slack.misbehave("chat.postMessage", fault=HTML)

    await world.starts_incident()
    await world.advance(minutes=6)
    await world.replies("ana", f"{TYPED} ack 000000")
    await world.presses("ana", "7") if world.phone("ana").is_ringing else None
    await world.replies("ana", f"ack {code_in(world.pages_on('ana')[0])}")
    await world.replies("ana", "UNSUBSCRIBE")
    await world.say(
        f"@aws ssm-incidents start-incident --title {CHATTED} --response-plan-arn {PLAN}"
    )
    await world.say(f"@aws ssm-incidents {CHATTED} --no-such-option {CHATTED}")
    await town.slack.slash(ADMIN, INCIDENTS, "/aws", f"ssm-contacts {CHATTED}")
    await world.settle()
    await strangers_knock(world)
    await world.advance(minutes=30)


async def strangers_knock(world: World) -> None:
    (mail, *_) = world.mails_to("ana")
    link = next(link for link in mail.links if "/ack/" in link)
    async with ClientSession() as session:
        for path in ("/", "/slack/events", "/twilio/sms", "/twilio/status"):
            await session.post(f"{world.url}{path}?q={POSTED}", data=f'{{"text": "{POSTED}')
            signature = {"X-Slack-Signature": POSTED, "X-Twilio-Signature": POSTED}
            await session.post(f"{world.url}{path}", json=[POSTED], headers=signature)
        await session.get(f"{world.url}/ack/{POSTED}")
        await session.get(link)
        await session.post(link)


def secrets_of(world: World) -> dict[str, str]:
    """Everything that must not be told, by what it is."""
    town, vendor = world.town, world.town.phones.vendor
    secrets = {name: value for name, value in town.settings.items() if "TOKEN" in name}
    secrets |= {
        "signing secret": town.slack.signing_secret,
        "account": town.phones.account_sid,
        "own number": town.phones.number.lstrip("+"),
        "number": world.phone("ana").number.lstrip("+"),
        "mail address": "ana@",
        "own mail address": "incidents@playground",
        "master key": MASTER_KEY,
        "API secret": SECRET,
        "title": TITLE,
        "summary": "Cards are declined",
        "chat": CHATTED,
        "text": TYPED,
        "body": POSTED,
    }
    said = [text.body for text in vendor.texts] + [mail.text for mail in town.mailbox.mails]
    codes = {code for words in said for code in CODE.findall(words)}
    links = [link for mail in town.mailbox.mails for link in mail.links]
    links += [live.call.url for live in vendor.calls]
    tokens = {urlsplit(link).path.split("/")[-1] for link in links if link} - {""}
    secrets |= {f"code {number}": code for number, code in enumerate(codes)}
    secrets |= {f"token {number}": token for number, token in enumerate(tokens)}
    return secrets


async def test_no_log_tells_a_code_a_token_an_address_or_a_message(
    town_world: World, written: io.StringIO
) -> None:
    await everything_happens(town_world)

    lines = written.getvalue()
    secrets = secrets_of(town_world)
    told = {name: value for name, value in secrets.items() if value in lines}
    assert told == {}
    assert {"code 0", "code 2", "token 0", "token 1"} <= set(secrets)
    for event in ("POST slack", "POST twilio-sms 200", "POST ack 200", "POST api 40"):
        assert event in lines, "the log tells that it happened"
