"""The house's own health: settings, database, public URL, clock."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from bot.core.crypto import MasterKeyError, new_master_key, parse_master_key
from bot.core.errors import ServiceError
from bot.core.ids import new_key
from bot.core.store.executor import Store, StoreError, open_store
from bot.core.store.lease import Process
from bot.core.store.migrations import HEAD
from bot.core.store.refusals import OtherVersion
from bot.core.store.schema import table_of
from bot.core.store.transaction import Transaction, TransactionError
from bot.doctor.findings import Finding, Rounds, off, ok, wrong
from bot.doctor.reach import reachability
from bot.settings import Settings

LARGEST_SKEW = 60.0
"""Seconds. Slack and SigV4 refuse what is five minutes off; before that, pages are late."""

FIT_KEY = "Put its key file back, or set IMBOT_MASTER_KEY to the key that it was made under."
NO_PUBLIC_URL = (
    "IMBOT_PUBLIC_URL is not set: calls have no keypad, replies and delivery reports are "
    "polled from the vendor, mails name the chat command instead of a link, and Slack needs "
    "Socket Mode."
)


def settings_found(settings: Settings) -> list[Finding]:
    found = [ok("settings", f"Account {settings.account_id}, region {settings.region}.")]
    if settings.access_key_id is None:
        words = (
            "IMBOT_ACCESS_KEY_ID is not set: the API knows only `imbot keys create`'s pairs."
        )
        return [*found, off("API key pair", words)]
    return [*found, ok("API key pair", "The administrator's pair is set.")]


async def database(rounds: Rounds) -> list[Finding]:
    """Open it beside whoever serves, write a row that is gone again at the commit, and see who
    in it could be told.
    """
    settings = rounds.settings
    key = settings.master_key.get_secret_value() if settings.master_key else None
    if (yet_to_be_made := _place_for(settings, key)) is not None:
        return [yet_to_be_made]
    try:
        store = await open_store(settings.database_url, key, threads=1, is_guest=True)
    except MasterKeyError as refusal:
        return [wrong("database", str(refusal), FIT_KEY)]
    except StoreError as refusal:
        words = " ".join(str(refusal).split())
        return [wrong("database", words, _way_in(settings, refusal))]
    try:
        written = await _written(store, settings)
        return [written, *await reachability(store, settings, rounds.now())]
    finally:
        await store.close()


async def _written(store: Store, settings: Settings) -> Finding:
    try:
        await store.write(_write_and_erase)
    except (ServiceError, TransactionError):
        mend = "See that its disk has room and that this user may write to it."
        return wrong("database", "It opens, but cannot be written.", mend)
    where = _file(settings) or "PostgreSQL"
    return ok("database", f"{where}: schema {HEAD}, writable, its key fits.")


def _place_for(settings: Settings, key: str | None) -> Finding | None:
    """What is found where an SQLite database is yet to be made; None where one is."""
    path = _file(settings)
    if path is None or path.exists():
        return None
    if not os.access(path.parent, os.W_OK | os.X_OK):
        words = f"{path} does not exist, and its folder does not or cannot be written."
        return wrong("database", words, "Make the folder, or mend IMBOT_DATABASE_URL.")
    try:
        parse_master_key(new_master_key() if key is None else key)
    except MasterKeyError as refusal:
        mend = "Set IMBOT_MASTER_KEY to the output of `openssl rand -base64 32`."
        return wrong("database", str(refusal), mend)
    return ok("database", f"{path} does not exist yet; `imbot serve` makes it.")


def _file(settings: Settings) -> Path | None:
    if not settings.is_sqlite:
        return None
    return Path(settings.database_url.removeprefix("sqlite:///")).absolute()


def _way_in(settings: Settings, refusal: StoreError) -> str:
    if isinstance(refusal, OtherVersion):
        return ""
    if "schema" in str(refusal):
        return "" if "imbot migrate" in str(refusal) else "Run `imbot migrate`."
    if settings.is_sqlite:
        return "See that this user may write the file and its folder, or restore a backup."
    return "Start the server, or mend IMBOT_DATABASE_URL."


def _write_and_erase(tx: Transaction) -> None:
    key, now = new_key(), datetime.now(UTC)
    own = Process(key=key, started_at=now, lease_until=now, data_key=tx.vault.newest)
    tx.insert([own])
    tx.delete_where(Process, table_of(Process).c.key == key)


async def public_url(rounds: Rounds) -> Finding:
    """Ask /healthz from outside, as far as one can from here."""
    settings = rounds.settings
    if settings.public_url is None:
        return off("public URL", NO_PUBLIC_URL)
    answer = await _healthz(rounds, settings.public_url)
    if answer is None:
        return ok("public URL", f"{settings.public_url} leads to this program.")
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    home = f"http://{host}:{settings.port}"
    if settings.port and await _healthz(rounds, home) is None:
        mend = f"Let its proxy or tunnel lead to {home}."
    else:
        mend = f"Start `imbot serve`, which does not answer on {home} either, and ask again."
    return wrong("public URL", f"{settings.public_url}/healthz {answer}.", mend)


async def _healthz(rounds: Rounds, base: str) -> str | None:
    """What is amiss with an address; None where the program answers there."""
    try:
        async with rounds.session.get(f"{base}/healthz", allow_redirects=False) as response:
            body = await response.content.read(100)
    except TimeoutError:
        return "does not answer in time"
    except (aiohttp.ClientError, OSError) as error:
        return f"cannot be reached ({type(error).__name__})"
    if response.status == 200 and body.strip() == b"alive":
        return None
    return f"is answered by something else (HTTP {response.status})"


def clock(rounds: Rounds) -> Finding:
    if not rounds.skews:
        return off("clock", "No vendor answered whose clock it could be compared with.")
    vendor, skew = max(rounds.skews.items(), key=lambda item: abs(item[1]))
    if abs(skew) <= LARGEST_SKEW:
        names = " and ".join(rounds.skews)
        return ok("clock", f"It agrees with {names}'s, to {abs(skew):.0f} s.")
    words = f"It is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} {vendor}'s."
    return wrong("clock", words, "Let the machine set its clock by NTP.")
