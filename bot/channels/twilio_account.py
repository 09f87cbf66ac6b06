"""Twilio's REST API: one account, its moods translated into ours, for texts and calls alike."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
from yarl import URL

from bot.channels.http import leaves_open, never_left, retry_after
from bot.channels.twilio_codes import ACCOUNT, LIMITS, OPTED_OUT, REFUSALS, refuses
from bot.core.channel import Unavailable, Undeliverable

Field = str | list[str] | None

CLOCK_TOLERANCE = timedelta(seconds=15)
"""How far the vendor's clock may be behind ours. Shorter than the shortest retry interval of a
plan (a minute), so that an earlier text of the same page is not taken for this one."""


class TwilioAccount:
    """One account at one address; holds the only copy of the token."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        api_url: str,
        account_sid: str,
        auth_token: str,
        timeout: float = 10.0,
    ) -> None:
        """`timeout` is the total of one call, in seconds; half of it is for connecting, so that
        what runs out later has left.
        """
        pair = base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._session = session
        self._base = f"{api_url.rstrip('/')}/2010-04-01/Accounts/{account_sid}/"
        self._token = auth_token
        self._headers = {"Authorization": f"Basic {pair}", "Accept": "application/json"}
        self._form_headers = {
            **self._headers,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=timeout / 2)

    async def post(self, resource: str, **form: Field) -> Mapping[str, Any]:
        """Create a resource ("Messages.json"). Fields of None are left out, lists are repeated.

        Raises Unavailable or Undeliverable, whose texts name neither numbers nor texts.
        """
        body = _encode(form).encode()
        return await self._call("POST", resource, data=body, headers=self._form_headers)

    async def get(self, resource: str, **query: Field) -> Mapping[str, Any]:
        """Read a resource or a list. Raises as `post` does."""
        path = f"{resource}?{_encode(query)}" if query else resource
        return await self._call("GET", path, headers=self._headers)

    async def pages(
        self, resource: str, name: str, **query: Field
    ) -> AsyncIterator[list[Mapping[str, Any]]]:
        """Read a whole list, page by page; `name` is the member that holds it.

        Only the query of `next_page_uri` is followed, at our own address. Raises as `get` does.
        """
        path = f"{resource}?{_encode(query)}"
        while True:
            answer = await self._call("GET", path, headers=self._headers)
            yield listed(answer, name)
            _, _, following = str(answer.get("next_page_uri") or "").partition("?")
            if not following or path.endswith(f"?{following}"):
                return
            path = f"{resource}?{following}"

    def validate_signature(
        self, url: str, form: Mapping[str, str], signature: str | None
    ) -> bool:
        """Did the vendor sign this request? `url` is the public one, with its query.

        Source: Twilio, "Validating requests are coming from Twilio".
        """
        from twilio.request_validator import RequestValidator

        if not signature:
            return False
        return bool(RequestValidator(self._token).validate(url, form, signature))

    async def _call(self, method: str, path: str, **options: Any) -> Mapping[str, Any]:
        url = URL(self._base + path, encoded=True)
        try:
            async with self._session.request(
                method, url, timeout=self._timeout, allow_redirects=False, **options
            ) as response:
                body = await response.read()
        except (aiohttp.ClientError, OSError) as error:
            raise _unanswered(error) from None
        return _read(response.status, response.headers, body)


def was_created_since(resource: Mapping[str, Any], created_at: datetime) -> bool:
    """Was this message or call made at `created_at` or later, as far as the clocks agree?

    True where the vendor names no date.
    """
    try:
        made_at = parsedate_to_datetime(str(resource.get("date_created")))
    except ValueError:
        return True
    if made_at.tzinfo is None:
        made_at = made_at.replace(tzinfo=UTC)
    return made_at >= created_at - CLOCK_TOLERANCE


def sid_of(answer: Mapping[str, Any]) -> str:
    sid = answer.get("sid")
    if not isinstance(sid, str) or not sid:
        raise Unavailable("The vendor's answer names no message.", in_doubt=True)
    return sid


def listed(answer: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    items = answer.get(name)
    if not isinstance(items, list):
        raise Unavailable("The vendor's answer is no list.")
    return [item for item in items if isinstance(item, dict)]


def _unanswered(error: Exception) -> Unavailable:
    has_left = not never_left(error)
    if has_left and isinstance(error, TimeoutError):
        return Unavailable("The vendor did not answer in time.", in_doubt=True)
    reason = f"The vendor cannot be reached ({type(error).__name__})."
    return Unavailable(reason, in_doubt=has_left)


def _encode(fields: Mapping[str, Field]) -> str:
    return urlencode(
        {name: value for name, value in fields.items() if value is not None}, doseq=True
    )


def _read(status: int, headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
    """Return the answer of a call that went well; raise what a failed one means for us."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    wait, in_doubt = retry_after(headers), leaves_open(status)
    if status == 429 or status >= 500:
        reason = f"The vendor is busy or broken (HTTP {status})."
        raise Unavailable(reason, retry_after=wait, in_doubt=in_doubt)
    if not isinstance(answer, dict):
        reason = f"The vendor's answer cannot be understood (HTTP {status})."
        raise Unavailable(reason, retry_after=wait, in_doubt=in_doubt)
    if status < 300:
        return answer
    code = str(answer.get("code") or "")
    if status == 401 or code in ACCOUNT:
        raise Unavailable(f"{ACCOUNT.get(code, ACCOUNT['20003'])} ({code or status})")
    if code in LIMITS:
        raise Unavailable(f"{LIMITS[code]} ({code})", retry_after=wait)
    if status < 400:
        raise Unavailable(f"The vendor's address leads elsewhere (HTTP {status}).")
    name = code or str(status)
    reason = REFUSALS.get(code, "The vendor refused the request.")
    raise Undeliverable(
        f"{reason} ({name})", code=name, opted_out=code == OPTED_OUT, refuses=refuses(code)
    )
