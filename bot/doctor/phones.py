"""The SMS and voice vendor: the account, the number, and where its texts are told."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson

from bot.doctor.findings import Finding, Rounds, off, ok, wrong

OTHER_HANDLERS = ("sms_application_sid",)
"""Members of a number that, where set, take its texts elsewhere than to its `sms_url`."""


class RefusedError(Exception):
    """The vendor did not give the answer; the finding says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.words)
        self.finding = finding


async def phones(rounds: Rounds) -> list[Finding]:
    """Source: Twilio, the resources Account and IncomingPhoneNumber, 2010-04-01."""
    settings = rounds.settings
    if settings.twilio_account_sid is None:
        words = "TWILIO_ACCOUNT_SID is not set: nobody is paged by text or call."
        return [off("SMS and voice", words)]
    try:
        account = await _get(rounds, ".json")
        query = {"PhoneNumber": settings.twilio_from_number or ""}
        listed = await _get(rounds, "/IncomingPhoneNumbers.json", query)
    except RefusedError as refusal:
        return [refusal.finding]
    numbers = listed.get("incoming_phone_numbers") or []
    own = [each for each in numbers if each.get("phone_number") == settings.twilio_from_number]
    if not own:
        words = "TWILIO_FROM_NUMBER is not a number of this account."
        mend = "Set it to one of the account's numbers, in the form +12065550100."
        return [_account(account), wrong("phone number", words, mend)]
    return [_account(account), _number(own[0]), _replies(rounds, own[0])]


def _account(account: Mapping[str, Any]) -> Finding:
    state = account.get("status")
    if state != "active":
        words = f"The account is {state}."
        return wrong("SMS and voice", words, "Reopen it in the vendor's console.")
    if account.get("type") == "Trial":
        words = "A trial account: it reaches only numbers that were verified in its console."
        return ok("SMS and voice", words)
    return ok("SMS and voice", "The account is active.")


def _number(number: Mapping[str, Any]) -> Finding:
    can = number.get("capabilities") or {}
    lacking = [
        name for member, name in (("sms", "texts"), ("voice", "calls")) if not can[member]
    ]
    if lacking:
        words = f"TWILIO_FROM_NUMBER cannot be used for {' and '.join(lacking)}."
        return wrong("phone number", words, "Take a number that can do both.")
    return ok("phone number", "TWILIO_FROM_NUMBER is the account's, for texts and calls.")


def _replies(rounds: Rounds, number: Mapping[str, Any]) -> Finding:
    """Whether the vendor tells the bot about texts that people send to the number."""
    name, base = "replies by text", rounds.settings.public_url
    if base is None:
        return off(name, "Polled from the vendor, for want of a public URL.")
    webhook = f"{base}/twilio/sms"
    if any(number.get(member) for member in OTHER_HANDLERS):
        words = "An application of the vendor's takes the number's texts."
        return wrong(name, words, f"Let the number's messages go to the webhook {webhook}.")
    if number.get("sms_url") != webhook or number.get("sms_method", "POST") != "POST":
        words = "The number's webhook for messages is not this bot."
        return wrong(name, words, f"Set it to {webhook}, by POST, in the vendor's console.")
    return ok(name, f"They come to {webhook}.")


async def _get(
    rounds: Rounds, resource: str, query: Mapping[str, str] | None = None
) -> Mapping[str, Any]:
    """Read a resource of the account. Raises RefusedError."""
    settings = rounds.settings
    sid, token = settings.twilio_account_sid or "", settings.twilio_auth_token
    url = f"{settings.twilio_api_url.rstrip('/')}/2010-04-01/Accounts/{sid}{resource}"
    pair = f"{sid}:{token.get_secret_value() if token else ''}"
    headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    try:
        async with rounds.session.get(
            url, headers=headers, params=query, allow_redirects=False
        ) as response:
            body = await response.read()
    except TimeoutError:
        raise _silence("The vendor does not answer in time.") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise _silence(f"The vendor cannot be reached ({type(error).__name__}).") from None
    rounds.compare_clocks("Twilio", response.headers)
    if response.status in (401, 403, 404):
        words = f"The vendor refuses the account and its token (HTTP {response.status})."
        mend = "Copy TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN from the vendor's console."
        raise RefusedError(wrong("SMS and voice", words, mend))
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    if response.status != 200 or not isinstance(answer, dict):
        raise _silence(f"What answers is not the vendor (HTTP {response.status}).")
    return answer


def _silence(words: str) -> RefusedError:
    mend = "See that this machine may reach the vendor, and look at TWILIO_API_URL."
    return RefusedError(wrong("SMS and voice", words, mend))
