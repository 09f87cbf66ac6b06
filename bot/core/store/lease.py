"""Who is alive: a process owns what it sends for as long as its lease lasts."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.core.ids import Key, new_key
from bot.core.store.executor import Store
from bot.core.store.keys import learn_keys
from bot.core.store.lanes import Lane
from bot.core.store.schema import primary, table, table_of
from bot.core.store.transaction import Transaction

LASTS = timedelta(seconds=10)
RENEW_EVERY = timedelta(seconds=3)


@table("process")
class Process:
    """A running process. The store's own, so of no account; its times are the database's."""

    key: Key = primary()
    started_at: datetime
    lease_until: datetime
    data_key: int
    """Id of the key that it encrypts with."""


_MICROSECONDS = {
    "postgresql": "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
}


class Lease:
    """This process's lease. On SQLite the lock file is the lease, and it is always fresh."""

    def __init__(self, store: Store, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.owner: Key = new_key()
        self._store = store
        self._monotonic = monotonic
        self._ends_at = float("-inf")

    async def start(self) -> None:
        """Take a new lease, under a new name, which is used from when it is known to all."""
        owner = new_key()
        if self._store.dialect == "sqlite":
            self.owner = owner
            return
        asked_at = self._monotonic()
        await self._store.write(lambda tx: _insert(tx, owner), Lane.COURIER)
        self.owner = owner
        self._ends_at = asked_at + LASTS.total_seconds()

    async def renew(self) -> bool:
        """Lengthen the lease. False where it was void: others may own what it owned."""
        if self._store.dialect == "sqlite":
            return True
        asked_at = self._monotonic()
        if not await self._store.write(self._lengthen, Lane.COURIER):
            self._ends_at = float("-inf")
            return False
        self._ends_at = asked_at + LASTS.total_seconds()
        return True

    def is_fresh(self, margin: timedelta = timedelta(0)) -> bool:
        """Whether the lease will last for `margin` yet, by this process's own clock."""
        if self._store.dialect == "sqlite":
            return True
        return self._monotonic() + margin.total_seconds() < self._ends_at

    async def end(self) -> None:
        """Void the lease, so that others take over at once."""
        self._ends_at = float("-inf")
        if self._store.dialect == "sqlite":
            return
        processes = table_of(Process)
        void = sa.update(processes).where(processes.c.key == self.owner).values(lease_until=0)
        await self._store.write(lambda tx: tx.execute(void), Lane.COURIER)

    def _lengthen(self, tx: Transaction) -> bool:
        learn_keys(tx)
        processes, now = table_of(Process), _now(tx)
        own = sa.and_(processes.c.key == self.owner, processes.c.lease_until > now)
        lengthen = sa.update(processes).where(own)
        until, data_key = now + _microseconds(LASTS), tx.vault.newest
        return tx.execute(lengthen.values(lease_until=until, data_key=data_key)) == 1


def is_dead(tx: Transaction, own: Key, owner: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a column names a process without a lease; on SQLite any but this one.

    Also one that is forgotten: a process that stood still may have committed after its end.
    """
    if tx.dialect == "sqlite":
        return owner != own
    processes = table_of(Process)
    alive = sa.and_(processes.c.key == owner, processes.c.lease_until > _now(tx))
    return sa.and_(owner != own, ~sa.exists().where(alive))


def with_older_key(tx: Transaction, data_key: int) -> int:
    """How many processes that are alive encrypt with an older data key than this."""
    processes = table_of(Process)
    alive = processes.c.lease_until > _now(tx)
    found = sa.select(processes.c.key).where(alive, processes.c.data_key < data_key)
    return len(tx.records(found))


def forget_dead(tx: Transaction, own: Key) -> None:
    processes = table_of(Process)
    void = [processes.c.key != own]
    if tx.dialect == "postgresql":
        void.append(processes.c.lease_until <= _now(tx))
    tx.delete_where(Process, *void)


def _insert(tx: Transaction, owner: Key) -> None:
    now = _now(tx)
    tx.execute(
        sa.insert(table_of(Process)).values(
            key=owner,
            started_at=now,
            lease_until=now + _microseconds(LASTS),
            data_key=tx.vault.newest,
        )
    )


def _now(tx: Transaction) -> sa.ColumnElement[Any]:
    return sa.literal_column(_MICROSECONDS[tx.dialect], sa.BigInteger)


def _microseconds(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
