"""`imbot rotate-key`: new keys for an open house, both the data key and the master key."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.core.clock import SystemClock
from bot.core.crypto import MasterKeyError, new_master_key, open_vault, parse_master_key
from bot.core.ids import new_key
from bot.core.store.accounts import Audit
from bot.core.store.executor import Store, StoreError, StoreInUse
from bot.core.store.keys import (
    adopt_master_key,
    await_master_key,
    master_key_file,
    rotate_master_key,
    stored_keys,
)
from bot.core.store.rekeying import rotate_data_key
from bot.core.store.transaction import Transaction
from bot.settings import Settings
from bot.upkeep import database_path, enter, new_master, refusals, say


async def rotate_key(settings: Settings, *, data_only: bool = False) -> int:
    """Encrypt all rows with a new data key, then put all keys under a new master key.

    Where the master key is a file, a new one takes its place; where it is a setting, the new
    one is IMBOT_NEW_MASTER_KEY. `serve` may go on; what is cut short is taken up by the next
    run. With `data_only` the master key stays.
    """
    with refusals() as outcome, _alone(settings):
        if not data_only:
            _require_new_master(settings)
        store = await enter(settings)
        try:
            await _rotate(settings, store, data_only=data_only)
        finally:
            await store.close()
    return outcome.status


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One rotation at a time: a key file must not wait beside another. Raises StoreInUse."""
    if not settings.is_sqlite:
        yield
        return
    from bot.core.store.sqlite_file import take_lock

    database = database_path(settings)
    try:
        lock = take_lock(database.with_name(f"{database.name}.rotation"))
    except StoreInUse:
        raise StoreInUse(f"The keys of {database} are being rotated already.") from None
    try:
        yield
    finally:
        os.close(lock)


def _require_new_master(settings: Settings) -> None:
    """Raises MasterKeyError where the master key is a setting and its successor is none."""
    if settings.master_key is None:
        return
    if (new := new_master(settings)) is None:
        raise MasterKeyError(
            "Set IMBOT_NEW_MASTER_KEY to 32 random bytes in base64, such as from "
            "`openssl rand -base64 32`, and run this again; or rotate with --data-only."
        )
    parse_master_key(new)


async def _rotate(settings: Settings, store: Store, *, data_only: bool) -> None:
    now = SystemClock().now()
    master = await _fitting_master(settings, store)
    rows = await rotate_data_key(store, parse_master_key(master), now)
    say(f"{rows} rows were put under a new data key; the one before is kept for a day.")
    if not data_only:
        await _rotate_master(settings, store, master)
    audit = Audit(
        account_id=settings.account_id,
        at=now,
        principal_arn=f"arn:aws:iam::{settings.account_id}:user/administrator",
        actor="administrator",
        door="api",
        source="imbot rotate-key",
        service="imbot",
        operation="RotateKey",
        resource=None,
        request_id=new_key(),
        outcome="OK",
    )
    await store.write(lambda tx: tx.insert([audit]))


async def _fitting_master(settings: Settings, store: Store) -> str:
    """The text of the master key that opens the stored keys now. Raises MasterKeyError."""
    wrapped = await store.read(stored_keys)
    texts = [
        key.get_secret_value() for key in (settings.master_key, settings.new_master_key) if key
    ]
    if settings.master_key is None:
        texts = [master_key_file(database_path(settings)).read_text("ascii").strip()]
    for text in texts[:-1]:
        try:
            open_vault(wrapped, parse_master_key(text))
        except MasterKeyError:
            continue
        return text
    open_vault(wrapped, parse_master_key(texts[-1]))
    return texts[-1]


async def _rotate_master(settings: Settings, store: Store, old: str) -> None:
    new = new_master(settings)
    if settings.master_key is None:
        database = database_path(settings)
        await _replace_file(store, database, old)
        say(f"{master_key_file(database)} holds a new master key.")
    elif new is not None:
        if old != new:
            await store.write(lambda tx: rotate_master_key(tx, old=old, new=new))
        say("The keys are under IMBOT_NEW_MASTER_KEY: put it in IMBOT_MASTER_KEY's place.")
        say("A `serve` that is given both starts before and after.")
    say("Earlier backups need the earlier master key.")


async def _replace_file(store: Store, database: Path, old: str) -> None:
    """The new key waits beside the old one until the database is under it; where this is cut
    short in between, the next opening finishes it.
    """
    new = new_master_key()
    await_master_key(database, new)

    def put_under(tx: Transaction) -> None:
        rotate_master_key(tx, old=old, new=new)

    try:
        await store.write(put_under)
    except MasterKeyError as error:
        raise StoreError(f"{master_key_file(database)} was changed meanwhile.") from error
    adopt_master_key(database, new)
