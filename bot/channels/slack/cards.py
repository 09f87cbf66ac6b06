"""Whole messages about incidents and pages, pure: from the wire's own documents to cards."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.channels.slack.blocks import (
    Block,
    Markup,
    actions,
    bold,
    button,
    clip,
    code,
    context,
    divider,
    escape,
    fields,
    fit,
    header,
    join,
    section,
)
from bot.channels.slack.mutes import withheld
from bot.channels.slack.on_call import in_readers_zone
from bot.channels.slack.results import Card, as_json, command_result
from bot.channels.slack.words import IMPACT, label, resource_name, time_of_day, when

__all__ = [
    "Card",
    "acknowledged_card",
    "as_json",
    "command_result",
    "help_card",
    "incident_card",
    "problem_card",
    "replication_set_offer",
    "test_page_card",
    "timeline_entry",
]

RESOLVE = "resolve_incident"
CREATE_REPLICATION_SET = "create_replication_set"
"""The action ids of the buttons below."""

RECENT = 5
ENTRY_LIMIT = 350
"""Characters of one of the latest events on a card; five of them fit into a context block."""
PEOPLE = {
    "engaged": "Engaged",
    "acknowledged": "Acknowledged by",
    "failed": "Not reached",
    "stopped": "Not needed any more",
}
"""What a person's state is called on a card."""
NOBODY_REACHED = "Nobody could be reached."
TAKE_IT = "Whoever reads this: take it, or engage somebody else."
NOBODY_PAGED = "Nobody was paged."
RAISE_IT = "The response plan pages nobody at this impact. Raise the impact, and it does."
SIGN = {"SENT": "→", "DELIVERED": "✓", "READ": "✓✓", "ERROR": "✗", "STOP": "■"}


def incident_card(
    record: Mapping[str, Any],
    *,
    people: Sequence[Mapping[str, Any]] = (),
    recent: Sequence[Mapping[str, Any]] = (),
    nobody_reached: bool = False,
    absorbed: int = 0,
    is_quiet: bool = False,
) -> Card:
    """Show an incident record (the `incidentRecord` of GetIncidentRecord).

    `people` are {name, state, at}, `recent` timeline events, newest first, of which five are
    shown. Instants are datetimes or ISO 8601. The card of a resolved incident has no button.
    `nobody_reached`, `is_quiet` and `absorbed` stand in its head, and in the fallback that
    phones notify with.
    """
    is_open = record["status"] == "OPEN"
    impact = IMPACT.get(record["impact"], str(record["impact"]))
    shown: dict[str, object] = {
        "Impact": f"{record['impact']} ({impact})",
        "Status": record["status"].capitalize(),
        "Started": when(record["creationTime"]),
    }
    if absorbed:
        shown["Started again"] = more_starts(absorbed)
    if record.get("resolvedTime"):
        shown["Resolved"] = when(record["resolvedTime"])
    shown |= _people(people)
    alarm = [section("✗ ", bold(NOBODY_REACHED), " ", TAKE_IT)] if nobody_reached else []
    if is_quiet and is_open:
        alarm.append(section(bold(NOBODY_PAGED), " ", RAISE_IT))
    blocks = [header(record["title"]), *alarm, fields(shown)]
    if record.get("summary"):
        blocks.append(section(record["summary"]))
    if recent:
        blocks += [divider(), context(join(*map(_dated_entry, recent[:RECENT]), by="\n"))]
    if is_open:
        blocks += [
            actions(_resolve(record["arn"])),
            context("Whoever is paged acknowledges with the code: ", code("@aws ack <code>")),
        ]
    blocks.append(context(code(record["arn"])))
    state = "" if is_open else f" ({record['status'].lower()})"
    state += f" · {more_starts(absorbed)}" if absorbed else ""
    state += f" · {NOBODY_PAGED}" if is_quiet and is_open else ""
    state += f" · {NOBODY_REACHED}" if nobody_reached else ""
    return Card(text=join(f"{record['title']}{state} · {impact}"), blocks=fit(blocks))


def more_starts(absorbed: int) -> str:
    """How many more starts an incident stands for: "+999"."""
    return f"+{absorbed:,}"


def _people(people: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Name the people by what became of them; who acknowledged, with the time."""
    named: dict[str, str] = {}
    for state, title in PEOPLE.items():
        names = [
            f"{one['name']} ({time_of_day(one['at'])})"
            if state == "acknowledged" and time_of_day(one.get("at"))
            else str(one["name"])
            for one in people
            if one["state"] == state
        ]
        if names:
            named[title] = ", ".join(names)
    return named


def _dated_entry(event: Mapping[str, Any]) -> Markup:
    said = " ".join(timeline_entry(event).split())
    at = time_of_day(event.get("eventTime")) or "•"
    return join(at, " ", clip(Markup(said), ENTRY_LIMIT))


def _resolve(arn: str) -> Block:
    return button(
        "Resolve",
        action=RESOLVE,
        value=arn,
        style="danger",
        confirm="Resolve this incident? It cannot be opened again.",
    )


def timeline_entry(event: Mapping[str, Any], names: Mapping[str, str] | None = None) -> Markup:
    """Say a timeline event in a sentence, for a reply in the incident's thread.

    `event` is a TimelineEvent or what a topic published (`eventType`, `eventData` as JSON text
    or document). `names` maps contact ARNs to names; without it the aliases tell.
    """
    data = _parsed(event.get("eventData"))
    kind = str(event.get("eventType", ""))
    say = _SAYINGS.get(kind)
    if say is not None and isinstance(data, Mapping):
        return say(data, names or {})
    text = data if isinstance(data, str) else as_json(data)
    if kind in {"Custom Event", "Note"}:
        return join(bold(kind), " ", text)
    return join(bold(kind or "Event"), " ", text if data else "")


def problem_card(text: str, hint: str | None = None) -> Card:
    """Say what is wrong with a command, and what to do about it."""
    blocks = [section("✗ ", text)]
    if hint:
        blocks.append(context(hint))
    return Card(text=join(text), blocks=fit(blocks))


def help_card(title: str, lines: Sequence[str]) -> Card:
    """Show help. A line may be Markup; empty lines part paragraphs."""
    blocks: list[Block] = [header(title)]
    paragraph: list[str] = []
    for line in [*lines, ""]:
        if line and sum(map(len, paragraph)) < 2000:
            paragraph.append(line)
            continue
        if paragraph:
            blocks.append(section(join(*paragraph, by="\n")))
        paragraph = [line] if line else []
    return Card(text=join(title, *lines, by="\n"), blocks=fit(blocks))


def replication_set_offer(region: str) -> Card:
    """Offer to create the replication set, without which nothing else can be done."""
    text = "There is no replication set yet. It comes first: it says in which regions you work."
    offer = button(
        f"Create it in {region}", action=CREATE_REPLICATION_SET, value=region, style="primary"
    )
    command = f"@aws ssm-incidents create-replication-set --regions '{{\"{region}\": {{}}}}'"
    blocks = [section(text), actions(offer), context("Or type ", code(command))]
    return Card(text=join(text, " ", code(command)), blocks=blocks)


def test_page_card(contact: str, receipts: Sequence[tuple[str, str, str]]) -> Card:
    """Show how a test page went: (contact channel, receipt type or "", what it says) each."""
    title = f"Test page to {contact}"
    lines = [
        join(
            SIGN.get(kind, "…"), " ", bold(name), " ", f"{kind or 'on its way'} {info}".strip()
        )
        for name, kind, info in receipts
    ]
    none = "No active contact channel, so nothing was sent."
    blocks = [section(bold(title)), section(join(*lines, by="\n") if lines else none)]
    return Card(text=join(title), blocks=fit(blocks))


test_page_card.__test__ = False  # type: ignore[attr-defined]


def acknowledged_card(contact: str, subject: str) -> Card:
    """Say that a page is acknowledged."""
    blocks = [section("✓ ", bold(contact), " acknowledged ", bold(subject), ".")]
    return Card(text=join(f"{contact} acknowledged: {subject}"), blocks=blocks)


BY = {"SMS": "text", "VOICE": "phone call", "EMAIL": "mail", "SLACK": "direct message"}


def _parsed(data: Any) -> Any:
    if not isinstance(data, str):
        return data
    try:
        return json.loads(data)
    except ValueError:
        return data


def _name(data: Mapping[str, Any], names: Mapping[str, str]) -> str:
    arn = str(data.get("contactArn", ""))
    return names.get(arn) or str(data.get("contactName") or resource_name(arn))


def _trigger(data: Mapping[str, Any], _: Mapping[str, str]) -> Markup:
    source = str(data.get("incidentSource") or data.get("triggerArn") or "an unknown source")
    if data.get("absorbedStarts"):
        count = more_starts(int(data["absorbedStarts"]))
        return join(bold(count), " starts were added to this open incident.")
    if data.get("createdIncident") is False:
        return join("Triggered again by ", code(source), "; added to this open incident.")
    return join("Triggered by ", code(source), ".")


def _start(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    who = ", ".join(_name(contact, names) for contact in data.get("contactsEngage") or ())
    title = bold(str(data.get("incidentTitle", "")))
    return join("Incident started: ", title, ".", f" Engaging {who}." if who else "")


def _update(data: Mapping[str, Any], _: Mapping[str, str]) -> Markup:
    by = resource_name(str(data.get("modifiedBy") or "")).rpartition("/")[2]
    changes = [
        join(label(str(change.get("attributeName"))), ": ", bold(_new_value(change)))
        for change in data.get("modifiedAttributes") or ()
    ]
    return join("Changed", f" by {by}" if by else "", ". ", join(*changes, by=", "))


def _new_value(change: Mapping[str, Any]) -> str:
    value = str(change.get("newValue", ""))
    if change.get("attributeName") == "impact" and value.isdigit():
        return f"{value} ({IMPACT.get(int(value), '?')})"
    return value if len(value) <= 300 else value[:299] + "…"


def _page(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    media = [BY[medium] for medium in data.get("channelTypes") or () if medium in BY]
    how = f" by {' and '.join(media)}" if media else ""
    return join("Paging ", bold(_name(data, names)), how, ".")


def _acknowledgement(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    return join("✓ ", bold(_name(data, names)), " acknowledged.")


def _unreached(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    return join("✗ ", bold(_name(data, names)), " could not be reached.")


def _not_in_slack(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    why = str(data.get("reason", ""))
    return join("✗ ", bold(_name(data, names)), " got no direct message in Slack: ", why)


def _quiet(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    who = ", ".join(_name(one, names) for one in data.get("contactsNotEngaged") or ())
    told = f" The response plan would page {who} at another impact." if who else ""
    return join(bold(NOBODY_PAGED), told)


def _nobody(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    return join("✗ Nobody is on call in ", bold(_name(data, names)), " now.")


def _stopped(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    by = f" by {data['stoppedBy']}" if data.get("stoppedBy") else ""
    return join("Paging ", bold(_name(data, names)), f" was stopped{by}.")


def _address_refused(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    channel = f"{data.get('channelName')} ({data.get('channelType')})"
    whose = join("of ", bold(_name(data, names)))
    return join("✗ ", bold(channel), " ", whose, ": ", str(data.get("reason") or ""))


def _muted(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    """Source: our own event, `bot/core/effects/mutes.py`."""
    by = f" by {data['mutedBy']}" if data.get("mutedBy") else ""
    until = in_readers_zone(datetime.fromisoformat(str(data["mutedUntil"])))
    told = join("✗ ", bold(_name(data, names)), " is muted until ", until, by, ": ")
    return join(told, withheld(int(data.get("withheld") or 0)))


def _refused(data: Mapping[str, Any], names: Mapping[str, str]) -> Markup:
    whom = join(" of ", bold(_name(data, names))) if data.get("contactArn") else ""
    what = label(str(data.get("operation", "An action")))
    return join("✗ ", what, whom, " was refused: ", str(data.get("reason") or "no reason."))


_SAYINGS: dict[str, Callable[[Mapping[str, Any], Mapping[str, str]], Markup]] = {
    "SSM Incident Trigger": _trigger,
    "SSM Incident Start": _start,
    "SSM Incident Record Update": _update,
    "SSM Contacts Page for Incident": _page,
    "SSM Contacts Page Acknowledgement for Incident": _acknowledgement,
    "SSM Contacts Engagement Unreachable for Incident": _unreached,
    "SSM Contacts Nobody On Call for Incident": _nobody,
    "SSM Contacts Slack Message Failed for Incident": _not_in_slack,
    "SSM Contacts Contact Channel Refused for Incident": _address_refused,
    "SSM Contacts Engagement Stop for Incident": _stopped,
    "SSM Contacts Engagement Muted for Incident": _muted,
    "SSM Incident Recorded Without Paging": _quiet,
    "SSM Incident Action Refused": _refused,
    "SSM Automation Execution Start Failure for Incident": lambda data, _: join(
        "The runbook could not be started: ", escape(as_json(dict(data)))
    ),
}
