"""An incident's summary with its version, so that two people editing at once lose no text."""

from __future__ import annotations

from datetime import datetime

from bot.core.context import Context
from bot.core.effects import changes
from bot.core.errors import ResourceNotFoundException
from bot.core.registry import operation
from bot.core.store.incidents import Incident
from bot.core.store.schema import Wire


@operation("imbot", "GetSummary")
def get_summary(ctx: Context, *, incident_record_arn: str) -> Wire:
    """The summary as it is, and the version that an edit of it names."""
    return _summary(ctx.require(Incident, incident_record_arn))


@operation("imbot", "EditSummary")
def edit_summary(ctx: Context, *, incident_record_arn: str, summary: str, version: int) -> Wire:
    """Write a summary made from that version; where there is a newer one, write nothing.

    Then `IsSaved` is false, and the answer holds the newer text, who wrote it, and the version
    to name when asking again. Our choice; UpdateIncidentRecord is last-writer-wins.
    """
    incident = ctx.lock(Incident, ctx.require(Incident, incident_record_arn).key)
    if incident is None:
        raise ResourceNotFoundException("INCIDENT_RECORD", incident_record_arn)
    if summary == (incident.summary or ""):
        return {"IsSaved": True, **_summary(incident)}
    if version != changes.summary_version(incident):
        return {"IsSaved": False, "RefusedSummary": summary, **_summary(incident)}
    return {"IsSaved": True, **_summary(changes.change(ctx, incident, {"summary": summary}))}


def _summary(incident: Incident) -> Wire:
    answer: Wire = {
        "IncidentRecordArn": incident.arn,
        "Summary": incident.summary or "",
        "Version": changes.summary_version(incident),
    }
    if edit := incident.document.get("summaryEdit"):
        answer |= {"EditedBy": edit["by"], "EditedAt": datetime.fromisoformat(edit["at"])}
    return answer
