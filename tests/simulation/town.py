"""Whom a world begins with: people, their channels and plans, a team, a schedule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from bot.core.store.contacts import ContactChannel
from bot.core.store.transaction import Transaction
from tests.simulation.process import ACCOUNT, REGION, Answerer

CONTACTS, INCIDENTS = "ssm-contacts", "ssm-incidents"
NAMES = ("ana", "ben", "cem")
MEDIA = ("SMS", "VOICE", "EMAIL")
DAILY = {
    "NumberOfOnCalls": 1,
    "RecurrenceMultiplier": 1,
    "DailySettings": [{"HourOfDay": 9, "MinuteOfHour": 0}],
}
ZONES = ("UTC", "Europe/Dublin", "Australia/Lord_Howe", "America/New_York")


@dataclass(slots=True)
class Town:
    """ARNs of what the operators know. `channels` are by the contact's ARN."""

    people: list[str] = field(default_factory=list)
    channels: dict[str, list[str]] = field(default_factory=dict)
    plans: list[str] = field(default_factory=list)
    """Escalation plans and schedules."""
    rotation: str | None = None
    response_plan: str = ""
    engagements: list[str] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)


def contact_arn(alias: str) -> str:
    return f"arn:aws:ssm-contacts:{REGION}:{ACCOUNT}:contact/{alias}"


class Settling:
    """Fills a town, in one transaction."""

    def __init__(self, town: Town, random: Random, tx: Transaction, answer: Answerer) -> None:
        self._town = town
        self._random = random
        self._tx = tx
        self._answer = answer

    def fill(self) -> None:
        town, random = self._town, self._random
        for alias in NAMES[: random.choice((1, 2, 2, 3))]:
            self._add_person(alias)
        self._activate()
        for arn in town.people:
            plan = person_plan(random, town.channels[arn])
            self._ask(CONTACTS, "UpdateContact", ContactId=arn, Plan=plan)
        if random.random() < 0.4:
            self._add_schedule()
        for alias in ("team", "leads")[: random.choice((1, 1, 2))]:
            arn = self._add_contact(alias, "ESCALATION", team_plan(random, town))
            town.plans.append(arn)
        engaged = [*town.people, *town.plans]
        made = self._ask(
            INCIDENTS,
            "CreateResponsePlan",
            name="payments",
            incidentTemplate={"title": "Payments are failing", "impact": 2},
            engagements=random.sample(engaged, min(len(engaged), random.choice((1, 1, 2)))),
        )
        town.response_plan = made["arn"]

    def _ask(self, service: str, operation: str, **given: Any) -> dict[str, Any]:
        return self._answer(self._tx, service, operation, **given)

    def _add_contact(self, alias: str, kind: str, plan: dict[str, Any]) -> str:
        made = self._ask(CONTACTS, "CreateContact", Alias=alias, Type=kind, Plan=plan)
        return str(made["ContactArn"])

    def _add_person(self, alias: str) -> None:
        """Two people in ten share a number with the first one."""
        random, town = self._random, self._town
        arn = self._add_contact(alias, "PERSONAL", {"Stages": []})
        town.people.append(arn)
        number = 0 if random.random() < 0.2 else NAMES.index(alias)
        addresses = {
            "SMS": f"+1206555010{number}",
            "VOICE": f"+1206555010{number}",
            "EMAIL": f"{alias}@example.com",
        }
        for medium in random.sample(MEDIA, random.choice((1, 2))):
            made = self._ask(
                CONTACTS,
                "CreateContactChannel",
                ContactId=arn,
                Name=medium.lower(),
                Type=medium,
                DeliveryAddress={"SimpleAddress": addresses[medium]},
                DeferActivation=True,
            )
            town.channels.setdefault(arn, []).append(made["ContactChannelArn"])

    def _activate(self) -> None:
        """All but a few, without their codes."""
        for channel in self._tx.select(ContactChannel):
            if self._random.random() < 0.95:
                self._tx.update(channel, is_activated=True)

    def _add_schedule(self) -> None:
        random, town = self._random, self._town
        made = self._ask(
            CONTACTS,
            "CreateRotation",
            Name="primary",
            ContactIds=random.sample(town.people, random.randint(1, len(town.people))),
            TimeZoneId=random.choice(ZONES),
            Recurrence=DAILY,
        )
        town.rotation = made["RotationArn"]
        plan = {"RotationIds": [town.rotation]}
        town.plans.append(self._add_contact("on-call", "ONCALL_SCHEDULE", plan))


def person_plan(random: Random, channels: list[str]) -> dict[str, Any]:
    def target(arn: str) -> dict[str, Any]:
        retry = random.choice((0, 0, 1, 2))
        return {"ChannelTargetInfo": {"ContactChannelId": arn, "RetryIntervalInMinutes": retry}}

    return _stages(random, channels, target)


def team_plan(random: Random, town: Town) -> dict[str, Any]:
    """Stages of people and schedules; not of other escalation plans, which may not be."""
    known = [*town.people, *(arn for arn in town.plans if arn.endswith("/on-call"))]

    def target(arn: str) -> dict[str, Any]:
        is_essential = random.random() < 0.7
        return {"ContactTargetInfo": {"ContactId": arn, "IsEssential": is_essential}}

    return _stages(random, known, target)


def _stages(
    random: Random, arns: list[str], target: Callable[[str], dict[str, Any]]
) -> dict[str, Any]:
    """One to three stages; a few are pauses without a target."""
    stages = []
    for _ in range(random.choice((1, 1, 2, 3))):
        number = min(len(arns), random.choice((1, 1, 2, 0)))
        minutes = random.choice((0, 1, 1, 2, 5)) if number else 1
        targets = [target(arn) for arn in random.sample(arns, number)]
        stages.append({"DurationInMinutes": minutes, "Targets": targets})
    return {"Stages": stages}
