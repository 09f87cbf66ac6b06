"""Changing an incident record: what is written, who did it, and what the timeline tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from bot.core.context import Context
from bot.core.effects import jobs, timeline
from bot.core.store.incidents import Incident
from bot.core.store.schema import Wire

FIRST_VERSION = 1


def change(ctx: Context, incident: Incident, members: Wire, **columns: Any) -> Incident:
    """Write what differs from a locked incident, `members` into its document; None takes one
    away. All of it is told on the timeline, as text or JSON text.
    """
    document = {**incident.document, **members}
    if "summary" in members:
        document["summaryEdit"] = _next_edit(ctx, incident)
    stamp = {} if "status" not in columns else {"resolved_at": _resolved_at(ctx, columns)}
    changed = ctx.update(
        incident,
        **columns,
        **stamp,
        document={name: value for name, value in document.items() if value is not None},
        modified_by=ctx.caller.principal_arn,
        modified_at=ctx.now,
    )
    tell(ctx, changed, {**members, **columns})
    return changed


def tell(ctx: Context, incident: Incident, attributes: Mapping[str, Any]) -> None:
    timeline.record(
        ctx,
        incident,
        timeline.UPDATED,
        incidentTitle=incident.title,
        modifiedBy=ctx.caller.principal_arn,
        modifiedAttributes=[
            {
                "attributeName": name,
                "newValue": value if isinstance(value, str) else orjson.dumps(value).decode(),
            }
            for name, value in attributes.items()
        ],
    )
    if attributes.get("chatChannel", ()) is None:
        jobs.behind_pages(ctx, "tell_chat", incident_key=incident.key)  # the cards say goodbye


def summary_version(incident: Incident) -> int:
    """How many summaries the incident has had; the one that it began with is the first."""
    edit = incident.document.get("summaryEdit")
    return int(edit["version"]) if edit else FIRST_VERSION


def _next_edit(ctx: Context, incident: Incident) -> Wire:
    return {
        "version": summary_version(incident) + 1,
        "by": ctx.caller.actor,
        "at": ctx.now.isoformat(),
    }


def _resolved_at(ctx: Context, columns: Mapping[str, Any]) -> Any:
    return ctx.now if columns["status"] == "RESOLVED" else None
