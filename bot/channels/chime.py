"""What topics publish, in Amazon Chime rooms: through their incoming webhooks.

Source: Amazon Chime, "Adding webhooks to a chat room".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import aiohttp
from yarl import URL

from bot.channels.custom_notifications import Shown, read
from bot.channels.guard import Network, guarded_session, is_forbidden
from bot.channels.http import leaves_open, never_left, retry_after
from bot.core.channel import Delivery, Sent, TopicMessage, Unavailable, Undeliverable

LONGEST = 4096
"""Characters of one message. Source: Amazon Chime quotas."""
TIMEOUT = 15.0
GONE = frozenset({401, 403, 404, 410})
CUT = "…"
MARKDOWN = "/md "
"""Begins a message that Chime shows as markdown."""
_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>#"})


def content(message: TopicMessage) -> str:
    """Say a message in Chime's markdown where it has parts, else as plain text."""
    shown = read(message.text, message.subject)
    if shown.is_raw and not shown.title:
        return _cut(shown.description)
    return _cut(MARKDOWN + "\n\n".join(_parts(shown)))


class ChimeChannel:
    """Posts `{"Content": ...}` to the webhook's URL, with `host` in the place of Chime's."""

    def __init__(self, host: str, allowed: Sequence[Network] = ()) -> None:
        """`allowed` are the networks that are not public and may be posted to all the same."""
        self._host = URL(host)
        self._allowed = tuple(allowed)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message: TopicMessage) -> Sent:
        """Post one message. Raises Unavailable or Undeliverable (the webhook is gone)."""
        url = (
            URL(message.address).with_scheme(self._host.scheme).with_host(self._host.host or "")
        )
        if self._host.explicit_port:
            url = url.with_port(self._host.explicit_port)
        try:
            async with self._open().post(
                url, json={"Content": content(message)}, allow_redirects=False
            ) as answer:
                status, wait = answer.status, retry_after(answer.headers)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as fault:
            raise _translated(fault) from None
        _judge(status, wait)
        return Sent(message.key)

    async def was_sent(self, message: TopicMessage) -> None:  # noqa: ARG002
        """A webhook cannot be asked."""
        return

    async def poll(self, vendor_id: str) -> Delivery | None:  # noqa: ARG002
        return None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = guarded_session(self._allowed, TIMEOUT)
        return self._session


def _parts(shown: Shown) -> Iterator[str]:
    if shown.title:
        yield f"**{_plain(' '.join(shown.title.split()))}**"
    if shown.description:
        yield shown.description if shown.is_markdown else _plain(shown.description)
    if shown.steps:
        yield "\n".join(f"* {step}" for step in shown.steps)
    if shown.facts:
        yield "\n".join(f"* {_plain(name)}: {_plain(value)}" for name, value in shown.facts)
    if shown.keywords:
        yield " ".join(map(_plain, shown.keywords))


def _plain(text: str) -> str:
    return text.translate(_MARKS)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - len(CUT)] + CUT


def _judge(status: int, wait: float | None) -> None:
    if 200 <= status < 300:
        return
    if status == 429 or status >= 500:
        reason = f"Chime answered {status}."
        raise Unavailable(reason, retry_after=wait, in_doubt=leaves_open(status))
    if status in GONE:
        reason = f"Chime answered {status}: the webhook is not there any more."
        raise Undeliverable(reason, code=str(status), refuses="address")
    raise Undeliverable(f"Chime answered {status}.", code=str(status))


def _translated(fault: Exception) -> Unavailable | Undeliverable:
    """Say what kept a message back, without the URL."""
    if is_forbidden(fault):
        return Undeliverable("The webhook's address is not a public one.")
    if isinstance(fault, ValueError):
        return Undeliverable("The webhook is not a URL that can be posted to.")
    if never_left(fault):
        return Unavailable(f"Chime cannot be reached ({type(fault).__name__}).")
    return Unavailable("Chime did not answer in time.", in_doubt=True)
