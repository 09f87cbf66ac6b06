"""Daily limits of texts, calls and activation codes: who is held up is told by the next way."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.core.effects.caps import REACHED
from bot.playground.phone import TOO_MANY
from tests.scenarios.chat import Chat
from tests.scenarios.world import PLAN, World, code_in, contact_arn, open_world

TO_ONE = (
    "The limit of 2 texts a day to one address is reached; the next day begins at 00:00 UTC."
)
MORNING = 9
"""The hour at which these stories begin, so that none goes on into the next day."""


@pytest.fixture
async def frugal_world(database_url: str) -> AsyncIterator[World]:
    """Two texts to one number a day, three in all, and one call to one number."""
    async with open_world(
        database_url,
        IMBOT_DAILY_TEXTS_TO_ONE_NUMBER="2",
        IMBOT_DAILY_TEXTS="3",
        IMBOT_DAILY_CALLS_TO_ONE_NUMBER="1",
    ) as opened:
        await opened.advance_to(MORNING)
        yield opened


@pytest.fixture
async def codeless_world(sqlite_url: str) -> AsyncIterator[World]:
    """Two activation codes to one address a day."""
    async with open_world(sqlite_url, IMBOT_DAILY_CODES_TO_ONE_ADDRESS="2") as opened:
        await opened.advance_to(MORNING)
        yield opened


async def starts(world: World, *titles: str, apart: float = 60) -> None:
    """Incidents of these titles, one after the other."""
    for title in titles:
        await world.call("ssm-incidents", "StartIncident", responsePlanArn=PLAN, title=title)
        await world.advance(seconds=apart)


def texted(world: World, name: str = "ana") -> list[str]:
    """The first lines of the texts that page."""
    texts = world.phone(name).texts
    return [text.split("\n")[0] for text in texts if "\nReply " in text]


def codes(world: World) -> int:
    return len([text for text in world.phone("ana").texts if "activation code" in text])


async def limits_on_timelines(world: World) -> int:
    found = 0
    for incident in await world.incidents():
        events = await world.call(
            "ssm-incidents", "ListTimelineEvents", incidentRecordArn=incident["arn"]
        )
        found += [event["eventType"] for event in events["eventSummaries"]].count(REACHED)
    return found


async def test_a_number_that_had_its_texts_is_told_by_the_next_medium_at_once(
    frugal_world: World,
) -> None:
    world = frugal_world
    await world.has_person("ana", "SMS", "EMAIL", minutes=30)
    await world.has_response_plan("ana")

    await starts(world, "A", "B", "C")

    assert texted(world) == ["A", "B"]
    [mail] = [m for m in world.town.mailbox.to("ana@example.com") if "Code:" in m.text][1:]
    assert mail.subject == "C"
    assert ("ERROR", TO_ONE) in await world.receipts_of("ana")


async def test_a_limit_is_told_once_a_day_and_not_once_a_page(
    frugal_world: World,
) -> None:
    world = frugal_world
    await world.has_person("ana", "SMS", "EMAIL", minutes=30)
    await world.has_response_plan("ana")

    await starts(world, "A", "B", "C", "D", "E")
    assert await limits_on_timelines(world) == 1
    await world.advance(days=1)
    await starts(world, "F", "G", "H", "I")

    assert await limits_on_timelines(world) == 2
    assert texted(world) == ["A", "B", "F", "G"]


async def test_the_limit_in_total_counts_the_texts_to_all_numbers(
    frugal_world: World,
) -> None:
    world = frugal_world
    for name in ("ana", "ben"):
        await world.has_person(name, "SMS", "EMAIL", minutes=30)
    await world.has_response_plan("ana", "ben")

    await starts(world, "A", "B")

    assert len(texted(world, "ana") + texted(world, "ben")) == 3
    [(_, reason)] = [r for r in await world.receipts_of("ben") if r[0] == "ERROR"]
    assert reason.startswith("The limit of 3 texts a day in total is reached;")


async def test_a_bundle_counts_once_and_each_of_its_pages_goes_on_where_it_may_not_leave(
    frugal_world: World,
) -> None:
    world = frugal_world
    await world.has_person("ana", "SMS", "EMAIL", minutes=30)
    await world.has_response_plan("ana")

    await starts(world, "A", "B", "C", apart=0)
    await world.advance(seconds=20)
    assert texted(world) == ["A", "2 incidents, newest: C; B"]
    await starts(world, "D", "E", apart=0)
    await world.advance(seconds=20)

    assert len(texted(world)) == 2
    subjects = [mail.subject for mail in world.town.mailbox.to("ana@example.com")]
    assert subjects[1:] == ["D", "E"]


async def test_what_is_left_of_a_bundle_that_never_left_is_not_counted_again(
    frugal_world: World,
) -> None:
    world = frugal_world
    await world.has_person("ana", "SMS", minutes=30)
    await world.has_response_plan("ana")
    await starts(world, "A", "B", "C", apart=0)
    world.town.phones.misbehave("POST Messages", TOO_MANY)
    await world.advance(seconds=20)
    assert texted(world) == ["A"]

    pages = await world.call("ssm-contacts", "ListPagesByContact", ContactId=contact_arn("ana"))
    await world.call(
        "ssm-contacts",
        "AcceptPage",
        PageId=pages["Pages"][0]["PageArn"],
        AcceptType="READ",
        AcceptCode="000000",
        AcceptCodeValidation="IGNORE",
    )
    await world.advance(minutes=1)

    assert texted(world) == ["A", "B"]


async def test_where_no_medium_is_left_the_next_stage_begins_at_once(
    frugal_world: World,
) -> None:
    world = frugal_world
    await world.has_person("ana", "VOICE", minutes=30)
    await world.has_person("ben", "SMS", minutes=30)
    await world.has_escalation_plan("team", [("ana", 30), ("ben", 30)])
    await world.has_response_plan("team")

    await starts(world, "A", apart=120)
    await starts(world, "B")

    assert texted(world, "ben") == ["B"]


async def test_the_topic_hears_of_a_limit(sqlite_url: str) -> None:
    async with open_world(sqlite_url, IMBOT_DAILY_TEXTS="0") as world:
        chat = Chat(world)
        await world.has_person("ana", "SMS", "EMAIL", minutes=30)
        await world.has_response_plan("ana", topic=await world.has_topic_in_slack())

        await starts(world, "A")
        await world.settle()

        [card] = chat.cards()
        said = [words for words in chat.replies(card) if "limit of 0 texts" in words]
        assert len(said) == 1


async def test_no_more_activation_codes_leave_than_a_day_allows(codeless_world: World) -> None:
    world = codeless_world
    await world.has_contact("ana")
    channel = await world.has_channel("ana", "SMS", activated=False)

    for _ in range(2):
        await world.call("ssm-contacts", "SendActivationCode", ContactChannelId=channel)
    with pytest.raises(Exception, match="limit of 2 activation codes a day to one address"):
        await world.call("ssm-contacts", "SendActivationCode", ContactChannelId=channel)

    code = code_in(world.phone("ana").texts[-1])
    assert len(world.phone("ana").texts) == 2
    await world.call(
        "ssm-contacts", "ActivateContactChannel", ContactChannelId=channel, ActivationCode=code
    )
    assert await world.activation_status("ana", "SMS") == "ACTIVATED"


async def test_start_counts_though_its_code_may_not_leave_before_tomorrow(
    codeless_world: World,
) -> None:
    world = codeless_world
    await world.has_person("ana", "SMS")
    channel = await world.channel_arn("ana", "SMS")
    await world.call("ssm-contacts", "SendActivationCode", ContactChannelId=channel)
    before = codes(world)

    await world.replies("ana", "UNSUBSCRIBE")
    await world.replies("ana", "START")
    assert codes(world) == before
    await world.advance(days=1)
    await world.call("ssm-contacts", "SendActivationCode", ContactChannelId=channel)

    assert codes(world) == before + 1
