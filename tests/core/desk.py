"""A house with what incidents need: topics, response plans, and a wall that chat is put on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

from bot.core.channel import Delivery, Sent, Undeliverable
from bot.core.courier import Courier
from bot.core.store.executor import Store
from bot.core.store.lease import Lease
from tests.harness import ACCOUNT, ANA, REGION, TestHouse

INCIDENTS = "ssm-incidents"
PRINCIPAL = ANA.principal_arn
ROLE = f"arn:aws:iam::{ACCOUNT}:role/chat"


class Wall:
    """A chat channel that keeps what is posted, each post under a timestamp of its own."""

    def __init__(self) -> None:
        self.posts: list[Any] = []
        self.refuses = False

    async def send(self, message: Any) -> Sent:
        if self.refuses:
            raise Undeliverable("not_in_channel")
        if message.kind == "channel_check":
            return Sent("")
        self.posts.append(message)
        return Sent(getattr(message, "ts", None) or f"{len(self.posts)}.000")

    async def was_sent(self, message: Any) -> Sent | Literal[False]:
        found = (n for n, post in enumerate(self.posts, 1) if post.key == message.key)
        return next((Sent(f"{n}.000") for n in found), False)

    async def poll(self, vendor_id: str) -> Delivery | None:
        raise LookupError(vendor_id)

    async def close(self) -> None: ...

    @property
    def cards(self) -> list[Any]:
        return [post for post in self.posts if post.event is None]

    @property
    def replies(self) -> list[str]:
        return [post.event["eventType"] for post in self.posts if post.event is not None]


class Desk(TestHouse):
    def __init__(self, store: Store, lease: Lease) -> None:
        super().__init__(store, frozenset({"email", "sms", "voice", "slack"}))
        self.wall = Wall()
        self.courier = Courier(
            store, self.clock, lease, {"slack": self.wall}, self.dispatcher.unit
        )

    async def work(self, **later: float) -> None:
        """Run what is due and post what waits, and what follows, after time was moved."""
        self.clock.advance(**later)
        for _ in range(3):
            await self.engine.run_due()
            await self.courier.claim()
            await self.courier.settle()

    async def has_topic(self, name: str = "chat", *, read_by: str | None = None) -> str:
        """A topic, linked to the Slack channel of that id."""
        answer = await self.call("sns", "CreateTopic", Name=name)
        if read_by is not None:
            await self.link(read_by, answer["TopicArn"])
        return str(answer["TopicArn"])

    async def link(self, channel_id: str, *topic_arns: str) -> str:
        answer = await self.call(
            "chatbot",
            "CreateSlackChannelConfiguration",
            SlackTeamId="T1",
            SlackChannelId=channel_id,
            IamRoleArn=ROLE,
            ConfigurationName=f"in-{channel_id}",
            SnsTopicArns=list(topic_arns),
        )
        return str(answer["ChannelConfiguration"]["ChatConfigurationArn"])

    async def has_plan(
        self,
        name: str = "payments",
        *,
        topics: Sequence[str] = (),
        engages: Sequence[str] = (),
        **template: Any,
    ) -> str:
        """A response plan that engages the contacts of these aliases."""
        more: dict[str, Any] = {"chatChannel": {"chatbotSns": list(topics)}} if topics else {}
        answer = await self.call(
            INCIDENTS,
            "CreateResponsePlan",
            name=name,
            incidentTemplate={"title": "Payments are failing", "impact": 2, **template},
            engagements=[arn_of(alias) for alias in engages],
            **more,
        )
        return str(answer["arn"])

    async def starts(self, plan_arn: str, **parameters: Any) -> str:
        answer = await self.call(
            INCIDENTS, "StartIncident", responsePlanArn=plan_arn, **parameters
        )
        return str(answer["incidentRecordArn"])

    async def resolves(self, incident_arn: str) -> None:
        await self.call(INCIDENTS, "UpdateIncidentRecord", arn=incident_arn, status="RESOLVED")

    async def record(self, incident_arn: str) -> dict[str, Any]:
        answer = await self.call(INCIDENTS, "GetIncidentRecord", arn=incident_arn)
        return dict(answer["incidentRecord"])

    async def event_types(self, incident_arn: str) -> list[str]:
        """In the order in which they came about."""
        answer = await self.call(
            INCIDENTS,
            "ListTimelineEvents",
            incidentRecordArn=incident_arn,
            sortOrder="ASCENDING",
        )
        return [event["eventType"] for event in answer["eventSummaries"]]


def arn_of(alias: str) -> str:
    return f"arn:aws:ssm-contacts:{REGION}:{ACCOUNT}:contact/{alias}"


@asynccontextmanager
async def open_desk(store: Store) -> AsyncIterator[Desk]:
    lease = Lease(store)
    await lease.start()
    desk = Desk(store, lease)
    await desk.call(INCIDENTS, "CreateReplicationSet", regions={REGION: {}})
    yield desk
    await desk.close()
    await lease.end()
