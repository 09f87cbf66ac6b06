"""ssm-contacts over the wire, by the real boto3, held to the service's own model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, OperationModel, StructureShape

from tests.scenarios.wire import Api
from tests.scenarios.world import World, contact_arn

SERVICE = "ssm-contacts"
COMMON = {"AccessDeniedException", "ThrottlingException", "InternalServerException"}
DAILY = {
    "NumberOfOnCalls": 1,
    "RecurrenceMultiplier": 1,
    "DailySettings": [{"HourOfDay": 9, "MinuteOfHour": 0}],
    "ShiftCoverages": {
        day: [
            {
                "Start": {"HourOfDay": 8, "MinuteOfHour": 0},
                "End": {"HourOfDay": 20, "MinuteOfHour": 0},
            }
        ]
        for day in ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
    },
}
ALWAYS = {name: value for name, value in DAILY.items() if name != "ShiftCoverages"}
TEXTS = {
    "Subject": "It burns",
    "Content": "All of it.",
    "PublicSubject": "Fire",
    "PublicContent": "Somewhere.",
}


class Full:
    """A world in which each thing of ssm-contacts is there, two of what is listed; `seen` holds
    the members of answers, by operation.
    """

    def __init__(self, api: Api) -> None:
        self.api = api
        self.client = api.client(SERVICE)
        self.seen: dict[str, set[str]] = {}
        self.known: dict[str, dict[str, Any]] = {}

    async def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        answer = await self.api.contacts(method, **parameters)
        name = self.client.meta.method_to_api_mapping[method]
        self.seen.setdefault(name, set()).update(members_of(answer))
        return answer

    async def build(self) -> None:
        world = self.api.world
        now = world.clock.now().replace(microsecond=0)
        for name in ("ana", "ben"):
            await world.has_person(name, "SMS", "EMAIL", retry=1)
            await self.ask("update_contact", ContactId=contact_arn(name), DisplayName=name)
        self.ana = contact_arn("ana")
        people = [self.ana, contact_arn("ben")]
        made = [
            await self.ask(
                "create_rotation",
                Name=name,
                ContactIds=people,
                StartTime=now,
                TimeZoneId="Europe/Dublin",
                Recurrence=recurrence,
                Tags=[{"Key": "team", "Value": "payments"}],
            )
            for name, recurrence in (("first", DAILY), ("second", ALWAYS))
        ]
        self.rotation = made[0]["RotationArn"]
        for hours in (1, 5):
            start = now + timedelta(hours=hours)
            override = await self.ask(
                "create_rotation_override",
                RotationId=self.rotation,
                NewContactIds=[people[1]],
                StartTime=start,
                EndTime=start + timedelta(hours=2),
            )
        self.override = override["RotationOverrideId"]
        plan = {"RotationIds": [one["RotationArn"] for one in made]}
        schedule = await self.ask(
            "create_contact", Alias="duty", Type="ONCALL_SCHEDULE", Plan=plan
        )
        target = {"ContactId": schedule["ContactArn"], "IsEssential": True}
        stages = [{"DurationInMinutes": 5, "Targets": [{"ContactTargetInfo": target}]}]
        team = await self.ask(
            "create_contact",
            Alias="team",
            Type="ESCALATION",
            Plan={"Stages": stages},
            Tags=[{"Key": "team", "Value": "payments"}],
        )
        self.team = team["ContactArn"]
        self.range = {"StartTime": now, "EndTime": now + timedelta(days=3)}
        await self.page()

    async def page(self) -> None:
        """Engage the team, and ana alone, who accepts with a note; stop one engagement."""
        asked = {"Sender": "tests", **TEXTS, "IncidentId": "INC-1"}
        for contact in (self.team, self.ana):
            started = await self.ask("start_engagement", ContactId=contact, **asked)
            await self.api.world.advance(minutes=2)  # or both would come in one message
        self.engagement = started["EngagementArn"]
        listed = await self.ask("list_pages_by_engagement", EngagementId=self.engagement)
        self.page_arn = next(
            page["PageArn"] for page in listed["Pages"] if page.get("SentTime") is not None
        )
        (channel,) = {
            receipt["ContactChannelArn"]
            for receipt in (await self.ask("list_page_receipts", PageId=self.page_arn))[
                "Receipts"
            ]
        }
        self.channel = channel
        await self.ask("stop_engagement", EngagementId=self.engagement, Reason="done")
        await self.ask(
            "accept_page",
            PageId=self.page_arn,
            ContactChannelId=self.channel,
            AcceptType="READ",
            Note="On it.",
            AcceptCode="425440",
            AcceptCodeValidation="IGNORE",
        )

    def arguments(self, operation: str) -> dict[str, Any]:
        """What a call needs to be answered, by the names of its members."""
        known = {
            "ContactId": self.ana,
            "ContactArn": self.ana,
            "ContactChannelId": self.channel,
            "EngagementId": self.engagement,
            "PageId": self.page_arn,
            "RotationId": self.rotation,
            "RotationOverrideId": self.override,
            "ResourceARN": self.rotation,
            "Members": ["ana", "ben"],
            "TimeZoneId": "Europe/Dublin",
            "Recurrence": DAILY,
            **self.range,
        }
        model = self.client.meta.service_model.operation_model(operation)
        names = model.input_shape.required_members
        more = ("StartTime",) if "Shifts" in operation else ()
        given = {name: known[name] for name in (*names, *more)}
        if operation == "ListPreviewRotationShifts":
            start = self.range["StartTime"] + timedelta(hours=1)
            override = {
                "NewMembers": ["eve"],
                "StartTime": start,
                "EndTime": self.range["EndTime"],
            }
            given |= {"RotationStartTime": self.range["StartTime"], "Overrides": [override]}
        return given


@pytest.fixture
async def full(town_world: World) -> AsyncIterator[Full]:
    api = Api(town_world)
    built = Full(api)
    await built.build()
    yield built
    api.close()


def members_of(answer: Any, path: str = "") -> Iterator[str]:
    """The members that an answer bears, by path; those of a list's items have no number."""
    if isinstance(answer, Mapping):
        for name, value in answer.items():
            if name != "ResponseMetadata":
                yield f"{path}{name}"
                yield from members_of(value, f"{path}{name}.")
    elif isinstance(answer, list):
        for item in answer:
            yield from members_of(item, path)


def members_in(shape: Any, path: str = "") -> Iterator[str]:
    """The members that the model holds, in the same form; those of a map's values bear none."""
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield f"{path}{name}"
            yield from members_in(member, f"{path}{name}.")
    elif isinstance(shape, ListShape):
        yield from members_in(shape.member, path)
    elif isinstance(shape, MapShape):
        yield from ()


def model_of(full: Full, operation: str) -> OperationModel:
    return full.client.meta.service_model.operation_model(operation)


READS = (
    "DescribeEngagement",
    "DescribePage",
    "GetContact",
    "GetContactChannel",
    "GetContactPolicy",
    "GetRotation",
    "GetRotationOverride",
    "ListContactChannels",
    "ListContacts",
    "ListEngagements",
    "ListPageReceipts",
    "ListPageResolutions",
    "ListPagesByContact",
    "ListPagesByEngagement",
    "ListPreviewRotationShifts",
    "ListRotationOverrides",
    "ListRotationShifts",
    "ListRotations",
    "ListTagsForResource",
)
EITHER_OR = {
    "GetContact": {"Plan.RotationIds", "Plan.Stages.Targets.ContactTargetInfo"},
}
"""What another type of contact has; seen below."""


async def test_every_member_that_the_model_holds_is_answered_where_there_is_something(
    full: Full,
) -> None:
    await full.ask("put_contact_policy", ContactArn=full.ana, Policy=policy())
    methods = {name: method for method, name in full.client.meta.method_to_api_mapping.items()}
    for operation in READS:
        await full.ask(methods[operation], **full.arguments(operation))
    for contact in (full.team, contact_arn("duty")):
        await full.ask("get_contact", ContactId=contact)
    of_team = await full.ask("list_pages_by_contact", ContactId=full.ana)
    for page in of_team["Pages"]:
        await full.ask("list_page_resolutions", PageId=page["PageArn"])

    missing = {
        operation: sorted(
            member
            for member in members_in(model_of(full, operation).output_shape)
            if member not in full.seen[operation]
            and member != "NextToken"
            and not member.startswith(("Recurrence.", "Rotations.Recurrence."))
        )
        for operation in READS
    }

    assert {name: found for name, found in missing.items() if found} == {}
    shown = (await full.ask("get_rotation", RotationId=full.rotation))["Recurrence"]
    assert shown == DAILY, "a recurrence comes back verbatim"


def policy() -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


async def test_every_paginator_finds_the_same_at_any_page_size(full: Full) -> None:
    names = [name for name in READS if full.client.can_paginate(method_of(full, name))]
    assert len(names) == 11

    for operation in names:
        paginator = full.client.get_paginator(method_of(full, operation))
        by_size = [
            await listed(paginator, full.arguments(operation), size) for size in (1, 2, None)
        ]
        assert by_size[0] == by_size[1] == by_size[2], operation
        assert by_size[0], operation


def method_of(full: Full, operation: str) -> str:
    methods = full.client.meta.method_to_api_mapping
    return str(next(method for method, name in methods.items() if name == operation))


async def listed(paginator: Any, given: Mapping[str, Any], size: int | None) -> list[Any]:
    config = {} if size is None else {"PageSize": size}
    if "PageSize" in config and "limit_key" not in paginator._pagination_cfg:
        config = {}
    (key,) = [one.expression for one in paginator.result_keys]

    def all_pages() -> list[Any]:
        pages = paginator.paginate(**given, PaginationConfig=config)
        return [item for page in pages for item in page[key]]

    return await asyncio.to_thread(all_pages)
