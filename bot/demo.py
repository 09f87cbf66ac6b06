"""`imbot demo`: the whole product on one machine, among stand-ins for the vendors.

Contacts, plans and the channel's link are made by the operations that anyone would use, and
contact channels are activated by the codes that really arrive in phones and mailbox.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.app import App, open_app
from bot.core.access import Caller
from bot.core.clock import ScaledClock
from bot.core.dispatch import Request, new_request_id
from bot.logs import set_up_logging
from bot.playground.site import Controls, page_application
from bot.playground.slack import ADMIN, ANA, BEN, CLEO, GENERAL, INCIDENTS
from bot.playground.slack_state import TEAM_ID
from bot.playground.town import Town
from bot.settings import Settings

FAST = 60.0
"""At this pace a minute lasts a second."""

PEOPLE = {"ana": "+12065550101", "ben": "+12065550102", "cleo": "+12065550103"}
RESOLVER_POLICY = "arn:aws:iam::aws:policy/AWSIncidentManagerResolverAccess"
TEMPLATE = {
    "title": "Payments are failing",
    "impact": 2,
    "summary": "Card payments are refused at checkout.",
}
CONTACTS, INCIDENT_MANAGER = "ssm-contacts", "ssm-incidents"
_CODE = re.compile(r"\b\d{6,10}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A furnished town with its bot, and the address of the page that shows them."""

    url: str
    app: App
    town: Town
    clock: ScaledClock
    plan_arn: str


async def demo(settings: Settings, *, port: int) -> int:
    """Run until cancelled. Where `port` is taken, another one is used."""
    set_up_logging(settings.log_format)
    logging.getLogger("bot").setLevel(logging.WARNING)
    _say("Setting up a town with a Slack, three phones and a mailbox ...")
    async with open_demo(port=port) as running:
        _say(f"\n    {running.url}\n\nOpen it in a browser. Ctrl-C ends it; nothing is kept.")
        await asyncio.Event().wait()
    return 0


@asynccontextmanager
async def open_demo(*, port: int = 0) -> AsyncIterator[Demo]:
    """Everything in a temporary directory and on loopback; the environment is not looked at."""
    folder = Path(tempfile.mkdtemp(prefix="imbot-demo-"))
    clock = ScaledClock()
    try:
        async with Town(now=clock.now) as town:
            settings = demo_settings(town.settings, folder)
            async with open_app(settings, clock=clock) as app:
                bot_url = settings.public_url or ""
                await town.connect(bot_url)
                plan_arn = await furnish(app, town)
                town.pulse.real_time = True
                controls = Controls(
                    now=clock.now,
                    pace=lambda: clock.pace,
                    set_pace=clock.set_pace,
                    paces=(1.0, FAST),
                    bot_url=bot_url,
                    facts=_facts(settings, plan_arn),
                )
                url = await _serve(town, controls, port)
                yield Demo(url=url, app=app, town=town, clock=clock, plan_arn=plan_arn)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def demo_settings(town: Mapping[str, str], folder: Path) -> Settings:
    """Settings of a bot in a town, with every other one at its default."""
    port = _free_port()
    given = {
        **town,
        "IMBOT_DATABASE_URL": f"sqlite:///{folder / 'imbot.db'}",
        "IMBOT_PORT": str(port),
        "IMBOT_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "IMBOT_ACCESS_KEY_ID": "AKIADEMODEMODEMODEMO",
        "IMBOT_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
        "IMBOT_SLACK_ADMINS": f"{ANA},{ADMIN}",
    }
    fields = Settings.model_fields.values()
    defaults = {str(field.alias): field.default for field in fields}
    return Settings(**defaults | given)


async def furnish(app: App, town: Town) -> str:
    """Make the demo's data as the account's administrator; answers the response plan's ARN."""
    hand = Hand(app)
    await hand.do(INCIDENT_MANAGER, "CreateReplicationSet", regions={hand.region: {}})
    topic_arn = await _link_channel(hand)
    people = {}
    for name, number in PEOPLE.items():
        town.phones.add(number, name)
        people[name] = await _add_person(hand, town, name, number)
    await _link_to_slack(hand, town, people["ana"], ANA)
    stages = [_stage(5, people["ana"]), _stage(10, people["ben"], people["cleo"])]
    escalation = await hand.do(
        CONTACTS,
        "CreateContact",
        Alias="payments-on-call",
        DisplayName="Payments on call",
        Type="ESCALATION",
        Plan={"Stages": stages},
    )
    plan = await hand.do(
        INCIDENT_MANAGER,
        "CreateResponsePlan",
        name="payments",
        displayName="Payments",
        incidentTemplate=TEMPLATE,
        chatChannel={"chatbotSns": [topic_arn]},
        engagements=[escalation["ContactArn"]],
    )
    await _clear(town)
    return str(plan["arn"])


async def _link_channel(hand: Hand) -> str:
    """A topic that #incidents reads, from where responders may act; answers its ARN."""
    topic = await hand.do("sns", "CreateTopic", Name="payments-chat")
    await hand.do(
        "chatbot",
        "CreateSlackChannelConfiguration",
        SlackTeamId=TEAM_ID,
        SlackChannelId=INCIDENTS,
        SlackChannelName="incidents",
        IamRoleArn=f"arn:aws:iam::{hand.account_id}:role/incident-responders",
        ConfigurationName="incidents",
        SnsTopicArns=[topic["TopicArn"]],
        GuardrailPolicyArns=[RESOLVER_POLICY],
    )
    return str(topic["TopicArn"])


class Hand:
    """Calls operations as the administrator whose key pair is in the settings."""

    def __init__(self, app: App) -> None:
        settings = app.settings
        self.account_id = settings.account_id
        self.region = settings.region
        self._dispatcher = app.dispatcher
        self._caller = Caller(
            account_id=settings.account_id,
            principal_arn=f"arn:aws:iam::{settings.account_id}:user/administrator",
            actor="administrator",
            door="api",
            region=settings.region,
        )

    async def do(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        request = Request(
            service=service,
            operation=operation,
            parameters=parameters,
            caller=self._caller,
            source="127.0.0.1",
            request_id=new_request_id(),
        )
        return await self._dispatcher.answer(request)


async def _add_person(hand: Hand, town: Town, name: str, number: str) -> str:
    """A contact who is told by text at once, by mail after a minute, by call after two."""
    contact = await hand.do(
        CONTACTS,
        "CreateContact",
        Alias=name,
        DisplayName=name.capitalize(),
        Type="PERSONAL",
        Plan={"Stages": []},
    )
    arn = str(contact["ContactArn"])
    addresses = {"SMS": number, "EMAIL": f"{name}@example.com", "VOICE": number}
    stages = []
    for minutes, (medium, address) in zip((1, 1, 5), addresses.items(), strict=True):
        channel_arn = await _add_channel(hand, town, arn, medium, address)
        info = {"ContactChannelId": channel_arn, "RetryIntervalInMinutes": 0}
        targets = [{"ChannelTargetInfo": info}]
        stages.append({"DurationInMinutes": minutes, "Targets": targets})
    await hand.do(CONTACTS, "UpdateContact", ContactId=arn, Plan={"Stages": stages})
    return arn


async def _add_channel(
    hand: Hand, town: Town, contact_arn: str, medium: str, address: str
) -> str:
    """A contact channel, activated by the code that arrives there; answers its ARN."""
    made = await hand.do(
        CONTACTS,
        "CreateContactChannel",
        ContactId=contact_arn,
        Name=medium.lower(),
        Type=medium,
        DeliveryAddress={"SimpleAddress": address},
    )
    channel_arn = str(made["ContactChannelArn"])
    await hand.do(
        CONTACTS,
        "ActivateContactChannel",
        ContactChannelId=channel_arn,
        ActivationCode=await _code_from(town, medium, address),
    )
    return channel_arn


async def _link_to_slack(hand: Hand, town: Town, contact_arn: str, user: str) -> None:
    """Link a contact to a Slack user, who confirms it by the button in his direct message."""
    await hand.do("imbot", "LinkSlackUser", ContactId=contact_arn, SlackUserId=user)
    direct = town.slack.dm(user)
    asked = await town.until(lambda: town.slack.posts(direct)[-1:])
    await town.slack.press(user, direct, asked[0]["ts"], "confirm_slack_link")
    await town.until(lambda: asked[0].get("edited"))


async def _code_from(town: Town, medium: str, address: str) -> str:
    """Read the activation code as its owner would: on the phone, in the mail, in the call."""
    if medium == "EMAIL":
        await town.until(lambda: town.mailbox.to(address))
        return _code_in(town.mailbox.to(address)[-1].text)
    phone = town.phones[address]
    if medium == "SMS":
        await town.until(lambda: phone.texts)
        return _code_in(phone.texts[-1])
    await phone.answer()
    said = await phone.press("1")
    return _code_in(said.replace(", ", ""))


def _code_in(text: str) -> str:
    """Raises LookupError where the text holds no code."""
    found = _CODE.search(text)
    if found is None:
        raise LookupError("no activation code came")
    return found.group()


def _stage(minutes: int, *contact_arns: str) -> dict[str, Any]:
    targets = [
        {"ContactTargetInfo": {"ContactId": arn, "IsEssential": True}} for arn in contact_arns
    ]
    return {"DurationInMinutes": minutes, "Targets": targets}


async def _clear(town: Town) -> None:
    """Take the activations and the confirmation out of sight, once the last of them is over."""
    await town.settle()
    town.mailbox.mails.clear()
    town.slack.channel(town.slack.dm(ANA)).messages.clear()
    for phone in town.phones.phones.values():
        phone.thread.clear()
        phone.calls.clear()


def _facts(settings: Settings, plan_arn: str) -> dict[str, Any]:
    """What the page's suggestions need to know; the key pair is good for this run only."""
    secret = settings.secret_access_key
    return {
        "plan_arn": plan_arn,
        "channels": [INCIDENTS, GENERAL],
        "users": [ANA, BEN, CLEO, ADMIN],
        "region": settings.region,
        "access_key_id": settings.access_key_id,
        "secret_access_key": secret.get_secret_value() if secret else "",
    }


async def _serve(town: Town, controls: Controls, port: int) -> str:
    """Serve the page on `port`, or on a free one where it is taken."""
    try:
        return await town.pulse.serve(page_application(town, controls), port)
    except OSError:
        return await town.pulse.serve(page_application(town, controls))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
