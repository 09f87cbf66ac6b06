"""What a calendar's address answers, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.context import Sender
from bot.core.effects.icalendar import Event, calendar_text, escaped
from bot.core.effects.sender_card import vcard
from bot.core.replies.feeds import Feeds
from tests.harness import ACCOUNT, CONTACTS, REGION, TestHouse, contact_arn
from tests.on_call import DAILY, NIGHTS, has_rotation, has_schedule, overrides

NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)
Shown = tuple[datetime, datetime, str]


def feeds_of(house: TestHouse) -> Feeds:
    return Feeds(house.dispatcher, house.store, account_id=ACCOUNT, region=REGION)


async def links(house: TestHouse, name: str) -> str:
    """The address of a new calendar."""
    answer = await house.call("imbot", "CreateCalendarLink", ResourceId=name)
    return str(answer["Url"])


async def fetch(house: TestHouse, url: str) -> bytes | None:
    token = url.removeprefix("https://bot.example.com/calendar/").removesuffix(".ics")
    return await feeds_of(house).calendar(token)


async def events(house: TestHouse, url: str) -> list[Any]:
    body = await fetch(house, url)
    assert body is not None
    return list(icalendar.Calendar.from_ical(body).walk("VEVENT"))


def shown(event: Any) -> Shown:
    return event["DTSTART"].dt, event["DTEND"].dt, str(event["SUMMARY"])


async def has_team(house: TestHouse, *aliases: str, **more: Any) -> str:
    for alias in aliases:
        await house.has_contact(alias, DisplayName=alias.capitalize())
    return await has_rotation(house, *aliases, StartTime=NINE, **more)


async def test_a_rotation_s_calendar_shows_its_shifts_with_the_overrides(
    house: TestHouse,
) -> None:
    rotation = await has_team(house, "ana", "ben")
    noon = NINE + timedelta(hours=3)
    await overrides(house, rotation, "ben", start=noon, hours=2)

    found = await events(house, await links(house, "primary"))

    assert [shown(event) for event in found[:4]] == [
        (NINE, noon, "Ana (primary)"),
        (noon, noon + timedelta(hours=2), "Ben (primary)"),
        (noon + timedelta(hours=2), NINE + DAY, "Ana (primary)"),
        (NINE + DAY, NINE + 2 * DAY, "Ben (primary)"),
    ]
    assert "Instead of: Ana." in found[1]["DESCRIPTION"]
    assert found[-1]["DTEND"].dt >= house.clock.now() + 183 * DAY


async def test_a_person_s_calendar_shows_his_shifts_of_all_rotations(
    house: TestHouse,
) -> None:
    await has_team(house, "ana", "ben")
    await has_rotation(house, "ana", Name="nights", StartTime=NINE, Recurrence=NIGHTS)
    await has_rotation(house, "ben", Name="other", StartTime=NINE)

    found = await events(house, await links(house, "ana"))

    assert {str(event["SUMMARY"]) for event in found} == {
        "On call: primary",
        "On call: nights",
    }
    starts = {event["DTSTART"].dt for event in found if "primary" in event["SUMMARY"]}
    assert NINE in starts
    assert NINE + DAY not in starts


async def test_a_schedule_s_calendar_shows_all_its_rotations(house: TestHouse) -> None:
    first = await has_team(house, "ana")
    second = await has_rotation(house, "ana", Name="second")
    await has_schedule(house, first, second)

    found = await events(house, await links(house, "schedule"))

    assert {str(event["SUMMARY"]) for event in found} == {"Ana (primary)", "Ana (second)"}


async def test_gaps_and_overrides_to_nobody_are_absent(house: TestHouse) -> None:
    rotation = await has_team(house, "ana", Recurrence=NIGHTS)
    evening = NINE.replace(hour=20)
    await overrides(house, rotation, start=evening, hours=2)

    found = await events(house, await links(house, rotation))

    assert shown(found[0]) == (
        evening + DAY,
        evening + DAY + timedelta(hours=2),
        "Ana (primary)",
    )


async def test_a_shift_keeps_its_name_when_its_end_is_cut(house: TestHouse) -> None:
    rotation = await has_team(house, "ana", "ben")
    url = await links(house, rotation)
    before = {event["UID"]: shown(event) for event in await events(house, url)}
    house.clock.advance(hours=1)
    await overrides(house, rotation, "ben", hours=2)

    after = await events(house, url)

    uids = [event["UID"] for event in after]
    assert len(set(uids)) == len(uids)
    assert set(before) < set(uids)
    assert {event["DTSTAMP"].dt for event in after} == {house.clock.now()}


async def test_the_same_calendar_is_the_same_bytes_all_day(house: TestHouse) -> None:
    url = await links(house, await has_team(house, "ana", "ben"))
    first = await fetch(house, url)
    house.clock.advance(hours=14)

    assert await fetch(house, url) == first


async def test_a_new_link_ends_the_earlier_one_of_the_same_caller(house: TestHouse) -> None:
    rotation = await has_team(house, "ana")
    mine = await links(house, rotation)
    house.acts_as(principal_arn=f"arn:aws:iam::{ACCOUNT}:user/ben")
    other = await links(house, rotation)
    newer = await links(house, rotation)

    assert [await fetch(house, url) is None for url in (mine, other, newer)] == [
        False,
        True,
        False,
    ]


async def test_a_deleted_link_and_one_of_something_deleted_answer_nothing(
    house: TestHouse,
) -> None:
    rotation = await has_team(house, "ana", "ben")
    url, of_ana = await links(house, rotation), await links(house, "ana")
    [link, _] = (await house.call("imbot", "ListCalendarLinks"))["CalendarLinks"]

    await house.call("imbot", "DeleteCalendarLink", CalendarLinkId=link["CalendarLinkId"])
    assert await fetch(house, url) is None

    await house.call(
        CONTACTS,
        "UpdateRotation",
        RotationId=rotation,
        ContactIds=[contact_arn("ben")],
        Recurrence=DAILY,
    )
    await house.call(CONTACTS, "DeleteContact", ContactId=contact_arn("ana"))
    await house.has_contact("ana")
    assert await fetch(house, of_ana) is None


async def test_only_an_administrator_ends_the_link_of_another(house: TestHouse) -> None:
    await links(house, await has_team(house, "ana"))
    [link] = (await house.call("imbot", "ListCalendarLinks"))["CalendarLinks"]
    one = {"CalendarLinkId": link["CalendarLinkId"]}
    house.acts_as(rights="responder", principal_arn=f"arn:aws:iam::{ACCOUNT}:user/ben")

    refusal = await house.refusal("imbot", "DeleteCalendarLink", **one)
    assert refusal.code == "AccessDeniedException"

    house.acts_as(rights="responder")
    await house.call("imbot", "DeleteCalendarLink", **one)


async def test_a_link_of_another_purpose_or_a_guess_opens_no_calendar(
    house: TestHouse,
) -> None:
    url = await links(house, await has_team(house, "ana"))
    token = url.rsplit("/", 1)[1].removesuffix(".ics")

    for wrong in (token[:-1] + "x", token[::-1], "", "0" * 64):
        assert await feeds_of(house).calendar(wrong) is None


async def test_an_escalation_plan_has_no_calendar(house: TestHouse) -> None:
    await house.has_escalation_plan("team")

    refusal = await house.refusal("imbot", "CreateCalendarLink", ResourceId="team")
    assert refusal.code == "ValidationException"
    refusal = await house.refusal("imbot", "CreateCalendarLink", ResourceId="nowhere")
    assert refusal.code == "ResourceNotFoundException"


async def test_without_a_public_url_there_is_no_link(house: TestHouse) -> None:
    await has_team(house, "ana")
    house.public_url = None
    house.has_media("email")

    refusal = await house.refusal("imbot", "CreateCalendarLink", ResourceId="ana")
    assert "IMBOT_PUBLIC_URL" in refusal.message


words = st.text(st.characters(codec="utf-8"), max_size=200)


@given(name=words, summary=words, description=words)
def test_any_text_comes_through_and_no_line_is_too_long(
    name: str, summary: str, description: str
) -> None:
    event = Event("1@imbot", NINE, NINE + DAY, summary, description, NINE)
    body = calendar_text(name, [event])

    assert max(map(len, body.split(b"\r\n"))) <= 75
    assert body.endswith(b"END:VCALENDAR\r\n")
    read: Any = icalendar.Calendar.from_ical(body).walk("VEVENT")[0]
    assert read["DTSTART"].dt == NINE
    plain = escaped(summary).replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";")
    assert str(read["SUMMARY"]).strip() == plain.replace("\\\\", "\\").strip()


def test_a_shift_of_less_than_a_second_is_no_event() -> None:
    event = Event("1@imbot", NINE, NINE + timedelta(milliseconds=3), "a", "b", NINE)

    assert b"VEVENT" not in calendar_text("a", [event])


@pytest.mark.parametrize(
    ("sender", "lines"),
    [
        (
            Sender(name="Pager, Inc", phone_numbers=("+12065550100",), email="p@example.com"),
            [
                "FN:Pager\\, Inc",
                "TEL;TYPE=WORK,VOICE,MSG,PREF:+12065550100",
                "EMAIL;TYPE=INTERNET,PREF:p@example.com",
            ],
        ),
        (Sender(), ["VERSION:3.0", "FN:imbot", "N:;imbot;;;"]),
    ],
)
def test_the_sender_s_card_names_its_numbers(sender: Sender, lines: list[str]) -> None:
    card = vcard(sender).split("\r\n")

    assert set(lines) < set(card)
    assert (card[0], card[-2], card[-1]) == ("BEGIN:VCARD", "END:VCARD", "")
