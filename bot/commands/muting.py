"""`mute ana for 8h`, `mute ana until 07:00`, `unmute ana`; what else a contact's card tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from bot.channels.slack.mutes import extra_notes, muted_card, unmuted_card
from bot.channels.slack.results import Card
from bot.commands.asking import Document, request_of
from bot.commands.binding import Bound
from bot.commands.on_call import minutes_of
from bot.commands.problems import ChatError
from bot.commands.short_names import alias_of, contact_arn
from bot.core.context import Context
from bot.core.dispatch import answer_within

USAGE = "Type `@aws mute ana for 8h`, `@aws mute ana until 07:00` or `@aws unmute ana`."
TYPED = re.compile(
    r"(?P<name>\S+)\s+(?:for\s+(?P<time>\S.*)|(?:until|till)\s+(?P<until>\S.*))", re.IGNORECASE
)
CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
DAY = timedelta(days=1)


def is_about_mutes(words: Sequence[str]) -> bool:
    return bool(words) and words[0].lower() in ("mute", "unmute")


def mute_or_unmute(ctx: Context, document: Document, words: Sequence[str]) -> Card:
    """Raises ChatError, and ServiceError for who may not."""
    if words[0].lower() == "unmute":
        if len(words) != 2:
            raise ChatError(USAGE)
        arn = contact_arn(ctx, words[1])
        answer = _ask(ctx, document, "UnmuteContact", ContactId=arn)
        return unmuted_card(answer, alias_of(arn))
    found = TYPED.fullmatch(" ".join(words[1:]))
    if found is None:
        raise ChatError(USAGE)
    until = read_until(found["until"], found["time"], zone=document.get("tz"), now=ctx.now)
    arn = contact_arn(ctx, found["name"])
    answer = _ask(ctx, document, "MuteContact", ContactId=arn, Until=until)
    return muted_card(answer, alias_of(arn))


def read_until(
    until: str | None, time: str | None, *, zone: str | None, now: datetime
) -> datetime:
    """Read "07:00" (the next one), "2026-03-02 07:00", both with a zone behind them if need
    be, or the `time` that it is to last.

    Without a zone, that of whoever typed counts (`zone`, else UTC). Raises ChatError.
    """
    if time is not None:
        try:
            return now + timedelta(minutes=minutes_of(time))
        except ChatError:
            raise ChatError(USAGE) from None
    text, place = _parted(until or "", zone)
    clock = CLOCK.fullmatch(text)
    try:
        if clock is None:
            at = datetime.fromisoformat(text)
            return at if at.tzinfo else at.replace(tzinfo=place)
        hour, minute = int(clock[1]), int(clock[2])
        at = now.astimezone(place).replace(hour=hour, minute=minute, second=0, microsecond=0)
    except ValueError:
        raise ChatError(USAGE) from None
    return at if at > now else (at.replace(tzinfo=None) + DAY).replace(tzinfo=place)


def contact_notes(ctx: Context, document: Document, bound: Bound) -> list[str]:
    """What the card of a contact says beyond the API's answer."""
    if (bound.service, bound.operation) != ("ssm-contacts", "GetContact"):
        return []
    parameters = {"ContactId": bound.parameters["ContactId"]}
    request = request_of(ctx, document, "imbot", "GetContactExtras", parameters, bound.region)
    return list(extra_notes(answer_within(ctx, request)))


def _parted(typed: str, zone: str | None) -> tuple[str, tzinfo]:
    """The time without its zone, and the zone. Raises ChatError."""
    text, _, last = typed.strip().rpartition(" ")
    if text and (last.upper() == "UTC" or "/" in last):
        typed, zone = text, last
    if zone is None or zone.upper() == "UTC":
        return typed.strip(), UTC
    try:
        return typed.strip(), ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise ChatError(f"{zone} is no time zone, such as Europe/Dublin.") from None


def _ask(ctx: Context, document: Document, operation: str, **parameters: Any) -> dict[str, Any]:
    return dict(answer_within(ctx, request_of(ctx, document, "imbot", operation, parameters)))
