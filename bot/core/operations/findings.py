"""Findings: deployments and stack updates at the time of an incident, as whoever made them
tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.core.context import Context
from bot.core.effects.records import json_able
from bot.core.errors import ResourceNotFoundException, ValidationException
from bot.core.ids import new_key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.incidents import Finding, Incident
from bot.core.store.schema import Wire, table_of

MOST_LISTED = 20
"""The model's largest page, and ours where none is asked for."""
INSTANTS = ("startTime", "endTime")

_columns = table_of(Finding).c


@operation("ssm-incidents", "ListIncidentFindings")
def list_incident_findings(
    ctx: Context,
    *,
    incident_record_arn: str,
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """List the findings of an incident in the order of their coming."""
    incident = ctx.require(Incident, incident_record_arn)
    findings, token = listing(
        ctx,
        Finding,
        _columns.incident_key == incident.key,
        of="ListIncidentFindings",
        max_results=max_results,
        next_token=next_token,
        default=MOST_LISTED,
    )
    answer: Wire = {
        "findings": [
            {"id": each.key, "lastModifiedTime": each.modified_at} for each in findings
        ]
    }
    return answer | next_token_member(token, "nextToken")


@operation("ssm-incidents", "BatchGetIncidentFindings")
def batch_get_incident_findings(
    ctx: Context, *, incident_record_arn: str, finding_ids: Sequence[str]
) -> Wire:
    """Tell of each finding once, in the order of the ids; those that the incident does not have
    are among the `errors`. Source: BatchGetIncidentFindings, ssm-incidents 2018-05-10.
    """
    incident = ctx.require(Incident, incident_record_arn)
    known = {str(each.key): each for each in ctx.select(Finding, incident_key=incident.key)}
    asked = dict.fromkeys(finding_ids)
    return {
        "findings": [_document(known[each]) for each in asked if each in known],
        "errors": [_unknown(each) for each in asked if each not in known],
    }


@operation("imbot", "PutFinding")
def put_finding(
    ctx: Context,
    *,
    incident_record_arn: str,
    code_deploy_deployment: Wire | None = None,
    cloud_formation_stack_update: Wire | None = None,
) -> Wire:
    """Keep a deployment or a stack update with an incident; the same one again replaces what
    was told of it, such as its end.

    Raises ValidationException for both, for neither, and for an end before the start.
    """
    given = {
        "codeDeployDeployment": code_deploy_deployment,
        "cloudFormationStackUpdate": cloud_formation_stack_update,
    }
    details = {name: _lower(value) for name, value in given.items() if value is not None}
    _check(details)
    incident = ctx.lock(Incident, ctx.require(Incident, incident_record_arn).key)
    if incident is None:
        raise ResourceNotFoundException("INCIDENT_RECORD", incident_record_arn)
    stored = json_able(details)
    for known in ctx.select(Finding, incident_key=incident.key):
        if _identity(known.details) == _identity(stored):
            ctx.update(known, details=stored, modified_at=ctx.now)
            return {"FindingId": known.key}
    added = ctx.add(
        Finding(
            key=new_key(),
            account_id=ctx.account_id,
            incident_key=incident.key,
            details=stored,
            created_at=ctx.now,
            modified_at=ctx.now,
        )
    )
    return {"FindingId": added.key}


def _check(details: Wire) -> None:
    if len(details) != 1:
        raise ValidationException(
            "A finding is either a CodeDeployDeployment or a CloudFormationStackUpdate."
        )
    (told,) = details.values()
    if "endTime" in told and told["endTime"] < told["startTime"]:
        raise ValidationException("A finding does not end before it starts.")


def _identity(details: Wire) -> Any:
    """What makes it the same deployment: all but its end."""
    ((kind, told),) = details.items()
    return kind, {name: value for name, value in told.items() if name != "endTime"}


def _lower(members: Wire) -> Wire:
    return {name[0].lower() + name[1:]: value for name, value in members.items()}


def _document(finding: Finding) -> Wire:
    ((kind, told),) = finding.details.items()
    instants = {name: datetime.fromisoformat(told[name]) for name in INSTANTS if told.get(name)}
    return {
        "id": finding.key,
        "creationTime": finding.created_at,
        "lastModifiedTime": finding.modified_at,
        "details": {kind: {**told, **instants}},
    }


def _unknown(finding_id: str) -> Wire:
    return {
        "code": "ResourceNotFoundException",
        "findingId": finding_id,
        "message": "The incident has no finding of this id.",
    }
