"""One process of the program, from its start to its death."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from random import Random
from typing import Any, TypeVar

from bot.core import operations, tasks
from bot.core.access import Caller
from bot.core.channel import Channel, Delivery, Reply
from bot.core.context import House
from bot.core.courier import Courier
from bot.core.dispatch import Dispatcher, Request, check, new_request_id
from bot.core.engine import Engine
from bot.core.keyring import Keyring
from bot.core.poller import Poller
from bot.core.replies import Replies
from bot.core.store.lease import Lease
from bot.core.store.transaction import Transaction
from tests.simulation.database import Database, SimulatedStore
from tests.simulation.loop import SimulatedClock

T = TypeVar("T")
Answerer = Callable[..., dict[str, Any]]

LOADED = (operations, tasks)
ACCOUNT, REGION = "111122223333", "us-east-1"
OPERATOR = Caller(
    account_id=ACCOUNT,
    principal_arn=f"arn:aws:iam::{ACCOUNT}:user/ops",
    actor="ops",
    door="api",
    region=REGION,
)


class Gone(Exception):
    """The process died, or was dead, and never answered: nobody knows what was done."""


class Process:
    """Wired as `bot.app` does it. It works from `start` until it is killed.

    `outsiders` answers the tasks that do not die with it.
    """

    def __init__(
        self,
        database: Database,
        clock: SimulatedClock,
        channels: Mapping[str, Channel],
        random: Random,
        outsiders: Callable[[], set[asyncio.Task[Any]]],
        dies: Callable[[], None],
    ) -> None:
        self.started_at = clock.now()
        self._outsiders = outsiders
        self._dies = dies
        self.store = SimulatedStore(database, random, self.kill)
        store, lease = self.store, Lease(self.store)
        house = House(
            name_owner=lambda: lease.owner,
            media=frozenset(channels),
            public_url="https://bot.example.com",
            carry=lambda rows: self._courier.carry(rows),  # noqa: PLW0108 - it comes later
            wake_engine=lambda at: self._engine.wake(at),  # noqa: PLW0108
            wake_courier=lambda: self._courier.wake(),  # noqa: PLW0108
        )
        self._dispatcher = Dispatcher(store, clock, house, Keyring(store, None))
        self._engine = Engine(store, clock, self._dispatcher.unit)
        self._courier = Courier(store, clock, lease, channels, self._dispatcher.unit)
        self._replies = Replies(self._dispatcher, store, account_id=ACCOUNT, region=REGION)
        self._poller = Poller(store, clock, channels, self._replies, has_callbacks=True)
        self._works: list[asyncio.Task[None]] = []

    @property
    def is_alive(self) -> bool:
        return not self.store.is_dead

    def start(self, *, polls: bool) -> None:
        works = [self._courier.run(), self._engine.run()]
        works += [self._poller.run()] if polls else []
        self._works = [asyncio.create_task(work) for work in works]

    def kill(self) -> None:
        """Nothing of it goes on: no timer, no send, no answer."""
        self.store.is_dead = True
        self._dies()
        for task in asyncio.all_tasks() - self._outsiders():
            task.cancel()

    async def answers(self, service: str, operation: str, **given: Any) -> dict[str, Any]:
        """Raises ServiceError, Gone."""
        return await self._wait_for(
            self._dispatcher.answer(_request(service, operation, given))
        )

    async def hears(self, reply: Reply, medium: str, delivery_id: str) -> None:
        """Take a text or mail that somebody wrote back. Raises Gone."""
        await self._wait_for(self._replies.text(reply, medium=medium, delivery_id=delivery_id))

    async def is_told(self, delivery: Delivery, page_key: str | None) -> None:
        """Take a vendor's word. Raises Gone."""
        await self._wait_for(self._replies.status(delivery, page_key))

    async def writes(self, work: Callable[[Transaction, Answerer], T]) -> T:
        """Do many things in one transaction, to begin with. Raises ServiceError, Gone."""

        def answer_in(
            tx: Transaction, service: str, operation: str, **given: Any
        ) -> dict[str, Any]:
            request = _request(service, operation, given)
            check(request)
            return self._dispatcher.answer_in(tx, request)

        return await self._wait_for(self.store.write(lambda tx: work(tx, answer_in)))

    async def _wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        if not self.is_alive:
            work.close()
            raise Gone
        task = asyncio.create_task(work)
        await asyncio.wait([task])
        if task.cancelled():
            raise Gone
        return task.result()


def _request(service: str, operation: str, given: Mapping[str, Any]) -> Request:
    return Request(
        service=service,
        operation=operation,
        parameters=given,
        caller=OPERATOR,
        request_id=new_request_id(),
    )
