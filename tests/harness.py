"""A house without doors on a real store: calls are made, time is moved, messages collected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.core import operations, tasks
from bot.core.access import Caller
from bot.core.channel import Activation, Message, Page
from bot.core.context import House, Limits, Rules
from bot.core.dispatch import Dispatcher, Request, new_request_id
from bot.core.effects.outbox import message_of
from bot.core.engine import Engine
from bot.core.errors import ServiceError
from bot.core.ids import new_key
from bot.core.keyring import Keyring
from bot.core.service_models import validate_output
from bot.core.store.executor import Store
from bot.core.store.schema import R
from bot.core.store.work import Outbox

LOADED = (operations, tasks)
ACCOUNT = "111122223333"
REGION = "us-east-1"
CONTACTS = "ssm-contacts"
ANA = Caller(
    account_id=ACCOUNT,
    principal_arn=f"arn:aws:iam::{ACCOUNT}:user/ana",
    actor="ana",
    door="api",
    region=REGION,
)
ADDRESSES = {"EMAIL": "{}@example.com", "SMS": "+12065550100", "VOICE": "+12065550100"}


def contact_arn(alias: str) -> str:
    return f"arn:aws:ssm-contacts:{REGION}:{ACCOUNT}:contact/{alias}"


class TestClock:
    """Stands still until it is moved."""

    __test__ = False

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, **by: float) -> None:
        self._now += timedelta(**by)

    async def wait(self, woken: asyncio.Event, until: datetime | None) -> None:
        if until is None or until > self._now:
            await woken.wait()

    async def linger(self, seconds: float) -> None:
        """No time passes by itself."""


class TestHouse:
    """One account; `caller` may be changed. Every answer is held against the service model."""

    __test__ = False

    def __init__(self, store: Store, media: frozenset[str]) -> None:
        self.store = store
        self.clock = TestClock()
        self.caller = ANA
        self.messages: list[Message] = []
        self.public_url: str | None = None
        self.rules = Rules()
        self.limits = Limits()
        self._owner = new_key()
        self._dispatchers: list[Dispatcher] = []
        self.has_media(*media)

    def has_media(self, *media: str) -> None:
        """Go on as a process that has settings for these media, and no others."""
        house = House(
            name_owner=lambda: self._owner,
            media=frozenset(media),
            public_url=self.public_url,
            carry=self._carry,
            wake_engine=lambda _: None,
            wake_courier=lambda: None,
            rules=self.rules,
            limits=self.limits,
        )
        self.dispatcher = Dispatcher(self.store, self.clock, house, Keyring(self.store, None))
        self._dispatchers.append(self.dispatcher)
        self.engine = Engine(self.store, self.clock, self.dispatcher.unit)

    def has_rules(self, **rules: bool) -> None:
        """Go on as a process whose operator chose so."""
        self.rules = Rules(**rules)
        self.has_media("email", "sms", "voice", "slack")

    def has_limits(self, limits: Limits) -> None:
        """Go on as a process whose operator chose these."""
        self.limits = limits
        self.has_media("email", "sms", "voice", "slack")

    def is_reachable(self, public_url: str = "https://bot.example.com") -> None:
        """Go on as a process that vendors reach at this address."""
        self.public_url = public_url
        self.has_media("email", "sms", "voice", "slack")

    def _carry(self, rows: list[Outbox]) -> None:
        self.messages += [message_of(row.message) for row in rows]

    async def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        request = Request(
            service=service,
            operation=operation,
            parameters=parameters,
            caller=self.caller,
            request_id=new_request_id(),
        )
        answer = await self.dispatcher.answer(request)
        validate_output(service, operation, answer)
        return answer

    async def refusal(self, service: str, operation: str, **parameters: Any) -> ServiceError:
        """The error that a call ends in; where it ends in none, the test fails."""
        try:
            answer = await self.call(service, operation, **parameters)
        except ServiceError as refusal:
            return refusal
        raise AssertionError(f"{operation} was answered: {answer}")

    async def run_due(self, **later: float) -> None:
        """Run the jobs that are due, after time was moved by so much."""
        self.clock.advance(**later)
        await self.engine.run_due()

    async def rows(self, row_type: type[R], **equal: Any) -> list[R]:
        return await self.store.read(lambda tx: tx.select(row_type, **equal))

    def acts_as(self, **changes: Any) -> None:
        """Let the next calls come from another caller, or through another door."""
        self.caller = replace(ANA, **changes)

    def pages(self) -> list[Page]:
        """All messages that page somebody, the newest last."""
        return [message for message in self.messages if isinstance(message, Page)]

    def last_page(self) -> Page:
        return self.pages()[-1]

    def last_activation(self) -> Activation:
        return [each for each in self.messages if isinstance(each, Activation)][-1]

    # Things to begin with

    async def has_contact(self, alias: str = "ana", **more: Any) -> str:
        """A person, unless `Type` says otherwise, with an empty plan; answers the ARN."""
        given = {"Type": "PERSONAL", "Plan": {"Stages": []}, **more}
        answer = await self.call(CONTACTS, "CreateContact", Alias=alias, **given)
        return str(answer["ContactArn"])

    async def has_channel(
        self,
        contact_arn: str,
        medium: str = "SMS",
        address: str | None = None,
        *,
        is_activated: bool = True,
    ) -> str:
        """A contact channel, activated by the code that came to it; answers the ARN."""
        alias = contact_arn.rsplit("/", 1)[1]
        answer = await self.call(
            CONTACTS,
            "CreateContactChannel",
            ContactId=contact_arn,
            Name=medium.lower(),
            Type=medium,
            DeliveryAddress={"SimpleAddress": address or ADDRESSES[medium].format(alias)},
        )
        arn = str(answer["ContactChannelArn"])
        if is_activated:
            await self.activate(arn)
        return arn

    async def activate(self, channel_arn: str) -> None:
        await self.call(
            CONTACTS,
            "ActivateContactChannel",
            ContactChannelId=channel_arn,
            ActivationCode=self.last_activation().code,
        )

    async def has_person(
        self, alias: str = "ana", *media: str, minutes: int = 5, retry: int = 0
    ) -> str:
        """A person with one stage of these media (SMS unless named), activated."""
        contact = await self.has_contact(alias)
        targets = [
            {
                "ChannelTargetInfo": {
                    "ContactChannelId": await self.has_channel(contact, medium),
                    "RetryIntervalInMinutes": retry,
                }
            }
            for medium in media or ("SMS",)
        ]
        plan = {"Stages": [{"DurationInMinutes": minutes, "Targets": targets}]}
        await self.call(CONTACTS, "UpdateContact", ContactId=contact, Plan=plan)
        return contact

    async def has_escalation_plan(
        self, alias: str, *contact_arns: str, minutes: int = 5
    ) -> str:
        """An escalation plan with one essential contact a stage."""
        stages = [
            {
                "DurationInMinutes": minutes,
                "Targets": [{"ContactTargetInfo": {"ContactId": arn, "IsEssential": True}}],
            }
            for arn in contact_arns
        ]
        return await self.has_contact(alias, Type="ESCALATION", Plan={"Stages": stages})

    async def has_incident(self) -> str:
        """An open incident that engages nobody; answers the ARN."""
        plan = await self.call(
            "ssm-incidents",
            "CreateResponsePlan",
            name=f"plan-{new_key()}",
            incidentTemplate={"title": "It burns", "impact": 2},
        )
        answer = await self.call("ssm-incidents", "StartIncident", responsePlanArn=plan["arn"])
        return str(answer["incidentRecordArn"])

    async def engages(self, contact_arn: str, **more: Any) -> str:
        """Start an engagement; answers its ARN."""
        given = {"Sender": "tests", "Subject": "It burns", "Content": "All of it.", **more}
        answer = await self.call(CONTACTS, "StartEngagement", ContactId=contact_arn, **given)
        return str(answer["EngagementArn"])

    async def pages_of(self, engagement_arn: str) -> list[dict[str, Any]]:
        answer = await self.call(CONTACTS, "ListPagesByEngagement", EngagementId=engagement_arn)
        return list(answer["Pages"])

    async def receipts_of(self, page_arn: str) -> list[dict[str, Any]]:
        answer = await self.call(CONTACTS, "ListPageReceipts", PageId=page_arn)
        return list(answer["Receipts"])

    async def close(self) -> None:
        for dispatcher in self._dispatchers:
            await dispatcher.close()


@asynccontextmanager
async def open_house(store: Store, *media: str) -> AsyncIterator[TestHouse]:
    """A house in us-east-1 and eu-west-1, with settings for all media unless some are named."""
    house = TestHouse(store, frozenset(media or ("email", "sms", "voice", "slack")))
    await house.call(
        "ssm-incidents", "CreateReplicationSet", regions={REGION: {}, "eu-west-1": {}}
    )
    yield house
    await house.close()
