"""What response plans and incidents have that the API has no member for: impacts at which
nobody is paged, and starts that an incident absorbed.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.context import Context
from bot.core.registry import operation
from bot.core.store.incidents import Incident, ResponsePlan
from bot.core.store.schema import Wire


@operation("imbot", "SetQuietImpacts")
def set_quiet_impacts(ctx: Context, *, response_plan_arn: str, impacts: Sequence[int]) -> Wire:
    """Replace the impacts at which a plan pages nobody; open incidents stay as they are."""
    plan = ctx.require(ResponsePlan, response_plan_arn)
    return _quiet(ctx.update(plan, quiet_impacts=sorted(set(impacts)) or None))


@operation("imbot", "GetQuietImpacts")
def get_quiet_impacts(ctx: Context, *, response_plan_arn: str) -> Wire:
    return _quiet(ctx.require(ResponsePlan, response_plan_arn))


@operation("imbot", "GetIncidentExtras")
def get_incident_extras(ctx: Context, *, incident_record_arn: str) -> Wire:
    incident = ctx.require(Incident, incident_record_arn)
    return {
        "IncidentRecordArn": incident.arn,
        "AbsorbedStarts": incident.absorbed,
        "PagedNobody": incident.quiet is not None,
        "FiringAlarms": incident.document.get("firing", []),
    }


def _quiet(plan: ResponsePlan) -> Wire:
    return {"ResponsePlanArn": plan.arn, "Impacts": plan.quiet_impacts or []}
