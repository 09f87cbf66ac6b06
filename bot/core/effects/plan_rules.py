"""What a contact's plan must keep to when it is written; the page path requires nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.core.context import Context
from bot.core.errors import ServiceQuotaExceededException, ValidationException
from bot.core.store.contacts import Contact, ContactChannel
from bot.core.store.rotations import Rotation
from bot.core.store.schema import Wire

MOST_STAGES = 10
MOST_TARGETS = 10
"""Stages in a plan and targets in a stage (General Reference, L-5AE11799 and L-F338226A)."""
MOST_ROTATIONS = 8
"""Rotations in a schedule; this quota is fixed and has no code there."""


def check_plan(
    ctx: Context, contact: Contact, plan: Wire, *, earlier: Wire | None = None
) -> None:
    """Hold a new plan to its contact's type, and its targets to what exists.

    People have stages of their own contact channels, escalation plans stages of people and
    schedules, schedules rotations. What the `earlier` plan names is not looked up.
    Raises ValidationException, ServiceQuotaExceededException.
    """
    stages = plan.get("Stages", [])
    if contact.type == "ONCALL_SCHEDULE":
        _check_schedule(ctx, plan, earlier or {})
        return
    if plan.get("RotationIds"):
        raise _refused("RotationIds", "only an on-call schedule has rotations")
    if len(stages) > MOST_STAGES:
        raise _quota(f"A plan has {MOST_STAGES} stages at most.", "L-5AE11799")
    known = set(map(_target_arn, _targets(earlier or {})))
    for number, stage in enumerate(stages):
        if not stage["DurationInMinutes"] and not stage["Targets"]:
            raise _refused(f"Stages.{number}", "a stage without targets lasts a minute or more")
        if len(stage["Targets"]) > MOST_TARGETS:
            raise _quota(f"A stage has {MOST_TARGETS} targets at most.", "L-F338226A")
    for target in _targets(plan):
        _check_target(ctx, contact, target, known)


def _check_schedule(ctx: Context, plan: Wire, earlier: Wire) -> None:
    if plan.get("Stages"):
        raise ValidationException(
            "Invalid value provided - ONCALL SCHEDULE contact cannot have stages in plan"
        )
    rotations = plan.get("RotationIds", [])
    if len(rotations) > MOST_ROTATIONS:
        message = f"A schedule has {MOST_ROTATIONS} rotations at most."
        raise _quota(message, "RotationsPerSchedule")
    for arn in rotations:
        if arn not in earlier.get("RotationIds", ()) and ctx.find(Rotation, arn) is None:
            raise _refused("RotationIds", f"there is no rotation {arn}")


def _check_target(
    ctx: Context, contact: Contact, target: Mapping[str, Any], known: set[str]
) -> None:
    wanted = "ChannelTargetInfo" if contact.type == "PERSONAL" else "ContactTargetInfo"
    if set(target) != {wanted}:
        raise _refused("Targets", f"a target of a {contact.type} contact is a {wanted}")
    arn = _target_arn(target)
    if arn in known:
        return
    if contact.type == "PERSONAL":
        channel = ctx.find(ContactChannel, arn)
        if channel is None or channel.contact_key != contact.key:
            raise _refused("ContactChannelId", f"this contact has no contact channel {arn}")
        return
    found = ctx.find(Contact, arn)
    if found is None:
        raise _refused("ContactId", f"there is no contact {arn}" if arn else "is missing")
    if found.type == "ESCALATION":
        raise _refused("ContactId", "an escalation plan engages people and schedules only")


def _targets(plan: Wire) -> Iterator[Mapping[str, Any]]:
    for stage in plan.get("Stages", []):
        yield from stage["Targets"]


def _target_arn(target: Mapping[str, Any]) -> str:
    """The ARN that a target names, "" where it names none."""
    channel = target.get("ChannelTargetInfo", {}).get("ContactChannelId")
    return channel or target.get("ContactTargetInfo", {}).get("ContactId") or ""


def _refused(name: str, message: str) -> ValidationException:
    return ValidationException(
        f"Invalid value provided - {name}: {message}.",
        reason="FIELD_VALIDATION_FAILED",
        fields=[{"Name": f"Plan.{name}", "Message": message}],
    )


def _quota(message: str, code: str) -> ServiceQuotaExceededException:
    return ServiceQuotaExceededException(
        message, resource_type="CONTACT", quota_code=code, service_code="ssm-contacts"
    )
