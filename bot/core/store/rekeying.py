"""Put every row under the newest data key, in slices, while the house is open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from bot.core.ids import Key
from bot.core.store.executor import Store
from bot.core.store.keys import VaultKey, add_data_key, learn_keys
from bot.core.store.lanes import Lane
from bot.core.store.lease import with_older_key
from bot.core.store.migrations import all_tables
from bot.core.store.refusals import StoreError
from bot.core.store.shape import Shape
from bot.core.store.statements import Prepared, prepared
from bot.core.store.transaction import Transaction

SLICE = 100
"""Rows that one transaction encrypts anew: a few milliseconds, which a page may wait."""
PAUSE = 0.02
"""Seconds between two slices, in which whoever pages somebody has the database to himself."""
LEARNT_WITHIN = 30.0
"""Seconds that running processes have to learn a new key; they renew their lease every 3."""
PASSES = 20
KEPT = timedelta(days=1)
"""How long a retired key stays, for a process that stood still all the while."""


async def rotate_data_key(store: Store, master: bytes, now: datetime) -> int:
    """Make a data key, put every row under it, and retire the ones before; answers how many
    rows it took.

    One that was cut short is taken up where it stood; two at once do the same work together.
    Raises StoreError where a running process does not learn the key, or rows stay locked; then
    nothing is retired, and it can be asked for again.
    """
    newest = await store.write(lambda tx: _newest_or_new(tx, master, now), Lane.JOB)
    await store.read(learn_keys)
    await _all_have_learnt(store, newest)
    done = 0
    for _ in range(PASSES):
        done += sum([await _take_table(store, shape) for shape in _sealed()])
        if not await store.read(_has_older):
            await store.write(lambda tx: _retire(tx, newest, now), Lane.JOB)
            return done
    raise StoreError("Some rows are still under an earlier key: run this again.")


def _newest_or_new(tx: Transaction, master: bytes, now: datetime) -> int:
    """The id of the key that all rows shall be under: a new one, unless a rotation was cut
    short.
    """
    if tx.dialect == "postgresql":
        tx.records(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("imbot keys"))))
    live = [row.key_id for row in tx.select(VaultKey, purpose="data", retired_at=None)]
    return max(live) if len(live) > 1 else add_data_key(tx, master, now)


async def _all_have_learnt(store: Store, newest: int) -> None:
    """Wait until no running process encrypts with an earlier key. On SQLite, whoever writes
    has learnt it by then.
    """
    if store.dialect == "sqlite":
        return
    ends_at = asyncio.get_running_loop().time() + LEARNT_WITHIN
    while left := await store.read(lambda tx: with_older_key(tx, newest)):
        if asyncio.get_running_loop().time() > ends_at:
            raise StoreError(
                f"{left} running processes have not learnt the new data key; nothing is "
                "encrypted with it yet by this command. Start them again, and run this again."
            )
        await asyncio.sleep(0.2)


def _sealed() -> Iterator[Shape]:
    for each in all_tables().sorted_tables:
        shape: Shape = each.info["shape"]
        if shape.sealed_names:
            yield shape


@lru_cache
def _update(shape: Shape) -> Prepared:
    columns = shape.table.c
    anew = {
        name: sa.bindparam(f"new_{name}", type_=sa.LargeBinary) for name in shape.sealed_names
    }
    update = sa.update(shape.table).where(columns.key == sa.bindparam("row_key"))
    return prepared(update.values(anew))


async def _take_table(store: Store, shape: Shape) -> int:
    """Look for rows without holding the database, and take what was found, slice by slice."""
    after, done = "", 0
    while keys := await store.read(lambda tx, after=after: _older(tx, shape, after)):  # type: ignore[misc]
        done += await store.write(lambda tx, keys=keys: _take(tx, shape, keys), Lane.JOB)  # type: ignore[misc]
        after = keys[-1]
        await asyncio.sleep(PAUSE)
    return done


def _has_older(tx: Transaction) -> bool:
    """Also what is locked, and was passed by."""
    return any(_older(tx, shape, "") for shape in _sealed())


def _older(tx: Transaction, shape: Shape, after: str) -> list[Key]:
    columns, header = shape.table.c, tx.vault.header
    old = [
        sa.func.substr(columns[name], 1, len(header)) != header for name in shape.sealed_names
    ]
    select = sa.select(columns.key).where(columns.key > after, sa.or_(*old))
    return [key for (key,) in tx.records(select.order_by(columns.key).limit(SLICE))]


def _take(tx: Transaction, shape: Shape, keys: Sequence[Key]) -> int:
    """Encrypt these rows anew, but for those that are gone or in use: they are met again."""
    select = sa.select(shape.table).where(shape.table.c.key.in_(keys))
    if tx.dialect == "postgresql":
        select = select.with_for_update(skip_locked=True, key_share=True)
    found: list[Sequence[Any]] = tx.records(select)
    for record in found:
        anew = shape.resealed(record, tx.vault)
        given = {f"new_{name}": blob for name, blob in anew.items()}
        tx.execute(_update(shape), row_key=record[0], **given)
    return len(found)


def _retire(tx: Transaction, newest: int, now: datetime) -> None:
    """Retire the data keys before this one, and forget those that were retired long ago."""
    for row in tx.select(VaultKey, purpose="data"):
        if row.retired_at is not None and row.retired_at <= now - KEPT:
            tx.delete(row)
        elif row.key_id < newest and row.retired_at is None:
            tx.update(row, retired_at=now)
