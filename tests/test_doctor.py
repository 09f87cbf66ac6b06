from __future__ import annotations

import os
import re
import socket
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import open_app
from bot.core.crypto import new_master_key
from bot.core.store.accounts import Audit
from bot.core.store.executor import open_store
from bot.core.store.keys import master_key_file
from bot.core.store.lease import Process
from bot.doctor import examine
from bot.doctor.slack import SCOPES
from bot.playground.pulse import Fault
from bot.playground.town import Town
from bot.settings import Settings
from tests.conftest import MASTER_KEY

Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).parent.parent
LINE = re.compile(r"(ok|off|wrong) +(\S.*?)  +(.*)")


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with Town() as opened:
        yield opened


@pytest.fixture
def environment(town: Town, tmp_path: Path) -> dict[str, Any]:
    """Everything set, and everything reachable once the bot serves."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = int(server.getsockname()[1])
    return {
        **town.settings,
        "IMBOT_DATABASE_URL": f"sqlite:///{tmp_path / 'imbot.db'}",
        "IMBOT_PORT": str(port),
        "IMBOT_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "IMBOT_SLACK_ADMINS": "U0ADMIN0004",
        "IMBOT_ACCESS_KEY_ID": "AKIADOCTOR",
        "IMBOT_SECRET_ACCESS_KEY": "the-doctor-must-not-say-this",
    }


class Examined:
    """The doctor's words, by the name of the check."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text
        self.words = " ".join(text.split())
        heads = [LINE.fullmatch(line) for line in text.splitlines()]
        self.states = {head[2]: head[1] for head in heads if head}

    @property
    def wrong(self) -> list[str]:
        return [name for name, state in self.states.items() if state == "wrong"]


async def examined(capsys: Capture, environment: dict[str, Any], **changes: Any) -> Examined:
    capsys.readouterr()
    settings = Settings(**environment | changes)
    offset = timedelta(seconds=changes.pop("skew", 0))
    status = await examine(settings, now=lambda: datetime.now(UTC) + offset)
    result = Examined(status, capsys.readouterr().out)
    assert status == (1 if result.wrong else 0)
    for secret in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "TWILIO_AUTH_TOKEN"):
        assert settings.model_dump(by_alias=True)[secret] is None or (
            str({**environment, **changes}[secret]) not in result.text
        )
    assert "the-doctor-must-not-say-this" not in result.text
    return result


async def test_in_a_healthy_house_everything_is_ok(
    town: Town, environment: dict[str, Any], capsys: Capture
) -> None:
    async with open_app(Settings(**environment)):
        await town.connect(environment["IMBOT_PUBLIC_URL"])

        result = await examined(capsys, environment)

    assert set(result.states.values()) == {"ok"}
    assert list(result.states) == [
        "settings",
        "API key pair",
        "database",
        "reachability",
        "Slack token",
        "Slack scopes",
        "Slack events",
        "Slack admins",
        "SMS and voice",
        "phone number",
        "replies by text",
        "mail",
        "replies by mail",
        "public URL",
        "clock",
    ]
    assert result.text.endswith("15 checks: 0 wrong, 0 off.\n")
    assert town.surprises == []
    assert town.mailbox.mails == []


async def test_an_examination_leaves_nothing_behind(
    environment: dict[str, Any], capsys: Capture
) -> None:
    async with open_app(Settings(**environment)) as app:
        processes = await app.store.read(lambda tx: tx.select(Process))

        await examined(capsys, environment)

        assert await app.store.read(lambda tx: tx.select(Process)) == processes
        assert await app.store.read(lambda tx: tx.select(Audit)) == []


async def test_an_empty_environment_has_nothing_wrong_and_is_told_what_it_lacks(
    tmp_path: Path, capsys: Capture
) -> None:
    url = f"sqlite:///{tmp_path / 'imbot.db'}"

    result = await examined(capsys, {"IMBOT_DATABASE_URL": url})

    assert result.status == 0
    assert [name for name, state in result.states.items() if state == "ok"] == [
        "settings",
        "database",
    ]
    assert "calls have no keypad" in result.words
    assert os.listdir(tmp_path) == []


async def test_every_refusal_is_wrong_and_says_how_to_mend_it(
    environment: dict[str, Any], capsys: Capture
) -> None:
    result = await examined(
        capsys,
        environment,
        IMBOT_MASTER_KEY="short",
        SLACK_BOT_TOKEN="xoxb-of-another",
        IMBOT_SLACK_ADMINS="ana",
        TWILIO_AUTH_TOKEN="of-another-account",
        SMTP_PORT="1",
    )

    assert result.wrong == [
        "database",
        "Slack token",
        "Slack admins",
        "SMS and voice",
        "mail",
        "public URL",
    ]
    assert result.text.count("-> ") == len(result.wrong)
    assert "Start `imbot serve`" in result.words


async def test_missing_scopes_are_named(
    town: Town, environment: dict[str, Any], capsys: Capture
) -> None:
    town.slack.server.scopes = SCOPES - {"files:write", "users:read"}

    result = await examined(capsys, environment)

    assert "Missing: files:write, users:read." in result.words


def test_the_scopes_that_are_needed_are_the_manifests() -> None:
    manifest = (ROOT / "manifest.yml").read_text(encoding="utf-8")
    block = re.search(r"  scopes:\n    bot:\n((?:      - .*\n)+)", manifest)

    assert block is not None
    assert set(re.findall(r"- (\S+)", block[1])) == SCOPES


async def test_socket_mode_is_tried_with_its_own_token(
    town: Town, environment: dict[str, Any], capsys: Capture
) -> None:
    good = await examined(capsys, environment, SLACK_APP_TOKEN=town.slack.app_token)
    bad = await examined(capsys, environment, SLACK_APP_TOKEN="xapp-of-another")

    assert "by Socket Mode" in good.words
    assert "Slack refuses SLACK_APP_TOKEN (invalid_auth)" in bad.words
    assert "xapp-of-another" not in bad.text


async def test_slack_without_a_way_in_is_wrong(
    environment: dict[str, Any], capsys: Capture
) -> None:
    result = await examined(capsys, environment, IMBOT_PUBLIC_URL=None)

    assert result.states["Slack events"] == "wrong"
    assert result.states["replies by text"] == "off"
    assert result.states["public URL"] == "off"


@pytest.mark.parametrize("mode", ["drop", "answer"])
async def test_vendors_that_do_not_answer_as_themselves_are_wrong(
    town: Town, environment: dict[str, Any], capsys: Capture, mode: Any
) -> None:
    page = Fault(mode=mode, status=502, body="<html>Bad gateway</html>")
    town.slack.server.faults.add("*", page, 9)
    town.phones.rest.faults.add("*", page, 9)

    result = await examined(capsys, environment)

    assert {"Slack", "SMS and voice"} <= set(result.wrong)
    assert "html" not in result.text


async def test_a_number_of_another_account_is_wrong(
    environment: dict[str, Any], capsys: Capture
) -> None:
    result = await examined(capsys, environment, TWILIO_FROM_NUMBER="+12065559999")

    assert result.states["phone number"] == "wrong"
    assert "+12065559999" not in result.text


async def test_a_number_whose_texts_go_elsewhere_is_wrong(
    town: Town, environment: dict[str, Any], capsys: Capture
) -> None:
    town.phones.vendor.sms_url = "https://demo.example.com/welcome"

    result = await examined(capsys, environment)

    assert result.states["replies by text"] == "wrong"
    assert f"Set it to {environment['IMBOT_PUBLIC_URL']}/twilio/sms" in result.words


async def test_a_log_in_to_the_mail_server_is_tried(
    town: Town, environment: dict[str, Any], capsys: Capture
) -> None:
    town.mailbox.server.login = ("bot", "correct-password")
    pair = {"SMTP_USERNAME": "bot", "SMTP_PASSWORD": "correct-password"}

    good = await examined(capsys, environment, **pair)
    bad = await examined(capsys, environment, **pair | {"SMTP_PASSWORD": "wrong-password"})

    assert good.states["mail"] == "ok"
    assert bad.states["mail"] == "wrong"
    assert "(535)" in bad.words
    assert "password" not in bad.text


async def test_the_mailbox_of_replies_is_opened_and_not_read(
    town: Town, environment: dict[str, Any], capsys: Capture
) -> None:
    stored = town.mailbox.imap.put(b"Subject: a reply\r\n\r\n")

    good = await examined(capsys, environment)
    elsewhere = await examined(capsys, environment, IMAP_FOLDER="Nowhere")
    stranger = await examined(capsys, environment, IMAP_PASSWORD="of-another-mailbox")
    nobody = await examined(capsys, environment, IMAP_PORT="1")

    name = "replies by mail"
    assert good.states[name] == "ok"
    assert {each.states[name] for each in (elsewhere, stranger, nobody)} == {"wrong"}
    assert "Check IMAP_FOLDER." in elsewhere.words
    assert "Check IMAP_USERNAME and IMAP_PASSWORD." in stranger.words
    assert "of-another-mailbox" not in stranger.text
    assert "Look at IMAP_HOST and IMAP_PORT." in nobody.words
    assert "UID FETCH" not in town.mailbox.imap.commands
    assert stored.flags == set()


async def test_a_mail_server_without_encryption_is_wrong_where_it_is_asked_for(
    environment: dict[str, Any], capsys: Capture
) -> None:
    for security in ("starttls", "tls"):
        result = await examined(capsys, environment, SMTP_SECURITY=security)
        assert result.states["mail"] == "wrong"


@pytest.mark.parametrize(("skew", "state"), [(40, "ok"), (90, "wrong"), (-90, "wrong")])
async def test_a_clock_that_is_a_minute_off_is_wrong(
    environment: dict[str, Any], capsys: Capture, skew: int, state: str
) -> None:
    result = await examined(capsys, environment, skew=skew)

    assert result.states["clock"] == state


async def test_a_public_url_that_leads_elsewhere_is_wrong(
    town: Town, environment: dict[str, Any], capsys: Capture
) -> None:
    async with open_app(Settings(**environment)):
        elsewhere = town.slack.api_url.removesuffix("/api/")
        result = await examined(capsys, environment, IMBOT_PUBLIC_URL=elsewhere)

    assert "is answered by something else (HTTP 404)" in result.words
    assert "Let its proxy or tunnel lead to http://127.0.0.1:" in result.words


async def test_a_database_of_either_kind_is_tried_beside_the_one_who_serves(
    database_url: str, capsys: Capture
) -> None:
    settings = {"IMBOT_DATABASE_URL": database_url, "IMBOT_MASTER_KEY": MASTER_KEY}
    store = await open_store(database_url, MASTER_KEY)

    good = await examined(capsys, settings)
    bad = await examined(capsys, settings, IMBOT_MASTER_KEY=new_master_key())
    await store.close()

    assert good.states["database"] == "ok"
    assert bad.states["database"] == "wrong"
    assert "-> Put its key file back" in bad.text


async def test_a_postgresql_database_without_its_schema_is_wrong(
    empty_postgres_url: str, capsys: Capture
) -> None:
    settings = {"IMBOT_DATABASE_URL": empty_postgres_url, "IMBOT_MASTER_KEY": MASTER_KEY}

    result = await examined(capsys, settings)

    assert result.states["database"] == "wrong"
    assert "imbot migrate" in result.words


async def test_no_migration_is_advised_where_there_is_no_way(
    tmp_path: Path, capsys: Capture
) -> None:
    settings = {"IMBOT_DATABASE_URL": f"sqlite:///{tmp_path / 'imbot.db'}"}
    await (await open_store(settings["IMBOT_DATABASE_URL"])).close()
    connection = sqlite3.connect(tmp_path / "imbot.db")
    connection.execute("UPDATE alembic_version SET version_num = '0001'")
    connection.commit()
    connection.close()

    result = await examined(capsys, settings)

    assert result.states["database"] == "wrong"
    assert "from which there is no way to this one" in result.words
    assert "imbot migrate" not in result.words


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://imbot:5ecret@127.0.0.1:1/imbot?connect_timeout=2",
        "postgresql://imbot:5ecret@127.0.0.1/imbot?no_such_option=5ecret",
        "postgresql://imbot:5ecret@[/imbot",
    ],
)
async def test_the_password_of_a_database_is_not_shown(url: str, capsys: Capture) -> None:
    settings = {"IMBOT_DATABASE_URL": url, "IMBOT_MASTER_KEY": MASTER_KEY}

    result = await examined(capsys, settings)

    assert result.states["database"] == "wrong"
    assert "5ecret" not in result.text


async def test_a_database_that_is_none_or_has_lost_its_key_is_wrong(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "imbot.db"
    settings = {"IMBOT_DATABASE_URL": f"sqlite:///{path}"}
    await (await open_store(settings["IMBOT_DATABASE_URL"])).close()
    master_key_file(path).unlink()

    keyless = await examined(capsys, settings)
    path.write_bytes(b"no database" * 1000)
    foreign = await examined(capsys, settings)
    nowhere = await examined(capsys, {"IMBOT_DATABASE_URL": f"sqlite:///{path}.d/imbot.db"})

    assert "its key file" in keyless.words
    assert "not a database" in foreign.words
    assert "folder" in nowhere.words
    assert (keyless.status, foreign.status, nowhere.status) == (1, 1, 1)
