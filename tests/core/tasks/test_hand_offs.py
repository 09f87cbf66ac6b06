"""Who hears of a hand-off, when, and how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.channel import HandOff
from bot.core.store.contacts import Contact
from bot.core.store.rotations import HandOffWatch
from bot.core.store.slack_links import SlackLink
from bot.core.store.work import Job
from tests.core.desk import Desk
from tests.harness import CONTACTS, TestHouse, contact_arn
from tests.on_call import DAILY, NIGHTS, has_rotation, has_schedule, overrides

NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)


def told(house: TestHouse) -> list[tuple[str, str, list[str], list[str]]]:
    """(to whom, which side, before, now) of each message, since this was asked last."""
    found = [one for one in house.messages if isinstance(one, HandOff)]
    house.messages.clear()
    return [(one.address, one.to, list(one.before), list(one.now)) for one in found]


def sides(messages: list[tuple[str, str, list[str], list[str]]]) -> dict[str, str]:
    """On which side of one hand-off each is, by the name in his address."""
    found = {address.partition("@")[0]: side for address, side, *_ in messages}
    assert len(found) == len(messages)
    return found


async def has_people(house: TestHouse, *aliases: str, medium: str = "EMAIL") -> None:
    for alias in aliases:
        await house.has_channel(await house.has_contact(alias), medium)
    house.messages.clear()


async def has_watched(house: TestHouse, *aliases: str, **more: Any) -> str:
    """A rotation of these people in a schedule, looked at for the first time."""
    rotation = await has_rotation(house, *aliases, StartTime=NINE, **more)
    await has_schedule(house, rotation)
    await house.run_due()
    return rotation


async def has_watched_people(house: TestHouse) -> str:
    await has_people(house, "ana", "ben")
    return await has_watched(house, "ana", "ben")


async def test_both_people_hear_of_a_hand_off_once_by_mail(
    desk_of_each_kind: Desk,
) -> None:
    house = desk_of_each_kind
    await has_people(house, "ana", "ben")
    await has_watched(house, "ana", "ben")
    assert told(house) == []

    await house.run_due(days=1)

    assert told(house) == [
        ("ben@example.com", "coming", ["ana"], ["ben"]),
        ("ana@example.com", "leaving", ["ana"], ["ben"]),
    ]
    await house.run_due(hours=1)
    assert told(house) == []


async def test_the_chat_channels_of_the_plans_that_engage_the_schedule_hear_of_it(
    desk: Desk,
) -> None:
    topic = await desk.has_topic(read_by="C1")
    await desk.has_topic("other", read_by="C2")
    for alias in ("ana", "ben"):
        await desk.has_contact(alias)
    await has_watched(desk, "ana", "ben")
    await desk.has_escalation_plan("team", contact_arn("schedule"))
    await desk.has_plan(topics=[topic], engages=["team"])

    await desk.run_due(days=1)

    assert told(desk) == [("C1", "everybody", ["ana"], ["ben"])]


async def test_a_rotation_that_no_schedule_uses_is_told_to_nobody(desk: Desk) -> None:
    await has_people(desk, "ana", "ben")
    await has_rotation(desk, "ana", "ben", StartTime=NINE)
    await desk.run_due()

    await desk.run_due(days=1)

    assert told(desk) == []
    assert await desk.rows(Job, task="watch_hand_off") == []


async def test_an_override_is_told_at_its_beginning_and_at_its_end(desk: Desk) -> None:
    await has_people(desk, "ana", "ben")
    rotation = await has_watched(desk, "ana", "ben")
    begins = desk.clock.now() + timedelta(hours=1)
    await overrides(desk, rotation, "ben", start=begins, hours=2)
    await desk.run_due()
    assert told(desk) == []

    await desk.run_due(hours=1)
    assert sides(told(desk)) == {"ben": "coming", "ana": "leaving"}

    await desk.run_due(hours=2)
    assert sides(told(desk)) == {"ana": "coming", "ben": "leaving"}


async def test_an_override_that_is_months_away_is_told_where_nobody_takes_turns(
    desk: Desk,
) -> None:
    await has_people(desk, "ana", "ben")
    both = {**DAILY, "NumberOfOnCalls": 2}
    rotation = await has_watched(desk, "ana", "ben", Recurrence=both)
    await overrides(desk, rotation, "ben", start=NINE + timedelta(days=100))
    await desk.run_due()

    for _ in range(100):
        await desk.run_due(days=1)

    assert sides(told(desk)) == {"ana": "leaving"}


async def test_a_deleted_override_takes_effect_at_once_and_its_alarm_is_idle(
    desk: Desk,
) -> None:
    await has_people(desk, "ana", "ben")
    rotation = await has_watched(desk, "ana", "ben")
    override = await overrides(desk, rotation, "ben", hours=2)
    await desk.run_due()
    assert sides(told(desk)) == {"ben": "coming", "ana": "leaving"}

    await desk.call(
        CONTACTS,
        "DeleteRotationOverride",
        RotationId=rotation,
        RotationOverrideId=override,
    )
    await desk.run_due()
    assert sides(told(desk)) == {"ana": "coming", "ben": "leaving"}

    await desk.run_due(hours=3)
    assert told(desk) == []


async def test_an_edited_rotation_takes_effect_at_once(desk: Desk) -> None:
    await has_people(desk, "ana", "ben")
    rotation = await has_watched(desk, "ana", "ben")
    swapped = [contact_arn("ben"), contact_arn("ana")]

    await desk.call(
        CONTACTS,
        "UpdateRotation",
        RotationId=rotation,
        ContactIds=swapped,
        Recurrence=DAILY,
    )
    await desk.run_due()

    [message, _] = [one for one in desk.messages if isinstance(one, HandOff)]
    assert datetime.fromisoformat(message.since) == desk.clock.now()
    assert sides(told(desk)) == {"ben": "coming", "ana": "leaving"}


async def test_after_an_outage_one_notice_tells_how_things_are(desk: Desk) -> None:
    await has_people(desk, "ana", "ben", "cleo")
    await has_watched(desk, "ana", "ben", "cleo")

    await desk.run_due(days=8, hours=2)

    [message, *_] = [one for one in desk.messages if isinstance(one, HandOff)]
    assert datetime.fromisoformat(message.since) == NINE + timedelta(days=8)
    assert (message.before, message.now) == (["ana"], ["cleo"])
    assert sides(told(desk)) == {"cleo": "coming", "ana": "leaving"}
    await desk.run_due()
    assert told(desk) == []


async def test_after_an_outage_that_ended_as_it_began_nobody_hears(desk: Desk) -> None:
    await has_people(desk, "ana", "ben")
    await has_watched(desk, "ana", "ben")

    await desk.run_due(days=2)

    assert told(desk) == []
    await desk.run_due(days=1)
    assert sides(told(desk)) == {"ben": "coming", "ana": "leaving"}


async def test_there_is_one_alarm_however_often_a_rotation_is_changed(desk: Desk) -> None:
    rotation = await has_watched_people(desk)
    for _ in range(5):
        await desk.call(CONTACTS, "UpdateRotation", RotationId=rotation, Recurrence=DAILY)
        await desk.run_due()

    assert len(await desk.rows(Job, task="watch_hand_off")) == 1


async def test_of_many_alarms_one_rings(desk: Desk) -> None:
    rotation = await has_watched_people(desk)
    for hours in (3, 2, 1):
        start = desk.clock.now() + timedelta(hours=hours)
        await overrides(desk, rotation, "ana", start=start, hours=8)
        await desk.run_due()
    told(desk)

    await desk.run_due(days=1)

    assert sides(told(desk)) == {"ben": "coming", "ana": "leaving"}


async def test_the_end_of_a_schedule_ends_the_alarms(desk: Desk) -> None:
    await has_watched_people(desk)
    await desk.call(CONTACTS, "DeleteContact", ContactId=contact_arn("schedule"))
    await desk.run_due()

    await desk.run_due(days=1)

    assert told(desk) == []
    [watch] = await desk.rows(HandOffWatch)
    assert (watch.on_call, watch.wake_at) == (None, None)


async def test_a_deleted_rotation_leaves_alarms_that_do_nothing(desk: Desk) -> None:
    rotation = await has_watched_people(desk)
    await desk.call(CONTACTS, "DeleteRotation", RotationId=rotation)

    await desk.run_due(days=1)

    assert told(desk) == []
    assert await desk.rows(Job, task="watch_hand_off") == []


async def test_the_beginning_and_the_end_of_a_gap_are_told(desk: Desk) -> None:
    await has_people(desk, "ana")
    await has_watched(desk, "ana", Recurrence=NIGHTS)

    await desk.run_due(hours=11)
    assert told(desk) == [("ana@example.com", "coming", [], ["ana"])]
    await desk.run_due(hours=2)
    assert told(desk) == [("ana@example.com", "leaving", ["ana"], [])]


async def test_a_crew_that_changes_in_part_tells_those_who_change(desk: Desk) -> None:
    await has_people(desk, "ana", "ben", "cleo")
    rotation = await has_watched(
        desk, "ana", "ben", "cleo", Recurrence={**DAILY, "NumberOfOnCalls": 2}
    )
    assert rotation

    await desk.run_due(days=1)

    assert sides(told(desk)) == {"cleo": "coming", "ben": "leaving"}


@pytest.mark.parametrize(
    ("tell_people", "addresses"),
    [
        ("NOBODY", []),
        ("BY_MAIL_OR_CHAT", ["ana@example.com"]),
        ("ALSO_BY_TEXT", ["+12065550102", "ana@example.com"]),
    ],
)
async def test_texts_are_for_those_who_want_them(
    desk: Desk, tell_people: str, addresses: list[str]
) -> None:
    ana, ben = await desk.has_contact("ana"), await desk.has_contact("ben")
    await desk.has_channel(ana, "EMAIL")
    await desk.has_channel(ana, "SMS", "+12065550101")
    await desk.has_channel(ben, "SMS", "+12065550102")
    await desk.has_channel(ben, "VOICE", "+12065550102")
    rotation = await has_watched(desk, "ana", "ben")
    await desk.call("imbot", "PutHandOffNotices", RotationId=rotation, TellPeople=tell_people)

    await desk.run_due(days=1)

    assert [address for address, *_ in told(desk)] == addresses


async def test_who_cannot_be_told_is_not_told(desk: Desk) -> None:
    ana, ben = await desk.has_contact("ana"), await desk.has_contact("ben")
    await desk.has_channel(ana, "EMAIL", is_activated=False)
    desk.has_media("sms", "slack")
    await has_watched(desk, "ana", "ben")
    assert ben

    await desk.run_due(days=1)

    assert told(desk) == []


async def test_chosen_topics_are_told_instead_and_none_if_none_is_chosen(
    desk: Desk,
) -> None:
    chosen = await desk.has_topic("chosen", read_by="C9")
    of_plan = await desk.has_topic(read_by="C1")
    rotation = await has_watched_people(desk)
    await desk.has_plan(topics=[of_plan], engages=["schedule"])
    to = {"RotationId": "primary", "TellPeople": "NOBODY"}

    for given, channels in (([chosen], ["C9"]), ([], []), (None, ["C1"])):
        more = {} if given is None else {"TopicArns": given}
        await desk.call("imbot", "PutHandOffNotices", **to, **more)
        answer = await desk.call("imbot", "GetHandOffNotices", RotationId=rotation)
        assert answer["TopicArns"] == ([of_plan] if given is None else given)
        assert answer["AreTopicsChosen"] is (given is not None)
        assert answer["NextHandOffTime"] > desk.clock.now()
        await desk.run_due(days=1)
        assert [address for address, *_ in told(desk)] == channels


async def test_a_topic_that_does_not_exist_is_refused(desk: Desk) -> None:
    rotation = await has_watched_people(desk)
    topic = "arn:aws:sns:us-east-1:111122223333:nothing"

    refusal = await desk.refusal(
        "imbot", "PutHandOffNotices", RotationId=rotation, TopicArns=[topic]
    )

    assert refusal.code == "ValidationException"


async def test_a_linked_person_hears_in_slack(desk: Desk) -> None:
    await has_people(desk, "ana", "ben")
    await is_linked(desk, "ben", "D0BEN")
    await has_watched(desk, "ana", "ben")

    await desk.run_due(days=1)

    assert [address for address, *_ in told(desk)] == ["D0BEN", "ana@example.com"]


async def is_linked(house: TestHouse, alias: str, conversation_id: str) -> None:
    [contact] = await house.rows(Contact, alias=alias)
    row = SlackLink(
        account_id=contact.account_id,
        contact_key=contact.key,
        contact_arn=contact.arn,
        user_id="UBEN",
        conversation_id=conversation_id,
        created_at=house.clock.now(),
        confirmed_at=house.clock.now(),
    )
    await house.store.write(lambda tx: tx.insert([row]))
