"""The cards that say who is on call, pure: of ListOnCall's own document, and of a hand-off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.channels.slack.blocks import (
    Block,
    Markup,
    bold,
    context,
    divider,
    escape,
    fit,
    header,
    join,
    section,
)
from bot.channels.slack.results import Card
from bot.channels.slack.words import when
from bot.core.channel import HandOff

NONE = "There is no on-call schedule. `@aws ssm-contacts create-rotation help` begins one."
EMPTY = "✗ This schedule has no rotation, so nobody is on call."
GAP = "✗ Nobody"


def on_call_card(schedules: Sequence[Mapping[str, Any]]) -> Card:
    """Show the `Schedules` of ListOnCall: now, next and the hand-off, for each rotation.

    A gap says "Nobody". Instants are shown in the reader's zone, and in UTC where a client
    cannot.
    """
    if not schedules:
        return Card(text=NONE, blocks=[section(Markup(NONE))])
    blocks = [header("Who is on call"), *(b for one in schedules for b in _schedule(one))]
    return Card(text=join(*map(_told, schedules), by="\n"), blocks=fit(blocks))


def hand_off_card(message: HandOff) -> Card:
    """Tell a chat channel, or one of the people, that others are on call, and until when."""
    rotation = bold(message.rotation)
    told = {
        "everybody": join(_names(message.now, GAP), " on call in ", rotation, " now."),
        "coming": join("You are on call in ", rotation, " now."),
        "leaving": join("You are off call in ", rotation, " now."),
    }[message.to]
    parts = [join("since ", in_readers_zone(datetime.fromisoformat(message.since)))]
    if message.to == "leaving" or (message.to == "coming" and len(message.now) > 1):
        parts.insert(0, join("on call: ", _names(message.now)))
    if message.until is not None:
        until = in_readers_zone(datetime.fromisoformat(message.until))
        parts.append(join("until ", until, ", then ", _names(message.next)))
    parts.append(join("before: ", _names(message.before)))
    blocks = [section(told), context(join(*parts, by=" · "))]
    if message.schedules:
        blocks.append(context(join("Schedule ", ", ".join(message.schedules))))
    return Card(text=Markup(told.replace("*", "")), blocks=fit(blocks))


def _names(people: Sequence[str], none: str = "nobody") -> Markup:
    return join(*map(bold, people), by=", ") or bold(none)


def in_readers_zone(at: datetime) -> Markup:
    """An instant as Slack shows it to each reader in his own time zone.

    Source: Slack, "Formatting text for app surfaces", date formatting.
    """
    seconds = int(at.timestamp())
    return Markup(f"<!date^{seconds}^{{date_short_pretty}} {{time}}|{escape(when(at))}>")


def _schedule(schedule: Mapping[str, Any]) -> Iterator[Block]:
    yield divider()
    title = bold(schedule["DisplayName"])
    rotations = schedule["Rotations"]
    if not rotations:
        yield section(title, "\n", EMPTY)
        return
    yield section(title)
    for rotation in rotations:
        yield section(
            join("Now: ", _people(rotation["Now"])), "\n", join("Next: ", _next(rotation))
        )
        yield context(f"Rotation {rotation['Name']}, {rotation['TimeZoneId']}")


def _next(rotation: Mapping[str, Any]) -> Markup:
    at = rotation.get("HandOffTime")
    if at is None:
        return Markup("no hand-off")
    return join(_people(rotation["Next"]), " from ", in_readers_zone(at))


def _people(people: Sequence[Mapping[str, Any]]) -> Markup:
    names = [bold(person["DisplayName"]) for person in people]
    return join(*names, by=", ") if names else bold(GAP)


def _told(schedule: Mapping[str, Any]) -> str:
    """One line of the fallback text, plain."""
    now = [person["DisplayName"] for one in schedule["Rotations"] for person in one["Now"]]
    return f"{schedule['DisplayName']}: {', '.join(dict.fromkeys(now)) or 'nobody'} on call"
