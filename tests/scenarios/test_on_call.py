from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.on_call import DAILY, NIGHTS
from tests.scenarios.chat import Chat
from tests.scenarios.world import World, contact_arn

NOBODY = "SSM Contacts Nobody On Call for Incident"


async def has_schedule(
    world: World, name: str, *people: str, recurrence: dict[str, Any] = DAILY
) -> str:
    """A schedule of one rotation of these people; answers the rotation's ARN."""
    made = await world.call(
        "ssm-contacts",
        "CreateRotation",
        Name=name,
        ContactIds=[contact_arn(one) for one in people],
        TimeZoneId="UTC",
        Recurrence=recurrence,
    )
    await world.call(
        "ssm-contacts",
        "CreateContact",
        Alias=name,
        DisplayName=name.capitalize(),
        Type="ONCALL_SCHEDULE",
        Plan={"RotationIds": [made["RotationArn"]]},
    )
    return str(made["RotationArn"])


async def puts_on_call(world: World, rotation: str, people: Sequence[str]) -> None:
    await world.call(
        "ssm-contacts",
        "CreateRotationOverride",
        RotationId=rotation,
        NewContactIds=[contact_arn(one) for one in people],
        StartTime=world.clock.now(),
        EndTime=world.clock.later(hours=2),
    )


async def test_the_first_stage_of_a_plan_is_whoever_is_on_call(world: World) -> None:
    for name in ("ana", "ben", "cleo"):
        await world.has_person(name)
    await has_schedule(world, "primary", "ana", "ben")
    await world.has_escalation_plan("team", [("primary", 5), ("cleo", 5)])
    await world.has_response_plan("team")

    await world.advance(days=1)
    await world.starts_incident()
    assert (len(world.pages_on("ana")), len(world.pages_on("ben"))) == (0, 1)

    await world.advance(minutes=5)
    assert len(world.pages_on("cleo")) == 1


async def test_in_a_gap_the_next_stage_begins_at_once(world: World) -> None:
    await world.has_person("ana")
    await world.has_person("ben")
    await has_schedule(world, "nights", "ana", recurrence=NIGHTS)
    await world.has_escalation_plan("team", [("nights", 5), ("ben", 5)])
    await world.has_response_plan("team")
    await world.advance(hours=(23 - world.clock.now().hour) % 24)

    await world.starts_incident()

    assert world.pages_on("ana") == []
    assert len(world.pages_on("ben")) == 1
    assert NOBODY in await world.timeline()


async def test_an_override_takes_effect_at_once(world: World) -> None:
    await world.has_person("ana")
    await world.has_person("ben")
    rotation = await has_schedule(world, "primary", "ana", "ben")
    await world.has_response_plan("primary")

    await puts_on_call(world, rotation, ["ben"])
    await world.starts_incident()

    assert world.pages_on("ana") == []
    assert len(world.pages_on("ben")) == 1


async def test_chat_tells_who_is_on_call_now_and_next(town_world: World, chat: Chat) -> None:
    for name in ("ana", "ben"):
        await town_world.has_contact(name)
    rotation = await has_schedule(town_world, "primary", "ana", "ben")

    words = await chat.answers("@aws who is on call?")
    assert "Now: *Ana*" in words
    assert "Next: *Ben* from <!date^" in words
    assert "Rotation primary, UTC" in words

    await puts_on_call(town_world, rotation, [])
    words = await chat.answers("@aws on-call")
    assert "Now: *✗ Nobody*" in words
    assert "Next: *Ana*" in words


async def test_chat_says_that_there_is_no_schedule(chat: Chat) -> None:
    assert "There is no on-call schedule" in await chat.answers("@aws who is on call")
