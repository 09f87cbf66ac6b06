from __future__ import annotations

from datetime import timedelta

from bot.core.channel import Page
from tests.harness import CONTACTS, TestHouse


async def test_an_engagement_pages_its_first_stage_in_its_own_transaction(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    contact = await house.has_person("ana", "SMS", "EMAIL")

    engagement = await house.engages(
        contact, PublicSubject="Fire", IncidentId="anything", PublicContent="Somewhere"
    )

    pages = [message for message in house.messages if isinstance(message, Page)]
    assert sorted(page.address for page in pages) == ["+12065550100", "ana@example.com"]
    assert {page.public_subject for page in pages} == {"Fire"}
    assert await house.call(CONTACTS, "DescribeEngagement", EngagementId=engagement) == {
        "EngagementArn": engagement,
        "ContactArn": contact,
        "Sender": "tests",
        "Subject": "It burns",
        "Content": "All of it.",
        "PublicSubject": "Fire",
        "PublicContent": "Somewhere",
        "IncidentId": "anything",
        "StartTime": house.clock.now(),
    }


async def test_an_escalation_plan_goes_on_until_it_is_stopped(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    people = []
    for number, alias in enumerate(("ana", "ben", "cem")):
        contact = await house.has_contact(alias)
        channel = await house.has_channel(contact, "SMS", f"+1206555010{number}")
        target = {"ChannelTargetInfo": {"ContactChannelId": channel}}
        plan = {"Stages": [{"DurationInMinutes": 5, "Targets": [target]}]}
        await house.call(CONTACTS, "UpdateContact", ContactId=contact, Plan=plan)
        people.append(contact)
    engagement = await house.engages(await house.has_escalation_plan("on-call", *people))
    await house.run_due(minutes=5)
    assert house.last_page().address == "+12065550101"

    await house.call(CONTACTS, "StopEngagement", EngagementId=engagement, Reason="Drill over")
    sent = len(house.messages)
    await house.run_due(minutes=30)

    assert len(house.messages) == sent
    stopped = await house.call(CONTACTS, "DescribeEngagement", EngagementId=engagement)
    assert stopped["StopTime"] == house.clock.now() - timedelta(minutes=30)
    child = (await house.call(CONTACTS, "ListEngagements"))["Engagements"][0]
    assert child["ContactArn"] == people[1]
    [page] = await house.pages_of(child["EngagementArn"])
    receipts = await house.receipts_of(page["PageArn"])
    assert [each["ReceiptInfo"] for each in receipts] == ["Drill over"]


async def test_what_is_acknowledged_cannot_be_stopped(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person("ana", "SMS"))
    [page] = await house.pages_of(engagement)
    await house.call(
        CONTACTS,
        "AcceptPage",
        PageId=page["PageArn"],
        AcceptType="READ",
        AcceptCode=house.last_page().code,
    )

    await house.call(CONTACTS, "StopEngagement", EngagementId=engagement)

    described = await house.call(CONTACTS, "DescribeEngagement", EngagementId=engagement)
    assert "StopTime" not in described
    receipts = await house.receipts_of(page["PageArn"])
    assert [each["ReceiptType"] for each in receipts] == ["DELIVERED", "READ"]


async def test_stopping_twice_tells_once(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person())
    [page] = await house.pages_of(engagement)

    for _ in range(2):
        await house.call(CONTACTS, "StopEngagement", EngagementId=engagement)

    receipts = await house.receipts_of(page["PageArn"])
    assert [each["ReceiptType"] for each in receipts] == ["STOP"]


async def test_engagements_are_listed_newest_first_by_incident_and_time(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    contact = await house.has_person()
    first = await house.engages(contact, IncidentId="one")
    start = house.clock.now()
    house.clock.advance(hours=1)
    second = await house.engages(contact, IncidentId="two")
    house.clock.advance(hours=1)
    third = await house.engages(contact, IncidentId="one")

    async def listed(**filters: object) -> list[str]:
        answer = await house.call(CONTACTS, "ListEngagements", **filters)
        return [each["EngagementArn"] for each in answer["Engagements"]]

    assert await listed() == [third, second, first]
    assert await listed(IncidentId="one") == [third, first]
    hour = timedelta(hours=1)
    assert await listed(TimeRangeValue={"StartTime": start + hour}) == [third, second]
    assert await listed(TimeRangeValue={"EndTime": start + hour}) == [second, first]


async def test_an_engagement_of_nobody_is_refused(house: TestHouse) -> None:
    refusal = await house.refusal(
        CONTACTS,
        "StartEngagement",
        ContactId="arn:aws:ssm-contacts:us-east-1:111122223333:contact/nobody",
        Sender="a",
        Subject="b",
        Content="c",
    )

    assert refusal.code == "ResourceNotFoundException"
    assert refusal.fields["resource_type"] == "CONTACT"


async def test_a_repeated_start_with_its_token_engages_once(house: TestHouse) -> None:
    contact = await house.has_person()

    first = await house.engages(contact, IdempotencyToken="t-1")
    second = await house.engages(contact, IdempotencyToken="t-1")

    assert first == second
    assert len([each for each in house.messages if isinstance(each, Page)]) == 1
