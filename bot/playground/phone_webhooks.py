"""The vendor's requests to the bot: signed forms, for texts, scripts and statuses."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode

import aiohttp

from bot.playground.pulse import Pulse

PATIENCE = 15.0
"""Seconds that the vendor waits for an answer (error 11200)."""


class Webhooks:
    """Requests, and how statuses are told.

    `copies`: how often each status is told. `reorders`: each pair of statuses of a resource is
    told the wrong way round. `tells`: off, no status is told at all.
    """

    def __init__(self, pulse: Pulse, auth_token: str) -> None:
        self._pulse = pulse
        self._token = auth_token
        self.copies = 1
        self.reorders = False
        self.tells = True
        self._last: dict[str, asyncio.Task[None]] = {}
        self._held: dict[str, tuple[str, dict[str, str]]] = {}

    def signature(self, url: str, form: Mapping[str, str]) -> str:
        """X-Twilio-Signature: HMAC-SHA1 over the URL and the sorted form.

        Source: Twilio, "Validating signatures from Twilio".
        """
        text = url + "".join(name + form[name] for name in sorted(form))
        digest = hmac.digest(self._token.encode(), text.encode(), hashlib.sha1)
        return base64.b64encode(digest).decode()

    async def ask(self, url: str, form: Mapping[str, str], method: str = "POST") -> str | None:
        """Send a signed form; the text answered, or None (and a surprise) for a failure."""
        query = f"{'&' if '?' in url else '?'}{urlencode(form)}" if method == "GET" else ""
        body = {} if method == "GET" else dict(form)
        headers = {
            "X-Twilio-Signature": self.signature(url + query, body),
            "User-Agent": "TwilioProxy/1.1",
        }
        try:
            async with asyncio.timeout(PATIENCE):
                async with self._pulse.client.request(
                    method, url + query, data=body or None, headers=headers
                ) as answer:
                    text = await answer.text()
        except (TimeoutError, aiohttp.ClientError) as error:
            self._pulse.surprise(f"11200: a webhook failed: {type(error).__name__}")
            return None
        if not 200 <= answer.status < 300:
            self._pulse.surprise(f"11200: a webhook was answered with {answer.status}")
            return None
        return text

    def tell(self, sid: str, url: str, form: dict[str, str], *, is_last: bool) -> None:
        """Tell a status in the background, after those of the same resource before it."""
        if not url or not self.tells:
            return
        held = self._held.pop(sid, None)
        if self.reorders and held is None and not is_last:
            self._held[sid] = (url, form)
            return
        for one_url, one_form in [(url, form), *([held] if held else [])]:
            work = self._in_turn(self._last.get(sid), one_url, one_form)
            self._last[sid] = self._pulse.spawn(work, "status webhook")
        if is_last:
            del self._last[sid]

    async def _in_turn(
        self, before: asyncio.Task[None] | None, url: str, form: dict[str, str]
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        for _ in range(self.copies):
            await self.ask(url, form)
