"""Files in Slack: handed over before a message is posted, shown in its thread after it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp

from bot.channels.slack.chart import incident_chart
from bot.core.channel import Post, Unavailable, Undeliverable

log = logging.getLogger(__name__)


class Call(Protocol):
    """A call of Slack's Web API. Raises Unavailable or Undeliverable."""

    def __call__(
        self, method: str, arguments: Mapping[str, Any], *, as_form: bool = False
    ) -> Awaitable[Mapping[str, Any]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """`title` names it in sentences, too. `alt` is read out where it cannot be seen."""

    name: str
    title: str
    body: bytes = field(repr=False)
    alt: str = ""


async def files_of(message: Post) -> list[File]:
    """What a message brings along; a picture is drawn in a thread of its own."""
    found = []
    if message.attachment is not None:
        body = message.attachment.encode("utf-8", "replace")
        found.append(File(name="answer.json", title="The full answer", body=body))
    if message.picture is not None:
        body = await asyncio.to_thread(incident_chart, message.picture)
        alt = str(message.picture["alt"])
        found.append(File(name="incidents.png", title="The picture", body=body, alt=alt))
    return found


class Files:
    def __init__(
        self, call: Call, session: aiohttp.ClientSession | None, timeout: float
    ) -> None:
        self._call = call
        self._session = session
        self._timeout = timeout

    async def upload(self, message: Post, file: File) -> tuple[str | None, str]:
        """Hand a file over without showing it. Returns its id, or None and what to say.

        Nothing is posted by then, so nothing is in doubt.
        """
        if message.ephemeral_user is not None:
            return None, f"{file.title} cannot be shown to you alone."
        arguments: dict[str, Any] = {"filename": file.name, "length": len(file.body)}
        if file.alt:
            arguments["alt_txt"] = file.alt
        try:
            ticket = await self._call("files.getUploadURLExternal", arguments, as_form=True)
            await self._put(str(ticket["upload_url"]), file.body)
        except Undeliverable as refusal:
            return None, f"{file.title} could not be attached. {refusal.reason}"
        except Unavailable as fault:
            raise Unavailable(fault.reason, retry_after=fault.retry_after) from None
        return str(ticket["file_id"]), ""

    async def _put(self, url: str, body: bytes) -> None:
        session = self._session or aiohttp.ClientSession()
        total = aiohttp.ClientTimeout(total=self._timeout)
        try:
            async with session.post(url, data=body, timeout=total) as answer:
                status = answer.status
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"Slack took no file ({type(error).__name__}).") from None
        finally:
            if session is not self._session:
                await session.close()
        if status == 429 or status >= 500:
            raise Unavailable(f"Slack took no file (HTTP {status}).")
        if status != 200:
            raise Undeliverable(f"Slack took no file (HTTP {status}).", code=str(status))

    async def show(
        self, message: Post, files: Mapping[str, File], channel: str, thread_ts: str
    ) -> None:
        """Show files, by their ids, in a thread. The message is posted by now: a failure is
        only told. `channel` is where that was: a post may name a user, a file may not.
        """
        arguments = {
            "files": [{"id": file_id, "title": file.title} for file_id, file in files.items()],
            "channel_id": channel,
            "thread_ts": thread_ts,
        }
        try:
            await self._call("files.completeUploadExternal", arguments)
        except (Unavailable, Undeliverable) as error:
            log.warning("slack showed no file for message %s: %s", message.key, error)
            titles = " and ".join(file.title.lower() for file in files.values())
            note = {
                "channel": channel,
                "thread_ts": thread_ts,
                "text": f"{titles.capitalize()} could not be attached. {error}",
            }
            await self._try_to_say(note)

    async def _try_to_say(self, note: dict[str, Any]) -> None:
        try:
            await self._call("chat.postMessage", note)
        except (Unavailable, Undeliverable) as error:
            log.warning("slack took no note about it either: %s", error)
