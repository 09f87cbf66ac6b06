"""Which messages of the outbox may be owned now."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy import bindparam, exists, or_, select, update

from bot.core.context import Unit
from bot.core.errors import DataEncryptionException
from bot.core.ids import Key
from bot.core.outcomes import drop_if_pointless
from bot.core.store.kinds import instant_to_integer
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction
from bot.core.store.work import Outbox

log = logging.getLogger(__name__)

BATCH = 100

_o = table_of(Outbox).c
_earlier = table_of(Outbox).alias("earlier")
_is_behind = exists().where(
    _earlier.c.conversation_key == _o.conversation_key,
    _earlier.c.failed_at.is_(None),
    _earlier.c.key < _o.key,
)
FREE = (
    select(table_of(Outbox))
    .where(
        _o.owner.is_(None),
        _o.failed_at.is_(None),
        _o.due_at <= bindparam("now"),
        or_(_o.conversation_key.is_(None), ~_is_behind),
    )
    .order_by(_o.lane.desc(), _o.due_at, _o.key)
    .limit(BATCH)
    .with_for_update(skip_locked=True)
)
CLAIMABLE = prepared(FREE)
CLAIMABLE_KEYS = prepared(FREE.with_only_columns(_o.key))
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


def due_rows(tx: Transaction, now: datetime) -> tuple[list[Outbox], int]:
    """The free messages that are due, and how many were put aside because nobody can read
    them.
    """
    at = instant_to_integer(now)
    try:
        return tx.fetch(Outbox, CLAIMABLE, now=at), 0
    except DataEncryptionException:
        keys = [Key(key) for (key,) in tx.records(CLAIMABLE_KEYS, now=at)]
    rows: list[Outbox] = []
    for key in keys:
        try:
            rows += filter(None, [tx.get(Outbox, key)])
        except DataEncryptionException:
            log.error("message %s cannot be decrypted and is put aside", key)
            tx.execute(PUT_ASIDE, row=key, at=at)
    return rows, len(keys) - len(rows)
