from __future__ import annotations

import os

import pytest

from bot.settings import Settings, SettingsError, load_settings

NAMES = [str(field.alias) for field in Settings.model_fields.values()]


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper() in NAMES]:
        monkeypatch.delenv(name)


def faults() -> list[str]:
    """What is said about the environment, one line a fault."""
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    return str(refusal.value).splitlines()


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_an_empty_environment_is_usable_and_turns_every_medium_off() -> None:
    settings = load_settings()

    assert settings.database_url == "sqlite:///imbot.db"
    assert (settings.slack_bot_token, settings.twilio_account_sid, settings.smtp_host) == (
        None,
        None,
        None,
    )


def test_a_variable_that_is_set_to_nothing_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SMTP_HOST="", TWILIO_ACCOUNT_SID="", IMBOT_PORT="", SLACK_BOT_TOKEN="")

    settings = load_settings()

    assert settings.port == 8080
    assert (settings.smtp_host, settings.twilio_account_sid) == (None, None)
    assert settings.slack_bot_token is None


def test_malformed_and_missing_settings_are_all_named_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given(
        monkeypatch,
        IMBOT_DATABASE_URL="mysql://db",
        IMBOT_PORT="http",
        IMBOT_PUBLIC_URL="bot.example.com",
        IMBOT_ACCOUNT_ID="12",
        IMBOT_REGION="Frankfurt",
        IMBOT_ACCESS_KEY_ID="AKIA",
        IMBOT_LOG_FORMAT="xml",
        SLACK_BOT_TOKEN="xoxb-1",
        TWILIO_ACCOUNT_SID="AC1",
        SMTP_HOST="mail.example.com",
        SMTP_PORT="0",
        SMTP_FROM="nobody",
        SMTP_SECURITY="ssl",
        SMTP_USERNAME="ana",
    )

    named = [fault.split(":")[0] for fault in faults()]

    assert named == [
        "IMBOT_DATABASE_URL",
        "IMBOT_PORT",
        "IMBOT_PUBLIC_URL",
        "IMBOT_ACCOUNT_ID",
        "IMBOT_REGION",
        "IMBOT_LOG_FORMAT",
        "SMTP_PORT",
        "SMTP_FROM",
        "SMTP_SECURITY",
        "IMBOT_SECRET_ACCESS_KEY must go with IMBOT_ACCESS_KEY_ID.",
        "TWILIO_AUTH_TOKEN and TWILIO_FROM_NUMBER must go with TWILIO_ACCOUNT_SID.",
        "SMTP_PASSWORD must go with SMTP_USERNAME.",
        "SLACK_SIGNING_SECRET or SLACK_APP_TOKEN must go with SLACK_BOT_TOKEN.",
    ]


def test_postgresql_needs_a_master_key(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, IMBOT_DATABASE_URL="postgresql://db/imbot")

    assert faults() == ["IMBOT_MASTER_KEY must go with a PostgreSQL database."]


@pytest.mark.parametrize("name", NAMES)
def test_a_value_is_never_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    value = "{5ecret}@"
    given(monkeypatch, **{name: value, "IMBOT_PORT": "no port"})

    assert "5ecret" not in "\n".join(faults())


@pytest.mark.parametrize("field", ["master_key", "slack_bot_token", "smtp_password"])
def test_secrets_do_not_appear_when_settings_are_printed(field: str) -> None:
    name = str(Settings.model_fields[field].alias)
    given = {"SLACK_SIGNING_SECRET": "x", "SMTP_USERNAME": "ana", "SMTP_PASSWORD": "5ecret"}

    assert "5ecret" not in repr(Settings.model_validate({**given, name: "5ecret"}))


def test_addresses_are_brought_into_one_form(monkeypatch: pytest.MonkeyPatch) -> None:
    given(
        monkeypatch,
        IMBOT_PUBLIC_URL="https://bot.example.com/",
        SLACK_API_URL="https://slack.example.com/api",
    )

    settings = load_settings()

    assert settings.public_url == "https://bot.example.com"
    assert settings.slack_api_url == "https://slack.example.com/api/"


def test_a_mailbox_goes_with_its_log_in_and_with_a_mail_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given(monkeypatch, IMAP_HOST="imap.example.com", IMAP_SECURITY="starttls")

    assert faults() == [
        "IMAP_USERNAME and IMAP_PASSWORD must go with IMAP_HOST.",
        "SMTP_HOST and SMTP_FROM must go with IMAP_HOST.",
        "IMAP_PORT 993 speaks TLS from the start: IMAP_SECURITY starttls goes with 143.",
    ]


def test_replies_go_to_the_sender_unless_the_mailbox_is_another_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given(monkeypatch, SMTP_HOST="smtp.example.com", SMTP_FROM="Pager <pager@example.com>")
    assert load_settings().reply_address is None

    given(monkeypatch, IMAP_HOST="imap.example.com", IMAP_USERNAME="u", IMAP_PASSWORD="p")
    assert load_settings().reply_address == "pager@example.com"

    given(monkeypatch, IMAP_ADDRESS="replies@example.net")
    assert load_settings().reply_address == "replies@example.net"
