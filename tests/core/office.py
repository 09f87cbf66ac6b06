"""A desk whose messages are really carried, to vendors that do as the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeVar

from bot.core.channel import Delivery, Page, Post, Sent, Unavailable, Undeliverable
from bot.core.courier import Courier
from bot.core.effects.outbox import message_document
from bot.core.errors import ServiceUnavailable
from bot.core.ids import new_key
from bot.core.store.executor import Lane, Store
from bot.core.store.lease import Lease
from bot.core.store.transaction import Transaction
from bot.core.store.work import Outbox
from tests.core.desk import Desk
from tests.harness import REGION

T = TypeVar("T")


class Vendor:
    """Takes what it is sent, in its mood: `moods` are raised by the next attempts.

    While `gate` is closed no attempt ends. `memory` is what it answers to whether it has a
    message.
    """

    def __init__(self) -> None:
        self.tried: list[Any] = []
        self.sent: list[Any] = []
        self.asked: list[Any] = []
        self.moods: list[Unavailable | Undeliverable] = []
        self.memory: Sent | Literal[False] | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self._change = asyncio.Event()

    async def send(self, message: Any) -> Sent:
        self.tried.append(message)
        self._changed()
        await self.gate.wait()
        if self.moods:
            raise self.moods.pop(0)
        self.sent.append(message)
        self._changed()
        return Sent(f"V{len(self.sent)}")

    async def was_sent(self, message: Any) -> Sent | Literal[False] | None:
        self.asked.append(message)
        return self.memory

    async def poll(self, vendor_id: str) -> Delivery | None:
        raise LookupError(vendor_id)

    async def close(self) -> None: ...

    async def until(self, fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not fact():
                await self._change.wait()

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()


class Office(Desk):
    """Texts and mails go to `phones` and `mails`; nothing leaves before `works` is set."""

    def __init__(self, store: Store, lease: Lease) -> None:
        self.works = False
        super().__init__(store, lease)
        self.lease = lease
        self._owner = lease.owner
        self.phones, self.mails = Vendor(), Vendor()
        self.courier = Courier(
            store,
            self.clock,
            lease,
            {"slack": self.wall, "sms": self.phones, "email": self.mails},
            self.dispatcher.unit,
        )

    def _carry(self, rows: list[Outbox]) -> None:
        super()._carry(rows)
        if self.works:
            self.courier.carry(rows)

    async def opens(self) -> None:
        """Forget what came before, activations above all; from now on what is told leaves."""
        self.messages.clear()
        await self.store.write(lambda tx: tx.delete_where(Outbox))
        self.works = True

    async def receipt_types(self, engagement_arn: str) -> list[str]:
        """Of an engagement's only page, oldest first."""
        [page] = await self.pages_of(engagement_arn)
        receipts = await self.receipts_of(page["PageArn"])
        return [one["ReceiptType"] for one in receipts]


class FlakyStore:
    """A store that refuses all writes of a lane while `refusals` last."""

    def __init__(self, store: Store, lane: Lane) -> None:
        self._store = store
        self._lane = lane
        self.refusals = 0
        self.vault, self.dialect = store.vault, store.dialect
        self.read, self.look, self.announce = store.read, store.look, store.announce
        self.listen, self.close = store.listen, store.close

    async def write(self, work: Callable[[Transaction], T], lane: Lane = Lane.REQUEST) -> T:
        if lane == self._lane and self.refusals:
            self.refusals -= 1
            raise ServiceUnavailable("The database is full.")
        return await self._store.write(work, lane)


@asynccontextmanager
async def open_office(store: Store, lease: Lease | None = None) -> AsyncIterator[Office]:
    lease = lease or Lease(store)
    await lease.start()
    office = Office(store, lease)
    await office.call("ssm-incidents", "CreateReplicationSet", regions={REGION: {}})
    yield office
    await office.courier.settle()
    await office.close()
    await lease.end()


def free_row(office: Office, message: Any, medium: str, **changes: Any) -> Outbox:
    """A row that anybody may carry, as if its process had never begun."""
    fields: dict[str, Any] = {
        "key": message.key,
        "account_id": office.caller.account_id,
        "medium": medium,
        "lane": "page" if message.kind == "page" else "notification",
        "message": message_document(message),
        "owner": None,
        "attempts": 0,
        "due_at": office.clock.now(),
        "created_at": office.clock.now(),
    }
    return Outbox(**fields | changes)


async def ana_is_paged(office: Office, *media: str, minutes: int = 30) -> str:
    """Answers the engagement's ARN."""
    contact = await office.has_person("ana", *media or ("SMS",), minutes=minutes)
    await office.opens()
    return await office.engages(contact)


async def works(office: Office, **later: float) -> None:
    office.clock.advance(**later)
    await office.courier.claim()
    await office.courier.settle()
    await office.engine.run_due()
    await office.courier.settle()


def a_page(office: Office) -> Page:
    return Page(
        key=str(new_key()),
        address="+12065550100",
        created_at=office.clock.now(),
        subject="It burns",
        content="All of it.",
        public_subject="It burns",
        code="425440",
    )


def a_post(office: Office, text: str = "words") -> Post:
    return Post(
        key=str(new_key()), address="C1", created_at=office.clock.now(), text=text, blocks=()
    )


async def keep(office: Office, *rows: Outbox) -> None:
    await office.store.write(lambda tx: tx.insert(rows))
