"""Keys are rotated on live data: while people are paged, by processes that die in between."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from bot import rotation
from bot.core.crypto import new_master_key, parse_master_key
from bot.core.ids import new_key
from bot.core.store.accounts import Audit, Idempotency
from bot.core.store.engagements import Page
from bot.core.store.executor import Store, StoreError, open_store
from bot.core.store.keys import VaultKey
from bot.core.store.lease import Lease
from bot.core.store.migrations import all_tables
from bot.core.store.rekeying import KEPT, rotate_data_key
from bot.core.store.transaction import Transaction
from bot.core.store.work import Job
from bot.core.tasks.sweep import PASSED_ON_KEPT, ensure_sweep
from bot.settings import Settings
from tests.conftest import MASTER_KEY
from tests.core.office import Office, open_office
from tests.harness import ACCOUNT, contact_arn

ROOT = Path(__file__).parents[1]
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
MASTER = parse_master_key(MASTER_KEY)


def settings_of(database_url: str, **more: str) -> Settings:
    given = {"IMBOT_DATABASE_URL": database_url, "IMBOT_MASTER_KEY": MASTER_KEY, **more}
    return Settings(**given)  # type: ignore[arg-type]


def key_ids(tx: Transaction) -> dict[int, int]:
    """How many ciphertexts there are under each data key."""
    found: dict[int, int] = {}
    for each in all_tables().sorted_tables:
        for name in each.info["shape"].sealed_names:
            column = each.c[name]
            for (blob,) in tx.records(sa.select(column).where(column.is_not(None))):
                key_id = int.from_bytes(bytes(blob)[1:5], "big")
                found[key_id] = found.get(key_id, 0) + 1
    return found


def every_row(tx: Transaction) -> int:
    """Read each row of each table; raises where one cannot be decrypted."""
    shapes = [each.info["shape"] for each in all_tables().sorted_tables]
    return sum(len(tx.select(shape.row_type)) for shape in shapes)


@pytest.fixture(autouse=True)
def quick_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.core.courier.RENEW_EVERY", timedelta(milliseconds=200))


@asynccontextmanager
async def busy_office(store: Store) -> AsyncIterator[Office]:
    """Ana is paged, ben is next in five minutes, and a text to ana waits in the outbox."""
    async with open_office(store) as office:
        keeping = asyncio.create_task(office.courier.keep_lease())
        ana, ben = await office.has_person("ana"), await office.has_person("ben")
        plan = await office.has_escalation_plan("on-call", ana, ben)
        await office.opens()
        office.phones.gate.clear()
        await office.engages(plan)
        yield office
        office.phones.gate.set()
        keeping.cancel()


def pages_sent(office: Office) -> list[Any]:
    return [message for message in office.phones.sent if message.kind == "page"]


async def test_pages_go_out_while_the_key_is_rotated_and_all_is_under_the_new_one(
    store: Store, database_url: str
) -> None:
    async with busy_office(store) as office:
        before = await store.read(key_ids)
        rotating = asyncio.create_task(
            rotation.rotate_key(settings_of(database_url), data_only=True)
        )
        paged = 0
        while not rotating.done():
            await office.engages(await office.has_person(f"p{paged}"))
            paged += 1
        assert await rotating == 0
        office.phones.gate.set()
        await office.courier.settle()

        after = await store.read(key_ids)
        assert before.keys() == {1}
        assert 1 not in after
        assert paged > 0
        assert len(pages_sent(office)) == 1 + paged, "also what waited before"
        assert await store.read(every_row) > 0


async def test_a_timer_that_was_set_under_the_old_key_pages_the_next_person(
    store: Store, database_url: str
) -> None:
    async with busy_office(store) as office:
        assert await rotation.rotate_key(settings_of(database_url), data_only=True) == 0
        office.phones.gate.set()
        await office.courier.settle()
        assert len(pages_sent(office)) == 1

        await office.run_due(minutes=5)
        await office.courier.settle()

        assert len(pages_sent(office)) == 2
        paged = [page.contact_arn for page in await office.rows(Page)]
        assert paged == [contact_arn("ana"), contact_arn("ben")]


@pytest.fixture
def many(store: Store) -> Any:
    async def insert(count: int) -> None:
        rows = [
            Idempotency(
                account_id=ACCOUNT,
                scope="tests",
                token=new_key(),
                fingerprint="",
                answer={"number": number},
                created_at=NOON,
            )
            for number in range(count)
        ]
        await store.write(lambda tx: tx.insert(rows))

    return insert


def command(database_url: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        "PATH": os.environ["PATH"],
        "IMBOT_DATABASE_URL": database_url,
        "IMBOT_MASTER_KEY": MASTER_KEY,
    }
    arguments = [sys.executable, "-m", "bot", "rotate-key", "--data-only"]
    with subprocess.Popen(arguments, env=environment, cwd=ROOT) as process:
        yield process


async def test_kill_9_in_the_middle_loses_nothing_and_the_next_run_ends_it(
    store: Store, database_url: str, many: Any
) -> None:
    async with busy_office(store) as office:
        await many(3000)
        rows = await store.read(every_row)
        for process in command(database_url):
            while len(under := await store.read(key_ids)) < 2:
                await asyncio.to_thread(process.poll)
                assert process.returncode is None
            process.kill()
        half = await store.read(key_ids)
        assert half.keys() == {1, 3}, under
        await office.engages(await office.has_person("carol"))
        assert await store.read(every_row) > rows

        assert await rotation.rotate_key(settings_of(database_url), data_only=True) == 0

        assert (await store.read(key_ids)).keys() == {3}, "no third key was made"
        office.phones.gate.set()
        await office.courier.settle()
        assert len(pages_sent(office)) == 2


async def test_a_process_that_stood_still_all_the_while_reads_and_learns(
    store: Store, database_url: str, many: Any
) -> None:
    """Its own rows stay readable, since a retired key is kept; they are taken next time."""
    idle = await open_store(database_url, MASTER_KEY, threads=1, is_guest=True)
    await many(10)
    await rotate_data_key(store, MASTER, NOON)
    row = job()
    before = idle.vault.newest

    await idle.write(lambda tx: tx.insert([row]))
    assert len(await idle.read(lambda tx: tx.select(Idempotency))) == 10
    assert await store.read(lambda tx: tx.get(Job, row.key)) == row
    assert (before, idle.vault.newest) == (1, 3)
    await idle.close()

    await rotate_data_key(store, MASTER, NOON + timedelta(hours=1))
    assert (await store.read(key_ids)).keys() == {4}


def job() -> Job:
    return Job(account_id=ACCOUNT, task="sweep", arguments={}, due_at=NOON, attempts=0)


async def test_a_retired_key_is_forgotten_after_a_day_and_only_if_no_row_needs_it(
    store: Store, many: Any
) -> None:
    await many(1)
    await rotate_data_key(store, MASTER, NOON)
    await rotate_data_key(store, MASTER, NOON + timedelta(hours=1))
    assert await data_keys(store) == [1, 3, 4]

    await rotate_data_key(store, MASTER, NOON + KEPT)
    assert await data_keys(store) == [3, 4, 5]
    await store.read(every_row)


async def data_keys(store: Store) -> list[int]:
    rows = await store.read(lambda tx: tx.select(VaultKey, purpose="data"))
    return [row.key_id for row in rows]


async def test_a_process_that_is_alive_and_does_not_learn_keeps_the_rows_as_they_are(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.core.store.rekeying.LEARNT_WITHIN", 0.3)
    store = await open_store(postgres_url, MASTER_KEY, threads=1)
    await store.write(lambda tx: tx.insert([job()]))
    lease = Lease(store)
    await lease.start()

    assert await rotation.rotate_key(settings_of(postgres_url), data_only=True) == 1
    assert "have not learnt" in capsys.readouterr().err
    assert (await store.read(key_ids)).keys() == {1}
    assert await lease.renew()
    assert await rotation.rotate_key(settings_of(postgres_url), data_only=True) == 0

    assert (await store.read(key_ids)).keys() == {3}
    await lease.end()
    await store.close()


async def test_no_key_is_retired_while_a_row_that_is_in_use_stays_under_it(
    postgres_url: str,
) -> None:
    store = await open_store(postgres_url, MASTER_KEY, threads=2)
    await store.write(lambda tx: tx.insert([job()]))
    using = await psycopg.AsyncConnection.connect(postgres_url)
    await using.execute("SELECT key FROM job FOR UPDATE")

    with pytest.raises(StoreError, match="still under an earlier key"):
        await rotate_data_key(store, MASTER, NOON)
    assert await store.read(lambda tx: len(tx.select(VaultKey, retired_at=None))) == 3

    await using.close()
    assert await rotate_data_key(store, MASTER, NOON) == 1
    assert (await store.read(key_ids)).keys() == {3}
    await store.close()


async def test_two_rotations_at_once_end_under_one_key(store: Store, many: Any) -> None:
    await many(500)

    done = await asyncio.gather(*(rotate_data_key(store, MASTER, NOON) for _ in range(2)))

    assert sum(done) >= 500
    assert (await store.read(key_ids)).keys() == {3}
    assert await data_keys(store) == [1, 3]


async def test_who_has_both_master_keys_opens_before_and_after(
    store: Store, database_url: str
) -> None:
    async with busy_office(store):
        new = new_master_key()
        both = settings_of(database_url, IMBOT_NEW_MASTER_KEY=new)
        await both_open(both)
        assert await rotation.rotate_key(both) == 0
        await both_open(both)
        assert await rotation.rotate_key(both) == 0, "the keys stay under the new one"

        assert await store.read(every_row) > 0
        told = await store.read(lambda tx: tx.select(Audit, operation="RotateKey"))
        assert {row.source for row in told} == {"imbot rotate-key"}


async def both_open(settings: Settings) -> None:
    assert settings.master_key is not None
    assert settings.new_master_key is not None
    opened = await open_store(
        settings.database_url,
        settings.master_key.get_secret_value(),
        new_master_key=settings.new_master_key.get_secret_value(),
        threads=1,
        is_guest=True,
    )
    await opened.read(every_row)
    await opened.close()


async def test_the_way_from_key_to_key_is_closed_after_a_day(store: Store) -> None:
    async with busy_office(store) as office:
        await rotate_data_key(store, MASTER, office.clock.now())
        await store.write(lambda tx: ensure_sweep(office.dispatcher.unit(tx), ACCOUNT))
        await office.run_due()
        assert await passed_on(store) == 1

        await office.run_due(hours=PASSED_ON_KEPT / timedelta(hours=1) + 1)
        assert await passed_on(store) == 0


async def passed_on(store: Store) -> int:
    rows = await store.read(lambda tx: tx.select(VaultKey, purpose="data"))
    return sum(row.passed_on is not None for row in rows)
