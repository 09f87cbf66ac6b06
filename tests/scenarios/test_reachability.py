from __future__ import annotations

from tests.scenarios.chat import Chat
from tests.scenarios.world import World, contact_arn


async def test_chat_tells_who_is_reachable_and_why_not(town_world: World, chat: Chat) -> None:
    assert "There are no contacts" in await chat.answers("@aws who is reachable?")

    await town_world.has_person("ana")
    await town_world.has_contact("ben")
    await town_world.has_escalation_plan("team", [("ben", 5)])
    words = await chat.answers("@aws who-is-reachable")

    assert "✗ 2 of 3 contacts, plans and schedules could tell nobody now." in words
    assert "*Ben* Its plan has no stages." in words
    assert "Nobody it engages can be reached: Ben." in words
    assert "*Ana*" not in words


async def test_the_operation_can_be_asked_by_its_name_too(
    town_world: World, chat: Chat
) -> None:
    await town_world.has_contact("ben")

    assert "Its plan has no stages." in await chat.answers("@aws imbot list-unreachable")


async def test_r24_a_plan_that_leads_nowhere_is_accepted_and_chat_says_so_at_once(
    town_world: World, chat: Chat
) -> None:
    words = await chat.answers(
        "@aws ssm-contacts create-contact --alias ben --type PERSONAL --plan Stages=[]"
    )
    assert "⚠ It could tell nobody now. Its plan has no stages." in words

    await town_world.has_escalation_plan("team", [("ben", 5)])
    words = await chat.answers(
        "@aws ssm-incidents create-response-plan --name payments --incident-template"
        f" title=Down,impact=2 --engagements {contact_arn('team')}"
    )
    assert "⚠ It could tell nobody now. Nobody it engages can be reached: team." in words


async def test_nothing_is_added_for_a_plan_that_tells_somebody(
    town_world: World, chat: Chat
) -> None:
    await town_world.has_person("ana")

    words = await chat.answers(
        "@aws ssm-incidents create-response-plan --name payments --incident-template"
        f" title=Down,impact=2 --engagements {contact_arn('ana')}"
    )

    assert "⚠" not in words
