"""A whole town for one machine: Slack, the SMS and voice vendor and a mailbox, on loopback."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from types import TracebackType
from typing import TypeVar

from bot.playground.mailbox import Mailbox
from bot.playground.phone import PhoneTown
from bot.playground.pulse import Json, Pulse
from bot.playground.slack import SlackTown

T = TypeVar("T")
REAL_RETRIES = (0.0, 60.0, 300.0)


class Town:
    """Start it, give `settings` to a bot, `connect` it, then live in it.

    `now` dates what the vendors record (a test's clock); signatures always bear the real time.
    `real_time`: a ringing phone and a silent keypad run out by themselves, and Slack waits
    before its retries; otherwise nothing is waited for.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime] | None = None,
        real_time: bool = False,
        socket_mode: bool = False,
    ) -> None:
        clock = {} if now is None else {"now": now}
        self.pulse = Pulse(real_time=real_time, **clock)
        retries = REAL_RETRIES if real_time else (0.0, 0.0, 0.0)
        self.slack = SlackTown(self.pulse, retry_delays=retries)
        self.phones = PhoneTown(self.pulse)
        self.mailbox = Mailbox(self.pulse)
        self._socket_mode = socket_mode

    async def start(self) -> None:
        await self.slack.start()
        await self.phones.start()
        await self.mailbox.start()

    @property
    def settings(self) -> dict[str, str]:
        """The environment that makes a bot talk to this town."""
        way_in = {"SLACK_SIGNING_SECRET": self.slack.signing_secret}
        if self._socket_mode:
            way_in = {"SLACK_APP_TOKEN": self.slack.app_token}
        return way_in | {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_API_URL": self.slack.api_url,
            "TWILIO_ACCOUNT_SID": self.phones.account_sid,
            "TWILIO_AUTH_TOKEN": self.phones.auth_token,
            "TWILIO_FROM_NUMBER": self.phones.number,
            "TWILIO_API_URL": self.phones.api_url,
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self.mailbox.server.port),
            "SMTP_FROM": self.mailbox.address,
            "SMTP_SECURITY": "none",
            "IMAP_HOST": "127.0.0.1",
            "IMAP_PORT": str(self.mailbox.imap.port),
            "IMAP_USERNAME": self.mailbox.imap.login[0],
            "IMAP_PASSWORD": self.mailbox.imap.login[1],
            "IMAP_SECURITY": "none",
        }

    async def connect(self, bot_url: str, *, is_public: bool = True) -> None:
        """Tell the vendors where the bot is; again, after it moved.

        Not `is_public`: the phone vendor cannot reach it, and Slack can only in Socket Mode.
        """
        base = bot_url.rstrip("/")
        http = is_public and not self._socket_mode
        self.slack.server.door.url = f"{base}/slack/events" if http else None
        self.phones.vendor.sms_url = f"{base}/twilio/sms" if is_public else ""

    @property
    def surprises(self) -> list[str]:
        """One line for everything that a working bot does not cause."""
        return self.pulse.surprises

    @property
    def version(self) -> int:
        """Higher after each change."""
        return self.pulse.version

    def watch(self) -> AsyncGenerator[int, None]:
        """Yield the version now, and after every change."""
        return self.pulse.watch()

    async def until(self, fact: Callable[[], T], timeout: float = 10) -> T:
        """Wait for `fact` to be true, and return it. Raises TimeoutError."""
        return await self.pulse.until(fact, timeout)

    async def settle(self, timeout: float = 10) -> None:
        """Wait until nothing is under way but calls that wait for a person."""
        await self.pulse.settle(timeout)

    def snapshot(self) -> Json:
        """Everything that a page draws, as JSON: version, slack, phones, mails, surprises."""
        return {
            "version": self.version,
            "slack": self.slack.snapshot(),
            "phones": self.phones.snapshot(),
            "mails": self.mailbox.snapshot(),
            "surprises": list(self.surprises),
        }

    async def close(self) -> None:
        await self.slack.close()
        await self.mailbox.close()
        await self.pulse.close()

    async def __aenter__(self) -> Town:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
