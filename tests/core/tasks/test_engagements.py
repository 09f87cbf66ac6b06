from __future__ import annotations

from sqlalchemy import select, update

from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Page, Target
from bot.core.store.schema import table_of
from bot.core.store.work import Job
from tests.core.desk import Desk
from tests.harness import CONTACTS


async def spoil(desk: Desk, medium: str | None = None) -> None:
    """Make addresses unreadable, as a lost key would."""
    channels = table_of(ContactChannel)
    spoiled = update(channels).values(address=b"\x01" + bytes(40))
    if medium is not None:
        spoiled = spoiled.where(channels.c.type == medium)
    await desk.store.write(lambda tx: tx.execute(spoiled))


async def test_targets_that_break_are_tried_by_one_alarm_at_a_time(desk: Desk) -> None:
    contact = await desk.has_person("ana", "SMS", "EMAIL")
    await spoil(desk)
    await desk.engages(contact)

    for _ in range(4):
        await desk.run_due(seconds=2)
        assert len([job for job in await desk.rows(Job) if job.parked_at is None]) == 1


async def test_a_target_that_keeps_breaking_counts_as_failed_and_the_plan_goes_on(
    desk: Desk,
) -> None:
    ana = await desk.has_person("ana", "EMAIL", minutes=30)
    ben = await desk.has_person("ben", "SMS", minutes=30)
    plan = await desk.has_escalation_plan("team", ana, ben, minutes=30)
    await spoil(desk, "EMAIL")

    await desk.engages(plan)
    await desk.run_due(seconds=8)
    assert desk.pages() == []
    await desk.run_due(seconds=2)

    assert [page.address for page in desk.pages()] == ["+12065550100"]
    [failed, _] = [target for target in await desk.rows(Target) if target.child_key is None]
    assert failed.has_failed


async def test_a_target_that_broke_once_is_told_two_seconds_later(desk: Desk) -> None:
    contact = await desk.has_person("ana", "SMS")
    [whole] = await desk.store.read(
        lambda tx: tx.records(select(table_of(ContactChannel).c.address))
    )
    await spoil(desk)
    await desk.engages(contact)
    mended = update(table_of(ContactChannel)).values(address=whole[0])
    await desk.store.write(lambda tx: tx.execute(mended))

    await desk.run_due(seconds=2)

    assert len(desk.pages()) == 1


async def test_a_stage_in_which_all_fail_ends_though_one_was_told_that_began_with_it(
    desk: Desk,
) -> None:
    contact = await desk.has_contact("ana")
    sms, gone, voice = [
        await desk.has_channel(contact, medium) for medium in ("SMS", "EMAIL", "VOICE")
    ]
    plan = [(0, sms), (10, gone), (10, voice)]
    stages = [
        {
            "DurationInMinutes": minutes,
            "Targets": [{"ChannelTargetInfo": {"ContactChannelId": channel}}],
        }
        for minutes, channel in plan
    ]
    await desk.call(CONTACTS, "UpdateContact", ContactId=contact, Plan={"Stages": stages})
    await desk.call(CONTACTS, "DeactivateContactChannel", ContactChannelId=gone)
    await desk.engages(contact)

    told = [page.channel_arn for page in await desk.rows(Page) if page.told_at]
    assert told == [sms, voice]
