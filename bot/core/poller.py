"""Asks the vendor what became of texts and calls, and for replies, where its callbacks do not
come.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import bindparam, select

from bot.core.channel import Channel, Reply, Unavailable, Undeliverable
from bot.core.clock import Clock
from bot.core.replies import Replies
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Page, Receipt
from bot.core.store.executor import Store
from bot.core.store.kinds import instant_to_integer
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=5)
"""Without callbacks: how often the vendor is asked."""
PATIENCE = timedelta(seconds=60)
"""With callbacks: how long a page may go without news before the vendor is asked."""
HORIZON = timedelta(minutes=15)
"""A page older than this is not asked for any more."""

_page, _receipt, _channel = table_of(Page).c, table_of(Receipt).c, table_of(ContactChannel).c
OPEN = prepared(
    select(_receipt.vendor_id, _channel.type)
    .select_from(table_of(Page))
    .join(table_of(Receipt), _receipt.page_key == _page.key)
    .join(table_of(ContactChannel), _channel.key == _page.channel_key)
    .where(
        _page.closed_at.is_(None),
        _page.delivered_at.is_(None),
        _page.read_at.is_(None),
        _receipt.vendor_id.is_not(None),
        _receipt.type == "SENT",
        _channel.type.in_(("SMS", "VOICE")),
        _receipt.at > bindparam("after"),
        _receipt.at <= bindparam("before"),
    )
    .order_by(_page.key)
    .limit(100)
)


class Inbox(Protocol):
    async def inbox(self, since: datetime) -> list[tuple[str, Reply]]:
        """What came in since then, oldest first, with the vendor's ids. Raises Unavailable."""

    async def answer(self, address: str, words: str) -> None:
        """Text back. Raises Unavailable or Undeliverable."""


class Poller:
    """`has_callbacks`: the vendor reaches us, so it is asked only where its word is overdue."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        channels: Mapping[str, Channel],
        replies: Replies,
        *,
        has_callbacks: bool,
    ) -> None:
        self._store = store
        self._clock = clock
        self._channels = channels
        self._replies = replies
        self._has_callbacks = has_callbacks
        self._since = clock.now() - timedelta(days=1)

    async def run(self) -> None:
        """Ask until cancelled; nothing to do where neither texts nor calls have settings."""
        if "sms" not in self._channels and "voice" not in self._channels:
            return
        every = PATIENCE if self._has_callbacks else EVERY
        never = asyncio.Event()
        while True:
            await self._clock.wait(never, self._clock.now() + every)
            try:
                await self.ask()
            except Exception:
                log.exception("asking the vendor failed; it is asked again")

    async def ask(self) -> None:
        """Ask once for overdue pages and, without callbacks, for what people wrote."""
        asked: set[str] = set()
        for vendor_id, medium in await self._store.read(self._open):
            if vendor_id in asked:  # a bundle's message is recorded for all of its pages
                continue
            asked.add(vendor_id)
            try:
                delivery = await self._channels[medium.lower()].poll(vendor_id)
            except Unavailable:
                continue
            if delivery is not None:
                await self._replies.status(delivery, None)
        if not self._has_callbacks and "sms" in self._channels:
            await self._read_inbox(self._channels["sms"])

    def _open(self, tx: Transaction) -> list[tuple[str, str]]:
        now = self._clock.now()
        before = now - PATIENCE if self._has_callbacks else now
        records = tx.records(
            OPEN,
            after=instant_to_integer(now - HORIZON),
            before=instant_to_integer(before),
        )
        return [(vendor_id, medium) for vendor_id, medium in records]

    async def _read_inbox(self, channel: Channel) -> None:
        inbox: Inbox = channel  # type: ignore[assignment]
        asked_at = self._clock.now()
        try:
            came = await inbox.inbox(self._since)
        except Unavailable:
            return
        for vendor_id, reply in came:
            words = await self._replies.text(
                reply, medium="SMS", delivery_id=f"twilio {vendor_id}"
            )
            if words is None or reply.opted_out:
                continue
            try:
                await inbox.answer(reply.sender, words)
            except (Unavailable, Undeliverable) as fault:
                log.warning("text %s got no answer: %s", vendor_id, fault)
        self._since = asked_at - timedelta(minutes=10)
