"""How many incidents there were and how long they took, from their times. Pure.

The names are those of CloudWatch's namespace IncidentManager. Our choice: a time to acknowledge
counts in the period in which the incident was created, a time to resolve in that of its end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.core.store.incident_times import Times
from bot.core.store.kinds import instant_to_integer
from bot.core.store.schema import Wire

MICROSECONDS = 1_000_000

GroupOf = Callable[[Times], Hashable]


@dataclass(slots=True)
class Tally:
    """Durations are microseconds."""

    created: int = 0
    acknowledging: list[int] = field(default_factory=list)
    resolving: list[int] = field(default_factory=list)

    def document(self) -> Wire:
        """IncidentMetrics of the imbot model."""
        return {
            "NumberOfCreateIncidents": self.created,
            "NumberOfResolveIncidents": len(self.resolving),
            "TimeToFirstAcknowledgement": _statistics(self.acknowledging),
            "TimeToResolveIncident": _statistics(self.resolving),
        }


def _statistics(durations: list[int]) -> Wire:
    if not durations:
        return {"Count": 0}
    from statistics import median

    average = sum(durations) / len(durations)
    return {
        "Count": len(durations),
        "Average": _seconds(average),
        "Median": _seconds(median(durations)),
        "Maximum": _seconds(max(durations)),
    }


def _seconds(duration: float) -> float:
    return round(duration / MICROSECONDS, 3)


def period_days(length: timedelta) -> int:
    """Days of one period: so many that a chart of them all can still be read."""
    if length <= timedelta(days=32):
        return 1
    return 7 if length <= timedelta(days=32 * 7) else 28


def periods(start: datetime, end: datetime, zone: ZoneInfo, days: int) -> list[datetime]:
    """When each period begins: at `start`, then at the midnights that are `days` days apart.

    A day is 23 or 25 hours long where the clocks change. `start` must be before `end`.
    """
    begins = [start]
    day = start.astimezone(zone).date()
    while True:
        day += timedelta(days=days)
        midnight = datetime.combine(day, time(), zone).astimezone(UTC)
        if midnight >= end:
            return begins
        begins.append(midnight)


def tallies(
    found: Iterable[Times],
    begins: Sequence[datetime],
    end: datetime,
    group_of: GroupOf | None,
) -> tuple[list[Tally], dict[Hashable, Tally]]:
    """Count what happened from the first of `begins` up to `end`, by period and by group.

    Without `group_of` there are no groups.
    """
    by_period = [Tally() for _ in begins]
    by_group: defaultdict[Hashable, Tally] = defaultdict(Tally)
    bounds = [instant_to_integer(begin) for begin in begins]
    first, last = bounds[0], instant_to_integer(end)
    for times in found:
        created_at, acknowledged_at, resolved_at = times[:3]
        groups = () if group_of is None else (by_group[group_of(times)],)
        if first <= created_at < last:
            for tally in (by_period[bisect_right(bounds, created_at) - 1], *groups):
                tally.created += 1
                if acknowledged_at is not None:
                    tally.acknowledging.append(max(acknowledged_at - created_at, 0))
        if resolved_at is not None and first <= resolved_at < last:
            for tally in (by_period[bisect_right(bounds, resolved_at) - 1], *groups):
                tally.resolving.append(max(resolved_at - created_at, 0))
    return by_period, dict(by_group)


def total(parts: Iterable[Tally]) -> Tally:
    whole = Tally()
    for part in parts:
        whole.created += part.created
        whole.acknowledging += part.acknowledging
        whole.resolving += part.resolving
    return whole
