from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.settings import Settings

Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).parent.parent
COMMANDS = [
    "serve",
    "demo",
    "doctor",
    "keys",
    "keys create",
    "keys list",
    "keys revoke",
    "migrate",
    "rotate-key",
    "backup",
    "restore",
]


@pytest.fixture(autouse=True)
def _empty_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    names = {str(field.alias) for field in Settings.model_fields.values()}
    for name in [name for name in os.environ if name.upper() in names]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "96")
    monkeypatch.chdir(tmp_path)


def help_of(command: str, capsys: Capture) -> str:
    with pytest.raises(SystemExit) as end:
        main([*command.split(), "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_command_has_a_help_that_fits_a_terminal(command: str, capsys: Capture) -> None:
    shown = help_of(command, capsys)

    assert shown.startswith(f"usage: imbot {command}".rstrip())
    assert "." in shown.partition("\n\n")[2], "it says what it does in a sentence"
    assert max(len(line) for line in shown.splitlines()) <= 96


def test_the_first_help_names_every_command(capsys: Capture) -> None:
    shown = help_of("", capsys)

    for command in COMMANDS:
        assert re.search(rf"^ +{command.split()[0]} +[a-z]", shown, re.MULTILINE)


def test_the_version_that_is_shown_is_the_package_s(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])

    assert end.value.code == 0
    assert f'version = "{capsys.readouterr().out.removeprefix("imbot ").strip()}"' in (
        (ROOT / "pyproject.toml").read_text().splitlines()
    )


@pytest.mark.parametrize("words", [[], ["keys"], ["keys", "create"], ["sevre"], ["backup"]])
def test_a_command_that_is_missing_or_unknown_ends_with_usage(
    words: list[str], capsys: Capture
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)

    assert end.value.code == 2
    assert "usage: imbot" in capsys.readouterr().err


def test_unusable_settings_are_named_and_nothing_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path
) -> None:
    monkeypatch.setenv("IMBOT_PORT", "http")
    monkeypatch.setenv("SMTP_HOST", "mail.example.com")

    assert main(["keys", "list"]) == 2

    said = capsys.readouterr().err
    assert "IMBOT_PORT" in said
    assert "SMTP_FROM" in said
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_lists_unusable_settings_as_findings(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("IMBOT_PORT", "http")

    assert main(["doctor"]) == 1

    assert re.search(r"^wrong +settings +IMBOT_PORT: ", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("port", ["8080", "http"])
def test_a_reader_who_has_seen_enough_ends_a_command_quietly(port: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-m", "bot", "doctor"],
        stdout=writer,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "IMBOT_PORT": port},
        check=False,
    )
    os.close(writer)

    assert (ended.returncode, ended.stderr) == (128 + signal.SIGPIPE, b"")


def test_keys_are_made_and_listed_from_the_command_line(capsys: Capture) -> None:
    assert main(["keys", "create", "ana"]) == 0
    made = capsys.readouterr().out
    assert main(["keys", "list"]) == 0

    key_id = re.search(r"^AWS_ACCESS_KEY_ID=(AKIA\w{16})$", made, re.MULTILINE)
    assert key_id is not None
    assert key_id[1] in capsys.readouterr().out


@pytest.fixture(params=["text"])
def serving(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "IMBOT_PORT": "0"}
    environment["IMBOT_LOG_FORMAT"] = request.param
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "serve"],
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("wish", [signal.SIGTERM, signal.SIGINT])
def test_serving_ends_cleanly_when_asked_to(
    serving: subprocess.Popen[str], wish: signal.Signals
) -> None:
    assert serving.stderr is not None
    for line in serving.stderr:
        if "imbot has started" in line:
            break

    serving.send_signal(wish)
    _, said = serving.communicate(timeout=20)

    assert serving.returncode == 0
    assert said.splitlines()[-1].endswith("imbot has stopped")
    assert "Traceback" not in said


@pytest.mark.parametrize("serving", ["json"], indirect=True)
def test_every_line_is_a_document_where_the_log_is_one(serving: subprocess.Popen[str]) -> None:
    assert serving.stderr is not None
    told = []
    for line in serving.stderr:
        told.append(json.loads(line)["message"])
        if told[-1] == "imbot has started":
            break

    assert any(words.startswith("imbot answers on http://127.0.0.1:") for words in told)
    assert any(words.startswith("Off, because") for words in told)
