"""Daily limits of texts, calls and activation codes, to one address and in total.

Nothing is counted where no limit is set. A day is one of UTC.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, update

from bot.core.context import Context
from bot.core.effects import timeline
from bot.core.ids import new_key
from bot.core.store.bundles import Tally
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Engagement
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared

log = logging.getLogger(__name__)

REACHED = "SSM Contacts Daily Limit Reached for Incident"
WHAT: Mapping[str, str] = {
    "sms": "texts",
    "voice": "calls",
    "activation": "activation codes",
}

_tally = table_of(Tally).c
_OWN = (
    _tally.account_id == bindparam("account"),
    _tally.day == bindparam("of_day"),
    _tally.what == bindparam("kind"),
    _tally.who == bindparam("whom"),
)
COUNT = prepared(
    update(table_of(Tally))
    .where(*_OWN, _tally.sent < bindparam("most"))
    .values(sent=_tally.sent + 1)
)
TELL = prepared(
    update(table_of(Tally))
    .where(*_OWN, _tally.told_at.is_(None))
    .values(told_at=bindparam("at"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A limit that lets nothing more leave today."""

    what: str
    who: str
    most: int

    @property
    def words(self) -> str:
        where = "to one address" if self.who else "in total"
        return (
            f"The limit of {self.most} {WHAT[self.what]} a day {where} is reached; "
            "the next day begins at 00:00 UTC."
        )


def reached(
    ctx: Context, what: str, address_fingerprint: str, *, counts: bool = True
) -> Reached | None:
    """Count a message that is about to leave; the limit that keeps it, if one does.

    Without `counts` it leaves later, if at all, and is counted then.
    """
    limits = ctx.house.limits
    for who, most in (
        (address_fingerprint, limits.to_one_address.get(what)),
        ("", limits.in_total.get(what)),
    ):
        if most is None:
            continue
        has_room = _count(ctx, what, who, most) if counts else _has_room(ctx, what, who, most)
        if not has_room:
            return Reached(what=what, who=who, most=most)
    return None


def refusal(
    ctx: Context, engagement: Engagement, channel: ContactChannel, *, counts: bool = True
) -> str | None:
    """Count a message of pages to a channel; say why it may not leave, None where it may.

    The first incident that a limit holds up hears of it, and so its topic: once a day.
    """
    what, who = channel.type.lower(), channel.address_fingerprint
    limit = reached(ctx, what, who, counts=counts)
    if limit is None:
        return None
    incident = timeline.about(ctx, engagement.incident_arn)
    if incident is not None and _is_first(ctx, limit):
        log.warning("%s", limit.words)
        timeline.record_engagement(
            ctx, engagement, REACHED, channelTypes=[channel.type], reason=limit.words
        )
    return limit.words


def _count(ctx: Context, what: str, who: str, most: int) -> bool:
    """Add one unless there are as many already: one statement, so that none is lost."""
    tx, given = ctx.unit.tx, _own(ctx, what, who)
    if tx.execute(COUNT, **given, most=most):
        return True
    row = Tally(
        key=new_key(),
        account_id=ctx.account_id,
        day=_day(ctx),
        what=what,
        who=who,
        sent=min(most, 1),
    )
    if tx.insert_or_ignore(row):
        return most > 0
    return bool(tx.execute(COUNT, **given, most=most))


def _has_room(ctx: Context, what: str, who: str, most: int) -> bool:
    found = ctx.unit.tx.find(
        Tally, account_id=ctx.account_id, day=_day(ctx), what=what, who=who
    )
    return (found.sent if found else 0) < most


def _is_first(ctx: Context, limit: Reached) -> bool:
    return bool(ctx.unit.tx.execute(TELL, **_own(ctx, limit.what, limit.who), at=ctx.now))


def _own(ctx: Context, what: str, who: str) -> dict[str, object]:
    return {"account": ctx.account_id, "of_day": _day(ctx), "kind": what, "whom": who}


def _day(ctx: Context) -> datetime:
    return ctx.now.replace(hour=0, minute=0, second=0, microsecond=0)
