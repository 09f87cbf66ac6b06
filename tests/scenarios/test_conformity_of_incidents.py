"""ssm-incidents over the wire, by the real boto3, held to the service's own model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.scenarios.test_conformity import listed, members_in, members_of
from tests.scenarios.wire import Api
from tests.scenarios.world import ACCOUNT, World, contact_arn

SERVICE = "ssm-incidents"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:chat"
ALARM = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:cpu"
WHOLE: dict[str, Any] = {
    "displayName": "Payments ☂",
    "incidentTemplate": {
        "title": "Payments are failing",
        "impact": 1,
        "summary": "Cards are declined.",
        "dedupeString": "payments",
        "incidentTags": {"team": "pay"},
        "notificationTargets": [{"snsTopicArn": TOPIC}],
    },
    "chatChannel": {"chatbotSns": [TOPIC]},
    "engagements": [contact_arn("ana")],
    "actions": [
        {
            "ssmAutomation": {
                "documentName": "AWSIncidents-CriticalIncidentRunbookTemplate",
                "documentVersion": "$DEFAULT",
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/run",
                "targetAccount": "RESPONSE_PLAN_OWNER_ACCOUNT",
                "parameters": {"Instance": ["i-1", ""]},
                "dynamicParameters": {"Incident": {"variable": "INCIDENT_RECORD_ARN"}},
            }
        }
    ],
    "integrations": [
        {
            "pagerDutyConfiguration": {
                "name": "pd",
                "secretId": "secret",
                "pagerDutyIncidentConfiguration": {"serviceId": "P1"},
            }
        }
    ],
}
ITEMS = [
    {"type": "METRIC", "value": {"metricDefinition": '{"metrics": []}'}},
    {"type": "OTHER", "value": {"url": "https://example.com/runbook"}},
    {"type": "INVOLVED_RESOURCE", "value": {"arn": ALARM}},
    {
        "type": "INCIDENT",
        "value": {
            "pagerDutyIncidentDetail": {"id": "PD1", "autoResolve": False, "secretId": "s"}
        },
    },
]
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::222233334444:root"},
                "Action": ["ssm-incidents:GetResponsePlan", "ssm-incidents:StartIncident"],
                "Resource": [f"arn:aws:ssm-incidents:*:{ACCOUNT}:response-plan/payments"],
            }
        ],
    }
)
READS = (
    "BatchGetIncidentFindings",
    "GetIncidentRecord",
    "GetReplicationSet",
    "GetResourcePolicies",
    "GetResponsePlan",
    "GetTimelineEvent",
    "ListIncidentFindings",
    "ListIncidentRecords",
    "ListRelatedItems",
    "ListReplicationSets",
    "ListResponsePlans",
    "ListTagsForResource",
    "ListTimelineEvents",
)
NEVER = {
    "GetIncidentRecord": {
        "incidentRecord.automationExecutions.ssmExecutionArn",
        "incidentRecord.chatChannel.empty",
        "incidentRecord.incidentRecordSource.invokedBy",
    },
    "ListIncidentRecords": {
        "incidentRecordSummaries.incidentRecordSource.invokedBy",
    },
    "GetResponsePlan": {"chatChannel.empty"},
}
"""No runbook is run; nobody acts for the caller here; a chat channel that is empty is none."""


class FullIncidents:
    """A world in which each thing of ssm-incidents is there, two of what is listed."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.client = api.client(SERVICE)
        self.seen: dict[str, set[str]] = {}

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        answer = await self.api.incidents(method, **parameters)
        name = self.client.meta.method_to_api_mapping[method]
        self.seen.setdefault(name, set()).update(members_of(answer))
        return answer

    async def build(self) -> None:
        world = self.api.world
        await world.has_person("ana")
        await self.api.call("sns", "create_topic", Name="chat")
        self.set = (await self.ask("list_replication_sets"))["replicationSetArns"][0]
        made = await self.ask("create_response_plan", name="payments", **WHOLE)
        self.plan = made["arn"]
        template = {"title": "T", "impact": 5}
        await self.ask(
            "create_response_plan", name="other", displayName="O", incidentTemplate=template
        )
        for action in ("StartIncident", "GetResponsePlan"):
            await self.ask(
                "put_resource_policy",
                resourceArn=self.plan,
                policy=POLICY.replace("ssm-incidents:StartIncident", f"ssm-incidents:{action}"),
            )
        await self.incidents()

    async def incidents(self) -> None:
        """One that is resolved, and one that has everything."""
        now = self.api.world.clock.now().replace(microsecond=0)
        trigger = {"source": "com.example", "timestamp": now, "triggerArn": ALARM}
        for _ in range(2):
            started = await self.ask(
                "start_incident",
                responsePlanArn=self.plan,
                triggerDetails=trigger | {"rawData": "{}"},
                relatedItems=[{"identifier": each, "title": "x"} for each in ITEMS],
            )
            self.incident = started["incidentRecordArn"]
            one = {"incidentRecordArn": self.incident}
            items = (await self.ask("list_related_items", **one))["relatedItems"]
            references = [
                {"relatedItemId": items[1]["generatedId"]},
                {"resource": self.incident},
            ]
            event = await self.ask(
                "create_timeline_event",
                **one,
                eventType="Note",
                eventTime=now,
                eventData='"Seen."',
                eventReferences=references,
            )
            self.event = event["eventId"]
            self.findings = [await self.finding(number) for number in range(2)]
            await self.ask("update_incident_record", arn=self.incident, status="RESOLVED")

    async def finding(self, number: int) -> str:
        at = self.api.world.clock.now()
        kind: dict[str, Any] = {
            "CloudFormationStackUpdate": {
                "StackArn": f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/shop/1",
                "StartTime": at - timedelta(minutes=9),
                "EndTime": at,
            }
        }
        if number:
            group = f"arn:aws:codedeploy:us-east-1:{ACCOUNT}:deploymentgroup:shop/live"
            kind = {
                "CodeDeployDeployment": {
                    "DeploymentGroupArn": group,
                    "DeploymentId": "d-1",
                    "StartTime": at,
                    "EndTime": at,
                }
            }
        told = await self.api.world.call(
            "imbot", "PutFinding", IncidentRecordArn=self.incident, **kind
        )
        return str(told["FindingId"])

    def arguments(self, operation: str) -> dict[str, Any]:
        """What a read needs to be answered, by the names of its members."""
        arns = {"IncidentRecord": self.incident, "ResponsePlan": self.plan}
        known = {
            "arn": next((arn for noun, arn in arns.items() if noun in operation), self.set),
            "eventId": self.event,
            "findingIds": [*self.findings, "absent"],
            "incidentRecordArn": self.incident,
            "resourceArn": self.incident if "Tags" in operation else self.plan,
        }
        model = self.client.meta.service_model.operation_model(operation)
        return {name: known[name] for name in model.input_shape.required_members}

    def method(self, operation: str) -> str:
        methods = self.client.meta.method_to_api_mapping
        return str(next(method for method, name in methods.items() if name == operation))


@pytest.fixture
async def full(town_world: World) -> AsyncIterator[FullIncidents]:
    api = Api(town_world)
    built = FullIncidents(api)
    await built.build()
    yield built
    api.close()


async def test_every_member_that_the_model_holds_is_answered_where_there_is_something(
    full: FullIncidents,
) -> None:
    for operation in READS:
        await full.ask(full.method(operation), **full.arguments(operation))

    missing = {}
    for operation in READS:
        model = full.client.meta.service_model.operation_model(operation)
        unseen = set(members_in(model.output_shape)) - full.seen[operation] - {"nextToken"}
        if left := unseen - NEVER.get(operation, set()):
            missing[operation] = sorted(left)
    assert missing == {}


async def test_every_paginator_finds_the_same_at_any_page_size(full: FullIncidents) -> None:
    names = [name for name in READS if full.client.can_paginate(full.method(name))]
    assert len(names) == 7

    for operation in names:
        paginator = full.client.get_paginator(full.method(operation))
        given = full.arguments(operation)
        by_size = [await listed(paginator, given, size) for size in (1, 2, None)]
        assert by_size[0] == by_size[1] == by_size[2], operation
        assert len(by_size[0]) >= (1 if operation == "ListReplicationSets" else 2), operation


async def test_every_success_has_the_status_that_the_model_names(full: FullIncidents) -> None:
    one, incident = {"arn": full.plan}, {"incidentRecordArn": full.incident}
    event = {**incident, "eventId": full.event}
    removal = {"itemToRemove": ITEMS[0]}
    asked: list[tuple[str, dict[str, Any]]] = [
        *((full.method(name), full.arguments(name)) for name in READS),
        ("start_incident", {"responsePlanArn": full.plan}),
        ("update_response_plan", one),
        ("update_timeline_event", event),
        ("delete_timeline_event", event),
        ("update_related_items", {**incident, "relatedItemsUpdate": removal}),
        ("tag_resource", {"resourceArn": full.plan, "tags": {"a": "b"}}),
        ("untag_resource", {"resourceArn": full.plan, "tagKeys": ["a", "b c"]}),
        ("update_incident_record", {"arn": full.incident, "title": "New"}),
        ("delete_incident_record", {"arn": full.incident}),
        ("delete_response_plan", one),
        ("update_deletion_protection", {"arn": full.set, "deletionProtected": False}),
        ("delete_replication_set", {"arn": full.set}),
    ]
    for method, given in asked:
        answer = await full.ask(method, **given)
        name = full.client.meta.method_to_api_mapping[method]
        model = full.client.meta.service_model.operation_model(name)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == model.http["responseCode"], name


async def test_what_is_written_of_a_resource_is_what_is_read(full: FullIncidents) -> None:
    plan = await full.ask("get_response_plan", arn=full.plan)
    assert plan == {
        **plan,
        **WHOLE,
        "arn": f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/payments",
        "name": "payments",
    }
    tags = await full.ask("list_tags_for_resource", resourceArn=full.incident)
    assert tags["tags"] == {"team": "pay"}
    items = await full.ask("list_related_items", incidentRecordArn=full.incident)
    assert [item["identifier"] for item in items["relatedItems"]][1:] == ITEMS
    policies = await full.ask("get_resource_policies", resourceArn=full.plan)
    assert policies["resourcePolicies"][0]["policyDocument"] == POLICY


async def test_the_waiters_of_botocore_see_a_replication_set_come_and_go(
    town_world: World,
) -> None:
    api = Api(town_world)
    client = api.client(SERVICE)
    active, deleted = (
        client.get_waiter(name)
        for name in ("wait_for_replication_set_active", "wait_for_replication_set_deleted")
    )
    (arn,) = (await api.incidents("list_replication_sets"))["replicationSetArns"]

    await asyncio.to_thread(active.wait, arn=arn)
    with pytest.raises(WaiterError):
        await asyncio.to_thread(deleted.wait, arn=arn, WaiterConfig={"MaxAttempts": 1})
    await api.incidents("delete_replication_set", arn=arn)
    await asyncio.to_thread(deleted.wait, arn=arn)
    made = await api.incidents("create_replication_set", regions={"us-east-1": {}})
    await asyncio.to_thread(active.wait, arn=made["arn"])
    assert made["arn"] != arn
    api.close()
