"""Incident records: opened from a response plan, changed, resolved, listed, deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.core.context import Context
from bot.core.effects import changes, closing, goodbyes, starts, topics
from bot.core.effects import related_items as relating
from bot.core.effects.records import incident_record, incident_summary
from bot.core.errors import (
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from bot.core.ids import new_key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store import filters as filtering
from bot.core.store.engagements import Engagement
from bot.core.store.incidents import Incident, ResponsePlan
from bot.core.store.schema import Wire, table_of
from bot.core.store.transaction import ConstraintError

MANUAL = "aws.ssm-incidents.custom"
AUTOMATIC = frozenset({"aws.cloudwatch", "aws.events"})

_columns = table_of(Incident).c
FILTER_KEYS = {
    "creationTime": filtering.instants(_columns.created_at),
    "impact": filtering.integers(_columns.impact),
    "status": filtering.texts(_columns.status),
    "createdBy": filtering.inside(_columns.source, member="createdBy"),
}


@operation("ssm-incidents", "StartIncident")
def start_incident(
    ctx: Context,
    *,
    response_plan_arn: str,
    title: str | None = None,
    impact: int | None = None,
    trigger_details: Wire | None = None,
    related_items: Sequence[Wire] = (),
) -> Wire:
    """Open an incident from a response plan and put off its engagements.

    Where an incident of the same dedupe string is open, it absorbs this start: that is counted
    there, nobody is engaged again, and its ARN is the answer. At a quiet impact of the plan
    nobody is engaged at all.

    Raises ResourceNotFoundException for a response plan that does not exist.
    Source: StartIncident, ssm-incidents 2018-05-10.
    """
    plan = ctx.require(ResponsePlan, response_plan_arn)
    trigger = trigger_details or {"source": MANUAL}
    fresh = _incident(ctx, plan, title, impact, trigger, related_items)
    incident = _added_or_open(ctx, fresh)
    if incident is fresh:
        starts.started(ctx, incident, plan, trigger)
    else:
        starts.absorbed(ctx, incident, plan, fresh.impact, trigger)
    return {"incidentRecordArn": incident.arn}


@operation("ssm-incidents", "GetIncidentRecord")
def get_incident_record(ctx: Context, *, arn: str) -> Wire:
    return {"incidentRecord": incident_record(ctx.require(Incident, arn))}


@operation("ssm-incidents", "ListIncidentRecords")
def list_incident_records(
    ctx: Context,
    *,
    filters: Sequence[Wire] = (),
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """List the incidents that pass all filters, newest first.

    Raises ValidationException for an unknown filter key.
    """
    incidents, token = listing(
        ctx,
        Incident,
        *filtering.criteria(filters, FILTER_KEYS),
        of="ListIncidentRecords",
        descending=True,
        max_results=max_results,
        next_token=next_token,
    )
    answer: Wire = {"incidentRecordSummaries": [incident_summary(each) for each in incidents]}
    return answer | next_token_member(token, "nextToken")


@operation("ssm-incidents", "UpdateIncidentRecord")
def update_incident_record(
    ctx: Context,
    *,
    arn: str,
    title: str | None = None,
    summary: str | None = None,
    impact: int | None = None,
    status: str | None = None,
    chat_channel: Wire | None = None,
    notification_targets: Sequence[Wire] | None = None,
) -> None:
    """Change what is given; what is the same already changes nothing and tells nobody.

    Resolving stops its engagements and tells everyone paged. Opening a resolved incident again
    engages nobody. Raises ValidationException for a reopening that the rules do not allow (our
    choice), an empty title, an unknown topic; ConflictException for a reopening while another
    incident of its dedupe string is open. Source: ssm-incidents 2018-05-10.
    """
    incident = _locked(ctx, arn)
    fields: Wire = {"impact": impact, "status": status}
    if title is not None and not title.strip():
        raise ValidationException("The title of an incident must not be empty.")
    columns = {
        name: value
        for name, value in fields.items()
        if value is not None and value != getattr(incident, name)
    }
    texts = {"title": title, "summary": summary}
    members = _changed_members(ctx, incident, texts, chat_channel, notification_targets)
    if not columns and not members:
        return
    if columns.get("status") == "OPEN":
        changed = _reopened(ctx, incident, members, columns)
    else:
        changed = changes.change(ctx, incident, members, **columns)
    if "impact" in columns:
        starts.page_after_all(ctx, changed)
    if columns.get("status") == "RESOLVED":
        _stop_engagements(ctx, changed, closing.RESOLVED)


@operation("ssm-incidents", "DeleteIncidentRecord")
def delete_incident_record(ctx: Context, *, arn: str) -> None:
    """Stop an incident's engagements and delete it with its timeline, if there is one."""
    found = ctx.find(Incident, arn)
    incident = ctx.lock(Incident, found.key) if found else None
    if incident is None:
        return
    _stop_engagements(ctx, incident, closing.DELETED)
    ctx.delete(incident)


def _incident(
    ctx: Context,
    plan: ResponsePlan,
    title: str | None,
    impact: int | None,
    trigger: Wire,
    related_items: Sequence[Wire],
) -> Incident:
    template = plan.document["incidentTemplate"]
    key = new_key()
    impact = impact or int(template["impact"])
    ops_item_id = relating.new_ops_item_id(ctx.now)
    items = [relating.parent_item(ctx, ops_item_id), *related_items]
    document = _document(plan, template, title, items)
    document = starts.with_firing(document, starts.firing_of(ctx, trigger)) or document
    if (quiet := starts.quiet_of(plan, impact)) is not None:
        document["quiet"] = quiet
    return Incident(
        key=key,
        account_id=ctx.account_id,
        arn=ctx.new_arn("ssm-incidents", "incident-record", plan.name, key),
        response_plan_arn=plan.arn,
        impact=impact,
        status="OPEN",
        dedupe_string=_dedupe_string(ctx, plan, trigger),
        source=_source(ctx, trigger),
        document=document,
        ops_item_id=ops_item_id,
        tags=template.get("incidentTags", {}),
        created_at=ctx.now,
        modified_at=ctx.now,
        modified_by=ctx.caller.principal_arn,
    )


def _dedupe_string(ctx: Context, plan: ResponsePlan, trigger: Wire) -> str | None:
    """The template's own; else what set an automatic start off. Starts by hand have none.

    An alarm that is sent to two plans is one incident of each, so that both are paged.
    """
    if given := plan.document["incidentTemplate"].get("dedupeString"):
        return str(given)
    alarm: str | None = trigger.get("triggerArn")
    if ctx.caller.door == "alarm" and alarm is not None:
        return starts.alarm_dedupe(plan, alarm)
    return alarm if trigger["source"] in AUTOMATIC else None


def _source(ctx: Context, trigger: Wire) -> Wire:
    source = {"createdBy": ctx.caller.principal_arn, "source": trigger["source"]}
    if ctx.caller.invoked_by:
        source["invokedBy"] = ctx.caller.invoked_by
    if "triggerArn" in trigger:
        source["resourceArn"] = trigger["triggerArn"]
    return source


def _document(
    plan: ResponsePlan, template: Wire, title: str | None, related_items: Sequence[Wire]
) -> Wire:
    """Raises ValidationException above the quota of related items."""
    document: Wire = {
        "title": title or template["title"] or plan.name,
        "notificationTargets": template.get("notificationTargets", []),
        "relatedItems": [relating.identified(item) for item in relating.checked(related_items)],
    }
    if (summary := template.get("summary")) is not None:
        document["summary"] = summary
    if chat_channel := plan.document.get("chatChannel"):
        document["chatChannel"] = chat_channel
    return document


def _added_or_open(ctx: Context, incident: Incident) -> Incident:
    """Add the record, or find the open one that absorbs it, locked so that it stays open.

    Of two starts at once, the unique index lets one in; the other then finds it.
    """
    if incident.dedupe_string is None:
        return ctx.add(incident)
    for _ in range(3):
        if ctx.tx.insert_or_ignore(incident):
            return incident
        found = ctx.tx.find(
            Incident,
            account_id=ctx.account_id,
            dedupe_string=incident.dedupe_string,
            status="OPEN",
        )
        locked = ctx.lock(Incident, found.key) if found else None
        if locked is not None and locked.status == "OPEN":
            return locked
    raise ConflictException(
        "Incidents of this dedupe string are being opened and resolved at this moment.",
        "INCIDENT_RECORD",
        incident.response_plan_arn,
    )


def _locked(ctx: Context, arn: str) -> Incident:
    incident = ctx.lock(Incident, ctx.require(Incident, arn).key)
    if incident is None:
        raise ResourceNotFoundException("INCIDENT_RECORD", arn)
    return incident


def _reopened(ctx: Context, incident: Incident, members: Wire, columns: Wire) -> Incident:
    if not ctx.house.rules.may_reopen:
        raise ValidationException(
            "A resolved incident cannot be opened again; start a new one."
        )
    try:
        with ctx.savepoint():
            return changes.change(ctx, incident, members, **columns)
    except ConstraintError as fault:
        raise ConflictException(
            "An incident of the same dedupe string is open.", "INCIDENT_RECORD", incident.arn
        ) from fault


def _changed_members(
    ctx: Context,
    incident: Incident,
    texts: Mapping[str, str | None],
    chat_channel: Wire | None,
    notification_targets: Sequence[Wire] | None,
) -> Wire:
    """The document's members that change; a chat channel that is taken away becomes None."""
    members: Wire = {name: text for name, text in texts.items() if text is not None}
    if chat_channel is not None:
        members["chatChannel"] = topics.chat_channel(ctx, chat_channel)
    if notification_targets is not None:
        members["notificationTargets"] = topics.targets(ctx, notification_targets)
    return {
        name: value for name, value in members.items() if value != incident.document.get(name)
    }


def _stop_engagements(ctx: Context, incident: Incident, reason: str) -> None:
    """Stop what still runs, and have everyone told who was not before."""
    started = ctx.select(Engagement, incident_arn=incident.arn)
    running = [one for one in started if one.stopped_at is None]
    goodbyes.stop_and_tell(ctx, running, reason, closes_incident=True)
