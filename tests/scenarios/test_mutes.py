from __future__ import annotations

from tests.scenarios.chat import Chat
from tests.scenarios.world import World, code_in, contact_arn


async def test_a_contact_is_muted_from_chat_and_its_plan_goes_on_without_it(
    world: World,
) -> None:
    chat = Chat(world)
    await world.has_person("ana")
    await world.has_person("ben")
    await world.has_escalation_plan("on-call", [("ana", 5), ("ben", 5)])
    await world.has_response_plan("on-call")

    said = await chat.answers("@aws mute Ana for 8h")
    await world.starts_incident()

    assert "*Ana* is muted until" in said
    assert world.pages_on("ana") == []
    assert len(world.pages_on("ben")) == 1
    card = await chat.answers(
        f"@aws ssm-contacts get-contact --contact-id {contact_arn('ana')}"
    )
    assert "Muted until" in card
    assert "1 page was withheld" in card


async def test_unmuting_tells_how_many_pages_were_withheld(world: World) -> None:
    chat = Chat(world)
    await world.has_person("ana")
    await world.has_response_plan("ana")
    await chat.hears("@aws mute ana until 07:00 Europe/Dublin")
    await world.starts_incident()

    said = await chat.answers("@aws unmute ana")
    await world.starts_incident()

    assert "1 page was withheld" in said
    assert len(world.pages_on("ana")) == 1


async def test_a_mute_that_cannot_be_read_says_how_it_is_typed(world: World) -> None:
    chat = Chat(world)
    await world.has_person("ana")

    for typed in ("mute ana", "mute ana until whenever", "mute", "unmute", "mute ana for ever"):
        assert "mute ana for 8h" in await chat.answers(f"@aws {typed}")


async def test_accepting_a_page_by_its_operation_says_in_chat_who_was_faster(
    world: World,
) -> None:
    chat = Chat(world)
    await world.has_person("ana")
    await world.has_response_plan("ana")
    await world.starts_incident()
    code = code_in(world.pages_on("ana")[0])
    listed = await world.call(
        "ssm-contacts", "ListPagesByContact", ContactId=contact_arn("ana")
    )
    arn = listed["Pages"][0]["PageArn"]
    await world.replies("ana", code)

    said = await chat.answers(
        f"@aws ssm-contacts accept-page --page-id {arn} --accept-type READ --accept-code {code}"
    )

    assert "Already acknowledged by Ana at" in said
