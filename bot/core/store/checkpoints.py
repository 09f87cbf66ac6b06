"""Moves what was committed from SQLite's log into its database, beside the thread that writes.

A commit that does it by itself takes several times as long as others, and its pages wait.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import Executor

log = logging.getLogger(__name__)

COMMITS = 16
"""After so many of them the log is moved."""
LONGEST_LOG = 8_000
"""Pages of the log, of 4 KiB, from which on commits move it themselves: where there is no pause
it would grow for ever, and all of it is read after a crash.
"""


class Checkpoints:
    """Counted by the writing thread, done by another one, one at a time."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._commits = 0
        self._is_asked = False

    def count(self, threads: Executor) -> None:
        """Hear of a commit; whatever is the matter, it stays one."""
        self._commits += 1
        if self._commits < COMMITS or self._is_asked:
            return
        self._commits, self._is_asked = 0, True
        try:
            threads.submit(self._move)
        except RuntimeError as fault:  # no thread is to be had
            self._is_asked = False
            log.warning("nobody can move the log into the database: %s", fault)

    def _move(self) -> None:
        try:
            if self._connection is None:
                self._connection = self._connect()
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as fault:
            log.warning("the log could not be moved into the database: %s", fault)
        finally:
            self._is_asked = False

    def close(self) -> None:
        """Only after the threads have ended."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
