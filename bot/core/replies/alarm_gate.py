"""Which tokens of alarms are good, without a look into the store for each guess."""

from __future__ import annotations

import time
from collections.abc import Callable

from bot.core.effects.alarms import fingerprint
from bot.core.ids import Key
from bot.core.store.alarms import AlarmToken
from bot.core.store.executor import Store

MOST_WRONG = 20
WITHIN = 60.0
"""Wrong tokens from one address in so many seconds, after which more are not looked up."""
BETWEEN_LOADS = 10.0
MOST_ADDRESSES = 10_000


class UnknownToken(Exception):
    """No alarm token in use."""


class TooManyWrong(Exception):
    """So many wrong tokens came from this address that others are not looked up for a while."""


class Gate:
    """Remembers the good tokens by their digests. A good one is let in from everywhere: behind
    a proxy, who guesses has the same address as whoever knows.
    """

    def __init__(
        self, store: Store, account_id: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._account_id = account_id
        self._clock = clock
        self._known: dict[str, Key] = {}
        self._loaded_at = float("-inf")
        self._wrong: dict[str, list[float]] = {}

    async def key_of(self, token: str, remote: str) -> Key:
        """The key of a token's row. Raises UnknownToken, TooManyWrong.

        A token that was revoked meanwhile may still be answered: the row says so.
        """
        digest = fingerprint(token)
        if digest in self._known:
            return self._known[digest]
        if len(self._recent(remote)) >= MOST_WRONG:
            await self._load()
            if digest not in self._known:
                raise TooManyWrong
            return self._known[digest]
        row = await self._store.read(lambda tx: tx.find(AlarmToken, fingerprint=digest))
        if row is None or row.account_id != self._account_id or row.revoked_at is not None:
            self._count(remote)
            raise UnknownToken
        self._known[digest] = row.key
        return row.key

    def forget(self, token: str) -> None:
        self._known.pop(fingerprint(token), None)

    async def _load(self) -> None:
        """Read all good tokens, at most every ten seconds, whoever guesses how often."""
        now = self._clock()
        if now - self._loaded_at < BETWEEN_LOADS:
            return
        self._loaded_at = now
        wanted = {"account_id": self._account_id, "revoked_at": None}
        rows = await self._store.read(lambda tx: tx.select(AlarmToken, **wanted))
        self._known = {row.fingerprint: row.key for row in rows}

    def _recent(self, remote: str) -> list[float]:
        since = self._clock() - WITHIN
        return [at for at in self._wrong.get(remote, ()) if at > since]

    def _count(self, remote: str) -> None:
        times = [*self._recent(remote), self._clock()]
        self._wrong.pop(remote, None)
        self._wrong[remote] = times
        while len(self._wrong) > MOST_ADDRESSES:
            self._wrong.pop(next(iter(self._wrong)))
