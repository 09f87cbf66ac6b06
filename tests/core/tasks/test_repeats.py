"""Plans that begin again while nobody acknowledges."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.core.channel import Undeliverable
from bot.core.context import Limits
from bot.core.effects.timeline import PAGED
from bot.core.store.engagements import Engagement
from bot.core.store.executor import Store
from tests.core.desk import Desk
from tests.core.office import Office, open_office, works
from tests.harness import CONTACTS
from tests.on_call import has_rotation, has_schedule, overrides

UNREACHED = "SSM Contacts Engagement Unreachable for Incident"


@pytest.fixture
async def office(store: Store) -> AsyncIterator[Office]:
    async with open_office(store) as opened:
        yield opened


async def repeats(desk: Desk, contact: str, times: int) -> None:
    await desk.call("imbot", "SetPlanRepeat", ContactId=contact, Times=times)


async def acknowledges(desk: Desk, engagement: str) -> None:
    [page] = await desk.pages_of(engagement)
    await desk.call(
        CONTACTS,
        "AcceptPage",
        PageId=page["PageArn"],
        AcceptType="READ",
        AcceptCode=desk.last_page().code,
    )


async def test_a_plan_does_not_repeat_unless_it_is_told_to(desk: Desk) -> None:
    await desk.engages(await desk.has_person("ana"))
    await desk.run_due(minutes=5)
    await desk.run_due(hours=1)

    assert len(desk.pages()) == 1


async def test_a_page_of_a_later_round_keeps_its_arn_and_its_code(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    ana = await desk.has_person("ana")
    await repeats(desk, ana, 2)
    engagement = await desk.engages(ana)

    for _ in range(5):
        await desk.run_due(minutes=5)

    assert len(desk.pages()) == 3
    assert len({page.code for page in desk.pages()}) == 1
    assert len(await desk.pages_of(engagement)) == 1


async def test_an_acknowledgement_ends_the_rounds(desk: Desk) -> None:
    ana = await desk.has_person("ana")
    await repeats(desk, ana, 3)
    engagement = await desk.engages(ana)
    await desk.run_due(minutes=5)
    assert len(desk.pages()) == 2

    await acknowledges(desk, engagement)
    for _ in range(4):
        await desk.run_due(minutes=5)

    assert len(desk.pages()) == 2


async def test_an_escalation_plan_engages_its_people_in_every_round(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    ana = await desk.has_person("ana", minutes=1)
    ben = await desk.has_person("ben", "EMAIL", minutes=1)
    team = await desk.has_escalation_plan("team", ana, ben)
    await repeats(desk, team, 1)
    await desk.engages(team)

    for _ in range(25):
        await desk.run_due(minutes=1)

    addresses = [page.address for page in desk.pages()]
    assert addresses == ["+12065550100", "ben@example.com"] * 2
    assert len(await desk.rows(Engagement)) == 3


@pytest.mark.parametrize("is_on_call", [False, True])
@pytest.mark.parametrize("late", [0, 90])
async def test_a_round_that_begins_as_a_persons_plan_ends_pages_her_again(
    desk_of_each_kind: Desk, is_on_call: bool, late: float
) -> None:
    desk = desk_of_each_kind
    target = await desk.has_person("ana")
    if is_on_call:
        target = await has_schedule(desk, await has_rotation(desk, "ana"))
    team = await desk.has_escalation_plan("team", target)
    await repeats(desk, team, 2)
    await desk.engages(team)

    for _ in range(4):
        await desk.run_due(minutes=5, seconds=late)

    assert len(desk.pages()) == 3


async def test_a_plan_changed_meanwhile_repeats_as_it_was_frozen(desk: Desk) -> None:
    ana = await desk.has_person("ana")
    await repeats(desk, ana, 1)
    await desk.engages(ana)
    await repeats(desk, ana, 0)

    await desk.run_due(minutes=5)

    assert len(desk.pages()) == 2


async def test_nobody_reached_is_told_after_the_first_round_and_withdrawn_by_a_later_one(
    desk: Desk,
) -> None:
    ana = await desk.has_contact("ana")
    channel = await desk.has_channel(ana, is_activated=False)
    stages = [
        {
            "DurationInMinutes": 5,
            "Targets": [{"ChannelTargetInfo": {"ContactChannelId": channel}}],
        }
    ]
    await desk.call(CONTACTS, "UpdateContact", ContactId=ana, Plan={"Stages": stages})
    team = await desk.has_escalation_plan("team", ana)
    await repeats(desk, team, 2)
    incident = await desk.has_incident()
    await desk.engages(team, IncidentId=incident)
    assert all(row.is_unreachable for row in await desk.rows(Engagement))
    assert (await desk.event_types(incident)).count(UNREACHED) == 2

    await desk.activate(channel)
    await desk.run_due(minutes=1)

    assert [page.address for page in desk.pages()] == ["+12065550100"]
    assert not any(row.is_unreachable for row in await desk.rows(Engagement))


async def test_a_round_in_which_all_fail_is_followed_by_a_rest_not_by_the_next_at_once(
    desk: Desk,
) -> None:
    ana = await desk.has_person("ana")
    [channel] = [
        one["ContactChannelArn"]
        for one in (await desk.call(CONTACTS, "ListContactChannels", ContactId=ana))[
            "ContactChannels"
        ]
    ]
    await desk.call(CONTACTS, "DeactivateContactChannel", ContactChannelId=channel)
    await repeats(desk, ana, 2)
    engagement = await desk.engages(ana)

    assert len(await desk.pages_of(engagement)) == 1
    for _ in range(5):
        await desk.run_due(minutes=1)

    assert len(await desk.pages_of(engagement)) == 3


async def test_a_later_round_engages_whoever_is_on_call_then(desk: Desk) -> None:
    await desk.has_person("ana")
    await desk.has_person("ben", "EMAIL")
    rotation = await has_rotation(desk, "ana", "ben")
    later = desk.clock.now() + timedelta(minutes=30)
    await overrides(desk, rotation, "ben", start=later)
    schedule = await has_schedule(desk, rotation)
    team = await desk.has_escalation_plan("team", schedule, minutes=30)
    await repeats(desk, team, 1)
    await desk.engages(team)
    assert [page.address for page in desk.pages()] == ["+12065550100"]

    await desk.run_due(minutes=5)
    await desk.run_due(minutes=25)

    assert [page.address for page in desk.pages()] == ["+12065550100", "ben@example.com"]


async def test_a_number_that_a_vendor_refused_is_tried_again_in_the_next_round(
    office: Office,
) -> None:
    ana = await office.has_person("ana", minutes=5)
    await repeats(office, ana, 1)
    await office.opens()
    office.phones.moods = [Undeliverable("The phone is off.", code="30003")]
    await office.engages(ana)
    await works(office)
    assert office.phones.sent == []

    await works(office, minutes=1)
    await works(office, minutes=4)

    assert len(office.phones.sent) == 1


async def test_a_page_that_a_daily_limit_keeps_back_in_a_later_round_counts_as_told_to_nobody(
    desk: Desk,
) -> None:
    desk.has_limits(Limits(to_one_address={"sms": 1}))
    ana = await desk.has_person("ana")
    await repeats(desk, ana, 1)
    incident = await desk.has_incident()
    await desk.engages(ana, IncidentId=incident)

    await desk.run_due(minutes=5)

    assert len(desk.pages()) == 1
    assert (await desk.event_types(incident)).count(PAGED) == 1
