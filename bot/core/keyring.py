"""Access keys of the API: those in the database, and the first pair from the environment."""

from __future__ import annotations

import time

from bot.core.credentials import Credential
from bot.core.store.accounts import AccessKey
from bot.core.store.executor import Store

KEPT = 2.0
"""Seconds that a looked-up key is trusted, so that a revoked one dies soon in every process."""


class Keyring:
    def __init__(self, store: Store, first: Credential | None) -> None:
        self._store = store
        self._first = first
        self._known: dict[str, tuple[float, Credential | None]] = {}

    async def credential(self, access_key_id: str) -> Credential | None:
        if self._first is not None and access_key_id == self._first.access_key_id:
            return self._first
        known = self._known.get(access_key_id)
        if known is not None and time.monotonic() - known[0] < KEPT:
            return known[1]
        found = await self._store.read(
            lambda tx: tx.find(AccessKey, access_key_id=access_key_id, revoked_at=None)
        )
        credential = None if found is None else _credential(found)
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[access_key_id] = (time.monotonic(), credential)
        return credential


def _credential(row: AccessKey) -> Credential:
    return Credential(
        access_key_id=row.access_key_id,
        secret=row.secret,
        account_id=row.account_id,
        principal_arn=f"arn:aws:iam::{row.account_id}:user/{row.user_name}",
    )
