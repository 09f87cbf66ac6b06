"""The program itself, with its data, as a child process."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks.client import KEY_ID, REGION, SECRET
from benchmarks.machine import Child, start

ACCOUNT = "111122223333"
PLAN = f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/payments"
CONTACT = f"arn:aws:ssm-contacts:{REGION}:{ACCOUNT}:contact/ana"
SERVER_CPU, LOAD_CPU = 0, 1


@dataclass(frozen=True, slots=True)
class SinkReport:
    """How many messages came so far; when each incident's first one did, since the last
    report (incident number, `time.monotonic_ns`).
    """

    taken: int
    first: Mapping[int, int]


class Vendors:
    """The sink: an SMS vendor and a mail server that take everything at once."""

    def __init__(self, folder: Path) -> None:
        log = folder / "sink.log"
        self.child = start("-m", "benchmarks.servers", "sink", cpu=LOAD_CPU, log=log)
        found = re.search(r"mails on (\d+)", log.read_text())
        self.mail_port = int(found[1]) if found else 0

    def report(self) -> SinkReport:
        url = f"http://127.0.0.1:{self.child.port}/report"
        with urllib.request.urlopen(url) as answer:
            document = orjson.loads(answer.read())
        return SinkReport(document["taken"], dict(map(tuple, document["first"])))


def settings(database: Path, vendors: Vendors | None, *, slack: bool = False) -> dict[str, str]:
    """The environment of a program in production, but for the addresses of its vendors."""
    environment = {
        "IMBOT_DATABASE_URL": f"sqlite:///{database}",
        "IMBOT_PORT": "0",
        "IMBOT_PUBLIC_URL": "https://imbot.example.com",
        "IMBOT_ACCESS_KEY_ID": KEY_ID,
        "IMBOT_SECRET_ACCESS_KEY": SECRET,
        "TWILIO_ACCOUNT_SID": f"AC{0:032x}",
        "TWILIO_AUTH_TOKEN": f"{0:032x}",
        "TWILIO_FROM_NUMBER": "+15005550006",
        "TWILIO_API_URL": f"http://127.0.0.1:{vendors.child.port if vendors else 9}",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(vendors.mail_port if vendors else 9),
        "SMTP_FROM": "imbot@example.com",
        "SMTP_SECURITY": "none",
        # Every incident pages the same two channels, which must not wait for one another.
        "IMBOT_SECONDS_BETWEEN_MAILS": "0.000001",
        "IMBOT_SECONDS_BETWEEN_TEXTS": "0.000001",
    }
    if slack:
        environment |= {
            "SLACK_BOT_TOKEN": "xoxb-1-bench",
            "SLACK_SIGNING_SECRET": "bench",
            "SLACK_API_URL": "http://127.0.0.1:9/api/",
        }
    return environment


SERVE = ("bot", "serve")


def start_program(
    folder: Path, environment: Mapping[str, str], command: Sequence[str] = SERVE
) -> Child:
    return start(
        "-m", *command, cpu=SERVER_CPU, environment=environment, log=folder / "bot.log"
    )


@contextmanager
def running(
    folder: Path, environment: Mapping[str, str], command: Sequence[str] = SERVE
) -> Iterator[Child]:
    child = start_program(folder, environment, command)
    try:
        yield child
    finally:
        child.stop()


def prepare(database: Path, vendors: Vendors) -> None:
    """A contact whose plan tells two channels at once, and a response plan that engages it."""
    asyncio.run(call_within(settings(database, vendors), _prepare))
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE contact_channel SET is_activated = 1")
    connection.close()


Call = Callable[..., Awaitable[dict[str, Any]]]


async def call_within(
    environment: Mapping[str, str], work: Callable[[Call], Awaitable[None]]
) -> None:
    """Do what is asked as the administrator, in a program that carries nothing."""
    from bot.app import first_credential, open_app
    from bot.core.access import Caller
    from bot.core.dispatch import Request, new_request_id
    from bot.settings import Settings

    given = Settings(**environment)  # type: ignore[arg-type]
    credential = first_credential(given)
    assert credential is not None
    caller = Caller(
        account_id=ACCOUNT,
        principal_arn=credential.principal_arn,
        actor="administrator",
        door="api",
        region=REGION,
    )
    async with open_app(given, only="web") as app:

        async def call(service: str, operation: str, **parameters: Any) -> dict[str, Any]:
            request = Request(
                service=service,
                operation=operation,
                parameters=parameters,
                caller=caller,
                request_id=new_request_id(),
            )
            return await app.dispatcher.answer(request)

        await work(call)


async def _prepare(call: Call) -> None:
    await call("ssm-incidents", "CreateReplicationSet", regions={REGION: {}})
    empty: dict[str, Any] = {"Stages": []}
    await call("ssm-contacts", "CreateContact", Alias="ana", Type="PERSONAL", Plan=empty)
    targets = []
    for medium, address in (("SMS", "+14155550101"), ("EMAIL", "ana@example.com")):
        created = await call(
            "ssm-contacts",
            "CreateContactChannel",
            ContactId=CONTACT,
            Name=medium.lower(),
            Type=medium,
            DeliveryAddress={"SimpleAddress": address},
            DeferActivation=True,
        )
        channel = {"ContactChannelId": created["ContactChannelArn"]}
        targets.append({"ChannelTargetInfo": channel})
    stages = [{"DurationInMinutes": 30, "Targets": targets}]
    await call("ssm-contacts", "UpdateContact", ContactId=CONTACT, Plan={"Stages": stages})
    await call(
        "ssm-incidents",
        "CreateResponsePlan",
        name="payments",
        incidentTemplate={"title": "Payments", "impact": 1, "summary": "Cards fail."},
        engagements=[CONTACT],
    )
