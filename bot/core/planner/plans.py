"""A contact's plan, parsed from the wire's own document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTarget:
    """Whom a stage tells: a contact channel (with a retry interval) or a contact."""

    arn: str
    retry_interval: timedelta = timedelta(0)
    is_essential: bool = False
    is_channel: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage lasts `duration` (0 to 30 minutes) until the next one begins."""

    duration: timedelta
    targets: tuple[PlanTarget, ...]

    def __post_init__(self) -> None:
        if self.duration < timedelta(0):
            raise ValueError("a stage's duration is not negative")


REPEAT_TIMES = "RepeatTimes"
"""Our own member of a plan that is frozen into an engagement: how often it begins again."""


def repeats_of(plan: Mapping[str, Any]) -> int:
    """How often a plan begins again while nobody acknowledges; 0 is the API's behaviour."""
    return int(plan.get(REPEAT_TIMES, 0))


def parse_plan(plan: Mapping[str, Any]) -> tuple[Stage, ...]:
    """Read a `Plan` document (ssm-contacts 2021-05-03); a schedule's plan has no stages."""
    return tuple(
        Stage(
            duration=timedelta(minutes=stage["DurationInMinutes"]),
            targets=tuple(_parse_target(target) for target in stage["Targets"]),
        )
        for stage in plan.get("Stages", ())
    )


def _parse_target(target: Mapping[str, Any]) -> PlanTarget:
    channel = target.get("ChannelTargetInfo")
    if channel is not None:
        return PlanTarget(
            arn=channel["ContactChannelId"],
            retry_interval=timedelta(minutes=channel.get("RetryIntervalInMinutes", 0)),
        )
    contact = target["ContactTargetInfo"]
    return PlanTarget(
        arn=contact.get("ContactId", ""), is_essential=contact["IsEssential"], is_channel=False
    )
