"""Whole messages about incidents and pages, pure: from the wire's own documents to cards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    link,
    section,
)
from bot.channels.slack.results import Card, as_json, command_result
from bot.channels.slack.sayings import NOBODY_PAGED, timeline_entry
from bot.channels.slack.words import (
    IMPACT,
    between,
    more_starts,
    seconds_of,
    time_of_day,
    when,
)

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

ACKNOWLEDGE = "acknowledge_incident"
ENGAGE = "engage_someone"
UPDATE = "update_incident"
ADD_EVENT = "add_event"
RESOLVE = "resolve_incident"
CREATE_REPLICATION_SET = "create_replication_set"
"""The action ids of the buttons below."""

SURE = "Resolve this incident? Nobody is paged for it any more, and everyone paged is told."
RECENT = LINKS = 5
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
RAISE_IT = "The response plan pages nobody at this impact. Raise the impact, and it does."
LEFT_BEHIND = "This card is not kept up to date any more."
HOW_TO_ACKNOWLEDGE = join(
    "The button acknowledges for those who are linked; the page's code does for everybody: ",
    code("@aws ack <code>"),
)
SIGN = {"SENT": "→", "DELIVERED": "✓", "READ": "✓✓", "ERROR": "✗", "STOP": "■"}


def incident_card(
    record: Mapping[str, Any],
    *,
    people: Sequence[Mapping[str, Any]] = (),
    recent: Sequence[Mapping[str, Any]] = (),
    links: Sequence[Mapping[str, Any]] = (),
    nobody_reached: bool = False,
    absorbed: int = 0,
    is_quiet: bool = False,
    moved_to: Sequence[str] | None = None,
    at: datetime | None = None,
) -> Card:
    """Show an incident record (the `incidentRecord` of GetIncidentRecord) as it is `at` then.

    `people` are {name, state, at}, `recent` timeline events, newest first, of which five are
    shown, `links` are {title, target}. Instants are datetimes or ISO 8601. `nobody_reached`,
    `is_quiet` and `absorbed` stand in its head, and in the fallback that phones notify with.
    The card of a resolved incident has no button, nor has one that is not kept up to date any
    more because the incident is shown elsewhere, in the Slack channels `moved_to`.
    """
    is_open = record["status"] == "OPEN"
    blocks = [
        header(record["title"]),
        *_alarms(nobody_reached=nobody_reached, is_quiet=is_quiet and is_open),
        fields(_facts(record, absorbed, at) | _people(people)),
    ]
    if record.get("summary"):
        blocks.append(section(record["summary"]))
    if links:
        blocks.append(section(bold("Links"), "\n", join(*map(_link, links[:LINKS]), by="\n")))
    if recent:
        blocks += [divider(), context(join(*map(_dated_entry, recent[:RECENT]), by="\n"))]
    if moved_to is not None:
        blocks.append(section("→ ", bold(LEFT_BEHIND), _where(moved_to)))
    elif is_open:
        blocks += [actions(*_buttons(record["arn"])), context(HOW_TO_ACKNOWLEDGE)]
    blocks.append(context(code(record["arn"])))
    quiet = [NOBODY_PAGED] if is_quiet and is_open else []
    text = _in_a_line(record, absorbed, [*quiet, *([NOBODY_REACHED] if nobody_reached else [])])
    return Card(text=text, blocks=fit(blocks))


def _in_a_line(record: Mapping[str, Any], absorbed: int, alarms: Sequence[str]) -> Markup:
    """What phones notify with."""
    state = "" if record["status"] == "OPEN" else f" ({record['status'].lower()})"
    told = [
        f"{record['title']}{state}",
        *([more_starts(absorbed)] if absorbed else []),
        *alarms,
    ]
    impact = IMPACT.get(record["impact"], str(record["impact"]))
    return join(" · ".join([*told, impact]))


def _alarms(*, nobody_reached: bool, is_quiet: bool) -> list[Block]:
    alarms = [section("✗ ", bold(NOBODY_REACHED), " ", TAKE_IT)] if nobody_reached else []
    return alarms + ([section(bold(NOBODY_PAGED), " ", RAISE_IT)] if is_quiet else [])


def _facts(record: Mapping[str, Any], absorbed: int, at: datetime | None) -> dict[str, object]:
    impact = IMPACT.get(record["impact"], str(record["impact"]))
    started, resolved = record["creationTime"], record.get("resolvedTime")
    shown: dict[str, object] = {
        "Impact": f"{record['impact']} ({impact})",
        "Status": record["status"].capitalize(),
        "Started": when(started),
    }
    if absorbed:
        shown["Started again"] = more_starts(absorbed)
    if resolved:
        shown |= {"Resolved": when(resolved), "Duration": between(started, resolved)}
    elif at is not None:
        shown["Duration"] = _so_far(started, at)
    return shown


def _so_far(started: object, at: datetime) -> Markup:
    """How long it is open: Slack counts on by itself, and elsewhere it is as of the drawing.

    Source: Slack, "Formatting text for app surfaces", date formatting, `{ago}`.
    """
    so_far, seconds = between(started, at), seconds_of(started)
    if seconds is None:
        return escape(so_far)
    return Markup(f"<!date^{seconds}^started {{ago}}|{escape(so_far)} so far>")


def _link(item: Mapping[str, Any]) -> Markup:
    target, title = str(item["target"]), str(item.get("title") or item["target"])
    if target.startswith("http"):
        return link(target, title)
    return join(title, " ", code(target)) if title != target else code(target)


def _where(channels: Sequence[str]) -> Markup:
    named = join(*(Markup(f"<#{escape(channel)}>") for channel in channels), by=", ")
    return join(" The incident goes on in ", named, ".") if channels else Markup("")


def _buttons(arn: str) -> tuple[Block, ...]:
    return (
        button("Acknowledge", action=ACKNOWLEDGE, value=arn, style="primary"),
        button("Engage someone", action=ENGAGE, value=arn),
        button("Update", action=UPDATE, value=arn),
        button("Add event", action=ADD_EVENT, value=arn),
        button("Resolve", action=RESOLVE, value=arn, style="danger", confirm=SURE),
    )


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
            SIGN.get(kind, "…"), " ", bold(name), " ", f"{kind} {info}".strip() or "on its way"
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
