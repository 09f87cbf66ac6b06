"""Slack: the token, its scopes, the way in, and who may administer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import aiohttp
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor.findings import Finding, Rounds, off, ok, wrong

SCOPES = frozenset(
    {
        "app_mentions:read", "channels:history", "channels:read", "chat:write", "commands",
        "files:write", "groups:history", "groups:read", "im:history", "im:read",
        "reactions:read", "users:read",
    }
)  # fmt: skip
"""What the bot asks of Slack; a test holds it to manifest.yml."""

USER_ID = re.compile(r"[UW][A-Z0-9]{6,}")
COPY_TOKEN = "Copy the Bot User OAuth Token from the app's page OAuth & Permissions."  # noqa: S105
SOCKET_MODE = (
    "Make an app-level token with the scope connections:write on the app's page Basic "
    "Information, and switch Socket Mode on."
)


class SilentError(Exception):
    """Slack cannot be reached, or what answers is not Slack."""


async def slack(rounds: Rounds) -> list[Finding]:
    """One line where it is off or refuses the token, else one for each thing it needs."""
    token = rounds.settings.slack_bot_token
    if token is None:
        return [off("Slack", "SLACK_BOT_TOKEN is not set: no commands and no cards in chat.")]
    try:
        answer = await _call(rounds, token, "auth.test")
        return [*_token_findings(answer), await _way_in(rounds), _admins(rounds)]
    except SilentError as error:
        mend = "See that this machine may reach https://slack.com, and look at SLACK_API_URL."
        return [wrong("Slack", str(error), mend)]


def _token_findings(answer: Mapping[str, Any]) -> list[Finding]:
    if not answer["ok"]:
        words = f"Slack refuses SLACK_BOT_TOKEN ({answer['error']})."
        return [wrong("Slack token", words, COPY_TOKEN)]
    if not answer.get("bot_id"):
        return [wrong("Slack token", "SLACK_BOT_TOKEN is not a bot's.", COPY_TOKEN)]
    words = f"@{answer.get('user')} in the workspace {answer.get('team')}."
    return [ok("Slack token", words), _scopes(answer["scopes"])]


def _scopes(header: str) -> Finding:
    granted = set(re.split(r"[\s,]+", header))
    missing = sorted(SCOPES - granted)
    if missing:
        mend = "Update the app from manifest.yml and install it again."
        return wrong("Slack scopes", f"Missing: {', '.join(missing)}.", mend)
    return ok("Slack scopes", f"All {len(SCOPES)} that are needed.")


async def _way_in(rounds: Rounds) -> Finding:
    """How events and commands come: by Socket Mode, or over HTTP with their signature."""
    settings = rounds.settings
    if settings.slack_app_token is not None:
        answer = await _call(rounds, settings.slack_app_token, "apps.connections.open")
        if answer["ok"]:
            return ok("Slack events", "They come by Socket Mode.")
        words = f"Slack refuses SLACK_APP_TOKEN ({answer['error']})."
        return wrong("Slack events", words, SOCKET_MODE)
    if settings.public_url is None:
        words = "They have no way in: neither Socket Mode nor a public URL."
        return wrong("Slack events", words, "Set SLACK_APP_TOKEN or IMBOT_PUBLIC_URL.")
    return ok("Slack events", f"They come to {settings.public_url}/slack/events.")


def _admins(rounds: Rounds) -> Finding:
    admins = rounds.settings.slack_admin_ids
    if not admins:
        words = "IMBOT_SLACK_ADMINS is not set: nobody can administer from chat."
        return off("Slack admins", words)
    odd = sum(1 for admin in admins if not USER_ID.fullmatch(admin))
    if odd:
        mend = "Take each from the person's profile in Slack: More, Copy member ID."
        return wrong("Slack admins", f"{odd} of IMBOT_SLACK_ADMINS are no user ids.", mend)
    return ok("Slack admins", f"{len(admins)} may do everything from chat.")


async def _call(rounds: Rounds, token: SecretStr, method: str) -> dict[str, Any]:
    """The answer, good or bad, with the token's `scopes`. Raises SilentError."""
    client = AsyncWebClient(
        token.get_secret_value(),
        base_url=rounds.settings.slack_api_url,
        session=rounds.session,
    )
    try:
        response: Any = await client.api_call(method)
    except SlackApiError as refusal:
        response = refusal.response
    except TimeoutError:
        raise SilentError("Slack does not answer in time.") from None
    except (SlackClientError, aiohttp.ClientError, OSError, ValueError) as error:
        raise SilentError(f"Slack cannot be reached ({type(error).__name__}).") from None
    data = getattr(response, "data", None)
    if not isinstance(data, dict) or (not data.get("ok") and "error" not in data):
        raise SilentError("What answers is not Slack.")
    rounds.compare_clocks("Slack", response.headers)
    scopes = next((v for k, v in response.headers.items() if k.lower() == "x-oauth-scopes"), "")
    return {**data, "scopes": scopes}
