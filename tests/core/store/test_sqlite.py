from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.core.crypto import MasterKeyError, new_master_key
from bot.core.errors import ServiceUnavailable
from bot.core.store.executor import Lane, StoreError, open_store
from bot.core.store.keys import (
    master_key_file,
    replace_master_key_file,
    rotate_master_key,
)
from bot.core.store.sqlite import SqliteStore
from bot.core.store.transaction import ConstraintError, Transaction, TransactionError
from tests.core.store.rows import Crew, Ship, crew, make_tables, ship

Work = Callable[[Transaction], Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with the tables of these tests."""
    make_tables(f"sqlite:///{tmp_path / 'imbot.db'}")
    return tmp_path / "imbot.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """A store whose groups end by their size only."""
    opened = await SqliteStore.open(str(path), group_seconds=60)
    yield opened
    await opened.close()


async def in_one_group(
    store: SqliteStore, *works: Work, lanes: list[Lane] | None = None
) -> list[Any]:
    """Hold the writer until all the works wait; answers their results and exceptions."""
    gate = threading.Event()
    held = asyncio.create_task(store.write(lambda _: gate.wait(30), Lane.REPLY))
    pairs = zip(works, lanes or [Lane.REQUEST] * len(works), strict=True)
    tasks = [asyncio.create_task(store.write(work, lane)) for work, lane in pairs]
    await asyncio.sleep(0)
    gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert await held
    return results


def insert(*rows: Any) -> Work:
    return lambda tx: tx.insert(rows)


async def names(store: SqliteStore) -> list[str]:
    return [row.name for row in await store.read(lambda tx: tx.select(Ship))]


async def test_a_group_is_one_transaction(store: SqliteStore) -> None:
    seen: list[int] = []

    def work(tx: Transaction) -> None:
        tx.insert([ship(f"n{len(seen)}")])
        seen.append(len(tx.select(Ship)))

    def reader_sees_nothing(tx: Transaction) -> int:
        other = asyncio.run_coroutine_threadsafe(names(store), loop)
        return len(other.result(10))

    loop = asyncio.get_running_loop()
    results = await in_one_group(store, work, work, work, reader_sees_nothing)

    assert seen == [1, 2, 3]
    assert results == [None, None, None, 0]
    assert len(await names(store)) == 3


async def test_one_that_fails_leaves_its_group_alone(store: SqliteStore) -> None:
    def fail(tx: Transaction) -> None:
        tx.insert([ship("undone")])
        raise LookupError

    results = await in_one_group(
        store, insert(ship("a")), fail, insert(ship("a")), insert(ship("b"))
    )

    assert [type(each) for each in results] == [
        type(None),
        LookupError,
        ConstraintError,
        type(None),
    ]
    assert await names(store) == ["a", "b"]


async def test_the_first_of_a_group_fails_alone(store: SqliteStore) -> None:
    def fail(tx: Transaction) -> None:
        tx.insert([ship("undone")])
        raise LookupError

    with pytest.raises(LookupError):
        await store.write(fail)
    assert await names(store) == []


async def test_the_more_urgent_lanes_go_first(store: SqliteStore) -> None:
    order: list[Lane] = []
    lanes = [Lane.JOB, Lane.REQUEST, Lane.COURIER, Lane.REPLY, Lane.JOB, Lane.REPLY]

    def note(lane: Lane) -> Work:
        return lambda _: order.append(lane)

    await in_one_group(store, *map(note, lanes), lanes=lanes)

    assert order == sorted(lanes)


async def test_a_full_disk_inside_a_group_loses_nothing_that_was_answered(
    store: SqliteStore,
) -> None:
    runs: list[str] = []

    def fill(tx: Transaction) -> None:
        runs.append("fill")
        (pages,) = tx.records(sa.text("PRAGMA page_count"))[0]
        tx.execute(sa.text(f"PRAGMA max_page_count = {pages + 20}"))
        tx.insert(ship(f"big{n}", cargo={"x": "x" * 50_000}) for n in range(20))

    results = await in_one_group(
        store, insert(ship("a")), insert(ship("b")), fill, insert(ship("c"))
    )

    assert [type(each) for each in results] == [
        type(None),
        type(None),
        ServiceUnavailable,
        type(None),
    ]
    assert runs == ["fill", "fill"]
    assert await names(store) == ["a", "b", "c"]


async def test_a_full_disk_that_a_handler_passes_over_still_voids_the_group(
    store: SqliteStore,
) -> None:
    def fill(tx: Transaction) -> None:
        tx.insert([ship("writer")])
        tx.execute(sa.text("PRAGMA max_page_count = 1"))
        with pytest.raises(TransactionError), tx.savepoint():
            tx.insert(ship(f"big{n}", cargo={"x": "x" * 50_000}) for n in range(20))
        assert tx.is_broken()

    results = await in_one_group(store, insert(ship("a")), fill)

    assert results[0] is None
    assert isinstance(results[1], Exception)
    assert await names(store) == ["a"]


async def test_a_transaction_that_is_gone_before_the_commit_voids_its_group(
    store: SqliteStore,
) -> None:
    called: list[str] = []
    rolled_back: list[bool] = []

    def lose_once(tx: Transaction) -> None:
        tx.after_commit.append(lambda: called.append("called"))
        if not rolled_back:
            rolled_back.append(True)
            tx.execute(sa.text("ROLLBACK"))

    results = await in_one_group(store, insert(ship("a")), lose_once, insert(ship("b")))

    assert results == [None, None, None]
    assert called == ["called"]
    assert await names(store) == ["a", "b"]


async def test_a_full_lane_refuses_and_the_others_do_not(path: Path) -> None:
    store = await SqliteStore.open(str(path), lane_limit=2)
    gate = threading.Event()
    held = asyncio.create_task(store.write(lambda _: gate.wait(30), Lane.REPLY))
    waiting = [asyncio.create_task(store.write(insert())) for _ in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(ServiceUnavailable):
        await store.write(insert())
    urgent = asyncio.create_task(store.write(insert(), Lane.REPLY))
    await asyncio.sleep(0)
    gate.set()

    await asyncio.gather(held, urgent, *waiting)
    await store.close()


async def test_a_closed_store_has_done_what_waited_and_refuses_more(path: Path) -> None:
    store = await SqliteStore.open(str(path))
    writes = [asyncio.create_task(store.write(insert(ship(f"{n}")))) for n in range(200)]
    await asyncio.sleep(0)
    await store.close()

    await asyncio.gather(*writes)
    with pytest.raises(ServiceUnavailable):
        await store.write(insert())


async def test_one_who_no_longer_waits_stops_nobody(store: SqliteStore) -> None:
    gate = threading.Event()
    held = asyncio.create_task(store.write(lambda _: gate.wait(30)))
    gone = asyncio.create_task(store.write(insert(ship("gone"))))
    stays = asyncio.create_task(store.write(insert(ship("stays"))))
    await asyncio.sleep(0)
    gone.cancel()
    gate.set()

    await asyncio.gather(held, stays)
    assert "stays" in await names(store)


async def test_a_second_opener_is_refused_by_name(store: SqliteStore, path: Path) -> None:
    with pytest.raises(StoreError, match=f"in use by process {os.getpid()}"):
        await open_store(f"sqlite:///{path}")


@pytest.mark.parametrize("url", ["sqlite:///", "sqlite:///:memory:", "mysql://x"])
async def test_what_is_no_lasting_database_is_refused(url: str) -> None:
    with pytest.raises(StoreError):
        await open_store(url)


async def test_the_key_file_is_made_once_for_its_owner_only(path: Path) -> None:
    await (await SqliteStore.open(str(path))).close()
    key = master_key_file(path).read_text()
    store = await SqliteStore.open(str(path))
    await store.close()

    assert master_key_file(path).stat().st_mode & 0o777 == 0o600
    assert master_key_file(path).read_text() == key


async def test_a_database_without_its_key_file_says_so(path: Path) -> None:
    await (await SqliteStore.open(str(path))).close()
    master_key_file(path).unlink()

    with pytest.raises(MasterKeyError, match="is missing"):
        await SqliteStore.open(str(path))
    with pytest.raises(MasterKeyError, match="does not open"):
        await SqliteStore.open(str(path), new_master_key())


async def test_a_rotated_master_key_opens_what_the_old_one_kept(path: Path) -> None:
    vessel = ship(captain="Franklin")
    store = await SqliteStore.open(str(path))
    await store.write(insert(vessel))
    old, new = master_key_file(path).read_text(), new_master_key()
    await store.write(lambda tx: rotate_master_key(tx, old=old, new=new))
    replace_master_key_file(path, new)
    await store.close()

    again = await SqliteStore.open(str(path))
    assert await again.read(lambda tx: tx.get(Ship, vessel.key)) == vessel
    await again.close()


def kill_after(path: Path, lines: int) -> list[str]:
    """Let another process write, and kill it once it has told of so many answers."""
    command = [sys.executable, "-m", "tests.core.store.crash", f"sqlite:///{path}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        answered = [process.stdout.readline().decode().strip() for _ in range(lines)]
        process.kill()
        answered += process.stdout.read().decode().split()
    return answered


@pytest.mark.parametrize("lines", [1, 60, 500])
async def test_kill_9_loses_nothing_that_was_answered_and_halves_nothing(
    path: Path, lines: int
) -> None:
    answered = await asyncio.to_thread(kill_after, path, lines)
    assert len(answered) >= lines

    store = await SqliteStore.open(str(path))
    ships = await store.read(lambda tx: tx.select(Ship))
    crews = Counter(row.ship_key for row in await store.read(lambda tx: tx.select(Crew)))
    await store.close()

    assert set(answered) <= {row.key for row in ships}
    assert crews == {row.key: 5 for row in ships}


async def test_kill_9_inside_a_group_leaves_nothing_of_it(path: Path) -> None:
    command = [sys.executable, "-m", "tests.core.store.crash", f"sqlite:///{path}", "20"]
    ended = await asyncio.to_thread(
        subprocess.run, command, stdout=subprocess.PIPE, check=False
    )

    assert ended.returncode == -signal.SIGKILL
    store = await SqliteStore.open(str(path))
    stored = {row.key for row in await store.read(lambda tx: tx.select(Ship))}
    await store.close()
    assert stored == set(ended.stdout.decode().split())


async def test_a_reader_keeps_its_snapshot_while_others_write(store: SqliteStore) -> None:
    vessel = ship()
    await store.write(insert(vessel))
    loop = asyncio.get_running_loop()

    def read_twice(tx: Transaction) -> tuple[int, int]:
        before = len(tx.select(Crew))
        written = asyncio.run_coroutine_threadsafe(store.write(insert(crew(vessel))), loop)
        written.result(10)
        return before, len(tx.select(Crew))

    assert await store.read(read_twice) == (0, 0)
    assert len(await store.read(lambda tx: tx.select(Crew))) == 1
