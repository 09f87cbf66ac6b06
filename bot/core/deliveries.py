"""What comes from chat is committed under its unique key, then acknowledged; its work is a due
job.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bot.core.access import engine_caller
from bot.core.cascade import run_cascade
from bot.core.context import Context
from bot.core.dispatch import Dispatcher, Request, new_request_id
from bot.core.effects import jobs, outbox
from bot.core.ids import new_key
from bot.core.registry import task
from bot.core.store.accounts import SlackChannelConfiguration
from bot.core.store.executor import Lane, Store
from bot.core.store.incidents import IncidentConversation
from bot.core.store.transaction import Transaction
from bot.core.store.work import Delivery

T = TypeVar("T")
Work = Callable[[Context], Mapping[str, Any]]


class Deliveries:
    def __init__(
        self, store: Store, dispatcher: Dispatcher, account_id: str, region: str
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._caller = engine_caller(account_id, region)

    async def accept(self, door: str, delivery_id: str, document: Mapping[str, Any]) -> bool:
        """Commit a delivery and the job that answers it; False where it had come before."""

        def write(tx: Transaction) -> bool:
            unit = self._dispatcher.unit(tx)
            ctx = Context(unit, self._caller, delivery_id)
            row = Delivery(
                key=new_key(),
                account_id=ctx.account_id,
                delivery_id=f"{door} {delivery_id}",
                at=ctx.now,
            )
            if not tx.insert_or_ignore(row):
                return False
            jobs.behind_pages(ctx, "answer_delivery", door=door, document=dict(document))
            run_cascade(unit)
            return True

        return await self._store.write(write, Lane.REPLY)

    async def look(self, see: Callable[[Context], T]) -> T:
        """Look up what must be known before a delivery is committed."""
        return await self._store.read(
            lambda tx: see(Context(self._dispatcher.unit(tx), self._caller, new_request_id()))
        )

    async def ask(self, request: Request) -> dict[str, Any]:
        """Answer a request that no delivery is kept of. Raises ServiceError."""
        return await self._dispatcher.answer(request)

    async def answer_now(self, door: str, delivery_id: str, work: Work) -> Mapping[str, Any]:
        """Do what somebody waits for, once; answers what `work` says of it.

        Where it says anything, the delivery is not over and may come again, changed.
        """

        def write(tx: Transaction) -> Mapping[str, Any]:
            unit = self._dispatcher.unit(tx)
            ctx = Context(unit, self._caller, new_request_id())
            row = Delivery(
                key=new_key(),
                account_id=ctx.account_id,
                delivery_id=f"{door} {delivery_id}",
                at=ctx.now,
            )
            if not tx.insert_or_ignore(row):
                return {}
            said = work(ctx)
            if said:
                ctx.delete(row)
            run_cascade(unit)
            return said

        return await self._store.write(write, Lane.REPLY)


def configurations(ctx: Context) -> list[SlackChannelConfiguration]:
    """The account's Slack channel configurations; none yet: the bot is open to the
    workspace.
    """
    return ctx.select(SlackChannelConfiguration, account_id=ctx.account_id)


def incident_shown_in(ctx: Context, channel_id: str, message_ts: str) -> str | None:
    """ARN of the incident whose card is that message."""
    found = ctx.tx.find(IncidentConversation, channel_id=channel_id, message_ts=message_ts)
    return found.incident_arn if found else None


@task
def answer_delivery(
    ctx: Context,
    door: str,
    document: Mapping[str, Any],
    prepared: Mapping[str, Any] | None = None,
) -> None:
    """Have the door answer what it accepted; its effect and its words are one transaction."""
    answer = ctx.house.answerers[door](ctx, document, prepared or {})
    for post in answer.posts:
        outbox.send(ctx, "slack", post)
    for at, later in answer.later:
        jobs.defer(ctx, "answer_delivery", at=at, door=door, document=dict(later))
