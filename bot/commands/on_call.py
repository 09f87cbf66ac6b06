"""Who is on call, and what one does about it in chat: take over, subscribe, save the sender."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.channels.slack.on_call import (
    GIVE_BACK,
    TAKE_OVER,
    calendar_card,
    given_back_card,
    on_call_card,
    sender_card,
    take_over_card,
)
from bot.channels.slack.results import Card
from bot.commands.asking import Document, post_of, request_of
from bot.commands.problems import ChatError
from bot.core.context import Answer, Context
from bot.core.dispatch import answer_within

ASKED = ("who is on call", "whos on call", "on call", "oncall")
"""How it is asked, in lower case, without marks."""
USAGE = (
    "Type `@aws take over primary for 2h`, `... until the hand-off`, "
    "or `@aws take over primary for 2h as ana`."
)
CALENDAR_USAGE = "Name a rotation, a schedule or a person: `@aws calendar primary`"
TAKE = re.compile(
    r"(?P<name>.+?)"
    r"(?:\s+for\s+(?P<time>\S.*?)|\s+until\s+(?:the\s+)?(?P<end>hand-?off|(?:shift.?s?\s+)?end))?"
    r"(?:\s+as\s+(?P<who>\S+))?",
    re.IGNORECASE,
)
PART = re.compile(r"(\d{1,4})\s*(minutes|minute|mins|min|m|hours|hour|hrs|hr|h|days|day|d)\b")
UNITS = {"m": 1, "h": 60, "d": 24 * 60}


def asks_who_is_on_call(words: Sequence[str]) -> bool:
    """Whether these words, in lower case, ask it: `on-call`, `who's on call?`."""
    typed = " ".join(words).replace("-", " ").replace("'", "").replace("’", "").rstrip("?! .")
    return typed in ASKED


def who_is_on_call(ctx: Context, document: Document) -> Card:
    """Raises AccessDeniedException where the caller may not read it."""
    return on_call_card(_ask(ctx, document, "ListOnCall", {})["Schedules"])


def is_about_shifts(words: Sequence[str]) -> bool:
    """Whether these words, in lower case, are a command of `answer_about_shifts`."""
    return list(words[:2]) == ["take", "over"] or words[0] in ("calendar", "vcard")


def answer_about_shifts(ctx: Context, document: Document, words: Sequence[str]) -> Answer:
    """`take over primary for 2h`, `calendar primary`, `vcard`. Raises ChatError."""
    if words[0].lower() == "vcard":
        card = sender_card(_ask(ctx, document, "GetSenderCard", {}))
        return Answer(posts=(post_of(ctx, document, card),))
    if words[0].lower() == "calendar":
        return _calendar(ctx, document, " ".join(words[1:]))
    parameters = read_take_over(" ".join(words[2:]))
    card = take_over_card(_ask(ctx, document, "TakeOverShift", parameters))
    return Answer(posts=(post_of(ctx, document, card),))


def press(ctx: Context, document: Document) -> Answer | None:
    """Do what a button of these cards says; None for a button of another card."""
    action, (name, _, which) = document["action"], document["value"].partition(" ")
    parameters: dict[str, Any] = {"RotationId": name}
    if action == GIVE_BACK:
        parameters["RotationOverrideId"] = which
        card = given_back_card(_ask(ctx, document, "GiveBackShift", parameters))
    elif action.startswith(TAKE_OVER):
        if which.isdecimal():
            parameters["DurationInMinutes"] = int(which)
        card = take_over_card(_ask(ctx, document, "TakeOverShift", parameters))
    else:
        return None
    return Answer(posts=(post_of(ctx, document, card),))


def read_take_over(typed: str) -> dict[str, Any]:
    """TakeOverShift's parameters from "primary for 2h as ana". Raises ChatError."""
    found = TAKE.fullmatch(typed.strip())
    if found is None:
        raise ChatError(USAGE)
    parameters: dict[str, Any] = {"RotationId": found["name"]}
    if found["time"]:
        parameters["DurationInMinutes"] = minutes_of(found["time"])
    if found["who"]:
        parameters["ContactId"] = found["who"]
    return parameters


def minutes_of(typed: str) -> int:
    """Read "90m", "2h", "1h 30min", "2 days". Raises ChatError."""
    lowered = typed.lower()
    parts = PART.findall(lowered)
    if not parts or re.sub(r"[\s,]|and", "", PART.sub("", lowered)):
        raise ChatError(f"How long is that? {USAGE}")
    return sum(int(number) * UNITS[unit[0]] for number, unit in parts)


def _calendar(ctx: Context, document: Document, name: str) -> Answer:
    """Only the one who asks sees the address. Slack shows such an answer in no thread that it
    would begin.
    """
    if not name:
        raise ChatError(CALENDAR_USAGE)
    answer = _ask(ctx, document, "CreateCalendarLink", {"ResourceId": name})
    post = post_of(ctx, document, calendar_card(name, answer["Url"]))
    if not _is_direct(document):
        thread_ts = post.thread_ts if document.get("is_reply") else None
        post = replace(post, ephemeral_user=document["user"], thread_ts=thread_ts)
    return Answer(posts=(post,))


def _is_direct(document: Document) -> bool:
    channel = document["channel"]
    is_direct = document.get("is_direct") or channel == document["user"]
    return bool(is_direct or channel.startswith("D"))


def _ask(
    ctx: Context, document: Document, operation: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    return answer_within(ctx, request_of(ctx, document, "imbot", operation, parameters))
