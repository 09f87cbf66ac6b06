from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa

from bot.core.crypto import MasterKeyError, new_master_key
from bot.core.errors import InternalServerException, ServiceUnavailable
from bot.core.store.executor import Store, open_store
from bot.core.store.lease import LASTS, Lease, Process, forget_dead, is_dead
from bot.core.store.schema import table_of
from bot.core.store.transaction import ConstraintError, Transaction, TransactionError
from bot.core.store.work import Outbox
from tests.conftest import MASTER_KEY
from tests.core.store.rows import Ship, make_tables, ship


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[Store]:
    make_tables(postgres_url)
    opened = await open_store(postgres_url, MASTER_KEY, threads=4)
    yield opened
    await opened.close()


async def test_two_that_lock_each_other_out_both_succeed_in_the_end(store: Store) -> None:
    a, b = ship("a"), ship("b")
    await store.write(lambda tx: tx.insert([a, b]))
    both = threading.Barrier(2)
    runs: list[str] = []

    def rename(first: Ship, second: Ship, tx: Transaction) -> None:
        runs.append(first.name)
        tx.lock(Ship, first.key)
        if len(runs) <= 2:
            both.wait(10)
        tx.lock(Ship, second.key)

    await asyncio.gather(
        store.write(lambda tx: rename(a, b, tx)), store.write(lambda tx: rename(b, a, tx))
    )
    assert len(runs) >= 3


async def test_a_locked_row_counts_as_absent_where_locked_rows_are_skipped(
    store: Store,
) -> None:
    vessel = ship()
    await store.write(lambda tx: tx.insert([vessel]))
    loop = asyncio.get_running_loop()

    def hold(tx: Transaction) -> Ship | None:
        tx.lock(Ship, vessel.key)
        other = store.write(lambda tx: tx.lock(Ship, vessel.key, skip_locked=True))
        return asyncio.run_coroutine_threadsafe(other, loop).result(10)

    assert await store.write(hold) is None


async def test_a_connection_lost_before_the_commit_is_made_anew_and_the_work_repeated(
    store: Store,
) -> None:
    runs: list[int] = []
    cut = sa.text("SELECT pg_terminate_backend(pg_backend_pid())")

    def work(tx: Transaction) -> None:
        runs.append(1)
        tx.insert([ship()])
        if len(runs) == 1:
            tx.records(cut)

    await store.write(work)

    assert len(runs) == 2
    assert len(await store.read(lambda tx: tx.select(Ship))) == 1


async def test_a_connection_that_is_lost_each_time_is_told_as_unavailable(
    store: Store,
) -> None:
    cut = sa.text("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(ServiceUnavailable):
        await store.write(lambda tx: tx.records(cut))
    assert await store.read(lambda tx: tx.select(Ship)) == []


async def test_a_misspelt_statement_is_not_repeated(store: Store) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> None:
        runs.append(1)
        tx.records(sa.text("SELECT nonsense"))

    with pytest.raises(TransactionError):
        await store.write(work)
    assert runs == [1]


async def test_a_nul_is_refused_and_undone_by_its_savepoint(store: Store) -> None:
    def work(tx: Transaction) -> None:
        tx.insert([ship("kept")])
        with pytest.raises(ConstraintError), tx.savepoint():
            tx.insert([ship("nul\0")])

    await store.write(work)
    assert [row.name for row in await store.read(lambda tx: tx.select(Ship))] == ["kept"]


async def test_a_store_without_its_master_key_is_refused(
    store: Store, postgres_url: str
) -> None:
    with pytest.raises(MasterKeyError, match="IMBOT_MASTER_KEY"):
        await open_store(postgres_url)
    with pytest.raises(MasterKeyError, match="does not open"):
        await open_store(postgres_url, new_master_key())


async def test_one_process_hears_another_and_not_itself(
    store: Store, postgres_url: str
) -> None:
    other = await open_store(postgres_url, MASTER_KEY, threads=1)
    heard, own = asyncio.Event(), asyncio.Event()
    store.listen(heard.set)
    other.listen(own.set)
    async with asyncio.timeout(20):
        await heard.wait()  # each hears once that it listens
        await own.wait()
        heard.clear()
        own.clear()
        for _ in range(100):
            other.announce()
        await heard.wait()
        heard.clear()
        store.announce()
        await own.wait()
    await other.close()


async def test_a_lease_that_was_not_renewed_is_void_for_good(store: Store) -> None:
    seconds = [100.0]
    lease, mine = Lease(store, lambda: seconds[0]), Lease(store)
    assert not lease.is_fresh()
    await lease.start()
    await mine.start()

    def is_seen_dead(tx: Transaction) -> bool:
        owner = sa.cast(sa.literal(lease.owner), table_of(Outbox).c.owner.type)
        return bool(tx.records(sa.select(is_dead(tx, mine.owner, owner)))[0][0])

    assert lease.is_fresh(LASTS - timedelta(seconds=1))
    assert not lease.is_fresh(LASTS)
    assert await lease.renew()
    seconds[0] += LASTS.total_seconds()
    assert not lease.is_fresh()
    assert not await store.read(is_seen_dead)

    await lease.end()

    assert not await lease.renew()
    assert await store.read(is_seen_dead)
    await store.write(lambda tx: forget_dead(tx, mine.owner))
    assert [row.key for row in await store.read(lambda tx: tx.select(Process))] == [mine.owner]
    assert await store.read(is_seen_dead)


async def test_a_connection_lost_during_the_commit_is_told_and_not_repeated(
    store: Store, postgres_url: str
) -> None:
    runs: list[int] = []

    def work(tx: Transaction) -> None:
        runs.append(1)
        ((backend,),) = tx.records(sa.text("SELECT pg_backend_pid()"))
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 10000)", (backend,))

    with pytest.raises(InternalServerException, match="during the commit"):
        await store.write(work)
    assert runs == [1]
    assert await store.read(lambda tx: tx.select(Ship)) == []
