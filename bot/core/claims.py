"""Which messages of the outbox may be owned now."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, exists, func, or_, select, update

from bot.core.context import Unit
from bot.core.effects.delivery_pace import holds_back
from bot.core.errors import DataEncryptionException
from bot.core.ids import Key
from bot.core.outcomes import drop_if_pointless, engine_context
from bot.core.store.kinds import instant_to_integer, integer_to_instant
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction
from bot.core.store.work import Outbox

log = logging.getLogger(__name__)

BATCH = 100
"""Messages of each lane that are claimed at once."""

_o = table_of(Outbox).c
_earlier = table_of(Outbox).alias("earlier")
_is_behind = exists().where(
    _earlier.c.conversation_key == _o.conversation_key,
    _earlier.c.failed_at.is_(None),
    _earlier.c.key < _o.key,
)
LANES = ("page", "notification")
"""The more urgent first. Each is asked by itself, so that an index gives the order."""
FREE = (
    select(table_of(Outbox))
    .where(
        _o.lane == bindparam("lane"),
        _o.owner.is_(None),
        _o.failed_at.is_(None),
        _o.due_at <= bindparam("now"),
        or_(_o.conversation_key.is_(None), ~_is_behind),
    )
    .order_by(_o.due_at, _o.key)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
CLAIMABLE = prepared(FREE)
CLAIMABLE_KEYS = prepared(FREE.with_only_columns(_o.key))
NEXT = prepared(
    select(func.min(_o.due_at)).where(
        _o.lane == bindparam("lane"),
        _o.owner.is_(None),
        _o.failed_at.is_(None),
        _o.due_at > bindparam("after"),
    )
)
PUT_ASIDE = prepared(
    update(table_of(Outbox))
    .where(_o.key == bindparam("row"))
    .values(failed_at=bindparam("at"), fault="It cannot be decrypted here.")
)


def is_pointless(unit: Unit, row: Outbox) -> bool:
    """A message whose page cannot be read is not known to be pointless."""
    try:
        return drop_if_pointless(unit, row)
    except DataEncryptionException:
        return False


def held_back(unit: Unit, rows: Iterable[Outbox]) -> set[Key]:
    """Those of the due messages that their receivers' rates keep back."""
    return {row.key for row in rows if _has_pace(row) and _is_too_soon(unit, row)}


def _is_too_soon(unit: Unit, row: Outbox) -> bool:
    """Of a subscription that cannot be read nothing is known that keeps its messages."""
    try:
        return holds_back(engine_context(unit, row), row)
    except DataEncryptionException:
        return False


def _has_pace(row: Outbox) -> bool:
    return row.medium == "http" and bool(row.message["type"] == "Notification")


def due_rows(tx: Transaction, now: datetime) -> tuple[list[Outbox], int]:
    """The free messages that are due, pages first, and how many were put aside because nobody
    can read them.
    """
    rows, aside = _due_rows_of(tx, LANES[0], now)
    if len(rows) + aside < BATCH:
        others, more = _due_rows_of(tx, LANES[1], now)
        rows, aside = rows + others, aside + more
    return rows, aside


def next_due(tx: Transaction, after: datetime) -> datetime | None:
    """When the first of the free messages is due that are not due until then."""
    at = instant_to_integer(after)
    found = [tx.records(NEXT, lane=lane, after=at)[0][0] for lane in LANES]
    return min((integer_to_instant(due) for due in found if due is not None), default=None)


def _due_rows_of(tx: Transaction, lane: str, now: datetime) -> tuple[list[Outbox], int]:
    at = instant_to_integer(now)
    try:
        return tx.fetch(Outbox, CLAIMABLE, lane=lane, now=at), 0
    except DataEncryptionException:
        keys = [Key(key) for (key,) in tx.records(CLAIMABLE_KEYS, lane=lane, now=at)]
    rows: list[Outbox] = []
    for key in keys:
        try:
            rows += filter(None, [tx.get(Outbox, key)])
        except DataEncryptionException:
            log.error("message %s cannot be decrypted and is put aside", key)
            tx.execute(PUT_ASIDE, row=key, at=at)
    return rows, len(keys) - len(rows)
