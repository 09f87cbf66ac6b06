"""What the clock asks of incidents that absorb many starts: say how many, once a second."""

from __future__ import annotations

import orjson

from bot.core.context import Context
from bot.core.effects import timeline
from bot.core.effects.starts import KEPT
from bot.core.ids import Key
from bot.core.registry import task
from bot.core.store.incidents import Incident, TimelineEvent


@task
def count_starts(ctx: Context, incident_key: Key) -> None:
    """Bring the event that counts absorbed starts, and the card, up to now.

    The event is there from the first start on that has none of its own; its id is the
    incident's key.
    """
    incident = ctx.lock(Incident, incident_key)
    if incident is None or not incident.count_due:
        return
    ctx.update(incident, count_due=False)
    if incident.absorbed > KEPT:
        _write(ctx, incident)
    timeline.tell(ctx, incident)


def _write(ctx: Context, incident: Incident) -> None:
    data = orjson.dumps(
        {
            "createdIncident": False,
            "incidentSource": incident.source["source"],
            "absorbedStarts": incident.absorbed,
        }
    ).decode()
    known = ctx.get(TimelineEvent, incident.key)
    if known is not None:
        ctx.update(known, data=data, updated_at=ctx.now)
        return
    ctx.add(
        TimelineEvent(
            key=incident.key,
            account_id=incident.account_id,
            incident_key=incident.key,
            event_type=timeline.TRIGGERED,
            event_time=ctx.now,
            updated_at=ctx.now,
            data=data,
            event_references=[],
        )
    )
