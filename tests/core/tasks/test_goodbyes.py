"""Who was paged and did not answer hears that nobody waits for him any more."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.core.channel import Delivery, Page, StopNotice
from bot.core.store.engagements import Page as PageRow
from bot.core.store.executor import Store
from bot.core.store.work import Job
from tests.core.desk import INCIDENTS
from tests.core.office import Office, open_office, works
from tests.core.replies.talk import replies_of
from tests.harness import CONTACTS


@pytest.fixture
async def office(store: Store) -> AsyncIterator[Office]:
    async with open_office(store) as opened:
        yield opened


def notices(office: Office, vendor: str = "phones") -> list[StopNotice]:
    return [one for one in getattr(office, vendor).sent if isinstance(one, StopNotice)]


async def person(office: Office, alias: str, **media: str) -> str:
    """A person with one stage of these media at these addresses."""
    contact = await office.has_contact(alias)
    targets = []
    for medium, address in media.items():
        channel = await office.has_channel(contact, medium, address)
        targets.append({"ChannelTargetInfo": {"ContactChannelId": channel}})
    plan = {"Stages": [{"DurationInMinutes": 5, "Targets": targets}]}
    await office.call(CONTACTS, "UpdateContact", ContactId=contact, Plan=plan)
    return contact


async def accepts(office: Office, address: str) -> None:
    """Acknowledge the page that went to that address."""
    [code] = [one.code for one in office.pages() if one.address == address]
    [page] = [row for row in await office.rows(PageRow) if row.code == code]
    await office.call(
        CONTACTS, "AcceptPage", PageId=page.arn, AcceptType="READ", AcceptCode=code
    )


async def test_a_stop_is_told_once_at_each_address_and_never_by_a_call(office: Office) -> None:
    ana = await person(
        office, "ana", SMS="+12065550101", EMAIL="ana@example.com", VOICE="+12065550101"
    )
    team = await office.has_escalation_plan("team", ana)
    await office.opens()
    engagement = await office.engages(team, PublicSubject="Fire")
    await works(office)

    await office.call(CONTACTS, "StopEngagement", EngagementId=engagement, Reason="A drill")
    await works(office)

    [text], [mail] = notices(office), notices(office, "mails")
    assert text.public_subject == "Fire"
    assert text.words == "No longer needed: stopped by ana at 09:30 UTC."
    assert (mail.address, mail.reason) == ("ana@example.com", "A drill")
    assert mail.page_id is not None


async def test_no_page_waits_for_goodbyes(office: Office) -> None:
    engagement = await office.engages(await person(office, "ana", SMS="+12065550101"))

    await office.call(CONTACTS, "StopEngagement", EngagementId=engagement)

    [job] = await office.rows(Job, task="say_goodbye")
    assert job.is_behind


async def test_whoever_acknowledged_is_not_told(office: Office) -> None:
    ana = await person(office, "ana", SMS="+12065550101", EMAIL="ana@example.com")
    ben = await person(office, "ben", SMS="+12065550102")
    stages = [
        {
            "DurationInMinutes": 5,
            "Targets": [
                {"ContactTargetInfo": {"ContactId": arn, "IsEssential": False}}
                for arn in (ana, ben)
            ],
        }
    ]
    team = await office.has_contact("team", Type="ESCALATION", Plan={"Stages": stages})
    await office.opens()
    engagement = await office.engages(team)
    await works(office)
    await accepts(office, "+12065550101")

    await office.call(CONTACTS, "StopEngagement", EngagementId=engagement)
    await works(office)

    assert [one.address for one in notices(office)] == ["+12065550102"]
    assert notices(office, "mails") == []


async def test_whoever_was_never_reached_is_not_told(office: Office) -> None:
    ana = await person(office, "ana", SMS="+12065550101")
    ben = await person(office, "ben", SMS="+12065550102")
    team = await office.has_escalation_plan("team", ana, ben)
    await office.opens()
    engagement = await office.engages(team)
    await works(office)

    await office.call(CONTACTS, "StopEngagement", EngagementId=engagement)
    await works(office, minutes=10)

    assert [one.address for one in notices(office)] == ["+12065550101"]


async def test_a_page_that_was_leaving_is_followed_by_its_notice(office: Office) -> None:
    ana = await person(office, "ana", SMS="+12065550101")
    await office.opens()
    office.phones.gate.clear()
    engagement = await office.engages(ana)
    await office.phones.until(lambda: len(office.phones.tried) == 1)

    await office.call(CONTACTS, "StopEngagement", EngagementId=engagement)
    await office.engine.run_due()
    assert len(office.phones.tried) == 1
    office.phones.gate.set()
    await works(office, seconds=5)

    assert [type(one) for one in office.phones.sent] == [Page, StopNotice]


async def test_resolving_tells_everyone_paged_even_in_two_engagements_once(
    office: Office,
) -> None:
    ana = await person(office, "ana", SMS="+12065550101")
    await person(office, "ben", SMS="+12065550102")
    await office.has_escalation_plan("team", ana)
    plan = await office.has_plan(engages=["ana", "team", "ben"])
    await office.opens()
    incident = await office.starts(plan)
    await works(office)
    await accepts(office, "+12065550102")

    await office.resolves(incident)
    await works(office)

    [notice] = notices(office)
    assert notice.address == "+12065550101"
    assert notice.words == "No longer needed: the incident was resolved by ana at 09:30 UTC."
    assert notice.reason == ""


async def test_in_whose_place_another_acknowledged_hears_of_it_when_the_incident_is_resolved(
    office: Office,
) -> None:
    ana = await person(office, "ana", SMS="+12065550101")
    ben = await person(office, "ben", SMS="+12065550102")
    await office.has_escalation_plan("team", ana, ben)
    plan = await office.has_plan(engages=["team"])
    await office.opens()
    incident = await office.starts(plan)
    await works(office)
    await works(office, minutes=5)
    await accepts(office, "+12065550102")
    await works(office)
    assert notices(office) == []

    await office.resolves(incident)
    await works(office)

    assert [one.address for one in notices(office)] == ["+12065550101"]


async def test_the_timeline_says_who_stopped_an_engagement(office: Office) -> None:
    await person(office, "ana", SMS="+12065550101")
    plan = await office.has_plan(engages=["ana"])
    incident = await office.starts(plan)
    [listed] = (await office.call(CONTACTS, "ListEngagements"))["Engagements"]

    await office.call(CONTACTS, "StopEngagement", EngagementId=listed["EngagementArn"])

    events = await office.call(
        INCIDENTS, "ListTimelineEvents", incidentRecordArn=incident, sortOrder="DESCENDING"
    )
    event = await office.call(
        INCIDENTS,
        "GetTimelineEvent",
        incidentRecordArn=incident,
        eventId=events["eventSummaries"][0]["eventId"],
    )
    assert '"stoppedBy":"ana"' in event["event"]["eventData"]


async def test_where_a_text_did_not_arrive_no_notice_goes(office: Office) -> None:
    ana = await person(office, "ana", SMS="+12065550101", EMAIL="ana@example.com")
    await office.opens()
    engagement = await office.engages(ana)
    await works(office)
    [text] = [one for one in office.pages() if one.address == "+12065550101"]
    [page] = [row for row in await office.rows(PageRow) if row.code == text.code]
    lost = Delivery("SM1", "ERROR", "The phone is off.", "30003")
    await replies_of(office).status(lost, page.key)

    await office.call(CONTACTS, "StopEngagement", EngagementId=engagement)
    await works(office)

    assert notices(office) == []
    assert [one.address for one in notices(office, "mails")] == ["ana@example.com"]


async def test_fifty_people_are_told_at_a_time(office: Office) -> None:
    people = []
    for number in range(60):
        people.append(await person(office, f"p{number}", EMAIL=f"p{number}@example.com"))
    targets = [{"ContactTargetInfo": {"ContactId": arn, "IsEssential": True}} for arn in people]
    tens = [targets[start : start + 10] for start in range(0, 60, 10)]
    stages = [{"DurationInMinutes": 0, "Targets": ten} for ten in tens]
    team = await office.has_contact("team", Type="ESCALATION", Plan={"Stages": stages})
    await office.opens()
    engagement = await office.engages(team)
    await works(office)
    assert len(office.mails.sent) == 60

    await office.call(CONTACTS, "StopEngagement", EngagementId=engagement)
    await works(office)

    assert len({one.address for one in notices(office, "mails")}) == 60
