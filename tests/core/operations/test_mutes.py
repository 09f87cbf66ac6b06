"""Nothing is sent to a muted contact, and nothing is silent about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.core.desk import INCIDENTS, Desk
from tests.harness import CONTACTS
from tests.on_call import has_rotation, has_schedule

IMBOT = "imbot"
MUTED = "SSM Contacts Engagement Muted for Incident"
UNREACHED = "SSM Contacts Engagement Unreachable for Incident"


async def mutes(desk: Desk, contact: str, **longer: float) -> dict[str, Any]:
    until = desk.clock.now() + timedelta(**longer or {"hours": 8})
    return await desk.call(IMBOT, "MuteContact", ContactId=contact, Until=until)


async def receipts(desk: Desk, engagement: str) -> list[str]:
    return [
        receipt["ReceiptInfo"]
        for page in await desk.pages_of(engagement)
        for receipt in await desk.receipts_of(page["PageArn"])
    ]


async def test_a_muted_person_is_sent_nothing_and_each_page_says_why(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    ana = await desk.has_person("ana", "SMS", "EMAIL")
    await mutes(desk, ana)

    engagement = await desk.engages(ana)

    assert desk.pages() == []
    said = "Not sent: ana is muted until 2026-03-01 17:30 UTC by ana."
    assert await receipts(desk, engagement) == [said, said]


async def test_the_plan_of_a_muted_person_goes_on_at_once(desk: Desk) -> None:
    ana, ben = await desk.has_person("ana"), await desk.has_person("ben", "EMAIL")
    team = await desk.has_escalation_plan("team", ana, ben)
    await mutes(desk, ana)

    await desk.engages(team)

    assert [page.address for page in desk.pages()] == ["ben@example.com"]


async def test_a_mute_ends_by_itself(desk: Desk) -> None:
    ana = await desk.has_person("ana")
    await mutes(desk, ana, hours=8)
    desk.clock.advance(hours=8)

    await desk.engages(ana)

    assert len(desk.pages()) == 1


async def test_a_mute_keeps_back_what_a_running_engagement_would_send_next(desk: Desk) -> None:
    ana = await desk.has_person("ana", retry=1)
    engagement = await desk.engages(ana)
    await mutes(desk, ana)

    await desk.run_due(minutes=1)

    assert len(desk.pages()) == 1
    assert "muted" in (await receipts(desk, engagement))[-1]


async def test_unmuting_tells_what_was_kept_back_and_pages_go_out_again(desk: Desk) -> None:
    ana = await desk.has_person("ana", "SMS", "EMAIL")
    await mutes(desk, ana)
    await desk.engages(ana)

    ended = await desk.call(IMBOT, "UnmuteContact", ContactId=ana)
    again = await desk.call(IMBOT, "UnmuteContact", ContactId=ana)
    await desk.engages(ana)

    assert (ended["PagesWithheld"], again["PagesWithheld"]) == (2, 0)
    assert len(desk.pages()) == 2


async def test_muting_again_replaces_the_instant_and_counts_on(desk: Desk) -> None:
    ana = await desk.has_person("ana")
    await mutes(desk, ana, hours=1)
    await desk.engages(ana)

    muted = await mutes(desk, ana, hours=2)

    assert muted["PagesWithheld"] == 1
    assert muted["MutedUntil"] == desk.clock.now() + timedelta(hours=2)


async def test_a_muted_plan_engages_nobody_and_a_muted_schedule_nobody_either(
    desk: Desk,
) -> None:
    ana = await desk.has_person("ana")
    team = await desk.has_escalation_plan("team", ana)
    schedule = await has_schedule(desk, await has_rotation(desk, "ana"))
    for contact in (team, schedule):
        await mutes(desk, contact)
        await desk.engages(contact)

    assert desk.pages() == []
    listed = await desk.call(IMBOT, "ListMutedContacts")
    assert [one["PagesWithheld"] for one in listed["MutedContacts"]] == [1, 1]


async def test_an_incident_whose_people_are_all_muted_is_told_to_chat_as_reaching_nobody(
    desk: Desk,
) -> None:
    for alias in ("ana", "ben"):
        await mutes(desk, await desk.has_person(alias))
    topic = await desk.has_topic(read_by="C1")
    plan = await desk.has_plan(topics=[topic], engages=["ana", "ben"])
    incident = await desk.starts(plan)
    await desk.work()
    await desk.work(seconds=1)

    assert desk.wall.cards[-1].nobody_reached
    alarms = [post for post in desk.wall.posts if post.event and post.nobody_reached]
    assert {alarm.event["eventType"] for alarm in alarms} == {MUTED}
    assert UNREACHED not in await desk.event_types(incident)


async def test_the_timeline_says_until_when_and_how_many_pages_were_withheld(
    desk: Desk,
) -> None:
    ana = await desk.has_person("ana", "SMS", "EMAIL")
    await mutes(desk, ana)
    incident = await desk.has_incident()
    await desk.engages(ana, IncidentId=incident)

    listed = await desk.call(INCIDENTS, "ListTimelineEvents", incidentRecordArn=incident)
    [event] = [one for one in listed["eventSummaries"] if one["eventType"] == MUTED]
    shown = await desk.call(
        INCIDENTS, "GetTimelineEvent", incidentRecordArn=incident, eventId=event["eventId"]
    )
    data = shown["event"]["eventData"]
    assert '"mutedUntil":"2026-03-01T17:30:00+00:00"' in data
    assert '"withheld":2' in data


async def test_a_test_page_says_that_the_contact_is_muted(desk: Desk) -> None:
    ana = await desk.has_person("ana")
    await mutes(desk, ana)

    answer = await desk.call(IMBOT, "TestPage", ContactId=ana)

    [said] = await receipts(desk, answer["EngagementArn"])
    assert "ana is muted until" in said


async def test_who_is_on_call_shows_a_mute(desk: Desk) -> None:
    ana = await desk.has_person("ana")
    await has_schedule(desk, await has_rotation(desk, "ana"))
    muted = await mutes(desk, ana)

    answer = await desk.call(IMBOT, "ListOnCall")

    [rotation] = answer["Schedules"][0]["Rotations"]
    assert rotation["Now"][0]["MutedUntil"] == muted["MutedUntil"]


async def test_a_mute_lasts_at_most_31_days_and_ends_in_the_future(desk: Desk) -> None:
    ana = await desk.has_contact("ana")
    for days in (-1, 0, 32):
        until = desk.clock.now() + timedelta(days=days)
        refusal = await desk.refusal(IMBOT, "MuteContact", ContactId=ana, Until=until)
        assert refusal.code == "ValidationException"


async def test_a_schedule_has_no_stages_to_repeat(desk: Desk) -> None:
    await desk.has_contact("ana")
    schedule = await has_schedule(desk, await has_rotation(desk, "ana"))

    refusal = await desk.refusal(IMBOT, "SetPlanRepeat", ContactId=schedule, Times=1)

    assert refusal.code == "ValidationException"


async def test_what_a_contact_has_beyond_the_api_leaves_its_plan_as_it_was_written(
    desk: Desk,
) -> None:
    ana = await desk.has_person("ana")
    before = await desk.call(CONTACTS, "GetContact", ContactId=ana)
    await desk.call(IMBOT, "SetPlanRepeat", ContactId=ana, Times=3)

    extras = await desk.call(IMBOT, "GetContactExtras", ContactId=ana)

    assert extras["PlanRepeatTimes"] == 3
    assert await desk.call(CONTACTS, "GetContact", ContactId=ana) == before
