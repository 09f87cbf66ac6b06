"""The card that says who could not be reached now, pure: from ListUnreachable's document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.channels.slack.blocks import (
    Block,
    Markup,
    bold,
    clip,
    context,
    divider,
    fit,
    header,
    join,
    section,
)
from bot.channels.slack.results import Card
from bot.channels.slack.words import count_of

Findings = Sequence[Mapping[str, Any]]

NOTHING = (
    "There are no contacts and no response plans yet, so nobody could be told of anything."
)
CALLED = {
    "RESPONSE_PLAN": "Response plans",
    "ESCALATION": "Escalation plans",
    "ONCALL_SCHEDULE": "On-call schedules",
    "PERSONAL": "People",
}
SHOWN = 12
"""Findings of one kind on the card; a file holds all of them where there are more in all."""
LINE_LIMIT = 240
"""Characters of one finding; twelve of them fit into a section."""


def reachability_card(answer: Mapping[str, Any]) -> Card:
    """Show what could tell nobody now, by kind, and after it what reaches only some."""
    checked = answer["CheckedCount"]
    unreachable: Findings = answer["Unreachable"]
    doubts: Findings = answer["Doubts"]
    if not checked:
        return Card(text=NOTHING, blocks=[section(Markup(NOTHING))])
    blocks: list[Block] = [header("Who could not be reached now"), section(_told(answer))]
    for kind, title in CALLED.items():
        blocks += _group(f"✗ {title}", [one for one in unreachable if one["Type"] == kind])
    blocks += _group("⚠ Only in part", doubts)
    whole = [*unreachable, *doubts]
    attachment = "\n".join(map(_line, whole)) if len(whole) > SHOWN else None
    return Card(text=_told(answer), blocks=fit(blocks), attachment=attachment)


def _told(answer: Mapping[str, Any]) -> Markup:
    checked, lost = answer["CheckedCount"], len(answer["Unreachable"])
    things = f"{checked} contacts, plans and schedules"
    if lost:
        return join(f"✗ {lost} of {things} could tell nobody now.")
    return join(f"✓ Each of {things} could tell somebody now.")


def _group(title: str, findings: Findings) -> Iterator[Block]:
    if not findings:
        return
    yield divider()
    lines = [
        clip(join("• ", bold(one["DisplayName"]), " ", one["Reason"]), LINE_LIMIT)
        for one in findings[:SHOWN]
    ]
    yield section(bold(title), "\n", join(*lines, by="\n"))
    if len(findings) > SHOWN:
        left = count_of(len(findings) - SHOWN, "others")
        yield context(f"… and {left}, in the attached file.")


def _line(finding: Mapping[str, Any]) -> str:
    return f"{finding['Type']} {finding['DisplayName']}: {finding['Reason']} {finding['Arn']}"
