"""Alarms as incidents know them: who brings them, what they are called, and how they end."""

from __future__ import annotations

import hashlib

from bot.core.access import Caller
from bot.core.arns import build_arn
from bot.core.context import Context
from bot.core.effects import timeline
from bot.core.effects.starts import MOST_FIRING, alarm_dedupe
from bot.core.store.alarms import AlarmToken
from bot.core.store.incidents import Incident, ResponsePlan

ROLE = "imbot-alarms"


def fingerprint(token: str) -> str:
    """A token has 256 random bits, so that its plain digest gives nothing away."""
    return hashlib.sha256(f"alarm {token}".encode()).hexdigest()


def alarm_caller(token: AlarmToken, region: str) -> Caller:
    """Who starts and resolves incidents with that token; records name it as their creator."""
    session = f"{ROLE}/{token.name}"
    return Caller(
        account_id=token.account_id,
        principal_arn=build_arn("sts", "", token.account_id, "assumed-role", session),
        actor=f"alarm {token.name}",
        door="alarm",
        region=region,
        rights="responder",
    )


def alarm_arn(token: AlarmToken, identity: str) -> str:
    """The ARN of an alarm that has none of its own; the plan's tokens share it."""
    plan = token.response_plan_arn.rpartition("/")[2]
    digest = hashlib.sha256(identity.encode()).hexdigest()[:32]
    return build_arn("imbot", "", token.account_id, "alarm", plan, digest)


def ended(ctx: Context, token: AlarmToken, alarm: str) -> Incident | None:
    """Note at its open incident that an alarm is over; answers the incident where it was the
    last one, the token resolves, and an alarm had opened it.
    """
    incident = _incident_of(ctx, token, alarm)
    if incident is None or alarm not in incident.document.get("firing", ()):
        return None
    known = incident.document["firing"]
    left = [one for one in known if one != alarm]
    changed = ctx.update(incident, document={**incident.document, "firing": left})
    is_last = not left and len(known) <= MOST_FIRING
    if token.resolves_incidents and is_last and _is_of_an_alarm(incident):
        return changed
    told = {"triggerArn": alarm, "alarmsLeft": len(left)}
    timeline.record(ctx, changed, timeline.ALARM_ENDED, **told)
    return None


def _incident_of(ctx: Context, token: AlarmToken, alarm: str) -> Incident | None:
    plan = ctx.find(ResponsePlan, token.response_plan_arn)
    if plan is None:
        return None
    given = plan.document["incidentTemplate"].get("dedupeString")
    found = ctx.find_by(
        Incident,
        account_id=ctx.account_id,
        dedupe_string=given or alarm_dedupe(plan, alarm),
        status="OPEN",
    )
    locked = ctx.lock(Incident, found.key) if found else None
    return locked if locked is not None and locked.status == "OPEN" else None


def _is_of_an_alarm(incident: Incident) -> bool:
    return f":assumed-role/{ROLE}/" in incident.source["createdBy"]
