"""`imbot serve`: open everything, say what is on and what is off, and work until asked to
stop.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from typing import Literal

from bot.app import App, open_app
from bot.core.crypto import MasterKeyError
from bot.core.store.executor import StoreError
from bot.logs import set_up_logging
from bot.settings import Settings

log = logging.getLogger(__name__)


async def serve(settings: Settings, *, only: Literal["web", "engine"] | None = None) -> int:
    set_up_logging(settings.log_format)
    try:
        async with open_app(settings, only=only) as app:
            for line in state_of(app):
                say(settings, line)
            gc.freeze()
            gc.set_threshold(20_000, 20, 20)
            gc.enable()
            log.info("imbot has started")
            await _until_cancelled(app)
        log.info("imbot has stopped")
    except (StoreError, MasterKeyError) as refusal:
        say(settings, str(refusal), logging.ERROR)
        return 1
    except OSError as fault:
        where = f"{settings.host}:{settings.port}"
        say(settings, f"Cannot listen on {where}: {fault.strerror}.", logging.ERROR)
        return 1
    return 0


async def _until_cancelled(app: App) -> None:
    """Return when a signal cancels this task, so that everything is closed in order.

    What was imported meanwhile stays for good: to look through it for garbage would keep a page
    waiting for forty milliseconds.
    """
    try:
        await app.has_loaded.wait()
        gc.freeze()
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        log.info("imbot is asked to stop; it finishes what it has begun")


def say(settings: Settings, line: str, level: int = logging.INFO) -> None:
    """Tell whoever looks at the terminal; where the log is a document a line, tell the log."""
    if settings.log_format == "json":
        log.log(level, line)
    else:
        print(line, file=sys.stderr, flush=True)  # noqa: T201


def state_of(app: App) -> list[str]:
    """What a person wants to know at start: where, and what is off for want of settings."""
    settings = app.settings
    lines = []
    if app.port:
        lines.append(f"imbot answers on http://{settings.host}:{app.port}")
    media = app.dispatcher.media
    names = {"slack": "SLACK_BOT_TOKEN", "email": "SMTP_HOST", "sms": "TWILIO_ACCOUNT_SID"}
    off = [
        f"{name} ({names.get(name, 'TWILIO_ACCOUNT_SID')})"
        for name in ("slack", "email", "sms", "voice")
        if name not in media
    ]
    if off:
        lines.append(f"Off, because their settings are absent: {', '.join(off)}.")
    if settings.access_key_id is None:
        lines.append(
            "IMBOT_ACCESS_KEY_ID is not set: the API answers only keys made by `imbot keys`."
        )
    if settings.public_url is None:
        lines.append(
            "IMBOT_PUBLIC_URL is not set: calls have no keypad, replies and delivery reports "
            "are polled from the vendor, and mails name the chat command instead of a link."
        )
    return lines
