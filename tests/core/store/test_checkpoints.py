from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.core.store.checkpoints import COMMITS, Checkpoints
from bot.core.store.sqlite_file import connect_beside

ROW = bytes(1000)


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Whose log nobody else moves."""
    connection = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("CREATE TABLE heap (row BLOB)")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yield connection
    connection.close()


def commits(writer: sqlite3.Connection, checkpoints: Checkpoints, times: int) -> None:
    with ThreadPoolExecutor(1) as threads:
        for _ in range(times):
            writer.execute("INSERT INTO heap VALUES (?)", (ROW,))
            checkpoints.count(threads)


def rows_without_the_log(database: Path) -> int:
    """What is in the database's file alone, as after a crash that took the log."""
    alone = sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)
    try:
        return int(alone.execute("SELECT count(*) FROM heap").fetchone()[0])
    finally:
        alone.close()


def test_the_log_is_moved_after_so_many_commits(
    tmp_path: Path, writer: sqlite3.Connection
) -> None:
    database = tmp_path / "log.db"
    checkpoints = Checkpoints(lambda: connect_beside(database))

    commits(writer, checkpoints, COMMITS - 1)
    assert rows_without_the_log(database) == 0
    commits(writer, checkpoints, 1)
    assert rows_without_the_log(database) == COMMITS
    checkpoints.close()


def test_a_log_that_cannot_be_moved_keeps_no_commit(
    tmp_path: Path, writer: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    database = tmp_path / "log.db"
    places = iter([tmp_path / "not" / "there.db", database])
    checkpoints = Checkpoints(lambda: connect_beside(next(places)))

    commits(writer, checkpoints, COMMITS)
    assert "could not be moved" in caplog.text
    assert rows_without_the_log(database) == 0

    commits(writer, checkpoints, COMMITS)
    assert rows_without_the_log(database) == 2 * COMMITS
    checkpoints.close()


def test_a_commit_stays_one_where_no_thread_is_to_be_had(
    tmp_path: Path, writer: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    database = tmp_path / "log.db"
    checkpoints = Checkpoints(lambda: connect_beside(database))
    ended = ThreadPoolExecutor(1)
    ended.shutdown()

    for _ in range(COMMITS):
        checkpoints.count(ended)
    assert "nobody can move the log" in caplog.text

    commits(writer, checkpoints, COMMITS)
    assert rows_without_the_log(database) == COMMITS
    checkpoints.close()
