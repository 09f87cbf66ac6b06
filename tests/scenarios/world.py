"""The whole house between the playground's vendors, under a clock that the test moves.

Nothing runs by itself: `settle` lets engine, courier and vendors work until all are still.
"""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Any

from bot.app import App, first_credential, open_app
from bot.core.access import Caller
from bot.core.dispatch import Request, new_request_id
from bot.core.service_models import validate_output
from bot.playground.phone import Phone
from bot.playground.slack import ADMIN, INCIDENTS
from bot.playground.slack_state import TEAM_ID
from bot.playground.town import Town
from bot.settings import Settings
from tests.conftest import MASTER_KEY
from tests.scenarios.clock import MovedClock, jobs_due, timers

ACCOUNT, REGION = "111122223333", "us-east-1"
KEY_ID, SECRET = "AKIDWORLDWORLDWORLD1", "the-first-secret-of-the-world"
PLAN = f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/payments"
TITLE = "Payments are failing"
CODE = re.compile(r"\b\d{6}\b")


class World:
    def __init__(self, app: App, town: Town, clock: MovedClock) -> None:
        self.app = app
        self.town = town
        self.clock = clock
        credential = first_credential(app.settings)
        assert credential is not None
        self._caller = Caller(
            account_id=ACCOUNT,
            principal_arn=credential.principal_arn,
            actor="administrator",
            door="api",
            region=REGION,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.app.port}"

    # What is asked

    async def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Ask as the administrator; what follows from it happens at once."""
        answer = await self.ask(service, operation, **parameters)
        await self.settle()
        return answer

    async def ask(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Ask, and let nothing follow yet."""
        request = Request(
            service=service,
            operation=operation,
            parameters=parameters,
            caller=self._caller,
            request_id=new_request_id(),
        )
        answer = await self.app.dispatcher.answer(request)
        validate_output(service, operation, answer)
        return answer

    async def say(self, text: str, *, user: str = ADMIN, thread_ts: str | None = None) -> None:
        """Type into #incidents."""
        await self.town.slack.say(user, INCIDENTS, text, thread_ts=thread_ts)
        await self.settle()

    async def replies(self, name: str, text: str) -> None:
        """Text back from a phone."""
        await self.phone(name).text(text)
        await self.settle()

    async def presses(self, name: str, key: str) -> str:
        """Press a key in a call; what is said to that."""
        said = await self.phone(name).press(key)
        await self.settle()
        return said

    async def asks_the_vendor(self) -> None:
        """Let the poller ask once, as it does every few seconds."""
        await self.app.poller.ask()
        await self.settle()

    # How time goes

    async def settle(self) -> None:
        """Let everything that is due now happen, until nobody has anything left to do."""
        while True:
            await self.town.settle()
            jobs = await self.app.engine.run_due()
            await self.app.courier.settle()  # what fails now may be due again at once
            claimed = await self.app.courier.claim()
            await self.town.settle()
            is_still = not jobs and not claimed and not await self._is_anything_due()
            if is_still and self.app.courier.is_still:
                return

    async def advance(self, **by: float) -> None:
        """Let time pass, each timer on its instant."""
        end = self.clock.later(**by)
        while (at := await self._next_timer()) is not None and at <= end:
            self.clock.move_to(at)
            await self.settle()
        self.clock.move_to(end)
        await self.settle()

    async def advance_to(self, hour: int) -> None:
        """Let time pass until it is that hour of the day, UTC."""
        await self.advance(hours=(hour - self.clock.now().hour) % 24)

    async def sleep_through(self, **by: float) -> None:
        """Let time pass while nobody is awake, as if the process had been down."""
        self.clock.move_to(self.clock.later(**by))
        await self.settle()

    async def _next_timer(self) -> datetime | None:
        now = self.clock.now()
        due = [at for at in await self.app.store.read(timers) if at > now]
        return min(due, default=None)

    async def _is_anything_due(self) -> bool:
        now = self.clock.now()
        return any(at <= now for at in await self.app.store.read(jobs_due))

    # Who lives here

    async def has_person(self, name: str, *media: str, minutes: int = 5, retry: int = 0) -> str:
        """A contact whose activated channels are told one after the other; answers its ARN."""
        arn = await self.has_contact(name)
        channels = [await self.has_channel(name, medium) for medium in media or ("SMS",)]
        stages = [
            {
                "DurationInMinutes": minutes,
                "Targets": [
                    {
                        "ChannelTargetInfo": {
                            "ContactChannelId": channel,
                            "RetryIntervalInMinutes": retry,
                        }
                    }
                ],
            }
            for channel in channels
        ]
        await self.call("ssm-contacts", "UpdateContact", ContactId=arn, Plan={"Stages": stages})
        return arn

    async def has_contact(self, name: str) -> str:
        """Somebody without channels; answers the ARN."""
        created = await self.call(
            "ssm-contacts",
            "CreateContact",
            Alias=name,
            DisplayName=name.capitalize(),
            Type="PERSONAL",
            Plan={"Stages": []},
        )
        return str(created["ContactArn"])

    async def has_channel(
        self, name: str, medium: str, *, activated: bool = True, address: str | None = None
    ) -> str:
        created = await self.call(
            "ssm-contacts",
            "CreateContactChannel",
            ContactId=contact_arn(name),
            Name=medium.lower(),
            Type=medium,
            DeliveryAddress={"SimpleAddress": address or self.address(name, medium)},
            DeferActivation=not activated,
        )
        channel = str(created["ContactChannelArn"])
        if activated:
            owner = name if address is None else self.town.phones[address].facts.name
            code = await self.activation_code(owner, medium)
            await self.call(
                "ssm-contacts",
                "ActivateContactChannel",
                ContactChannelId=channel,
                ActivationCode=code,
            )
        return channel

    def address(self, name: str, medium: str) -> str:
        if medium == "EMAIL":
            return f"{name}@example.com"
        return self.phone(name).number

    async def activation_code(self, name: str, medium: str) -> str:
        """Read the code where a person would: in the text, in the mail, or on the phone."""
        if medium == "SMS":
            return code_in(self.phone(name).texts[-1])
        if medium == "EMAIL":
            return code_in(self.town.mailbox.to(self.address(name, "EMAIL"))[-1].text)
        phone = self.phone(name)
        spoken = await phone.answer()
        if phone.call is not None:  # it waits for a key
            spoken = await phone.press("1")
        await self.settle()
        digits = "".join(character for character in spoken if character.isdigit())
        return digits[:6]

    async def has_escalation_plan(
        self,
        name: str,
        stages: Sequence[tuple[str | tuple[str, ...], int]],
        *,
        is_essential: bool = True,
    ) -> str:
        """Stages of (name or names, minutes)."""
        plan = [
            {
                "DurationInMinutes": minutes,
                "Targets": [
                    {
                        "ContactTargetInfo": {
                            "ContactId": contact_arn(one),
                            "IsEssential": is_essential,
                        }
                    }
                    for one in ((names,) if isinstance(names, str) else names)
                ],
            }
            for names, minutes in stages
        ]
        created = await self.call(
            "ssm-contacts",
            "CreateContact",
            Alias=name,
            Type="ESCALATION",
            Plan={"Stages": plan},
        )
        return str(created["ContactArn"])

    async def has_response_plan(self, *engaged: str, topic: str | Sequence[str] = ()) -> str:
        topics = [topic] if isinstance(topic, str) else list(topic)
        chat = {"chatChannel": {"chatbotSns": topics}} if topics else {}
        created = await self.call(
            "ssm-incidents",
            "CreateResponsePlan",
            name="payments",
            incidentTemplate={"title": TITLE, "impact": 1, "summary": "Cards are declined."},
            engagements=[contact_arn(name) for name in engaged],
            **chat,
        )
        return str(created["arn"])

    async def has_topic_in_slack(self, *channels: str, name: str = "incidents") -> str:
        """A topic that is linked to these channels, or to #incidents; answers its ARN."""
        topic = str((await self.call("sns", "CreateTopic", Name=name))["TopicArn"])
        for channel in channels or (INCIDENTS,):
            await self.call(
                "chatbot",
                "CreateSlackChannelConfiguration",
                SlackTeamId=TEAM_ID,
                SlackChannelId=channel,
                ConfigurationName=f"{name}-{channel}",
                IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/responders",
                SnsTopicArns=[topic],
            )
        return topic

    async def starts_incident(self) -> str:
        started = await self.call("ssm-incidents", "StartIncident", responsePlanArn=PLAN)
        return str(started["incidentRecordArn"])

    # What can be seen

    def phone(self, name: str) -> Phone:
        return self.town.phones[name]

    def pages_on(self, name: str) -> list[str]:
        """The texts on a phone that page, oldest first."""
        return [text for text in self.phone(name).texts if TITLE in text]

    def mails_to(self, name: str) -> list[Any]:
        return [m for m in self.town.mailbox.to(f"{name}@example.com") if TITLE in m.text]

    async def channel_of(self, name: str, medium: str) -> dict[str, Any]:
        """A contact's one channel of a medium, as ListContactChannels shows it."""
        listed = await self.call(
            "ssm-contacts", "ListContactChannels", ContactId=contact_arn(name)
        )
        (found,) = (one for one in listed["ContactChannels"] if one["Type"] == medium)
        return dict(found)

    async def channel_arn(self, name: str, medium: str) -> str:
        return str((await self.channel_of(name, medium))["ContactChannelArn"])

    async def activation_status(self, name: str, medium: str) -> str:
        return str((await self.channel_of(name, medium))["ActivationStatus"])

    async def incidents(self) -> list[dict[str, Any]]:
        """The incidents' summaries, as ListIncidentRecords shows them."""
        listed = await self.call("ssm-incidents", "ListIncidentRecords")
        return list(listed["incidentRecordSummaries"])

    async def timeline(self) -> list[str]:
        """The event types of the only incident, oldest first."""
        (incident,) = await self.incidents()
        events = await self.call(
            "ssm-incidents",
            "ListTimelineEvents",
            incidentRecordArn=incident["arn"],
            sortBy="EVENT_TIME",
            sortOrder="ASCENDING",
        )
        return [event["eventType"] for event in events["eventSummaries"]]

    async def receipts_of(self, name: str) -> list[tuple[str, str]]:
        """(type, info) of every receipt of a contact's pages, oldest first."""
        receipts = await self._receipts(name)
        return [(r["ReceiptType"], r.get("ReceiptInfo", "")) for r in receipts]

    async def times_of_receipts(self, name: str, kind: str) -> list[datetime]:
        receipts = await self._receipts(name)
        return [r["ReceiptTime"] for r in receipts if r["ReceiptType"] == kind]

    async def _receipts(self, name: str) -> list[dict[str, Any]]:
        pages = await self.call(
            "ssm-contacts", "ListPagesByContact", ContactId=contact_arn(name)
        )
        receipts: list[dict[str, Any]] = []
        for page in pages["Pages"]:
            answer = await self.call("ssm-contacts", "ListPageReceipts", PageId=page["PageArn"])
            receipts += answer["Receipts"]
        return sorted(receipts, key=lambda receipt: receipt["ReceiptTime"])


def contact_arn(name: str) -> str:
    return f"arn:aws:ssm-contacts:{REGION}:{ACCOUNT}:contact/{name}"


def code_in(text: str) -> str:
    found = CODE.search(text)
    assert found is not None, "no code in the message"
    return found.group()


def free_port() -> int:
    """None that the system gives to clients: a house that ended comes back to its port."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@asynccontextmanager
async def open_world(
    database_url: str,
    *,
    has_public_url: bool = True,
    has_replication_set: bool = True,
    **more: str,
) -> AsyncIterator[World]:
    """A house with one replication set, and phones for ana, ben and cleo.

    At the end the town must have nothing to report that nobody expected.
    """
    clock = MovedClock()
    async with Town(now=clock.now, socket_mode=not has_public_url) as town:
        for number, name in enumerate(("ana", "ben", "cleo"), 1):
            town.phones.add(f"+1415555010{number}", name)
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        environment = {
            **town.settings,
            "IMBOT_DATABASE_URL": database_url,
            "IMBOT_MASTER_KEY": MASTER_KEY,
            "IMBOT_PORT": str(port),
            "IMBOT_ACCESS_KEY_ID": KEY_ID,
            "IMBOT_SECRET_ACCESS_KEY": SECRET,
            "IMBOT_SLACK_ADMINS": ADMIN,
            **({"IMBOT_PUBLIC_URL": url} if has_public_url else {}),
            **more,
        }
        async with open_app(
            Settings.model_validate(environment), clock=clock, only="web"
        ) as app:
            await town.connect(url, is_public=has_public_url)
            if not has_public_url:
                await town.until(lambda: town.slack.server.door.sockets)
            world = World(app, town, clock)
            if has_replication_set:
                await world.call("ssm-incidents", "CreateReplicationSet", regions={REGION: {}})
            yield world
            await world.settle()
            assert list(town.surprises) == [], town.surprises
