"""Whatever the models allow is answered or refused: nothing breaks, and every answer fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core.channel import Notification
from bot.core.errors import InternalServerException, ServiceError
from bot.core.registry import handlers, load
from bot.core.store.executor import Store, open_store
from bot.core.store.work import Job
from tests.conftest import MASTER_KEY
from tests.core.strategies import Parameters, inputs_of
from tests.harness import ACCOUNT, CONTACTS, REGION, TestHouse, open_house
from tests.on_call import has_rotation, has_schedule, overrides

INCIDENTS = "ssm-incidents"
ENDS_ALL = (INCIDENTS, "DeleteReplicationSet")
load("ssm")
OPERATIONS = sorted(set(handlers) - {ENDS_ALL})
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:chat"
HARD_TO_PLEASE = frozenset(
    {
        "ConfirmSlackLink",
        "CreateContactChannel",
        "CreateReplicationSet",
        "CreateRotationOverride",
        "MuteContact",
        "AddPermission",
        "Publish",
        "PublishBatch",
        "SetSubscriptionAttributes",
        "Subscribe",
        "TakeOverShift",
    }
)
"""There is one already; medium and address, start and end, attribute and value seldom fit by
chance, nor does one address of three alone; only the linked user himself confirms.
"""
AT = datetime(2026, 3, 1, tzinfo=UTC)
PLAN = f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/payments"
SLACK_USER = "U0ANA000001"
WEBHOOK = "https://hooks.chime.aws/incomingwebhooks/1-2-3?token=abc"
POLICY = """{
  "Version": "2012-10-17",
  "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
}"""


class Town:
    """A house in which everything there is stands once, and the names of it all."""

    def __init__(self, house: TestHouse) -> None:
        self.house = house
        self.known: dict[str, list[str]] = {}
        self.arns: dict[str, str] = {}
        self.resources: dict[str, list[str]] = {}

    async def build(self) -> None:
        house = self.house
        ana = await house.has_person("ana", "SMS", "EMAIL", retry=1)
        team = await house.has_escalation_plan("team", ana)
        await house.call("sns", "CreateTopic", Name="chat")
        template = {"title": "It burns", "impact": 2}
        await house.call(
            INCIDENTS,
            "CreateResponsePlan",
            name="payments",
            incidentTemplate=template,
            engagements=[team],
            chatChannel={"chatbotSns": [TOPIC]},
        )
        started = await house.call(INCIDENTS, "StartIncident", responsePlanArn=PLAN)
        incident = started["incidentRecordArn"]
        pages = (await house.call(CONTACTS, "ListPagesByContact", ContactId=ana))["Pages"]
        channels = await house.call(CONTACTS, "ListContactChannels", ContactId=ana)
        note = await house.call(
            INCIDENTS,
            "CreateTimelineEvent",
            incidentRecordArn=incident,
            eventType="Note",
            eventTime=AT,
            eventData='"Restarted"',
        )
        events = await house.call(INCIDENTS, "ListTimelineEvents", incidentRecordArn=incident)
        items = await house.call(INCIDENTS, "ListRelatedItems", incidentRecordArn=incident)
        parent = items["relatedItems"][0]["identifier"]["value"]["arn"]
        sets = await house.call(INCIDENTS, "ListReplicationSets")
        link = await house.call(
            "chatbot",
            "CreateSlackChannelConfiguration",
            SlackTeamId="T1",
            SlackChannelId="C0FIRST",
            IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/chat",
            ConfigurationName="first",
        )
        room = await house.call(
            "chatbot",
            "CreateChimeWebhookConfiguration",
            WebhookDescription="The room",
            WebhookUrl=WEBHOOK,
            SnsTopicArns=[TOPIC],
            IamRoleArn=f"arn:aws:iam::{ACCOUNT}:role/chat",
            ConfigurationName="room",
        )
        put = await house.call(INCIDENTS, "PutResourcePolicy", resourceArn=PLAN, policy=POLICY)
        key = await house.call("imbot", "CreateAccessKey", UserName="ben")
        alarms = await house.call(
            "imbot", "CreateAlarmToken", ResponsePlanArn=PLAN, Name="monitor"
        )
        ben = await house.has_contact("ben")
        rotation = await has_rotation(house, "ben")
        override = await overrides(house, rotation, "ben")
        await has_schedule(house, rotation)
        taken = await house.call(
            "imbot", "TakeOverShift", RotationId=rotation, ContactId=ben, DurationInMinutes=60
        )
        house.is_reachable()
        calendar = await house.call("imbot", "CreateCalendarLink", ResourceId=rotation)
        await house.call("imbot", "LinkSlackUser", ContactId=ana, SlackUserId=SLACK_USER)
        token, subscription = await self._subscribe()
        chats = [
            link["ChannelConfiguration"]["ChatConfigurationArn"],
            room["WebhookConfiguration"]["ChatConfigurationArn"],
        ]
        self.known = {
            "actionname": ["Publish", "Subscribe"],
            "awsaccountid": [ACCOUNT],
            "endpoint": ["+12065550109"],
            "protocol": ["sms"],
            "subscriptionarn": [subscription],
            "token": [token],
            "accesskeyid": [key["AccessKeyId"]],
            "alarmtokenid": [alarms["AlarmTokenId"]],
            "acceptcode": [house.last_page().code],
            "activationcode": [house.last_activation().code],
            "address": ["+12065550109", "ben@example.com"],
            "arn": sets["replicationSetArns"],
            "calendarlinkid": [calendar["CalendarLinkId"]],
            "channelid": [each["ContactChannelArn"] for each in channels["ContactChannels"]],
            "chatconfigurationarn": chats,
            "attributename": ["DisplayName", "Policy"],
            "contactarn": [ana],
            "contactid": [ana],
            "conversationid": ["D0ANA000001"],
            "engagementid": [each["EngagementArn"] for each in pages],
            "engagements": [team],
            "eventid": [note["eventId"], events["eventSummaries"][0]["eventId"]],
            "eventtype": ["Note", "Custom Event", "SSM Incident Start"],
            "incidentid": [incident],
            "incidentrecordarn": [incident],
            "key": ["creationTime", "impact", "status", "eventTime", "eventType"],
            "opsitemarn": [parent],
            "opsitemid": [parent.rpartition("/")[2]],
            "pageid": [each["PageArn"] for each in pages],
            "policy": [POLICY],
            "policyid": [put["policyId"]],
            "region": [REGION, "eu-west-1"],
            "responseplanarn": [PLAN],
            "newcontactids": [ben],
            "resourceid": [rotation, ana],
            "rotationid": [rotation],
            "rotationoverrideid": [override, taken["RotationOverrideId"]],
            "slackuserid": [SLACK_USER],
            "sns": [TOPIC],
            "timezoneid": ["UTC", "Europe/Dublin"],
            "topicarn": [TOPIC],
            "webhookurl": [WEBHOOK],
        }
        self.arns = {"Incident": incident, "ResponsePlan": PLAN}
        self.resources = {INCIDENTS: [PLAN, incident], CONTACTS: [ana], "sns": [TOPIC]}
        self.resources["chatbot"] = chats

    async def _subscribe(self) -> tuple[str, str]:
        """Answers the token and the ARN of a subscription."""
        given = {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": "ana@example.com"}
        await self.house.call("sns", "Subscribe", **given)
        asked = self.house.messages[-1]
        assert isinstance(asked, Notification)
        given = {"TopicArn": TOPIC, "Token": asked.token or ""}
        answer = await self.house.call("sns", "ConfirmSubscription", **given)
        return given["Token"], str(answer["SubscriptionArn"])

    def inputs(self, service: str, operation: str) -> st.SearchStrategy[Parameters]:
        """Several nouns call their names just `arn`."""
        known = dict(self.known) | {"resourcearn": self.resources.get(service, [])}
        for noun, arn in self.arns.items():
            if noun in operation:
                known["arn"] = [arn]
        return inputs_of(service, operation, known)

    async def ask(self, service: str, operation: str, parameters: Parameters) -> str:
        """How a call ends; one that breaks something fails the test."""
        try:
            await self.house.call(service, operation, **parameters)
        except InternalServerException:
            raise
        except ServiceError as refusal:
            return refusal.code
        return "OK"


@pytest.fixture
async def town(sqlite_url: str) -> AsyncIterator[Town]:
    store = await open_store(sqlite_url, MASTER_KEY)
    async with open_town(store) as built:
        yield built
    await store.close()


@asynccontextmanager
async def open_town(store: Store) -> AsyncIterator[Town]:
    async with open_house(store) as house:
        built = Town(house)
        await built.build()
        yield built


@pytest.mark.parametrize("pair", OPERATIONS, ids="-".join)
async def test_whatever_the_model_allows_is_answered_or_refused(
    town: Town, pair: tuple[str, str]
) -> None:
    ended = Counter[str]()

    for number in (25, 250):
        for parameters in examples(town.inputs(*pair), number=number):
            ended[await town.ask(*pair, parameters)] += 1
        if ended["OK"] or pair[1] in HARD_TO_PLEASE:
            break
    await town.house.run_due(minutes=1)

    assert ended["OK"] or pair[1] in HARD_TO_PLEASE, ended
    assert [job for job in await town.house.rows(Job) if job.attempts] == []


async def test_the_same_holds_on_either_store_when_operations_follow_each_other(
    store: Store,
) -> None:
    async with open_town(store) as town:
        for pair in OPERATIONS:
            for parameters in examples(town.inputs(*pair), number=4):
                await town.ask(*pair, parameters)
        await town.house.run_due(minutes=1)

        assert [job for job in await town.house.rows(Job) if job.attempts] == []


def examples(strategy: st.SearchStrategy[Parameters], *, number: int) -> list[Parameters]:
    """The same few at every run, as long as the same modules are loaded: Hypothesis tries their
    constants, too.
    """
    found: list[Parameters] = []

    @given(strategy)
    @settings(
        max_examples=number,
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def collect(parameters: Any) -> None:
        found.append(parameters)

    collect()
    return found
