"""When incidents were created, first acknowledged and resolved."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BindParameter, Label, bindparam, func, or_, select

from bot.core.store.engagements import Engagement
from bot.core.store.incidents import Incident
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction

_incident = table_of(Incident).c
_engagement = table_of(Engagement).c


class Times(NamedTuple):
    """Instants are microseconds since 1970. `source` is the record's incidentRecordSource as
    JSON text.
    """

    created_at: int
    acknowledged_at: int | None
    resolved_at: int | None
    response_plan_arn: str
    impact: int
    source: str


def _first_acknowledgement() -> Label[int]:
    """The earliest of an incident's engagements, whoever acknowledged."""
    return (
        select(func.min(_engagement.acknowledged_at))
        .where(
            _engagement.incident_arn == _incident.arn, _engagement.acknowledged_at.is_not(None)
        )
        .correlate(table_of(Incident))
        .scalar_subquery()
        .label("acknowledged_at")
    )


_TIMES = select(
    _incident.created_at,
    _first_acknowledgement(),
    _incident.resolved_at,
    _incident.response_plan_arn,
    _incident.impact,
    _incident.source,
).where(_incident.account_id == bindparam("account_id"))
_since: BindParameter[int] = bindparam("since")
_until: BindParameter[int] = bindparam("until")

CREATED = prepared(_TIMES.where(_incident.created_at >= _since, _incident.created_at < _until))
ONLY_RESOLVED = prepared(
    _TIMES.where(
        _incident.resolved_at.is_not(None),
        _incident.resolved_at >= _since,
        _incident.resolved_at < _until,
        or_(_incident.created_at < _since, _incident.created_at >= _until),
    )
)


def times_within(
    tx: Transaction, account_id: str, since: datetime, until: datetime
) -> list[Times]:
    """Incidents that were created or resolved, or both, from `since` up to, not at, `until`."""
    given = {"account_id": account_id, "since": since, "until": until}
    found = [*tx.records(CREATED, **given), *tx.records(ONLY_RESOLVED, **given)]
    return list(map(Times._make, found))
