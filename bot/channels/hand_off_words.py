"""What a hand-off is called in mails and texts, pure. Slack's card is in `slack.on_call`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.channel import HandOff

NOBODY = "nobody"


def subject(message: HandOff) -> str:
    """Say in one line what it means to the reader: "You are on call: primary"."""
    side = "on call" if message.to == "coming" else "off call"
    return f"You are {side}: {message.rotation}"


def sentences(message: HandOff) -> list[str]:
    """Say who is on call and until when, in the wall time of the rotation's zone."""
    told = [f"On call since {local(message, message.since)}: {names(message.now)}."]
    if message.until is not None:
        told.append(f"From {local(message, message.until)}: {names(message.next)}.")
    told.append(f"Before: {names(message.before)}.")
    where = f"Rotation {message.rotation}"
    if message.schedules:
        where += f", schedule {', '.join(message.schedules)}"
    return [*told, f"{where}. Times are those of {message.zone}."]


def one_line(message: HandOff) -> str:
    """The same for a text: the rotation, until when, and who is next or now."""
    if message.to == "leaving":
        return f"Off call: {message.rotation}. Now: {names(message.now)}."
    until = ""
    if message.until is not None:
        until = f" until {local(message, message.until)} {message.zone}"
        until += f", then {names(message.next)}"
    return f"On call: {message.rotation}{until}."


def names(people: Sequence[str]) -> str:
    return ", ".join(people) or NOBODY


def local(message: HandOff, at: str) -> str:
    """An instant, ISO 8601, as a wall clock in the rotation's zone shows it."""
    wall = datetime.fromisoformat(at).astimezone(ZoneInfo(message.zone))
    return f"{wall:%a} {wall.day} {wall:%b %H:%M}"
