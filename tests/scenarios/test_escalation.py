from __future__ import annotations

from tests.scenarios.world import TITLE, World, code_in


async def test_an_acknowledged_page_stops_the_escalation(world: World) -> None:
    await world.has_person("ana")
    await world.has_person("ben")
    await world.has_escalation_plan("on-call", [("ana", 5), ("ben", 5)])
    await world.has_response_plan("on-call")

    await world.starts_incident()
    (page,) = world.pages_on("ana")
    await world.phone("ana").text(f" ack {code_in(page)} ")
    await world.advance(minutes=30)

    assert world.pages_on("ben") == []
    assert (await world.timeline())[-1] == "SSM Contacts Page Acknowledgement for Incident"
    assert "cknowledged" in world.phone("ana").texts[-1]


async def test_an_ignored_page_escalates_when_its_stage_is_over(world: World) -> None:
    await world.has_person("ana")
    await world.has_person("ben")
    await world.has_escalation_plan("on-call", [("ana", 5), ("ben", 5)])
    await world.has_response_plan("on-call")

    await world.starts_incident()
    await world.advance(minutes=4)
    assert world.pages_on("ben") == []

    await world.advance(minutes=1)
    (page,) = world.pages_on("ben")
    assert TITLE in page


async def test_each_medium_of_a_person_is_told_in_turn(world: World) -> None:
    await world.has_person("ana", "SMS", "EMAIL", "VOICE", minutes=2)
    await world.has_response_plan("ana")

    await world.starts_incident()
    assert len(world.pages_on("ana")) == 1
    assert world.mails_to("ana") == []

    await world.advance(minutes=2)
    assert len(world.mails_to("ana")) == 1
    assert not world.phone("ana").is_ringing

    await world.advance(minutes=2)
    assert world.phone("ana").is_ringing


async def test_a_page_is_sent_again_while_nobody_answers(world: World) -> None:
    await world.has_person("ana", "SMS", minutes=5, retry=2)
    await world.has_response_plan("ana")

    await world.starts_incident()
    await world.advance(minutes=20)

    pages = world.pages_on("ana")
    assert len(pages) == 3
    assert len({code_in(page) for page in pages}) == 1


async def test_after_hours_of_downtime_the_plan_goes_on_from_where_it_stood(
    world: World,
) -> None:
    for name in ("ana", "ben", "cleo"):
        await world.has_person(name)
    await world.has_escalation_plan("on-call", [("ana", 5), ("ben", 5), ("cleo", 5)])
    await world.has_response_plan("on-call")

    await world.starts_incident()
    await world.sleep_through(hours=3)
    assert len(world.pages_on("ben")) == 1
    assert world.pages_on("cleo") == []

    await world.advance(minutes=5)
    assert len(world.pages_on("cleo")) == 1
