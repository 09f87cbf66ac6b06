"""The card of an incident count and what its picture shows, pure: from GetIncidentMetrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.channels.slack.blocks import (
    Block,
    bold,
    context,
    divider,
    fields,
    fit,
    header,
    join,
    section,
)
from bot.channels.slack.results import Card, as_json
from bot.channels.slack.words import IMPACT, count_of, duration, resource_name

Document = Mapping[str, Any]

SHOWN = 15
"""Groups on the card; a file holds all of them where there are more."""
PERIODS = {1: "day", 7: "week", 28: "four weeks"}
ACKNOWLEDGE, RESOLVE = "TimeToFirstAcknowledgement", "TimeToResolveIncident"
MEDIANS = "Times are medians."


def metrics_card(answer: Document, notes: Sequence[str] = ()) -> Card:
    """Show the whole, then the groups; the picture goes with it where there is anything."""
    total, when = answer["Total"], _range(answer)
    if not _happened(total):
        nothing = f"No incident was created or resolved: {when}."
        return Card(text=nothing, blocks=[section(nothing), *_context(answer, notes)])
    groups = answer["Groups"]
    blocks: list[Block] = [header(f"Incidents, {when}"), fields(_fields(total))]
    if groups:
        lines = join(*(_line(group) for group in groups[:SHOWN]), by="\n")
        blocks += [divider(), section(lines)]
    if len(groups) > SHOWN:
        left = count_of(len(groups) - SHOWN, "others")
        blocks.append(context(f"… and {left}, in the attached file."))
    blocks += _context(answer, (MEDIANS, *notes))
    return Card(
        text=f"{_said(total)} {when}.",
        blocks=fit(blocks),
        attachment=as_json(answer) if len(groups) > SHOWN else None,
        picture=chart_of(answer),
    )


def chart_of(answer: Document) -> dict[str, Any]:
    """What `chart.incident_chart` draws, and `alt`, which says it in words."""
    zone = ZoneInfo(answer["TimeZoneId"])
    periods = answer["Periods"]
    parts = [period["Metrics"] for period in periods]
    when = _range(answer)
    return {
        "title": "Incidents created and resolved",
        "range": f"{when}, by {PERIODS[answer['PeriodInDays']]}",
        "labels": [_day(period["StartTime"], zone) for period in periods],
        "created": [part["NumberOfCreateIncidents"] for part in parts],
        "resolved": [part["NumberOfResolveIncidents"] for part in parts],
        "acknowledge": [part[ACKNOWLEDGE].get("Median") for part in parts],
        "resolve": [part[RESOLVE].get("Median") for part in parts],
        "alt": f"{_said(answer['Total'])} {when}.",
    }


def _happened(metrics: Document) -> bool:
    return bool(metrics["NumberOfCreateIncidents"] or metrics["NumberOfResolveIncidents"])


def _range(answer: Document) -> str:
    """Both days named; what ends at midnight has the day before as its last."""
    zone = ZoneInfo(answer["TimeZoneId"])
    first = answer["StartTime"].astimezone(zone)
    last = (answer["EndTime"] - timedelta(microseconds=1)).astimezone(zone)
    if first.date() == last.date():
        return f"{last.day} {last:%b %Y}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{_day(first, zone)}{year} to {last.day} {last:%b %Y}"


def _day(instant: datetime, zone: ZoneInfo) -> str:
    local = instant.astimezone(zone)
    return f"{local.day} {local:%b}"


def _fields(total: Document) -> dict[str, str]:
    return {
        "Created": f"{total['NumberOfCreateIncidents']:,}",
        "Resolved": f"{total['NumberOfResolveIncidents']:,}",
        "Time to first acknowledgement": _took(total[ACKNOWLEDGE]),
        "Time to resolve": _took(total[RESOLVE]),
    }


def _took(statistics: Document) -> str:
    if not statistics["Count"]:
        return "-"
    median, most = _median(statistics), _long(statistics["Maximum"])
    return f"{median} (longest {most}, of {statistics['Count']:,})"


def _median(statistics: Document) -> str:
    return _long(statistics["Median"])


def _long(seconds: float) -> str:
    return duration(timedelta(seconds=seconds))


def _said(metrics: Document) -> str:
    parts = [
        f"{metrics['NumberOfCreateIncidents']:,} created",
        f"{metrics['NumberOfResolveIncidents']:,} resolved",
        *_medians(metrics),
    ]
    return ", ".join(parts) + ","


def _medians(metrics: Document) -> Iterator[str]:
    if metrics[ACKNOWLEDGE]["Count"]:
        yield f"acknowledged after {_median(metrics[ACKNOWLEDGE])}"
    if metrics[RESOLVE]["Count"]:
        yield f"resolved after {_median(metrics[RESOLVE])}"


def _line(group: Document) -> str:
    names = []
    if "ResponsePlanArn" in group:
        names.append(resource_name(group["ResponsePlanArn"]))
    if "Impact" in group:
        names.append(IMPACT.get(group["Impact"], str(group["Impact"])))
    if "Source" in group:
        names.append(group["Source"])
    return join(bold(" · ".join(names)), "  ", _said(group["Metrics"]).rstrip(","))


def _context(answer: Document, notes: Sequence[str]) -> Iterator[Block]:
    zone = answer["TimeZoneId"]
    yield context(join(*notes, f"Days are those of {zone}.", by=" "))
