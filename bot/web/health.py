"""Is the program alive, can it work, and what waits in it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import bindparam, func, literal, select

from bot.core.clock import Clock
from bot.core.store.engagements import Receipt
from bot.core.store.executor import Store
from bot.core.store.kinds import instant_to_integer, integer_to_instant
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction
from bot.core.store.work import Job, Outbox

log = logging.getLogger(__name__)

PATIENCE = 2.0
"""Seconds after which a store that does not answer counts as gone."""

FRESH = 2.0
"""Seconds that gauges are told again before the store is asked: anybody may ask for them."""

_outbox = table_of(Outbox).c
_job = table_of(Job).c
_receipt = table_of(Receipt).c

ALIVE = prepared(select(literal(1)))
WAITING = prepared(
    select(_outbox.lane, func.count(), func.min(_outbox.created_at))
    .where(_outbox.failed_at.is_(None))
    .group_by(_outbox.lane)
)
GIVEN_UP = prepared(
    select(func.count()).select_from(table_of(Outbox)).where(_outbox.failed_at.is_not(None))
)
DUE = prepared(
    select(func.count(), func.min(_job.due_at)).where(
        _job.parked_at.is_(None), _job.due_at <= bindparam("now")
    )
)
PARKED = prepared(
    select(func.count()).select_from(table_of(Job)).where(_job.parked_at.is_not(None))
)
RECEIPTS = prepared(select(_receipt.type, func.count()).group_by(_receipt.type))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One number. `label` is a pair, such as ("lane", "page")."""

    name: str
    help: str
    value: float
    label: tuple[str, str] | None = None


class Health:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._gauges_read: list[Gauge] = []
        self._read_at = float("-inf")

    async def alive(self, _request: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def ready(self, _request: web.Request) -> web.Response:
        """503 where the store cannot be read within PATIENCE."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._store.read(lambda tx: tx.records(ALIVE))
        except Exception:
            log.exception("the store cannot be read")
            return web.Response(status=503, text="the store does not answer\n")
        return web.Response(text="ready\n")

    async def metrics(self, _request: web.Request) -> web.Response:
        """Gauges in Prometheus' text format, at most FRESH seconds old."""
        if time.monotonic() - self._read_at > FRESH:
            self._gauges_read = await self._store.read(self._gauges)
            self._read_at = time.monotonic()
        gauges = self._gauges_read
        return web.Response(
            body=exposition(gauges),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    def _gauges(self, tx: Transaction) -> list[Gauge]:
        return [*self._outbox(tx), *self._jobs(tx), *_receipts(tx)]

    def _outbox(self, tx: Transaction) -> Iterator[Gauge]:
        waiting = {lane: (count, first) for lane, count, first in tx.records(WAITING)}
        for lane in ("page", "notification"):
            count, first = waiting.get(lane, (0, None))
            label = ("lane", lane)
            yield Gauge(
                name="imbot_outbox_waiting",
                help="Messages that have not left.",
                value=count,
                label=label,
            )
            yield Gauge(
                name="imbot_outbox_oldest_seconds",
                help="Age of the oldest of them.",
                value=self._age(first),
                label=label,
            )
        [(given_up,)] = tx.records(GIVEN_UP)
        yield Gauge(name="imbot_outbox_given_up", help="Messages given up.", value=given_up)

    def _jobs(self, tx: Transaction) -> Iterator[Gauge]:
        [(due, first)] = tx.records(DUE, now=instant_to_integer(self._clock.now()))
        [(parked,)] = tx.records(PARKED)
        yield Gauge(name="imbot_jobs_due", help="Jobs that are due now.", value=due)
        yield Gauge(
            name="imbot_jobs_late_seconds",
            help="How long the oldest of them is due.",
            value=self._age(first),
        )
        yield Gauge(name="imbot_jobs_parked", help="Jobs that failed for good.", value=parked)

    def _age(self, since: int | None) -> float:
        """Seconds since an instant as the store holds it."""
        if since is None:
            return 0.0
        return max((self._clock.now() - integer_to_instant(since)).total_seconds(), 0.0)


def _receipts(tx: Transaction) -> Iterator[Gauge]:
    counted = {record[0]: record[1] for record in tx.records(RECEIPTS)}
    for kind in ("SENT", "DELIVERED", "READ", "ERROR", "STOP"):
        yield Gauge(
            name="imbot_receipts",
            help="Receipts of pages, by type: what was sent, arrived, was read, failed.",
            value=counted.get(kind, 0),
            label=("type", kind),
        )


def exposition(gauges: Sequence[Gauge]) -> bytes:
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import GaugeMetricFamily, Metric

    families: dict[str, GaugeMetricFamily] = {}
    for gauge in gauges:
        name, value = gauge.label or (None, None)
        labels = [name] if name else []
        family = families.setdefault(
            gauge.name, GaugeMetricFamily(gauge.name, gauge.help, labels=labels)
        )
        family.add_metric([value] if value else [], gauge.value)

    class Collected:
        def collect(self) -> Iterable[Metric]:
            return families.values()

    registry = CollectorRegistry()
    registry.register(Collected())
    return generate_latest(registry)
