from __future__ import annotations

from pathlib import Path

import pytest

from bot.core.ids import Key, new_key
from bot.core.store.accounts import ReplicationSet
from bot.core.store.schema import table_of
from bot.core.store.sqlite import SqliteStore
from bot.core.store.transaction import Transaction
from tests.harness import ACCOUNT, TestClock

NOW = TestClock().now()


def a_set(key: Key) -> ReplicationSet:
    return ReplicationSet(
        key=key,
        account_id=ACCOUNT,
        arn="arn:aws:ssm-incidents::111122223333:replication-set/1",
        regions={"us-east-1": {}},
        tags={},
        deletion_protected=False,
        created_by="ana",
        created_at=NOW,
        modified_by="ana",
        modified_at=NOW,
    )


def protected(tx: Transaction) -> bool | None:
    found = tx.find(ReplicationSet, account_id=ACCOUNT)
    return None if found is None else found.deletion_protected


@pytest.fixture
async def sqlite(tmp_path: Path) -> SqliteStore:
    store = await SqliteStore.open(str(tmp_path / "imbot.db"))
    await store.write(lambda tx: tx.insert([a_set(new_key())]))
    assert await store.write(protected) is False
    return store


async def test_a_row_that_was_changed_is_read_anew_at_once_and_later(
    sqlite: SqliteStore,
) -> None:
    def change(tx: Transaction) -> bool | None:
        row = tx.find(ReplicationSet, account_id=ACCOUNT)
        assert row is not None
        tx.update(row, deletion_protected=True)
        return protected(tx)

    assert await sqlite.write(change) is True
    assert await sqlite.write(protected) is True
    await sqlite.close()


async def test_a_change_that_was_undone_was_never_remembered(sqlite: SqliteStore) -> None:
    def change(tx: Transaction) -> None:
        row = tx.find(ReplicationSet, account_id=ACCOUNT)
        assert row is not None
        tx.update(row, deletion_protected=True)
        assert protected(tx) is True
        raise LookupError

    with pytest.raises(LookupError):
        await sqlite.write(change)
    assert await sqlite.write(protected) is False
    await sqlite.close()


async def test_a_statement_forgets_the_rows_of_its_table(sqlite: SqliteStore) -> None:
    everything = table_of(ReplicationSet).delete()
    assert await sqlite.write(lambda tx: tx.execute(everything)) == 1
    assert await sqlite.write(protected) is None

    await sqlite.write(lambda tx: tx.insert([a_set(new_key())]))
    assert await sqlite.write(protected) is False
    await sqlite.close()
