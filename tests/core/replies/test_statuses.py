"""What vendors tell later."""

from __future__ import annotations

from bot.core.channel import Delivery
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Page as PageRow
from tests.core.replies.talk import (
    receipt_types,
    replies_of,
)
from tests.harness import TestHouse


async def told(house: TestHouse, page_arn: str, delivery: Delivery) -> None:
    [row] = await house.rows(PageRow, arn=page_arn)
    await replies_of(house).status(delivery, row.key)


async def test_a_delivery_told_three_times_is_one_receipt(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person())
    [page] = await house.pages_of(engagement)

    for _ in range(3):
        await told(house, page["PageArn"], Delivery("SM1", "DELIVERED", "Delivered."))

    assert (await receipt_types(house, engagement)).count("DELIVERED") == 1


async def test_a_text_that_failed_moves_the_plan_on_at_once(house: TestHouse) -> None:
    ana, ben = await house.has_person("ana", "SMS"), await house.has_person("ben", "EMAIL")
    plan = await house.has_escalation_plan("on-call", ana, ben)
    await house.engages(plan)
    [page] = await house.rows(PageRow)

    for _ in range(2):
        failed = Delivery("SM1", "ERROR", "The carrier filtered it. (30007)", "30007")
        await told(house, page.arn, failed)

    assert [row.contact_arn for row in await house.rows(PageRow)] == [ana, ben]
    receipts = await house.receipts_of(page.arn)
    assert [receipt["ReceiptType"] for receipt in receipts] == ["ERROR"]


async def test_error_21610_turns_the_channel_off(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person())
    [page] = await house.pages_of(engagement)

    await told(house, page["PageArn"], Delivery("SM1", "ERROR", "Opted out.", "21610"))

    [row] = await house.rows(ContactChannel)
    assert row.opted_out_at is not None


async def test_a_text_that_arrived_does_not_fail_afterwards(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person())
    [page] = await house.pages_of(engagement)

    await told(house, page["PageArn"], Delivery("SM1", "DELIVERED", "Delivered."))
    await told(house, page["PageArn"], Delivery("SM1", "ERROR", "Lost.", "30008"))

    assert "ERROR" not in await receipt_types(house, engagement)


async def test_a_call_that_was_answered_without_a_key_is_no_acknowledgement(
    house: TestHouse,
) -> None:
    engagement = await house.engages(await house.has_person("ana", "VOICE"))
    [page] = await house.pages_of(engagement)

    await told(house, page["PageArn"], Delivery("CA1", "DELIVERED", "The call was answered."))

    [receipt] = await house.receipts_of(page["PageArn"])
    assert receipt["ReceiptType"] == "DELIVERED"
    assert "no key" in receipt["ReceiptInfo"]


async def test_a_status_of_an_unknown_message_is_passed_over(house: TestHouse) -> None:
    await replies_of(house).status(Delivery("SM404", "ERROR", "Lost."), None)
