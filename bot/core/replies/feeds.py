"""What programs of people fetch at an address that was given to them: calendars, and the card
of the sender. The address is the only proof; looking changes nothing.
"""

from __future__ import annotations

from bot.core.context import Context
from bot.core.dispatch import Dispatcher
from bot.core.effects.calendars import calendar_of
from bot.core.effects.links import key_of
from bot.core.effects.sender_card import is_card_token, vcard
from bot.core.replies.accepting import door_context
from bot.core.store.executor import Store
from bot.core.store.rotations import CalendarLink
from bot.core.store.transaction import Transaction


class Feeds:
    def __init__(
        self, dispatcher: Dispatcher, store: Store, *, account_id: str, region: str
    ) -> None:
        self._dispatcher = dispatcher
        self._store = store
        self._account_id = account_id
        self._region = region

    async def calendar(self, token: str) -> bytes | None:
        """An iCalendar object; None where the link is not ours, or no more.

        The store is not asked for a token that was not made here.
        """
        key = key_of(self._store.vault, "calendar", token)
        if key is None:
            return None

        def read(tx: Transaction) -> bytes | None:
            ctx = self._context(tx)
            link = ctx.get(CalendarLink, key)
            if link is None or link.account_id != ctx.account_id:
                return None
            return calendar_of(ctx, link)

        return await self._store.read(read)

    async def sender_card(self, token: str) -> bytes | None:
        """A vCard; None for another token than the one that is told."""
        if not is_card_token(self._store.vault, token):
            return None
        return await self._store.read(lambda tx: vcard(self._context(tx).house.sender).encode())

    def _context(self, tx: Transaction) -> Context:
        return door_context(self._dispatcher.unit(tx), self._account_id, self._region)
