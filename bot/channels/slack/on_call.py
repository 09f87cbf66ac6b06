"""The cards that say who is on call, pure: of ListOnCall's own document, and of a hand-off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.channels.slack.blocks import (
    Block,
    Markup,
    actions,
    bold,
    button,
    code,
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

NONE = (
    "There is no on-call schedule. One is a contact of type ONCALL_SCHEDULE whose plan names "
    "rotations: `@aws create-rotation help`, then `@aws create-contact help`."
)
EMPTY = "✗ This schedule has no rotation, so nobody is on call."
GAP = "✗ Nobody"
WAYS = (
    "@aws take over <rotation> for 2h",
    "@aws calendar <rotation or person>",
    "@aws vcard",
)
TAKE_OVER = "take_over_shift"
"""Begins the action ids of the buttons: one of TAKEN_FOR follows."""
GIVE_BACK = "give_back_shift"
TAKEN_FOR = {"60": "for 1 hour", "240": "for 4 hours", "end": "until the hand-off"}
"""How long a shift is taken over for, in minutes, and what the button says."""
WITH_BUTTONS = 10
"""Rotations on one card that still have buttons of their own; more would not fit."""


def on_call_card(schedules: Sequence[Mapping[str, Any]]) -> Card:
    """Show the `Schedules` of ListOnCall: now, next and the hand-off, for each rotation.

    A gap says "Nobody". Instants are shown in the reader's zone, and in UTC where a client
    cannot.
    """
    if not schedules:
        return Card(text=NONE, blocks=[section(Markup(NONE))])
    has_buttons = sum(len(one["Rotations"]) for one in schedules) <= WITH_BUTTONS
    blocks = [header("Who is on call")]
    for one in schedules:
        blocks += _schedule(one, has_buttons)
    blocks.append(context(join(*map(code, WAYS), by=" · ")))
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


def take_over_card(answer: Mapping[str, Any]) -> Card:
    """Show the answer of TakeOverShift, with a button that gives the shift back."""
    who, rotation = _people(answer["Now"]), bold(answer["Name"])
    told = join("✓ ", who, " on call in ", rotation, " until ", _in_zone(answer["EndTime"]))
    if answer["Displaced"]:
        told = join(told, ", instead of ", _people(answer["Displaced"]))
    value = f"{answer['RotationArn']} {answer['RotationOverrideId']}"
    undo = button("Give back", action=GIVE_BACK, value=value)
    return Card(text=Markup(told.replace("*", "")), blocks=[section(told, "."), actions(undo)])


def given_back_card(answer: Mapping[str, Any]) -> Card:
    told = join("✓ Given back. ", _people(answer["Now"]), " on call in ", bold(answer["Name"]))
    return Card(text=Markup(told.replace("*", "")), blocks=[section(told, ".")])


def calendar_card(name: str, url: str) -> Card:
    """The address of a calendar, for the eyes of who asked alone."""
    told = join("The calendar of ", bold(name), " is at this address; it is a secret:")
    how = 'Subscribe to it "from URL". This command ends it, and makes a new one.'
    return Card(text=told, blocks=[section(told), section(code(url)), context(how)])


def sender_card(answer: Mapping[str, Any]) -> Card:
    """Where pages come from (GetSenderCard), and how to let it through Do Not Disturb."""
    ways = [*answer["PhoneNumbers"], *filter(None, [answer.get("EmailAddress")])]
    if not ways:
        nothing = "There are no settings for texts, calls or mail, so no pages come from here."
        return Card(text=nothing, blocks=[section(nothing)])
    told = join("Pages come from ", join(*map(code, ways), by=" and "), ".")
    blocks = [section(told)]
    if url := answer.get("Url"):
        blocks.append(section(Markup(f"<{escape(url)}|Save this contact on your phone>")))
    how = (
        "Then let it through Do Not Disturb. iPhone: edit the contact, Ringtone and Text Tone, "
        "Emergency Bypass. Android: star it, and allow starred contacts."
    )
    return Card(text=told, blocks=[*blocks, context(how)])


def _in_zone(at: object) -> Markup:
    return in_readers_zone(at) if isinstance(at, datetime) else escape(when(at))


def _names(people: Sequence[str], none: str = "nobody") -> Markup:
    return join(*map(bold, people), by=", ") or bold(none)


def in_readers_zone(at: datetime) -> Markup:
    """An instant as Slack shows it to each reader in his own time zone.

    Source: Slack, "Formatting text for app surfaces", date formatting.
    """
    seconds = int(at.timestamp())
    return Markup(f"<!date^{seconds}^{{date_short_pretty}} {{time}}|{escape(when(at))}>")


def _schedule(schedule: Mapping[str, Any], has_buttons: bool) -> Iterator[Block]:
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
        if has_buttons:
            yield actions(*_take_over_buttons(rotation))


def _take_over_buttons(rotation: Mapping[str, Any]) -> Iterator[Block]:
    for number, (how_long, label) in enumerate(TAKEN_FOR.items()):
        if how_long == "end" and "HandOffTime" not in rotation:
            continue
        text = f"Take over {label}" if number == 0 else label.capitalize()
        yield button(
            text,
            action=f"{TAKE_OVER}_{how_long}",
            value=f"{rotation['RotationArn']} {how_long}",
        )


def _next(rotation: Mapping[str, Any]) -> Markup:
    at = rotation.get("HandOffTime")
    if at is None:
        return Markup("no hand-off")
    return join(_people(rotation["Next"]), " from ", in_readers_zone(at))


def _people(people: Sequence[Mapping[str, Any]]) -> Markup:
    names = [_person(person) for person in people]
    return join(*names, by=", ") if names else bold(GAP)


def _person(person: Mapping[str, Any]) -> Markup:
    name = bold(person["DisplayName"])
    muted_until = person.get("MutedUntil")
    return join(name, " (✗ muted until ", _in_zone(muted_until), ")") if muted_until else name


def _told(schedule: Mapping[str, Any]) -> str:
    """One line of the fallback text, plain."""
    now = [person["DisplayName"] for one in schedule["Rotations"] for person in one["Now"]]
    return f"{schedule['DisplayName']}: {', '.join(dict.fromkeys(now)) or 'nobody'} on call"
