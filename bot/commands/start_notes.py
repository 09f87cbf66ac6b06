"""What is said under the answer to a start: it was absorbed, or nobody was paged."""

from __future__ import annotations

from typing import Any

from bot.commands.asking import Document, request_of
from bot.commands.binding import Bound
from bot.core.context import Context
from bot.core.dispatch import answer_within

QUIET = "Nobody was paged: the plan pages nobody at this impact. Raise it, and it does."


def start_notes(ctx: Context, document: Document, bound: Bound, result: Any) -> list[str]:
    if (bound.service, bound.operation) != ("ssm-incidents", "StartIncident"):
        return []
    about = {"IncidentRecordArn": result["incidentRecordArn"]}
    request = request_of(ctx, document, "imbot", "GetIncidentExtras", about, bound.region)
    extras = answer_within(ctx, request)
    notes = [QUIET] if extras["PagedNobody"] else []
    if count := extras["AbsorbedStarts"]:
        notes.insert(0, f"An open incident absorbed this start (+{count:,}): it pages once.")
    return notes
