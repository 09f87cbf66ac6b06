from __future__ import annotations

import asyncio
import sqlite3
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.core.errors import DataEncryptionException
from bot.core.ids import new_key
from bot.core.store.executor import Store
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import (
    ConstraintError,
    RowGoneError,
    Transaction,
    TransactionError,
)
from tests.core.store.rows import NOON, Crew, Ship, crew, ship

ships = table_of(Ship)
LAUNCHED = prepared(
    sa.select(ships)
    .where(ships.c.launched_at <= sa.bindparam("now"), ships.c.name.in_(sa.bindparam("names")))
    .order_by(ships.c.name)
)


async def test_rows_are_written_after_those_that_they_refer_to(store: Store) -> None:
    vessel = ship(captain="Franklin", manifest={"a": 1}, seal=b"\1")
    sailor = crew(vessel, secret="tattoo")

    await store.write(lambda tx: tx.insert([sailor, vessel]))

    assert await store.read(lambda tx: tx.get(Ship, vessel.key)) == vessel
    assert await store.read(lambda tx: tx.select(Crew, ship_key=vessel.key)) == [sailor]


async def test_a_row_that_refers_to_nothing_is_refused(store: Store) -> None:
    with pytest.raises(ConstraintError):
        await store.write(lambda tx: tx.insert([crew(ship())]))

    assert await store.read(lambda tx: tx.select(Crew)) == []


async def test_a_broken_constraint_is_told_without_the_values(store: Store) -> None:
    await store.write(lambda tx: tx.insert([ship("Erebus")]))

    with pytest.raises(ConstraintError) as refusal:
        await store.write(lambda tx: tx.insert([ship("Erebus")]))

    assert "Erebus" not in str(refusal.value)


async def test_the_second_of_a_kind_is_ignored_and_told_apart(store: Store) -> None:
    assert await store.write(lambda tx: tx.insert_or_ignore(ship()))
    assert not await store.write(lambda tx: tx.insert_or_ignore(ship()))
    assert await store.write(lambda tx: tx.insert_or_ignore(ship("Terror")))


async def test_an_update_writes_what_changed_and_answers_the_whole_row(store: Store) -> None:
    vessel = ship(captain="Franklin")
    await store.write(lambda tx: tx.insert([vessel]))

    changed = await store.write(
        lambda tx: tx.update(vessel, captain="Crozier", wait=timedelta(hours=1), is_fast=True)
    )

    assert changed.captain == "Crozier"
    assert await store.read(lambda tx: tx.find(Ship, name="Erebus")) == changed


async def test_a_row_that_is_gone_cannot_be_updated(store: Store) -> None:
    with pytest.raises(RowGoneError):
        await store.write(lambda tx: tx.update(ship(), name="Terror"))


async def test_a_key_and_what_a_secret_is_bound_to_are_fixed(store: Store) -> None:
    sailor = crew(ship())
    with pytest.raises(ValueError, match="account_id of crew is fixed"):
        await store.write(lambda tx: tx.update(sailor, account_id="444455556666"))


async def test_none_finds_the_rows_where_a_column_is_empty(store: Store) -> None:
    live, lost = ship(), ship(deleted_at=NOON)
    await store.write(lambda tx: tx.insert([live, lost]))

    found = await store.read(lambda tx: tx.select(Ship, name="Erebus", deleted_at=None))

    assert found == [live]
    assert await store.read(lambda tx: tx.find(Ship, deleted_at=NOON)) == lost


async def test_an_encrypted_column_cannot_be_searched(store: Store) -> None:
    with pytest.raises(ValueError, match="encrypted"):
        await store.read(lambda tx: tx.find(Ship, captain="Franklin"))


async def test_a_prepared_statement_takes_instants_and_lists_of_any_length(
    store: Store,
) -> None:
    a, b = ship("a"), ship("b", launched_at=NOON + timedelta(seconds=1))
    await store.write(lambda tx: tx.insert([b, a]))

    def names(tx: Transaction, *wanted: str) -> list[str]:
        return [row.name for row in tx.fetch(Ship, LAUNCHED, now=NOON, names=list(wanted))]

    assert await store.read(lambda tx: names(tx, "a", "b", "c")) == ["a"]
    assert await store.read(lambda tx: names(tx, "b")) == []
    assert await store.read(names) == []


async def test_a_statement_made_on_the_spot_runs(store: Store) -> None:
    await store.write(lambda tx: tx.insert([ship("a"), ship("b"), ship("c")]))
    sink = sa.update(ships).where(ships.c.name.in_(["a", "b"])).values(deleted_at=NOON)

    assert await store.write(lambda tx: tx.execute(sink)) == 2
    counted = sa.select(sa.func.count()).where(ships.c.deleted_at <= NOON)
    assert [tuple(r) for r in await store.read(lambda tx: tx.records(counted))] == [(2,)]
    gone = await store.write(lambda tx: tx.delete_where(Ship, ships.c.deleted_at.is_(None)))
    assert gone == 1


async def test_a_misspelt_parameter_is_refused(store: Store) -> None:
    with pytest.raises(KeyError, match="when"):
        await store.read(lambda tx: tx.fetch(Ship, LAUNCHED, when=NOON, names=[]))


async def test_a_savepoint_undoes_its_rows_and_what_it_wanted_after_the_commit(
    store: Store,
) -> None:
    called: list[str] = []

    def fail_inside(tx: Transaction) -> None:
        with tx.savepoint():
            tx.insert([ship("undone")])
        tx.after_commit.append(lambda: called.append("inner"))
        tx.insert([ship("kept")])

    def work(tx: Transaction) -> None:
        tx.after_commit.append(lambda: called.append("outer"))
        tx.insert([ship("kept")])
        with pytest.raises(ConstraintError), tx.savepoint():
            fail_inside(tx)
        with tx.savepoint():
            tx.insert([ship("too")])

    await store.write(work)

    kept = await store.read(lambda tx: [row.name for row in tx.select(Ship)])
    assert kept == ["kept", "too"]
    assert called == ["outer"]


async def test_a_constraint_broken_in_a_savepoint_leaves_the_rest_alone(store: Store) -> None:
    def work(tx: Transaction) -> None:
        tx.insert([ship()])
        with pytest.raises(ConstraintError), tx.savepoint():
            tx.insert([ship()])
        tx.insert([ship("Terror")])

    await store.write(work)

    assert len(await store.read(lambda tx: tx.select(Ship))) == 2


async def test_a_broken_constraint_cannot_be_passed_over(store: Store) -> None:
    def work(tx: Transaction) -> None:
        tx.insert([ship()])
        with pytest.raises(ConstraintError):
            tx.insert([ship()])

    with pytest.raises(TransactionError):
        await store.write(work)
    assert await store.read(lambda tx: tx.select(Ship)) == []


async def test_nothing_is_called_after_a_commit_that_did_not_come(store: Store) -> None:
    called: list[str] = []

    def work(tx: Transaction) -> None:
        tx.after_commit.append(lambda: called.append("called"))
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(work)
    await store.write(lambda tx: tx.insert([]))
    assert called == []


async def test_a_secret_moved_to_another_row_does_not_read(store: Store) -> None:
    a, b = ship("a", captain="Franklin"), ship("b", captain="Crozier")
    stolen = sa.select(ships.c.captain).where(ships.c.name == "a").scalar_subquery()

    def work(tx: Transaction) -> None:
        tx.insert([a, b])
        tx.execute(sa.update(ships).where(ships.c.name == "b").values(captain=stolen))

    await store.write(work)

    with pytest.raises(DataEncryptionException):
        await store.read(lambda tx: tx.find(Ship, name="b"))


async def test_a_deleted_row_takes_along_what_belongs_to_it(store: Store) -> None:
    vessel = ship()
    await store.write(lambda tx: tx.insert([vessel, crew(vessel)]))

    assert await store.write(lambda tx: tx.delete(vessel))
    assert not await store.write(lambda tx: tx.delete(vessel))
    assert await store.read(lambda tx: tx.select(Crew)) == []


async def test_a_row_that_is_not_there_cannot_be_locked(store: Store) -> None:
    assert await store.write(lambda tx: tx.lock(Ship, new_key())) is None


async def test_what_is_read_cannot_write(store: Store) -> None:
    with pytest.raises((TransactionError, sqlite3.OperationalError)):
        await store.read(lambda tx: tx.insert([ship()]))
    assert await store.read(lambda tx: tx.select(Ship)) == []


async def test_a_look_does_not_wait_for_what_is_read_for_requests(store: Store) -> None:
    loop, reading = asyncio.get_running_loop(), asyncio.Event()
    may_end = threading.Event()

    def read_long(_: Transaction) -> bool:
        loop.call_soon_threadsafe(reading.set)
        return may_end.wait(10)

    long = asyncio.gather(*(store.read(read_long) for _ in range(20)))
    await reading.wait()
    try:
        assert await store.look(lambda tx: tx.select(Ship)) == []
    finally:
        may_end.set()
    assert await long == [True] * 20
