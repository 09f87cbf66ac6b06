# ruff: noqa: ASYNC230, ASYNC240 - a test may look at its files
from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bot import rotation, upkeep
from bot.app import open_app
from bot.core.crypto import new_master_key
from bot.core.store.accounts import AccessKey, Audit
from bot.core.store.executor import open_store
from bot.core.store.keys import (
    await_master_key,
    master_key_file,
    rotate_master_key,
    waiting_key_file,
)
from bot.core.store.sqlite_file import take_lock
from bot.settings import Settings
from tests.conftest import MASTER_KEY

Capture = pytest.CaptureFixture[str]


def settings_of(database_url: str, **more: Any) -> Settings:
    return Settings(**{"IMBOT_DATABASE_URL": database_url, "IMBOT_PORT": "0", **more})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "imbot.db"


@pytest.fixture
def settings(path: Path) -> Settings:
    return settings_of(f"sqlite:///{path}")


async def rows(settings: Settings, row_type: Any) -> list[Any]:
    key = settings.master_key.get_secret_value() if settings.master_key else None
    store = await open_store(settings.database_url, key, is_guest=True)
    try:
        return await store.read(lambda tx: tx.select(row_type))
    finally:
        await store.close()


async def secrets_of(settings: Settings) -> list[str]:
    return [row.secret for row in await rows(settings, AccessKey)]


async def test_a_pair_is_shown_once_and_listed_without_its_secret(
    database_url: str, capsys: Capture
) -> None:
    settings = settings_of(database_url, IMBOT_MASTER_KEY=MASTER_KEY)

    assert await upkeep.keys(settings, "create", "ana") == 0
    lines = dict(line.split("=", 1) for line in capsys.readouterr().out.splitlines())
    assert await upkeep.keys(settings, "list", None) == 0
    listed = capsys.readouterr().out

    assert [lines["AWS_SECRET_ACCESS_KEY"]] == await secrets_of(settings)
    assert lines["AWS_ACCESS_KEY_ID"] in listed
    assert "ana" in listed
    assert lines["AWS_SECRET_ACCESS_KEY"] not in listed


async def test_each_use_of_keys_leaves_its_row_in_the_audit(
    database_url: str, capsys: Capture
) -> None:
    settings = settings_of(database_url, IMBOT_MASTER_KEY=MASTER_KEY)
    await upkeep.keys(settings, "create", "ana")
    key_id = capsys.readouterr().out.splitlines()[0].partition("=")[2]

    assert await upkeep.keys(settings, "revoke", key_id) == 0
    assert await upkeep.keys(settings, "revoke", "AKIANOBODY") == 1

    audit = [(row.operation, row.source, row.outcome) for row in await rows(settings, Audit)]
    assert audit[0] == ("CreateAccessKey", "imbot keys", "OK")
    assert audit[1] == ("RevokeAccessKey", "imbot keys", "OK")
    assert audit[2][2] != "OK"
    assert (await rows(settings, AccessKey))[0].revoked_at is not None


async def test_a_key_made_while_the_bot_serves_is_known_to_it(
    settings: Settings, capsys: Capture
) -> None:
    async with open_app(settings) as app:
        assert await upkeep.keys(settings, "create", "ana") == 0
        key_id = capsys.readouterr().out.splitlines()[0].partition("=")[2]

        credential = await app.dispatcher.credential(key_id)

    assert credential is not None
    assert credential.principal_arn.endswith(":user/ana")


async def test_a_guest_neither_makes_nor_migrates_a_database(
    path: Path, capsys: Capture
) -> None:
    lock = take_lock(path)
    with open(lock):
        assert await upkeep.keys(settings_of(f"sqlite:///{path}"), "list", None) == 1
        assert not path.exists()
        sqlite3.connect(path).close()
        assert await upkeep.keys(settings_of(f"sqlite:///{path}"), "list", None) == 1

    assert "no schema" in capsys.readouterr().err


async def test_rotation_replaces_the_key_file_and_keeps_the_secrets(
    path: Path, settings: Settings
) -> None:
    await upkeep.keys(settings, "create", "ana")
    old, secrets = master_key_file(path).read_text(), await secrets_of(settings)

    assert await rotation.rotate_key(settings) == 0

    assert master_key_file(path).read_text() != old
    assert master_key_file(path).stat().st_mode & 0o777 == 0o600
    assert not waiting_key_file(path).exists()
    assert await secrets_of(settings) == secrets


async def test_a_rotation_that_was_cut_short_after_its_commit_is_finished_by_the_next_opening(
    path: Path, settings: Settings
) -> None:
    await upkeep.keys(settings, "create", "ana")
    old, new = master_key_file(path).read_text(), new_master_key()
    store = await open_store(settings.database_url)
    secrets = [row.secret for row in await store.read(lambda tx: tx.select(AccessKey))]
    await_master_key(path, new)
    await store.write(lambda tx: rotate_master_key(tx, old=old, new=new))
    await store.close()

    assert await secrets_of(settings) == secrets
    assert master_key_file(path).read_text().strip() == new


async def test_a_rotation_that_was_cut_short_before_its_commit_leaves_the_old_key(
    path: Path, settings: Settings
) -> None:
    await upkeep.keys(settings, "create", "ana")
    old, secrets = master_key_file(path).read_text(), await secrets_of(settings)
    await_master_key(path, new_master_key())

    assert await secrets_of(settings) == secrets
    assert master_key_file(path).read_text() == old


async def test_nothing_is_restored_while_the_bot_serves(
    path: Path, settings: Settings, capsys: Capture
) -> None:
    async with open_app(settings):
        assert upkeep.backup(settings, f"{path}.backup") == 0
        assert upkeep.restore(settings, f"{path}.backup") == 1

    assert capsys.readouterr().err.count("in use by process") == 1


async def test_a_key_in_the_settings_is_rotated_to_the_new_one_there(
    database_url: str, capsys: Capture
) -> None:
    new = new_master_key()
    old_settings = settings_of(database_url, IMBOT_MASTER_KEY=MASTER_KEY)
    await upkeep.keys(old_settings, "create", "ana")
    secrets = await secrets_of(old_settings)

    assert await rotation.rotate_key(old_settings) == 1
    assert "IMBOT_NEW_MASTER_KEY" in capsys.readouterr().err
    both = settings_of(database_url, IMBOT_MASTER_KEY=MASTER_KEY, IMBOT_NEW_MASTER_KEY=new)
    assert await rotation.rotate_key(both) == 0
    assert await rotation.rotate_key(both) == 0, "a second time changes nothing"

    assert await secrets_of(settings_of(database_url, IMBOT_MASTER_KEY=new)) == secrets
    assert new not in capsys.readouterr().err


async def test_a_backup_made_while_the_bot_serves_can_be_restored(
    path: Path, settings: Settings, tmp_path: Path
) -> None:
    async with open_app(settings):
        await upkeep.keys(settings, "create", "ana")
        secrets = await secrets_of(settings)
        copy = tmp_path / "backups.db"
        assert upkeep.backup(settings, str(copy)) == 0
        await upkeep.keys(settings, "create", "ben")

    elsewhere = settings_of(f"sqlite:///{tmp_path / 'restored.db'}")
    assert upkeep.restore(elsewhere, str(copy)) == 0

    assert await secrets_of(elsewhere) == secrets
    for kept in (copy, master_key_file(copy), master_key_file(tmp_path / "restored.db")):
        assert kept.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in tmp_path.glob("*backups*")) == [
        "backups.db",
        "backups.db.key",
    ]


async def test_neither_backup_nor_restore_writes_over_anything(
    path: Path, settings: Settings, capsys: Capture
) -> None:
    await upkeep.keys(settings, "create", "ana")
    copy = path.with_name("copy.db")
    master_key_file(copy).write_text("another's key")

    assert upkeep.backup(settings, str(copy)) == 1
    assert master_key_file(copy).read_text() == "another's key"
    assert not copy.exists()
    master_key_file(copy).unlink()
    assert upkeep.backup(settings, str(copy)) == 0
    path.unlink()
    journal = path.with_name(f"{path.name}-wal")
    journal.write_bytes(b"what was not in the database yet")

    assert upkeep.restore(settings, str(copy)) == 1
    assert str(journal) in capsys.readouterr().err
    assert not path.exists()


async def test_what_is_damaged_foreign_or_without_its_key_is_not_restored(
    path: Path, settings: Settings, tmp_path: Path, capsys: Capture
) -> None:
    await upkeep.keys(settings, "create", "ana")
    copy, target = tmp_path / "copy.db", settings_of(f"sqlite:///{tmp_path / 'new.db'}")
    upkeep.backup(settings, str(copy))
    key = master_key_file(copy).read_text()

    master_key_file(copy).write_text(new_master_key())
    assert upkeep.restore(target, str(copy)) == 1
    master_key_file(copy).unlink()
    assert upkeep.restore(target, str(copy)) == 1
    master_key_file(copy).write_text(key)
    whole = copy.read_bytes()
    copy.write_bytes(whole[:8192] + b"\xff" * 8192 + whole[16384:])
    assert upkeep.restore(target, str(copy)) == 1
    copy.write_bytes(b"no database at all, whatever its name may say" * 100)
    assert upkeep.restore(target, str(copy)) == 1
    sqlite3.connect(tmp_path / "foreign.db").close()
    assert upkeep.restore(target, str(tmp_path / "foreign.db")) == 1
    assert upkeep.restore(target, str(tmp_path / "nowhere.db")) == 1

    assert not (tmp_path / "new.db").exists()
    assert not master_key_file(tmp_path / "new.db").exists()
    assert [each.name for each in tmp_path.glob(".new*")] == []
    assert key.strip() not in capsys.readouterr().err


def test_postgresql_is_left_to_its_own_tools(capsys: Capture) -> None:
    settings = settings_of("postgresql://db/imbot", IMBOT_MASTER_KEY=MASTER_KEY)

    assert upkeep.backup(settings, "copy.db") == 1
    assert upkeep.restore(settings, "copy.db") == 1

    said = capsys.readouterr().err
    assert "pg_dump" in said
    assert "pg_restore" in said


def test_migrate_makes_the_schema_under_the_key_of_the_settings(
    path: Path, capsys: Capture
) -> None:
    settings = settings_of(f"sqlite:///{path}", IMBOT_MASTER_KEY=MASTER_KEY)

    assert upkeep.migrate(settings) == 0

    assert "schema version" in capsys.readouterr().err
    assert not master_key_file(path).exists()


def test_migrate_brings_an_empty_postgresql_to_the_newest_schema(
    empty_postgres_url: str, capsys: Capture
) -> None:
    settings = settings_of(empty_postgres_url, IMBOT_MASTER_KEY=MASTER_KEY)

    assert upkeep.migrate(settings) == 0
    assert upkeep.migrate(settings) == 0
