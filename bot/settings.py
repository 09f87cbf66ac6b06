"""Settings from the environment; every fault is named at once."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The environment of ARCHITECTURE's section 7. A medium whose settings are absent is
    off.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=False)

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
    log_format: Literal["text", "json"] = Field("text", alias="IMBOT_LOG_FORMAT")

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

    @field_validator("public_url")
    @classmethod
    def _without_trailing_slash(cls, value: str | None) -> str | None:
        if value is None or not value:
            return None
        if not re.match(r"^https?://[^/]+", value):
            raise ValueError("must begin with http:// or https:// and a host")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _of_a_known_kind(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return value

    @model_validator(mode="after")
    def _whole_groups(self) -> Settings:
        groups = {
            "IMBOT_ACCESS_KEY_ID and IMBOT_SECRET_ACCESS_KEY": (
                self.access_key_id,
                self.secret_access_key,
            ),
            "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM_NUMBER": (
                self.twilio_account_sid,
                self.twilio_auth_token,
                self.twilio_from_number,
            ),
            "SMTP_HOST and SMTP_FROM": (self.smtp_host, self.smtp_from),
            "SMTP_USERNAME and SMTP_PASSWORD": (self.smtp_username, self.smtp_password),
        }
        broken = [names for names, values in groups.items() if any(values) and not all(values)]
        if self.slack_bot_token and not (self.slack_signing_secret or self.slack_app_token):
            broken.append("SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET (or SLACK_APP_TOKEN)")
        if self.database_url.startswith("postgresql:") and self.master_key is None:
            broken.append("IMBOT_DATABASE_URL (PostgreSQL) and IMBOT_MASTER_KEY")
        if broken:
            raise ValueError("; ".join(f"{names} go together" for names in broken))
        return self

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite:")

    @property
    def slack_admin_ids(self) -> frozenset[str]:
        return frozenset(part for part in re.split(r"[\s,]+", self.slack_admins) if part)


class SettingsError(Exception):
    """Every fault of the environment, one line each, by the variable's name; never its
    value.
    """


def load_settings() -> Settings:
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        lines = [
            f"{'.'.join(map(str, fault['loc'])) or 'Settings'}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError("\n".join(lines)) from None
