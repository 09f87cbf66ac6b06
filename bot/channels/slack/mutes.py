"""Cards and words about muted contacts, pure: from the documents of imbot's operations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.channels.slack.blocks import Markup, bold, code, context, join, section
from bot.channels.slack.on_call import in_readers_zone
from bot.channels.slack.results import Card

WHAT_IT_DOES = "Nothing is sent meanwhile, nor afterwards; plans go on to the next at once."


def muted_card(extras: Mapping[str, Any], alias: str) -> Card:
    """Show the answer of MuteContact, and how to end it."""
    told = join(bold(extras["DisplayName"]), " is muted until ", _until(extras), ".")
    how = join(WHAT_IT_DOES, " To end it: ", code(f"@aws unmute {alias}"))
    return Card(text=Markup(told.replace("*", "")), blocks=[section(told), context(how)])


def unmuted_card(answer: Mapping[str, Any], alias: str) -> Card:
    told = join(bold(alias), " is not muted. ", withheld(answer["PagesWithheld"]))
    return Card(text=Markup(told.replace("*", "")), blocks=[section(told)])


def withheld(count: int) -> str:
    return f"{count or 'No'} {'page was' if count == 1 else 'pages were'} withheld."


def extra_notes(extras: Mapping[str, Any]) -> list[Markup]:
    """What GetContactExtras adds to the card of a contact."""
    notes = []
    if "MutedUntil" in extras:
        by = f" by {extras['MutedBy']}" if extras.get("MutedBy") else ""
        told = (by, ". ", withheld(extras["PagesWithheld"]))
        notes.append(join("✗ Muted until ", _until(extras), *told))
    if times := extras["PlanRepeatTimes"]:
        how_often = "once" if times == 1 else f"{times} times"
        notes.append(join(f"The plan begins again {how_often} while nobody acknowledges."))
    return notes


def _until(extras: Mapping[str, Any]) -> Markup:
    return in_readers_zone(extras["MutedUntil"])
