"""Each answer of a person, and each word of a vendor, in one transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bot.core.access import Caller
from bot.core.cascade import run_cascade
from bot.core.channel import Bounce, Delivery, MailReply, Reply
from bot.core.context import Context
from bot.core.dispatch import Dispatcher
from bot.core.effects.links import Purpose, key_of
from bot.core.ids import new_key
from bot.core.replies import buttons, calls, chat, mails, statuses, texts
from bot.core.replies.accepting import door_context
from bot.core.store.executor import Lane, Store
from bot.core.store.transaction import Transaction
from bot.core.store.work import Delivery as Delivered

T = TypeVar("T")


class Replies:
    """The way in for phones, mail links and vendors; the signature was checked before."""

    def __init__(
        self, dispatcher: Dispatcher, store: Store, *, account_id: str, region: str
    ) -> None:
        self._dispatcher = dispatcher
        self._store = store
        self._account_id = account_id
        self._region = region

    async def text(
        self, reply: Reply, *, medium: str, delivery_id: str | None = None
    ) -> str | None:
        """Answer a text, in words; None: say nothing.

        `medium` is SMS or EMAIL. `delivery_id` is vendor and vendor's id ("twilio SM..."): what
        comes a second time has no effect.
        """

        def answer(ctx: Context) -> str | None:
            if delivery_id and not self._is_new(ctx, delivery_id):
                return None
            return texts.answer_text(ctx, reply, medium)

        return await self._write(answer)

    async def mail(self, mail: MailReply | Bounce | None, place: mails.Place) -> bool:
        """Do what a mail asks, and note in the same transaction that it was read; answers
        whether it was for us.
        """
        return await self._write(lambda ctx: mails.take_mail(ctx, mail, place))

    async def pass_over_mail(self, place: mails.Place) -> None:
        """Note that a mail was read, whatever it may be."""
        await self._write(lambda ctx: mails.pass_over(ctx, place))

    async def read_mails_after(self, place: mails.Place) -> None:
        """Begin anew in a folder: only what comes after `place.uid` is read."""
        await self._write(lambda ctx: mails.begin_after(ctx, place))

    async def chat_code(self, *, caller: Caller, code: str, incident_arn: str | None) -> str:
        """Answer a code that was typed in chat. Raises ServiceError."""

        def answer(ctx: Context) -> str:
            return chat.chat_code_in(ctx.on_behalf_of(caller), code, incident_arn)

        return await self._write(answer)

    async def call_step(
        self, token: str, *, call_sid: str, step: calls.Step, digits: str | None
    ) -> calls.CallState:
        """Say which script a call speaks next."""
        return await self._write(
            lambda ctx: calls.next_in_call(
                ctx, token, call_sid=call_sid, step=step, digits=digits
            )
        )

    async def mail_page(self, token: str) -> buttons.MailPage | None:
        if not self._is_ours("ack", token):
            return None
        return await self._read(lambda ctx: buttons.mail_page(ctx, token))

    async def mail_accept(self, token: str) -> str:
        if not self._is_ours("ack", token):
            return buttons.GONE
        return await self._write(lambda ctx: buttons.mail_accept(ctx, token))

    async def unsubscribe_page(self, token: str) -> buttons.UnsubscribePage | None:
        if not self._is_ours("unsubscribe", token):
            return None
        return await self._read(lambda ctx: buttons.unsubscribe_page(ctx, token))

    async def unsubscribe(self, token: str) -> str:
        if not self._is_ours("unsubscribe", token):
            return buttons.GONE
        return await self._write(lambda ctx: buttons.unsubscribe(ctx, token))

    async def subscribe_again(self, token: str) -> str:
        if not self._is_ours("unsubscribe", token):
            return buttons.GONE
        return await self._write(lambda ctx: buttons.subscribe_again(ctx, token))

    async def status(self, delivery: Delivery, page_key: str | None) -> None:
        """Record what became of a message; told twice, it is recorded once."""
        if delivery.receipt is not None:
            await self._write(lambda ctx: statuses.record_status(ctx, delivery, page_key))

    def _is_ours(self, purpose: Purpose, token: str) -> bool:
        """Looked at before the store is: who guesses links takes no place from anybody's."""
        return key_of(self._store.vault, purpose, token) is not None

    def _is_new(self, ctx: Context, delivery_id: str) -> bool:
        row = Delivered(
            key=new_key(), account_id=ctx.account_id, delivery_id=delivery_id, at=ctx.now
        )
        return ctx.tx.insert_or_ignore(row)

    async def _write(self, work: Callable[[Context], T]) -> T:
        def run(tx: Transaction) -> T:
            ctx = self._context(tx)
            answer = work(ctx)
            run_cascade(ctx.unit)
            return answer

        return await self._store.write(run, Lane.REPLY)

    async def _read(self, work: Callable[[Context], T]) -> T:
        return await self._store.read(lambda tx: work(self._context(tx)))

    def _context(self, tx: Transaction) -> Context:
        return door_context(self._dispatcher.unit(tx), self._account_id, self._region)
