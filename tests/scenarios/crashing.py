"""The real program in a process of its own, between the playground's vendors, to be killed."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import boto3
from aiohttp import web
from botocore.config import Config

from bot.playground.pulse import Faults, Handler, Pulse
from bot.playground.smtp import Envelope
from bot.playground.town import Town
from tests.scenarios.world import ACCOUNT, KEY_ID, PLAN, REGION, SECRET, code_in, free_port

ROOT = Path(__file__).parents[2]
PEOPLE = {"ana": "+12065550101", "ben": "+12065550102"}
CALLERS = 32


class Trap(Faults):
    """Springs at a request to the phone vendor: before it is answered, or once it is done.

    `seen` holds the names of all requests so far.
    """

    def __init__(self, pulse: Pulse) -> None:
        super().__init__()
        self.pulse = pulse
        self.seen: list[str] = []
        self.waits_for = ""
        self.lets_it_be_done = False
        self.spring: Callable[[], None] = lambda: None

    def set_for(self, request: str, spring: Callable[[], None], *, done: bool) -> None:
        self.waits_for, self.spring, self.lets_it_be_done = request, spring, done

    async def answer(
        self, name: str, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        self.seen.append(name)
        self.pulse.changed()
        if not self.waits_for or not fnmatch(name, self.waits_for):
            return await super().answer(name, request, handler)
        self.waits_for = ""
        done = await handler(request) if self.lets_it_be_done else None
        self.spring()
        return done or web.Response(status=500)


class Bot:
    """`imbot serve` on one SQLite file; it may be started again after its end."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town = town
        self.trap = town.phones.rest.faults = Trap(town.pulse)
        self.database = folder / "imbot.db"
        self.port = free_port()
        self.log: list[str] = []
        self.limits = {"IMBOT_SECONDS_BETWEEN_TEXTS": "0", "IMBOT_SECONDS_BETWEEN_MAILS": "0"}
        """So that each page leaves as a message of its own, and can be counted."""
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._threads = ThreadPoolExecutor(CALLERS)
        self._clients: dict[str, Any] = {}
        self._letters: list[tuple[str, str]] = []

    @property
    def environment(self) -> Mapping[str, str]:
        url = f"http://127.0.0.1:{self.port}"
        vendors = {k: v for k, v in self.town.settings.items() if not k.startswith("SLACK")}
        return vendors | {
            "PATH": os.environ["PATH"],
            "IMBOT_DATABASE_URL": f"sqlite:///{self.database}",
            "IMBOT_PORT": str(self.port),
            "IMBOT_PUBLIC_URL": url,
            "IMBOT_ACCESS_KEY_ID": KEY_ID,
            "IMBOT_SECRET_ACCESS_KEY": SECRET,
            **self.limits,
        }

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "serve"),
            cwd=ROOT,
            env=self.environment,
            stderr=asyncio.subprocess.PIPE,
        )
        listens = asyncio.Event()
        self._reader = asyncio.create_task(self._read(listens))
        try:
            async with asyncio.timeout(30):
                await listens.wait()
        except TimeoutError:
            raise AssertionError("\n".join(self.log)) from None

    async def _read(self, listens: asyncio.Event) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.log.append(line.decode().rstrip())
            if "answers on" in self.log[-1]:
                listens.set()

    def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def ends(self) -> int:
        """Wait for the end of the process; answers its status."""
        assert self._process is not None
        assert self._reader is not None
        async with asyncio.timeout(20):
            status = await self._process.wait()
            await self._reader
        return status

    async def stop(self) -> None:
        """Ask it to stop, as a service manager does."""
        self.terminate()
        assert await self.ends() == 0

    def terminate(self) -> None:
        assert self._process is not None
        self._process.terminate()

    async def close(self) -> None:
        self.kill()
        await self.ends()
        for client in self._clients.values():
            client.close()
        self._threads.shutdown()

    async def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call through boto3; the operation's name is in snake case."""
        method = getattr(self._client(service), operation)
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._threads, lambda: method(**parameters))
        return dict(answer)

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,
                endpoint_url=f"http://127.0.0.1:{self.port}",
                region_name=REGION,
                aws_access_key_id=KEY_ID,
                aws_secret_access_key=SECRET,
                config=Config(retries={"total_max_attempts": 1}, max_pool_connections=CALLERS),
            )
        return self._clients[service]

    # Who lives here

    async def has_person(self, name: str, *media: str) -> str:
        """A person who is told by all these media at once, for five minutes."""
        created = await self.call(
            "ssm-contacts", "create_contact", Alias=name, Type="PERSONAL", Plan={"Stages": []}
        )
        contact = str(created["ContactArn"])
        targets = [
            {
                "ChannelTargetInfo": {
                    "ContactChannelId": await self._has_channel(contact, name, medium),
                    "RetryIntervalInMinutes": 0,
                }
            }
            for medium in media
        ]
        plan = {"Stages": [{"DurationInMinutes": 5, "Targets": targets}]}
        await self.call("ssm-contacts", "update_contact", ContactId=contact, Plan=plan)
        return contact

    async def _has_channel(self, contact: str, name: str, medium: str) -> str:
        is_text = medium == "SMS"
        created = await self.call(
            "ssm-contacts",
            "create_contact_channel",
            ContactId=contact,
            Name=medium.lower(),
            Type=medium,
            DeliveryAddress={
                "SimpleAddress": PEOPLE[name] if is_text else f"{name}@example.com"
            },
        )
        channel = str(created["ContactChannelArn"])
        told = await self.town.until(
            lambda: self.texts_to(name) if is_text else self.mails_to(name)
        )
        await self.call(
            "ssm-contacts",
            "activate_contact_channel",
            ContactChannelId=channel,
            ActivationCode=code_in(told[-1]),
        )
        return channel

    async def has_response_plan(self, *engages: str) -> None:
        await self.call(
            "ssm-incidents",
            "create_response_plan",
            name="payments",
            incidentTemplate={"title": "Payments are failing", "impact": 1},
            engagements=list(engages),
        )

    async def has_escalation_plan(self, *contacts: str) -> str:
        stages = [
            {
                "DurationInMinutes": 5,
                "Targets": [{"ContactTargetInfo": {"ContactId": arn, "IsEssential": True}}],
            }
            for arn in contacts
        ]
        created = await self.call(
            "ssm-contacts",
            "create_contact",
            Alias="on-call",
            Type="ESCALATION",
            Plan={"Stages": stages},
        )
        return str(created["ContactArn"])

    async def starts_incident(self, title: str) -> str:
        started = await self.call(
            "ssm-incidents", "start_incident", responsePlanArn=PLAN, title=title
        )
        return str(started["incidentRecordArn"])

    # What can be seen

    def texts_to(self, name: str, title: str = "") -> list[str]:
        return [text for text in self.town.phones[name].texts if title in text]

    def mails_to(self, name: str, title: str = "") -> list[str]:
        for mail in self.town.mailbox.mails[len(self._letters) :]:
            self._letters.append((mail.to, f"{mail.subject}\n{mail.text}"))
        address = f"{name}@example.com"
        return [text for to, text in self._letters if to == address and title in text]

    async def receipts_of(self, contact_arn: str) -> list[str]:
        """The types of all receipts of a contact's pages."""
        pages = await self.call("ssm-contacts", "list_pages_by_contact", ContactId=contact_arn)
        found = []
        for page in pages["Pages"]:
            listed = await self.call(
                "ssm-contacts", "list_page_receipts", PageId=page["PageArn"]
            )
            found += [receipt["ReceiptType"] for receipt in listed["Receipts"]]
        return found

    # What is done to it

    def dies_at_text(self, *, once_done: bool) -> None:
        """Kill it when its next text comes to the vendor, before or after it is taken."""
        self.trap.set_for("POST Messages", self.kill, done=once_done)

    def dies_at_mail(self) -> None:
        """Kill it when its next mail was taken, before it is told so."""
        server = self.town.mailbox.server
        deliver = server._deliver

        def deliver_and_kill(envelope: Envelope, raw: bytes) -> None:
            server._deliver = deliver
            deliver(envelope, raw)
            self.kill()

        server._deliver = deliver_and_kill

    def sleeps_through(self, span: timedelta) -> None:
        """Let time pass while it is dead: everything that it remembers is so much older."""
        microseconds = span // timedelta(microseconds=1)
        with sqlite3.connect(self.database) as connection:
            for table, column in (
                ("job", "due_at"),
                ("outbox", "due_at"),
                ("engagement", "stage_begun_at"),
                ("engagement", "alarm_at"),
                ("target", "told_at"),
            ):
                earlier = f"{column} = {column} - {microseconds}"
                connection.execute(f"UPDATE {table} SET {earlier}")  # noqa: S608
        connection.close()

    def left_over(self) -> tuple[int, int]:
        """How many messages wait in the dead bot's outbox, and how many are in doubt."""
        connection = sqlite3.connect(self.database)
        try:
            counts = connection.execute("SELECT count(*), total(is_doubtful) FROM outbox")
            waiting, doubtful = counts.fetchone()
            return int(waiting), int(doubtful)
        finally:
            connection.close()


@asynccontextmanager
async def open_bot(folder: Path) -> AsyncIterator[Bot]:
    """A running bot with a replication set, and phones for ana and ben."""
    async with Town() as town:
        for name, number in PEOPLE.items():
            town.phones.add(number, name)
        bot = Bot(town, folder)
        await bot.start()
        await town.connect(f"http://127.0.0.1:{bot.port}")
        try:
            await bot.call("ssm-incidents", "create_replication_set", regions={REGION: {}})
            yield bot
        finally:
            await bot.close()


def arn_of(name: str) -> str:
    return f"arn:aws:ssm-contacts:{REGION}:{ACCOUNT}:contact/{name}"
