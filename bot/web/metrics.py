"""What waits, what became of pages, who was not reached: numbers in Prometheus' format.

All are counted from rows, so that every process says the same and a restart loses nothing.
"""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aiohttp import web
from sqlalchemy import and_, bindparam, case, exists, func, or_, select, text

from bot.core.clock import Clock
from bot.core.store.contacts import Contact, ContactChannel
from bot.core.store.engagements import Engagement, Page, Receipt
from bot.core.store.executor import Store
from bot.core.store.incidents import Incident
from bot.core.store.kinds import instant_to_integer, integer_to_instant
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction
from bot.core.store.work import Job, Outbox
from bot.web.incident_metrics import IncidentMetrics

if TYPE_CHECKING:
    from prometheus_client.core import Metric
    from pydantic import SecretStr

Audience = Literal["off", "local", "all"]

FRESH = 2.0
"""Seconds that gauges are told again before the store is asked: anybody may ask for them."""
SHARE = 20
"""They are told again for at least so many times as long as the store took to count them."""
FORWARDED = ("Forwarded", "X-Forwarded-For")
"""Headers of a proxy on this machine, which speaks for somebody elsewhere."""

_outbox = table_of(Outbox).c
_job = table_of(Job).c
_receipt = table_of(Receipt).c

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
        _job.parked_at.is_(None),
        _job.is_behind.in_((False, True)),  # so that the index serves
        _job.due_at <= bindparam("now"),
    )
)
PARKED = prepared(
    select(func.count()).select_from(table_of(Job)).where(_job.parked_at.is_not(None))
)
RECEIPTS = prepared(select(_receipt.type, func.count()).group_by(_receipt.type))

_page = table_of(Page).c
_channel = table_of(ContactChannel).c
_engagement = table_of(Engagement).c
_incident = table_of(Incident).c
_contact = table_of(Contact).c

_outcome = case(
    (_page.read_at.is_not(None), text("'acknowledged'")),
    (_page.delivered_at.is_not(None), text("'delivered'")),
    (_page.sent_at.is_not(None), text("'sent'")),
    else_=text("'unsent'"),
)
PAGES = prepared(
    select(_channel.type, _outcome, func.count())
    .select_from(
        table_of(Page).outerjoin(table_of(ContactChannel), _channel.key == _page.channel_key)
    )
    .group_by(_channel.type, _outcome)
)
ACKNOWLEDGED = prepared(
    select(func.count())
    .select_from(table_of(Engagement))
    .where(
        _engagement.acknowledged_at.is_not(None),
        _engagement.acknowledged_by == _engagement.contact_arn,
    )
)
UNREACHABLE = prepared(
    select(func.count())
    .select_from(table_of(Engagement))
    .where(_engagement.is_unreachable.is_(True))
)
_of_incident = and_(_engagement.incident_arn == _incident.arn, _engagement.parent_key.is_(None))
_has_hope = or_(
    _engagement.is_unreachable.is_(False),
    _engagement.acknowledged_at.is_not(None),
    _engagement.stopped_at.is_not(None),
)
OPEN = prepared(
    select(_incident.impact, func.count())
    .where(_incident.status == "OPEN")
    .group_by(_incident.impact)
)
UNREACHED = prepared(
    select(func.count())
    .select_from(table_of(Incident))
    .where(
        _incident.status == "OPEN",
        exists().where(_of_incident),
        ~exists().where(_of_incident, _has_hope),
    )
)
MUTED = prepared(
    select(func.count(), func.sum(_contact.pages_withheld)).where(
        _contact.muted_until > bindparam("now"), _contact.deleted_at.is_(None)
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One number. `labels` are pairs, such as ("lane", "page")."""

    name: str
    help: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


class Metrics:
    """`audience`: "local" answers only who asks from this machine, and through no proxy; and
    whoever bears the token.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        audience: Audience = "local",
        token: SecretStr | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._audience = audience
        secret = token.get_secret_value() if token else ""
        self._bearer = f"Bearer {secret}".encode() if secret else None
        self._incidents = IncidentMetrics(store)
        self._gauges_read: list[Gauge] = []
        self._fresh_until = float("-inf")

    async def answer(self, request: web.Request) -> web.Response:
        """Prometheus' text format: gauges, a few seconds old at most, and what incidents took.

        404 to strangers.
        """
        if not self._is_for(request):
            raise web.HTTPNotFound(text="Metrics are not told here (IMBOT_METRICS).\n")
        if time.monotonic() > self._fresh_until:
            began = time.monotonic()
            self._gauges_read = await self._store.read(self._gauges)
            took = time.monotonic() - began
            self._fresh_until = began + took + max(FRESH, SHARE * took)
        return web.Response(
            body=exposition(self._gauges_read, await self._incidents.told()),
            headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"},
        )

    def _is_for(self, request: web.Request) -> bool:
        if self._audience != "local":
            return self._audience == "all"
        if self._bearer is not None:
            said = request.headers.get("Authorization", "").encode("utf-8", "replace")
            if hmac.compare_digest(said, self._bearer):
                return True
        if any(header in request.headers for header in FORWARDED):
            return False
        return ipaddress.ip_address(request.remote or "0.0.0.0").is_loopback  # noqa: S104

    def _gauges(self, tx: Transaction) -> list[Gauge]:
        now = instant_to_integer(self._clock.now())
        waiting = [*self._outbox(tx), *self._jobs(tx)]
        return [*waiting, *_receipts(tx), *_pages(tx), *_incidents(tx), *_mutes(tx, now)]

    def _outbox(self, tx: Transaction) -> Iterator[Gauge]:
        waiting = {lane: (count, first) for lane, count, first in tx.records(WAITING)}
        for lane in ("page", "notification"):
            count, first = waiting.get(lane, (0, None))
            label = ("lane", lane)
            yield Gauge(
                name="imbot_outbox_waiting",
                help="Messages that have not left.",
                value=count,
                labels=(label,),
            )
            yield Gauge(
                name="imbot_outbox_oldest_seconds",
                help="Age of the oldest of them.",
                value=self._age(first),
                labels=(label,),
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
            labels=(("type", kind),),
        )


def _pages(tx: Transaction) -> Iterator[Gauge]:
    """A page whose channel never was has no medium."""
    for medium, outcome, count in tx.records(PAGES):
        yield Gauge(
            name="imbot_pages",
            help="Pages, by medium and by what is known of them.",
            value=count,
            labels=(("medium", str(medium or "none").lower()), ("outcome", str(outcome))),
        )
    [(acknowledged,)] = tx.records(ACKNOWLEDGED)
    yield Gauge(
        name="imbot_engagements_acknowledged",
        help="Engagements that their own contact has acknowledged.",
        value=acknowledged,
    )
    [(unreachable,)] = tx.records(UNREACHABLE)
    yield Gauge(
        name="imbot_engagements_unreachable",
        help="Engagements, of people, plans and schedules, that reached nobody.",
        value=unreachable,
    )


def _incidents(tx: Transaction) -> Iterator[Gauge]:
    counted = {record[0]: record[1] for record in tx.records(OPEN)}
    for impact in range(1, 6):
        yield Gauge(
            name="imbot_incidents_open",
            help="Open incidents, by impact.",
            value=counted.get(impact, 0),
            labels=(("impact", str(impact)),),
        )
    [(unreached,)] = tx.records(UNREACHED)
    yield Gauge(
        name="imbot_incidents_unreached",
        help="Open incidents whose engagements have all reached nobody.",
        value=unreached,
    )


def _mutes(tx: Transaction, now: int) -> Iterator[Gauge]:
    [(muted, withheld)] = tx.records(MUTED, now=now)
    yield Gauge(name="imbot_contacts_muted", help="Contacts that are muted now.", value=muted)
    yield Gauge(
        name="imbot_pages_withheld",
        help="Pages that the mutes of now have kept back.",
        value=withheld or 0,
    )


def exposition(gauges: Sequence[Gauge], more: Sequence[Metric] = ()) -> bytes:
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import GaugeMetricFamily

    families: dict[str, GaugeMetricFamily] = {}
    for gauge in gauges:
        names = [name for name, _ in gauge.labels]
        family = families.setdefault(
            gauge.name, GaugeMetricFamily(gauge.name, gauge.help, labels=names)
        )
        family.add_metric([value for _, value in gauge.labels], gauge.value)

    class Collected:
        def collect(self) -> Iterable[Metric]:
            return [*families.values(), *more]

    registry = CollectorRegistry()
    registry.register(Collected())
    return generate_latest(registry)
