"""What a start causes: people engaged, a record that pages nobody, or one more at an incident
that is open already.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.core.context import Context
from bot.core.effects import changes, jobs, timeline
from bot.core.effects.records import IMPACTS
from bot.core.store.incidents import Incident, ResponsePlan
from bot.core.store.schema import Wire

KEPT = 10
"""Absorbed starts with an event of their own; all later ones share one, which counts."""
BETWEEN_COUNTS = timedelta(seconds=1)
MOST_FIRING = 200
"""Alarms of one incident whose end is awaited; beyond it, it does not resolve by itself."""


def engage(ctx: Context, incident: Incident, contact_arns: Iterable[str]) -> None:
    impact_words = f"Impact: {IMPACTS[incident.impact]}"
    for contact_arn in contact_arns:
        jobs.request(
            ctx,
            "ssm-contacts",
            "StartEngagement",
            ContactId=contact_arn,
            Sender="Incident Manager",
            Subject=incident.title,
            Content=f"{incident.summary or incident.title}\n\n{impact_words}",
            PublicSubject=incident.title,
            PublicContent=f"{incident.title}\n\n{impact_words}",
            IncidentId=incident.arn,
        )


def started(ctx: Context, incident: Incident, plan: ResponsePlan, trigger: Wire) -> None:
    """Write what set a new incident off, and engage whom its plan names, unless it is quiet."""
    contact_arns = [] if incident.quiet else list(plan.document.get("engagements", ()))
    timeline.record(ctx, incident, timeline.TRIGGERED, **trigger_data(trigger, is_new=True))
    data = _start_data(plan, incident, contact_arns, trigger)
    timeline.record(ctx, incident, timeline.STARTED, **data)
    if incident.quiet:
        withheld = _people(incident.quiet["engagements"])
        told: Wire = {"impact": incident.impact, "contactsNotEngaged": withheld}
        timeline.record(ctx, incident, timeline.QUIET, **told)
    engage(ctx, incident, contact_arns)


def absorbed(
    ctx: Context, incident: Incident, plan: ResponsePlan, impact: int, trigger: Wire
) -> None:
    """Count a start at the (locked) incident that is open already; nobody is engaged again.

    A start that pages is never lost in an incident that paged nobody: that one takes its
    impact, and its plan's engagements begin.
    """
    count = incident.absorbed + 1
    if count <= KEPT:
        data = trigger_data(trigger, is_new=False)
        timeline.record(ctx, incident, timeline.TRIGGERED, **data)
    columns: Wire = {"absorbed": count}
    if not incident.count_due:
        columns["count_due"] = True
        at = ctx.now + BETWEEN_COUNTS
        jobs.defer(ctx, "count_starts", at=at, incident_key=incident.key)
    if (firing := with_firing(incident.document, firing_of(ctx, trigger))) is not None:
        columns["document"] = firing
    incident = ctx.update(incident, **columns)
    if incident.quiet and impact not in (plan.quiet_impacts or ()):
        _raise_to(ctx, incident, impact, plan.document.get("engagements", ()))


def quiet_of(plan: ResponsePlan, impact: int) -> Wire | None:
    """What a record that pages nobody keeps of its plan, for the day its impact is raised."""
    if impact not in (plan.quiet_impacts or ()):
        return None
    engagements = list(plan.document.get("engagements", ()))
    return {"impacts": plan.quiet_impacts, "engagements": engagements}


def page_after_all(ctx: Context, incident: Incident) -> None:
    """Engage what was not engaged at the start, once the impact is one that pages."""
    quiet = incident.quiet
    if quiet is None or incident.status != "OPEN" or incident.impact in quiet["impacts"]:
        return
    loud = ctx.update(incident, document=_without_quiet(incident))
    engage(ctx, loud, quiet["engagements"])


def _raise_to(
    ctx: Context, incident: Incident, impact: int, contact_arns: Iterable[str]
) -> None:
    loud = ctx.update(incident, document=_without_quiet(incident))
    engage(ctx, changes.change(ctx, loud, {}, impact=impact), contact_arns)


def _without_quiet(incident: Incident) -> Wire:
    return {name: value for name, value in incident.document.items() if name != "quiet"}


def firing_of(ctx: Context, trigger: Wire) -> str | None:
    """The alarm whose end is awaited, where an alarm's own door brought the start."""
    return trigger.get("triggerArn") if ctx.caller.door == "alarm" else None


def with_firing(document: Wire, alarm: str | None) -> Wire | None:
    """The document with one more alarm in it; None where that changes nothing."""
    known = document.get("firing", [])
    if alarm is None or alarm in known or len(known) > MOST_FIRING:
        return None
    return {**document, "firing": [*known, alarm]}


def alarm_dedupe(plan: ResponsePlan, alarm: str) -> str:
    """What the incidents of one alarm share, where their plan's template names nothing. An ARN
    has at most 1,000 characters, and so has this.
    """
    return f"{plan.name} {alarm}" if len(plan.name) + len(alarm) < 1000 else alarm


def trigger_data(trigger: Wire, *, is_new: bool) -> Wire:
    """The eventData of a trigger. Source: facts 4.4, the nested rawData included."""
    data: Wire = {"createdIncident": is_new, "incidentSource": trigger["source"]}
    data |= {name: trigger[name] for name in ("triggerArn", "rawData") if name in trigger}
    if "timestamp" in trigger:
        data["timestamp"] = trigger["timestamp"].isoformat()
    return data


def _start_data(
    plan: ResponsePlan, incident: Incident, contact_arns: Iterable[str], trigger: Wire
) -> Wire:
    data: Wire = {"incidentTitle": incident.title, "contactsEngage": _people(contact_arns)}
    for action in plan.document.get("actions", ()):
        automation = action["ssmAutomation"]
        data["ssmDocumentName"] = automation["documentName"]
        if "documentVersion" in automation:
            data["ssmDocumentVersion"] = automation["documentVersion"]
    if "triggerArn" in trigger:
        data["triggerArn"] = trigger["triggerArn"]
    return data


def _people(contact_arns: Iterable[str]) -> list[Wire]:
    return [{"contactArn": arn, "contactName": arn.rsplit("/", 1)[1]} for arn in contact_arns]
