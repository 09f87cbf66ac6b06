"""Settings from the environment; every fault is named at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.utils import parseaddr
from ipaddress import ip_network
from typing import Any, Literal

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

GROUPS = (
    ("IMBOT_ACCESS_KEY_ID", "IMBOT_SECRET_ACCESS_KEY"),
    ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM_NUMBER"),
    ("SMTP_HOST", "SMTP_FROM"),
    ("SMTP_USERNAME", "SMTP_PASSWORD"),
    ("IMAP_HOST", "IMAP_USERNAME", "IMAP_PASSWORD"),
)
"""Variables of which either all are set or none."""


class Settings(BaseSettings):
    """The environment. A medium whose settings are absent, or empty, is off."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", case_sensitive=False, env_ignore_empty=True
    )

    database_url: str = Field("sqlite:///imbot.db", alias="IMBOT_DATABASE_URL")
    host: str = Field("127.0.0.1", alias="IMBOT_HOST")
    port: int = Field(8080, alias="IMBOT_PORT", ge=0, le=65535)
    public_url: str | None = Field(None, alias="IMBOT_PUBLIC_URL")
    account_id: str = Field("111122223333", alias="IMBOT_ACCOUNT_ID", pattern=r"^\d{12}$")
    region: str = Field("us-east-1", alias="IMBOT_REGION", pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    access_key_id: str | None = Field(None, alias="IMBOT_ACCESS_KEY_ID")
    secret_access_key: SecretStr | None = Field(None, alias="IMBOT_SECRET_ACCESS_KEY")
    slack_admins: str = Field("", alias="IMBOT_SLACK_ADMINS")
    master_key: SecretStr | None = Field(None, alias="IMBOT_MASTER_KEY")
    new_master_key: SecretStr | None = Field(None, alias="IMBOT_NEW_MASTER_KEY")
    """What `imbot rotate-key` puts the keys under; with both it starts before and after."""
    metrics: Literal["off", "local", "all"] = Field("local", alias="IMBOT_METRICS")
    """Who may read /metrics: nobody, this machine, or all who reach the port."""
    metrics_token: SecretStr | None = Field(None, alias="IMBOT_METRICS_TOKEN")
    """Who bears it may, too, from wherever."""
    topic_networks: str = Field("", alias="IMBOT_TOPIC_NETWORKS")
    """Networks that topics may post to though they are not public: 10.0.0.0/8, fd00::/8."""
    chime_url: str = Field("https://hooks.chime.aws", alias="IMBOT_CHIME_URL")
    """Whose host the URLs of Chime webhooks are posted to."""
    log_format: Literal["text", "json"] = Field("text", alias="IMBOT_LOG_FORMAT")

    seconds_between_mails: float = Field(20, alias="IMBOT_SECONDS_BETWEEN_MAILS", ge=0)
    seconds_between_texts: float = Field(20, alias="IMBOT_SECONDS_BETWEEN_TEXTS", ge=0)
    seconds_between_calls: float = Field(100, alias="IMBOT_SECONDS_BETWEEN_CALLS", ge=0)
    """To one contact channel; 0: no limit."""
    daily_texts: int | None = Field(None, alias="IMBOT_DAILY_TEXTS", ge=0)
    daily_texts_to_one_number: int | None = Field(
        None, alias="IMBOT_DAILY_TEXTS_TO_ONE_NUMBER", ge=0
    )
    daily_calls: int | None = Field(None, alias="IMBOT_DAILY_CALLS", ge=0)
    daily_calls_to_one_number: int | None = Field(
        None, alias="IMBOT_DAILY_CALLS_TO_ONE_NUMBER", ge=0
    )
    daily_codes: int | None = Field(None, alias="IMBOT_DAILY_CODES", ge=0)
    daily_codes_to_one_address: int | None = Field(
        None, alias="IMBOT_DAILY_CODES_TO_ONE_ADDRESS", ge=0
    )
    """Texts and calls of pages, and activation codes, a day; absent: no limit."""

    allow_reopening: bool = Field(False, alias="IMBOT_ALLOW_REOPENING")
    """Whether a resolved incident can be opened again."""
    keep_young_regions: bool = Field(False, alias="IMBOT_KEEP_YOUNG_REGIONS")
    """Whether a region must be 24 hours old before it leaves its replication set, as in AWS."""
    request_rates: bool = Field(False, alias="IMBOT_REQUEST_RATES")
    """Whether the API refuses what is over the service's requests a second."""

    timeline_emoji: str = Field(
        "pushpin", alias="IMBOT_TIMELINE_EMOJI", pattern=r"^:?[^\s:]+:?$"
    )
    """The reaction that puts a Slack message on the timeline; "none": no reaction does."""

    slack_bot_token: SecretStr | None = Field(None, alias="SLACK_BOT_TOKEN")
    slack_signing_secret: SecretStr | None = Field(None, alias="SLACK_SIGNING_SECRET")
    slack_app_token: SecretStr | None = Field(None, alias="SLACK_APP_TOKEN")
    slack_api_url: str = Field("https://slack.com/api/", alias="SLACK_API_URL")

    twilio_account_sid: str | None = Field(None, alias="TWILIO_ACCOUNT_SID")
    twilio_auth_token: SecretStr | None = Field(None, alias="TWILIO_AUTH_TOKEN")
    twilio_from_number: str | None = Field(None, alias="TWILIO_FROM_NUMBER")
    twilio_api_url: str = Field("https://api.twilio.com", alias="TWILIO_API_URL")

    smtp_host: str | None = Field(None, alias="SMTP_HOST")
    smtp_port: int = Field(587, alias="SMTP_PORT", ge=1, le=65535)
    smtp_username: str | None = Field(None, alias="SMTP_USERNAME")
    smtp_password: SecretStr | None = Field(None, alias="SMTP_PASSWORD")
    smtp_from: str | None = Field(None, alias="SMTP_FROM")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", alias="SMTP_SECURITY")

    imap_host: str | None = Field(None, alias="IMAP_HOST")
    imap_port: int = Field(993, alias="IMAP_PORT", ge=1, le=65535)
    imap_username: str | None = Field(None, alias="IMAP_USERNAME")
    imap_password: SecretStr | None = Field(None, alias="IMAP_PASSWORD")
    imap_security: Literal["tls", "starttls", "none"] = Field("tls", alias="IMAP_SECURITY")
    imap_folder: str = Field("INBOX", alias="IMAP_FOLDER", min_length=1)
    imap_address: str | None = Field(None, alias="IMAP_ADDRESS")
    """Whose mails arrive in that mailbox, where it is not SMTP_FROM's address."""

    @field_validator("public_url")
    @classmethod
    def _without_trailing_slash(cls, value: str | None) -> str | None:
        if value is None or not value:
            return None
        if not re.match(r"^https?://[^/]+", value):
            raise ValueError("must begin with http:// or https:// and a host")
        return value.rstrip("/")

    @field_validator("timeline_emoji")
    @classmethod
    def _without_colons(cls, value: str) -> str:
        return value.strip(":")

    @field_validator("database_url")
    @classmethod
    def _of_a_known_kind(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value

    @field_validator("topic_networks")
    @classmethod
    def _of_networks(cls, value: str) -> str:
        try:
            [ip_network(part) for part in value.replace(",", " ").split()]
        except ValueError:
            raise ValueError("must list networks: 10.0.0.0/8, fd00::/8") from None
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _with_trailing_slash(cls, value: str) -> str:
        return value if value.endswith("/") else f"{value}/"

    @field_validator("smtp_from", "imap_address")
    @classmethod
    def _with_an_address(cls, value: str | None) -> str | None:
        if value and not re.search(r".@.", parseaddr(value)[1]):
            raise ValueError("must hold a mail address: Incidents <incidents@example.com>")
        return value

    @model_validator(mode="wrap")
    @classmethod
    def _with_every_fault(
        cls, data: Mapping[str, Any], handler: ModelWrapValidatorHandler[Settings]
    ) -> Settings:
        """Name what is missing beside what is malformed, not after it was mended."""
        faults: list[InitErrorDetails] = []
        settings = None
        try:
            settings = handler(data)
        except ValidationError as error:
            faults += [_fault(each["msg"], each["loc"]) for each in error.errors()]
        faults += [_fault(words) for words in _incomplete_groups(data)]
        if settings is None or faults:
            raise ValidationError.from_exception_data("Settings", faults, hide_input=True)
        return settings

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite:")

    @property
    def reply_address(self) -> str | None:
        """Where mails ask their readers to reply to; None where no mailbox is read."""
        if self.imap_host is None:
            return None
        return parseaddr(self.imap_address or self.smtp_from or "")[1] or None

    @property
    def slack_admin_ids(self) -> frozenset[str]:
        return frozenset(part for part in re.split(r"[\s,]+", self.slack_admins) if part)


def _incomplete_groups(data: Mapping[str, Any]) -> Iterator[str]:
    for group in GROUPS:
        missing = [name for name in group if not data.get(name)]
        if missing and len(missing) < len(group):
            given = " and ".join(name for name in group if data.get(name))
            yield f"{' and '.join(missing)} must go with {given}."
    if data.get("SLACK_BOT_TOKEN") and not (
        data.get("SLACK_SIGNING_SECRET") or data.get("SLACK_APP_TOKEN")
    ):
        yield "SLACK_SIGNING_SECRET or SLACK_APP_TOKEN must go with SLACK_BOT_TOKEN."
    if data.get("IMAP_HOST") and not data.get("SMTP_HOST"):
        yield "SMTP_HOST and SMTP_FROM must go with IMAP_HOST."
    if data.get("IMAP_SECURITY") == "starttls" and str(data.get("IMAP_PORT", 993)) == "993":
        yield "IMAP_PORT 993 speaks TLS from the start: IMAP_SECURITY starttls goes with 143."
    is_postgres = str(data.get("IMBOT_DATABASE_URL", "")).startswith("postgresql:")
    if is_postgres and not data.get("IMBOT_MASTER_KEY"):
        yield "IMBOT_MASTER_KEY must go with a PostgreSQL database."


def _fault(words: str, location: tuple[int | str, ...] = ()) -> InitErrorDetails:
    """A fault without the value that it is about."""
    plain = words.replace("{", "(").replace("}", ")")
    return InitErrorDetails(
        type=PydanticCustomError("setting", plain),
        loc=location,
        input=None,
    )


class SettingsError(Exception):
    """Every fault of the environment, one line each, by the variable's name; never its
    value.
    """


def load_settings() -> Settings:
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        raise SettingsError("\n".join(_line(fault) for fault in error.errors())) from None


def _line(fault: Mapping[str, Any]) -> str:
    words = str(fault["msg"]).removeprefix("Value error, ")
    return f"{fault['loc'][0]}: {words}" if fault["loc"] else words
