"""How many incidents there were, and how long they took to acknowledge and to resolve."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from bot.core.context import Context
from bot.core.effects.incident_metrics import Tally, period_days, periods, tallies, total
from bot.core.errors import ValidationException
from bot.core.registry import operation
from bot.core.store.incident_times import Times, times_within
from bot.core.store.schema import Wire

USUAL_DAYS = 30
LONGEST = timedelta(days=732)
FIRST, LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


@lru_cache(1024)
def _source(source: str) -> str:
    return str(orjson.loads(source).get("source", ""))


DIMENSIONS: Mapping[str, tuple[str, Callable[[Times], Any]]] = {
    "RESPONSE_PLAN": ("ResponsePlanArn", lambda times: times.response_plan_arn),
    "IMPACT": ("Impact", lambda times: times.impact),
    "SOURCE": ("Source", lambda times: _source(times.source)),
}
"""The member of a group, and how it is read."""


@operation("imbot", "GetIncidentMetrics")
def get_incident_metrics(
    ctx: Context,
    *,
    start_time: datetime | None = None,
    end_time: datetime | None = None,
    group_by: Sequence[str] = (),
    time_zone_id: str = "UTC",
) -> Wire:
    """Count incidents from `start_time` up to `end_time` (and now): all, by period, by group.

    Without a start these are 30 days, today among them. Impacts are those of now, and an
    incident that was deleted counts nowhere. Raises ValidationException for a range that is
    empty or longer than two years, and for an unknown time zone.
    """
    zone = _zone(time_zone_id)
    end = end_time or ctx.now
    until = end_time or ctx.now + INSTANT
    _check_known(start_time, end)
    start = start_time or _midnight(until - INSTANT, zone)
    _check(start, end)
    days = period_days(end - start)
    begins = periods(start, until, zone, days)
    dimensions = list(dict.fromkeys(group_by))
    by_period, by_group = tallies(
        times_within(ctx.tx, ctx.account_id, start, until), begins, until, _group_of(dimensions)
    )
    return {
        "StartTime": start,
        "EndTime": end,
        "TimeZoneId": time_zone_id,
        "PeriodInDays": days,
        "Total": total(by_period).document(),
        "Periods": [
            {"StartTime": begin, "Metrics": tally.document()}
            for begin, tally in zip(begins, by_period, strict=True)
        ],
        "Groups": _groups(dimensions, by_group),
    }


def _zone(time_zone_id: str) -> ZoneInfo:
    try:
        return ZoneInfo(time_zone_id)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise _refused(f"There is no time zone {time_zone_id}.") from None


def _check_known(*instants: datetime | None) -> None:
    """Calendars end somewhere, and time zones with them."""
    if any(each is not None and not FIRST <= each <= LAST for each in instants):
        raise _refused("StartTime and EndTime lie between 1970 and 2200.")


def _midnight(end: datetime, zone: ZoneInfo) -> datetime:
    """Where the usual range begins; `end` is within it."""
    first = end.astimezone(zone).date() - timedelta(days=USUAL_DAYS - 1)
    return datetime.combine(first, time(), zone).astimezone(UTC)


def _check(start: datetime, end: datetime) -> None:
    if start >= end:
        raise _refused("StartTime must be before EndTime.")
    if end - start > LONGEST:
        raise _refused("Metrics are told for two years at most; name a later StartTime.")


def _refused(message: str) -> ValidationException:
    return ValidationException(message, reason="FIELD_VALIDATION_FAILED")


def _group_of(dimensions: Sequence[str]) -> Callable[[Times], Hashable] | None:
    reads = [DIMENSIONS[name][1] for name in dimensions]
    if not reads:
        return None
    return lambda times: tuple(read(times) for read in reads)


def _groups(dimensions: Sequence[str], by_group: Mapping[Hashable, Tally]) -> list[Wire]:
    """Those with the most incidents first."""
    names = [DIMENSIONS[name][0] for name in dimensions]
    found: list[tuple[Any, Tally]] = sorted(
        by_group.items(), key=lambda each: (-each[1].created, each[0])
    )
    return [
        {**dict(zip(names, group, strict=True)), "Metrics": tally.document()}
        for group, tally in found
    ]
