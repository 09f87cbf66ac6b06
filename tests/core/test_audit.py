from __future__ import annotations

import asyncio

from bot.core.audit import AuditBuffer, audit_row
from bot.core.dispatch import Request
from bot.core.store.accounts import Audit
from bot.core.store.executor import Lane
from tests.core.desk import Desk
from tests.core.office import FlakyStore
from tests.harness import ANA, CONTACTS


def asked(contact_id: str) -> Request:
    return Request(
        service=CONTACTS,
        operation="GetContact",
        parameters={"ContactId": contact_id},
        caller=ANA,
        request_id="r-1",
    )


async def test_what_only_claims_to_be_an_arn_does_not_cost_the_others_their_rows(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    buffer = AuditBuffer(desk.store)

    for contact_id in ("arn:\x00", "arn:\ud800", "arn:" + "x" * 100_000, "arn:fine"):
        buffer.add(audit_row(asked(contact_id), desk.clock.now(), "ValidationException"))
    await buffer.close()

    rows = await desk.rows(Audit, request_id="r-1")
    assert [(row.resource or "")[:8] for row in rows] == [
        "arn:\ufffd",
        "arn:?",
        "arn:xxxx",
        "arn:fine",
    ]
    assert len(rows[2].resource or "") < 2000


async def test_rows_that_the_store_refused_are_written_later(desk: Desk) -> None:
    store = FlakyStore(desk.store, Lane.COURIER)
    store.refusals = 1
    buffer = AuditBuffer(store)
    buffer.add(audit_row(asked("arn:one"), desk.clock.now(), "OK"))

    async with asyncio.timeout(10):
        while not await desk.rows(Audit, request_id="r-1"):
            await asyncio.sleep(0.05)
    await buffer.close()

    assert len(await desk.rows(Audit, request_id="r-1")) == 1
