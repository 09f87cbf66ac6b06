"""When incidents were created, first acknowledged and resolved."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Label, Null, Select, bindparam, func, null, select

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


def first_acknowledgement() -> Label[int]:
    """The earliest of an incident's engagements, whoever acknowledged."""
    return (
        select(func.min(_engagement.acknowledged_at))
        .where(_engagement.incident_arn == _incident.arn)
        .correlate(table_of(Incident))
        .scalar_subquery()
        .label("acknowledged_at")
    )


def _times(acknowledged_at: Label[int] | Null) -> Select[Any]:
    return select(
        _incident.created_at,
        acknowledged_at,
        _incident.resolved_at,
        _incident.response_plan_arn,
        _incident.impact,
        _incident.source,
    ).where(_incident.account_id == bindparam("account_id"))


CREATED = prepared(
    _times(first_acknowledgement()).where(
        _incident.created_at >= bindparam("since"), _incident.created_at < bindparam("until")
    )
)
RESOLVED = prepared(
    _times(null()).where(
        _incident.resolved_at >= bindparam("since"), _incident.resolved_at < bindparam("until")
    )
)


def created_within(
    tx: Transaction, account_id: str, since: datetime, until: datetime
) -> list[Times]:
    """Incidents that were created from `since` up to, not at, `until`."""
    given = {"account_id": account_id, "since": since, "until": until}
    return list(map(Times._make, tx.records(CREATED, **given)))


def resolved_within(
    tx: Transaction, account_id: str, since: datetime, until: datetime
) -> list[Times]:
    """Those that were resolved then, whenever created; without their acknowledgements."""
    given = {"account_id": account_id, "since": since, "until": until}
    return list(map(Times._make, tx.records(RESOLVED, **given)))
