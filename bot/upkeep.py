"""What is done to a database beside serving it: migrate, keys, rotate, back up, restore."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bot.core import operations
from bot.core.access import Caller
from bot.core.clock import SystemClock
from bot.core.context import House
from bot.core.crypto import MasterKeyError
from bot.core.dispatch import Dispatcher, Request, new_request_id
from bot.core.errors import ServiceError
from bot.core.ids import new_key
from bot.core.keyring import Keyring
from bot.core.store.executor import Store, StoreError, StoreInUse, migrate_store, open_store
from bot.core.store.keys import master_key_file
from bot.core.store.migrations import HEAD
from bot.settings import Settings

LOADED = operations
"""Importing it fills the registry."""

Verb = Literal["create", "list", "revoke"]


@dataclass(slots=True)
class Outcome:
    status: int = 0


@contextmanager
def refusals() -> Iterator[Outcome]:
    """Say what stands in the way, and make it the exit status 1."""
    outcome = Outcome()
    try:
        yield outcome
    except (StoreError, MasterKeyError) as refusal:
        say(str(refusal))
        outcome.status = 1
    except ServiceError as refusal:
        say(refusal.message)
        outcome.status = 1


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201


def migrate(settings: Settings) -> int:
    """Bring the database to the newest schema; on SQLite no `serve` may run."""
    with refusals() as outcome:
        asyncio.run(migrate_store(settings.database_url, _master_key(settings)))
        say(f"The database has schema version {HEAD}.")
    return outcome.status


async def keys(settings: Settings, verb: Verb, name: str | None) -> int:
    """Create a pair for the user `name`, list all keys, or revoke the key `name`.

    It works on SQLite too while `serve` runs, and every call leaves its row in the audit.
    """
    with refusals() as outcome:
        store = await enter(settings)
        try:
            await _ask_about_keys(settings, store, verb, name or "")
        finally:
            await store.close()
    return outcome.status


async def enter(settings: Settings) -> Store:
    """Open the store as its owner, or as a guest of the process that serves it."""
    url, master_key, new = settings.database_url, _master_key(settings), new_master(settings)
    try:
        return await open_store(url, master_key, new_master_key=new, threads=1)
    except StoreInUse:
        return await open_store(url, master_key, new_master_key=new, is_guest=True)


async def _ask_about_keys(settings: Settings, store: Store, verb: Verb, name: str) -> None:
    dispatcher = _dispatcher(store)
    try:
        if verb == "create":
            made = await _ask(dispatcher, settings, "CreateAccessKey", UserName=name)
            _show_pair(made)
        elif verb == "revoke":
            await _ask(dispatcher, settings, "RevokeAccessKey", AccessKeyId=name)
            say(f"{name} is revoked; within seconds nothing is answered to it any more.")
        else:
            listed = await _ask(dispatcher, settings, "ListAccessKeys")
            _show_keys(listed["AccessKeys"], settings)
    finally:
        await dispatcher.close()


def _dispatcher(store: Store) -> Dispatcher:
    """Answers operations that cause no pages and no jobs: nobody here would carry them."""
    owner = new_key()
    house = House(
        name_owner=lambda: owner,
        media=frozenset(),
        public_url=None,
        carry=lambda _: None,
        wake_engine=lambda _: None,
        wake_courier=lambda: None,
    )
    return Dispatcher(store, SystemClock(), house, Keyring(store, None))


async def _ask(
    dispatcher: Dispatcher, settings: Settings, operation: str, **parameters: str
) -> Mapping[str, Any]:
    caller = Caller(
        account_id=settings.account_id,
        principal_arn=f"arn:aws:iam::{settings.account_id}:user/administrator",
        actor="administrator",
        door="api",
        region=settings.region,
    )
    request = Request(
        service="imbot",
        operation=operation,
        parameters=parameters,
        caller=caller,
        source="imbot keys",
        request_id=new_request_id(),
    )
    return await dispatcher.answer(request)


def _show_pair(made: Mapping[str, Any]) -> None:
    tell(f"AWS_ACCESS_KEY_ID={made['AccessKeyId']}")
    tell(f"AWS_SECRET_ACCESS_KEY={made['SecretAccessKey']}")
    say(f"\nThe pair acts as {made['PrincipalArn']}. Its secret is not shown again.")


def _show_keys(listed: list[Mapping[str, Any]], settings: Settings) -> None:
    if settings.access_key_id is not None:
        tell(f"{settings.access_key_id:20}  administrator  of IMBOT_ACCESS_KEY_ID")
    for key in listed:
        created = f"{key['CreatedAt']:%Y-%m-%d %H:%M} UTC"
        state = key["Status"].lower()
        tell(f"{key['AccessKeyId']:20}  {key['UserName']}  created {created}  {state}")
    if not listed:
        say("No keys were made yet: imbot keys create NAME")


def backup(settings: Settings, target: str) -> int:
    """Copy the SQLite database and its key file; `serve` may go on."""
    from bot.core.store.backups import back_up

    if not settings.is_sqlite:
        return _refuse_postgres("Back it up with pg_dump, or with pg_basebackup and its WAL")
    path = Path(target).absolute()
    with refusals() as outcome:
        back_up(database_path(settings), path, _master_key(settings))
        if settings.master_key is None:
            say(f"{path} is a whole and checked copy. {master_key_file(path)} opens it:")
            say("whoever has both can read every address, so keep them as you keep passwords.")
        else:
            say(f"{path} is a whole and checked copy. IMBOT_MASTER_KEY opens it.")
    return outcome.status


def restore(settings: Settings, source: str) -> int:
    """Put a backup where no database is; no `serve` may run."""
    from bot.core.store.backups import restore as put_in_place

    if not settings.is_sqlite:
        return _refuse_postgres("Restore it with pg_restore, or from its base backup and WAL")
    with refusals() as outcome:
        database = database_path(settings)
        put_in_place(Path(source).absolute(), database, _master_key(settings))
        say(f"{database} is restored. What was open when the backup was made goes on when")
        say("`imbot serve` starts: timers that came due since then are carried out at once.")
    return outcome.status


def _refuse_postgres(words: str) -> int:
    say(f"The database is PostgreSQL's. {words}; keep IMBOT_MASTER_KEY with it.")
    return 1


def database_path(settings: Settings) -> Path:
    """The file of an SQLite database. Raises StoreError where the URL names none."""
    from bot.core.store.sqlite_file import database_file

    return database_file(settings.database_url.removeprefix("sqlite:///"))


def new_master(settings: Settings) -> str | None:
    return settings.new_master_key.get_secret_value() if settings.new_master_key else None


def _master_key(settings: Settings) -> str | None:
    return settings.master_key.get_secret_value() if settings.master_key else None
