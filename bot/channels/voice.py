"""Calls through Twilio's Calls resource. What they say is in `scripts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bot.channels.scripts import (
    acknowledged_script,
    activation_prompt,
    activation_script,
    already_closed_script,
    bundle_script,
    goodbye_script,
    inline_activation_script,
    inline_bundle_script,
    inline_page_script,
    page_script,
)
from bot.channels.twilio_account import (
    Field,
    TwilioAccount,
    listed,
    sid_of,
    was_created_since,
)
from bot.core.channel import (
    Activation,
    Bundle,
    Delivery,
    Page,
    Sent,
    Unavailable,
    Undeliverable,
)

__all__ = [
    "VoiceChannel",
    "acknowledged_script",
    "activation_prompt",
    "activation_script",
    "already_closed_script",
    "bundle_script",
    "goodbye_script",
    "inline_activation_script",
    "inline_bundle_script",
    "inline_page_script",
    "page_script",
]

RING_SECONDS = "30"
"""Long enough to reach the phone; the vendor's default of 60 would hold up the next target."""

FAILURES = {
    "busy": "The line was busy.",
    "no-answer": "Nobody answered the call.",
    "failed": "The call could not be connected; the number may not exist.",
    "canceled": "The call was cancelled before it was answered.",
}


class VoiceChannel:
    """Calls from one number of one account."""

    def __init__(self, account: TwilioAccount, sender: str) -> None:
        """`sender` is the account's number in E.164 ("+15005550006")."""
        self._account = account
        self._sender = sender

    async def send(self, message: Page | Bundle | Activation) -> Sent:
        """Place one call. The script is fetched from `voice_url`, or goes along, without keys.

        Raises Unavailable or Undeliverable. Source: Twilio Calls resource.
        """
        script: dict[str, Field] = {"Url": message.voice_url, "Method": "POST"}
        if message.voice_url is None:
            script = {"Twiml": _inline(message)}
        if message.status_url:
            script["StatusCallback"] = message.status_url
            script["StatusCallbackMethod"] = "POST"
            script["StatusCallbackEvent"] = ["answered", "completed"]
        answer = await self._account.post(
            "Calls.json",
            To=message.address,
            From=self._sender,
            Timeout=RING_SECONDS,
            **script,
        )
        return Sent(sid_of(answer))

    async def was_sent(self, message: Page | Bundle | Activation) -> Literal[False] | None:
        """Look for a call to that number since. A call bears no mark of its message.

        So no call is a no, and a call is None: it may have been another page's, and a page
        that is said twice is better than one that is lost.
        """
        try:
            answer = await self._account.get(
                "Calls.json", To=message.address, From=self._sender, PageSize="100"
            )
            calls = listed(answer, "calls")
        except (Unavailable, Undeliverable):
            return None
        return None if any(was_created_since(c, message.created_at) for c in calls) else False

    async def poll(self, vendor_id: str) -> Delivery | None:
        try:
            answer = await self._account.get(f"Calls/{vendor_id}.json")
        except (Unavailable, Undeliverable):
            return None
        return _delivery(vendor_id, str(answer.get("status")))

    def read_status(self, form: Mapping[str, str]) -> Delivery | None:
        """Read a status callback; None if it is none."""
        sid, status = form.get("CallSid"), form.get("CallStatus")
        return _delivery(sid, status) if sid and status else None

    async def close(self) -> None:
        """Nothing to close: the HTTP session belongs to whoever made it."""


def _inline(message: Page | Bundle | Activation) -> str:
    if isinstance(message, Page):
        return inline_page_script(message)
    if isinstance(message, Bundle):
        return inline_bundle_script(message)
    return inline_activation_script(message)


def _delivery(sid: str, status: str) -> Delivery:
    """Translate a call's state. A completed call was answered, if only by a voicemail."""
    if status == "completed":
        return Delivery(sid, "DELIVERED", "The call was answered.")
    if status in FAILURES:
        return Delivery(sid, "ERROR", FAILURES[status])
    return Delivery(sid, None, status)
