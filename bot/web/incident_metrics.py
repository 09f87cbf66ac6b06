"""How many incidents there were and how long they took, as Prometheus counts: ever upwards.

All are counted from rows. Deleting an incident, or another impact, takes from such a count,
which Prometheus would read as a restart; so what is told only ever grows, as long as the
process runs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, func, select

from bot.core.store.engagements import Engagement
from bot.core.store.executor import Store
from bot.core.store.incidents import Incident
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction

if TYPE_CHECKING:
    from prometheus_client.core import HistogramMetricFamily, Metric

FRESH = 15.0
"""Seconds that counts are told again before the store is asked."""
SHARE = 20
"""They are told again for at least so many times as long as the store took to count them."""
ACKNOWLEDGING = (60, 120, 300, 600, 900, 1800, 3600, 14_400)
RESOLVING = (300, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 259_200)
"""Upper bounds, in seconds."""
LABELS = ("response_plan", "impact")

Group = tuple[str, str]
Counts = tuple[int, ...]

_incident = table_of(Incident).c
_engagement = table_of(Engagement).c
_first = (
    select(_engagement.incident_arn, func.min(_engagement.acknowledged_at).label("at"))
    .where(_engagement.incident_arn.is_not(None), _engagement.acknowledged_at.is_not(None))
    .group_by(_engagement.incident_arn)
    .subquery()
)
"""Of all incidents at once, which an index alone answers."""


def _within(took: ColumnElement[Any], bounds: Sequence[int]) -> Iterator[ColumnElement[Any]]:
    """How many took so long at most, for each bound; how many at all; the sum of them."""
    for bound in bounds:
        yield func.count(case((took <= bound * 1_000_000, 1)))
    yield func.count(took)
    yield func.coalesce(func.sum(took), 0)


COUNTED = prepared(
    select(
        _incident.response_plan_arn,
        _incident.impact,
        func.count(),
        *_within(_first.c.at - _incident.created_at, ACKNOWLEDGING),
        *_within(_incident.resolved_at - _incident.created_at, RESOLVING),
    )
    .select_from(table_of(Incident).outerjoin(_first, _first.c.incident_arn == _incident.arn))
    .group_by(_incident.response_plan_arn, _incident.impact)
)


def counted(tx: Transaction) -> dict[Group, Counts]:
    """By plan and impact: incidents created; how many took how long, each only in the range
    between two bounds; the sum of that, in microseconds. First acknowledging, then resolving.
    """
    found = {}
    middle = 3 + len(ACKNOWLEDGING) + 2
    for record in tx.records(COUNTED):
        arn, impact, created = record[:3]
        parts = (*_apart(record[3:middle]), *_apart(record[middle:]))
        found[arn.rpartition("/")[2], str(impact)] = (int(created), *parts)
    return found


def _apart(within: Sequence[Any]) -> Iterator[int]:
    """Counts up to each bound as counts between two bounds; the sum stays."""
    before = 0
    for count in within[:-1]:
        yield int(count) - before
        before = int(count)
    yield max(int(within[-1]), 0)


class Upwards:
    """Tells counts that never fall: only what was added since the last time is added."""

    def __init__(self) -> None:
        self._counted: Mapping[Group, Counts] = {}
        self._told: dict[Group, Counts] = {}

    def told(self, now: Mapping[Group, Counts]) -> Mapping[Group, Counts]:
        for group, counts in now.items():
            nothing = (0,) * len(counts)
            before = self._counted.get(group, nothing)
            told = self._told.get(group, nothing)
            self._told[group] = tuple(
                so_far + max(count - last, 0)
                for so_far, count, last in zip(told, counts, before, strict=True)
            )
        self._counted = now
        return self._told


class IncidentMetrics:
    """`told` answers families that are as old as it takes not to burden the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._upwards = Upwards()
        self._families: list[Metric] = []
        self._fresh_until = float("-inf")
        self._counting = asyncio.Lock()

    async def told(self) -> Sequence[Metric]:
        async with self._counting:
            if time.monotonic() > self._fresh_until:
                began = time.monotonic()
                now = await self._store.read(counted)
                took = time.monotonic() - began
                self._families = families(self._upwards.told(now))
                self._fresh_until = began + took + max(FRESH, SHARE * took)
        return self._families


def families(counts: Mapping[Group, Counts]) -> list[Metric]:
    from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

    created = CounterMetricFamily(
        "imbot_incident_creations",
        "Incidents created, by response plan and by the impact they have now.",
        labels=LABELS,
    )
    resolved = CounterMetricFamily(
        "imbot_incident_resolutions", "Incidents resolved.", labels=LABELS
    )
    acknowledging = HistogramMetricFamily(
        "imbot_incident_first_acknowledgement_seconds",
        "Time from an incident's creation to the first acknowledgement of a page for it.",
        labels=LABELS,
    )
    resolving = HistogramMetricFamily(
        "imbot_incident_resolution_seconds",
        "Time from an incident's creation to its resolution.",
        labels=LABELS,
    )
    middle = 1 + len(ACKNOWLEDGING) + 2
    for group, numbers in sorted(counts.items()):
        created.add_metric(group, numbers[0])
        resolved.add_metric(group, sum(numbers[middle:-1]))
        _add(acknowledging, group, ACKNOWLEDGING, numbers[1:middle])
        _add(resolving, group, RESOLVING, numbers[middle:])
    return [created, resolved, acknowledging, resolving]


def _add(
    family: HistogramMetricFamily, group: Group, bounds: Sequence[int], numbers: Counts
) -> None:
    buckets: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip((*map(float, bounds), "+Inf"), numbers[:-1], strict=True):
        total += count
        buckets.append((str(bound), total))
    family.add_metric(group, buckets, numbers[-1] / 1_000_000)
