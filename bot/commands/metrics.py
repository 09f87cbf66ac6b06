"""`incident-metrics 7d by impact`: how many incidents there were, as a card with a picture."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.channels.slack.metrics import metrics_card
from bot.channels.slack.results import Card, command_result
from bot.commands.asking import Document, request_of
from bot.commands.binding import Bound, apply_query, bind
from bot.commands.grammar import Command, parse
from bot.commands.problems import ChatError, shortened
from bot.core.access import authorise
from bot.core.context import Context
from bot.core.deliveries import Deliveries
from bot.core.dispatch import answer_within, perform
from bot.core.errors import ServiceError

OPERATION = ("imbot", "get-incident-metrics")
LONGEST_COUNT = 6.0
"""Seconds."""
TOO_LONG = (
    "There are too many incidents in that time to be counted here. Ask for a shorter time, or "
    "over the API: `imbot get-incident-metrics`."
)
USAGE = (
    "Type `@aws incident-metrics 7d`, `... 12 weeks by plan`, `... 30d by plan and impact`, "
    "or give `--start-time` and `--end-time`."
)
LENGTH = re.compile(
    r"(?:the\s+|in\s+|for\s+)*(?:(?:last|past)\s+)?(?P<number>\d{1,3})?\s*"
    r"(?P<unit>days?|d|weeks?|w|months?|years?|y)\b"
)
BY = re.compile(r"(?:by|per)\s+(?P<names>.+)")
DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
DIMENSIONS = {
    "plan": "RESPONSE_PLAN",
    "plans": "RESPONSE_PLAN",
    "impact": "IMPACT",
    "impacts": "IMPACT",
    "source": "SOURCE",
    "sources": "SOURCE",
}


def asks_for_metrics(words: Sequence[str]) -> bool:
    """Whether these words, in lower case, ask it, by the operation's own name, too."""
    return words[0] == "incident-metrics" or tuple(words[:2]) in (
        ("incident", "metrics"),
        OPERATION,
    )


def incident_metrics(ctx: Context, document: Document, command: Command) -> Card:
    """Raises ChatError, AccessDeniedException."""
    bound = _bound(ctx, document, command)
    request = request_of(
        ctx, document, bound.service, bound.operation, bound.parameters, bound.region
    )
    counted = document.get("counted")
    if counted == TOO_LONG:
        authorise(ctx.caller, bound.service, bound.operation, None)
        raise ChatError(TOO_LONG)
    answer = answer_within(ctx, request, known=counted)
    if bound.query is None:
        return metrics_card(answer, bound.notes)
    picked = apply_query(bound.query, answer)
    return command_result(bound.service, bound.operation, picked, notes=bound.notes)


async def counted_aside(deliveries: Deliveries, document: Document) -> Document | str | None:
    """Count what `incident-metrics` asks while nobody waits for it; TOO_LONG where that takes
    too long, None where something else was typed, or what no operation takes: whoever answers
    says so.
    """

    def count(ctx: Context) -> Document | None:
        command = parse(document["text"])
        words = [word.lower() for word in command.words]
        if not words or command.help or not asks_for_metrics(words):
            return None
        bound = _bound(ctx, document, command)
        return perform(
            ctx, request_of(ctx, document, bound.service, bound.operation, bound.parameters)
        )

    try:
        async with asyncio.timeout(LONGEST_COUNT):
            return await deliveries.look(count)
    except TimeoutError:
        return TOO_LONG
    except (ChatError, ServiceError):
        return None


def _bound(ctx: Context, document: Document, command: Command) -> Bound:
    rest = command.words[1 if command.words[0].lower() == "incident-metrics" else 2 :]
    zone = str(document.get("tz") or "UTC")
    said = read_metrics(" ".join(rest), ctx.now, zone)
    bound = bind(replace(command, words=OPERATION), ctx.caller.region, now=ctx.now)
    return replace(bound, parameters={"TimeZoneId": zone, **said, **bound.parameters})


def read_metrics(typed: str, now: datetime, zone: str) -> dict[str, Any]:
    """GetIncidentMetrics' parameters from "7 days by plan". Days are whole ones of the reader's
    zone, today among them. Raises ChatError.
    """
    left = typed.lower().strip()
    parameters: dict[str, Any] = {}
    if found := LENGTH.match(left):
        days = int(found["number"] or 1) * DAYS[found["unit"][0]]
        if not days:
            raise ChatError(USAGE)
        first = now.astimezone(ZoneInfo(zone)).date() - timedelta(days=days - 1)
        midnight = datetime.combine(first, time(), ZoneInfo(zone))
        parameters["StartTime"] = midnight.astimezone(UTC)
        left = left[found.end() :].strip()
    if found := BY.fullmatch(left):
        parameters["GroupBy"] = _dimensions(found["names"])
        left = ""
    if left:
        raise ChatError(f"`{shortened(left)}` is not understood. {USAGE}")
    return parameters


def _dimensions(names: str) -> list[str]:
    said = re.split(r"\s*,\s*|\s+and\s+|\s+by\s+|\s+", names.replace("response plan", "plan"))
    unknown = [name for name in said if name and name not in DIMENSIONS]
    if unknown:
        raise ChatError(
            f"There is no `by {shortened(unknown[0])}`: only by plan, impact and source."
        )
    return list(dict.fromkeys(DIMENSIONS[name] for name in said if name))
