from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.core.access import Rights
from bot.core.errors import AccessDeniedException
from bot.core.store.accounts import FailedTry
from tests.harness import CONTACTS, TestHouse, contact_arn


async def paged(house: TestHouse, *media: str, **more: Any) -> tuple[str, str]:
    """Somebody is paged; answers the engagement and the page that was made last."""
    engagement = await house.engages(await house.has_person("ana", *media), **more)
    pages = await house.pages_of(engagement)
    return engagement, str(pages[0]["PageArn"])


async def accept(house: TestHouse, page: str, code: str | None = None, **more: Any) -> None:
    given = {"AcceptType": "READ", "AcceptCode": code or house.last_page().code, **more}
    await house.call(CONTACTS, "AcceptPage", PageId=page, **given)


async def refused(house: TestHouse, page: str, code: str) -> str:
    refusal = await house.refusal(
        CONTACTS, "AcceptPage", PageId=page, AcceptType="READ", AcceptCode=code
    )
    assert refusal.code == "ValidationException"
    return refusal.message


def wrong(house: TestHouse) -> str:
    return str(int(house.last_page().code) % 900_000 + 100_000)


async def receipts(house: TestHouse, page: str) -> list[tuple[str, str]]:
    found = await house.receipts_of(page)
    return [(each["ReceiptType"], each["ReceiptInfo"]) for each in found]


async def event_types(house: TestHouse, incident: str) -> list[str]:
    answer = await house.call("ssm-incidents", "ListTimelineEvents", incidentRecordArn=incident)
    return [event["eventType"] for event in answer["eventSummaries"]]


async def test_the_code_acknowledges_a_page_and_ends_the_plan(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    engagement = await house.engages(await house.has_person("ana", minutes=10, retry=2))
    [page] = await house.pages_of(engagement)
    arn = page["PageArn"]
    code = house.last_page().code
    house.clock.advance(seconds=40)

    await accept(house, arn)
    sent = len(house.messages)
    await house.run_due(minutes=5)

    assert len(house.messages) == sent
    assert await receipts(house, arn) == [("DELIVERED", code), ("READ", code)]
    shown = await house.call(CONTACTS, "DescribePage", PageId=arn)
    assert (shown["Subject"], shown["Content"]) == ("It burns", "All of it.")
    assert shown["ReadTime"] == shown["DeliveryTime"]
    described = await house.call(CONTACTS, "DescribeEngagement", EngagementId=engagement)
    assert "StopTime" not in described


async def test_a_wrong_code_acknowledges_nothing_and_is_counted(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    _, page = await paged(house)

    for _ in range(5):
        assert await refused(house, page, wrong(house)) == "The accept code is wrong."
    locked = await refused(house, page, house.last_page().code)

    assert "15 minutes" in locked
    assert len(await house.rows(FailedTry)) == 5
    assert await receipts(house, page) == []
    house.clock.advance(minutes=15)
    await accept(house, page)


async def test_wrong_codes_that_come_at_once_are_tried_five_times_only(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    _, page = await paged(house)
    code = wrong(house)

    told = await asyncio.gather(*(refused(house, page, code) for _ in range(20)))

    assert sum("wrong" in each and "15" not in each for each in told) == 5
    assert len(await house.rows(FailedTry)) == 5


async def test_a_wrong_code_of_one_address_does_not_lock_another(house: TestHouse) -> None:
    _, page = await paged(house, "SMS", "EMAIL")
    others = await house.call(CONTACTS, "ListPagesByContact", ContactId=contact_arn("ana"))
    [other] = [each["PageArn"] for each in others["Pages"] if each["PageArn"] != page]
    codes = {each.address: each.code for each in house.pages()}
    for _ in range(5):
        await refused(house, other, "000000")

    await accept(house, page, codes["ana@example.com"])

    assert [kind for kind, _ in await receipts(house, page)] == ["DELIVERED", "READ"]


async def test_ignore_takes_any_digits(house: TestHouse) -> None:
    _, page = await paged(house)

    await accept(house, page, "000000", AcceptCodeValidation="IGNORE")

    assert await receipts(house, page) == [("DELIVERED", "000000"), ("READ", "000000")]


@pytest.mark.parametrize("rights", ["responder", "reader", "contact"])
async def test_only_an_administrator_does_without_the_code(
    house: TestHouse, rights: Rights
) -> None:
    _, page = await paged(house)
    house.acts_as(rights=rights)

    with pytest.raises(AccessDeniedException):
        await accept(house, page, "000000", AcceptCodeValidation="IGNORE")
    await accept(house, page)  # with the code anybody may


async def test_delivered_acknowledges_nothing(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person("ana", minutes=10, retry=2))
    [page] = await house.pages_of(engagement)
    sent = len(house.messages)

    for _ in range(2):
        await accept(house, page["PageArn"], AcceptType="DELIVERED", Note="by hand")
    await house.run_due(minutes=2)

    code = house.last_page().code
    assert await receipts(house, page["PageArn"]) == [("DELIVERED", f"{code} by hand")]
    assert len(house.messages) == sent + 1


async def test_accepting_twice_tells_once(house: TestHouse) -> None:
    incident = await house.has_incident()
    _, page = await paged(house, IncidentId=incident)

    for _ in range(2):
        await accept(house, page)

    assert [kind for kind, _ in await receipts(house, page)] == ["DELIVERED", "READ"]
    told = await event_types(house, incident)
    assert told.count("SSM Contacts Page Acknowledgement for Incident") == 1


async def test_a_page_of_a_stopped_engagement_can_be_accepted_and_tells_nobody(
    house: TestHouse,
) -> None:
    incident = await house.has_incident()
    engagement, page = await paged(house, IncidentId=incident)
    await house.call(CONTACTS, "StopEngagement", EngagementId=engagement)

    await accept(house, page)

    kinds = [kind for kind, _ in await receipts(house, page)]
    assert kinds == ["STOP", "DELIVERED", "READ"]
    told = await event_types(house, incident)
    assert "SSM Contacts Page Acknowledgement for Incident" not in told
    assert told.count("SSM Contacts Engagement Stop for Incident") == 1


async def test_a_page_is_accepted_only_for_the_channel_it_went_to(house: TestHouse) -> None:
    _, page = await paged(house)
    channel = "arn:aws:ssm-contacts:us-east-1:111122223333:contact-channel/ana/other"

    refusal = await house.refusal(
        CONTACTS,
        "AcceptPage",
        PageId=page,
        ContactChannelId=channel,
        AcceptType="READ",
        AcceptCode=house.last_page().code,
    )

    assert refusal.code == "ValidationException"
    assert await receipts(house, page) == []


async def test_one_acknowledgement_ends_an_escalation(house: TestHouse) -> None:
    ana = await house.has_person("ana")
    plan = await house.has_escalation_plan("on-call", ana, ana)
    await house.engages(plan)
    [page] = (await house.call(CONTACTS, "ListPagesByContact", ContactId=ana))["Pages"]

    await accept(house, page["PageArn"])
    sent = len(house.messages)
    await house.run_due(minutes=30)

    assert len(house.messages) == sent


async def test_pages_are_listed_newest_first_in_slices(house_of_each_kind: TestHouse) -> None:
    house = house_of_each_kind
    contact = await house.has_person()
    engagements = [await house.engages(contact) for _ in range(3)]

    first = await house.call(CONTACTS, "ListPagesByContact", ContactId=contact, MaxResults=2)
    rest = await house.call(
        CONTACTS, "ListPagesByContact", ContactId=contact, NextToken=first["NextToken"]
    )

    listed = [each["EngagementArn"] for each in first["Pages"] + rest["Pages"]]
    assert listed == engagements[::-1]


async def test_a_page_that_is_none_is_not_accepted(house: TestHouse) -> None:
    _, page = await paged(house)

    refusal = await house.refusal(
        CONTACTS, "AcceptPage", PageId=page + "0", AcceptType="READ", AcceptCode="123456"
    )

    assert refusal.code == "ResourceNotFoundException"
    assert refusal.fields["resource_type"] == "PAGE"
