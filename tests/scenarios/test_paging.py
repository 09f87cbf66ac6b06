"""What each medium says, and whom a plan turns to when it cannot go as written."""

from __future__ import annotations

from bot.playground.phone_state import segments
from tests.scenarios.links import link_in
from tests.scenarios.world import TITLE, World, code_in, contact_arn

SECRET_CONTENT = "The customer database is leaking."


async def engage(world: World, name: str, **texts: str) -> str:
    """Engage somebody directly; answers the engagement."""
    given = {"Subject": f"Secret {TITLE}", "Content": SECRET_CONTENT, "PublicSubject": TITLE}
    started = await world.call(
        "ssm-contacts",
        "StartEngagement",
        ContactId=contact_arn(name),
        Sender="tests",
        **(given | texts),
    )
    return str(started["EngagementArn"])


async def test_a_text_says_only_what_is_public_in_one_segment(town_world: World) -> None:
    world = town_world
    await world.has_person("ana")

    await engage(world, "ana", PublicSubject=f"{TITLE} " + "and so on " * 30)

    (page,) = world.pages_on("ana")
    assert "Secret" not in page
    assert SECRET_CONTENT not in page
    assert segments(page) == 1
    assert code_in(page)
    assert "UNSUBSCRIBE to stop" in page


async def test_a_text_in_another_alphabet_keeps_its_code(town_world: World) -> None:
    world = town_world
    await world.has_person("ana")

    await engage(world, "ana", PublicSubject="Платежи не проходят, клиенты не могут заплатить")

    page = world.phone("ana").texts[-1]
    assert segments(page) == 1
    assert "Платежи" in page
    assert code_in(page)


async def test_an_engagement_without_a_public_subject_leaks_nothing_by_text(
    town_world: World,
) -> None:
    world = town_world
    await world.has_person("ana")

    await world.call(
        "ssm-contacts",
        "StartEngagement",
        ContactId=contact_arn("ana"),
        Sender="tests",
        Subject="Secret",
        Content=SECRET_CONTENT,
    )

    page = world.phone("ana").texts[-1]
    assert "Secret" not in page
    assert SECRET_CONTENT not in page


async def test_a_mail_says_everything_and_how_to_answer(world: World) -> None:
    await world.has_person("ana", "EMAIL")
    await world.has_response_plan("ana")
    arn = await world.starts_incident()

    (mail,) = world.mails_to("ana")
    link = link_in(mail, "ack")

    assert mail.subject == TITLE
    for words in ("Cards are declined.", arn, code_in(mail.text), link):
        assert words in mail.text
        assert words in mail.html
    assert "answer with the code: reply above this line." in mail.text
    assert "Replies to this mail are not read." not in mail.text
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message["Message-ID"]
    assert link_in(mail, "unsubscribe") in mail.message["List-Unsubscribe"]


async def test_mails_travel_over_a_kept_connection(town_world: World) -> None:
    world = town_world
    await world.has_person("ana", "EMAIL")
    await world.has_response_plan("ana")
    before = world.town.mailbox.server.connections

    for _ in range(3):
        await world.starts_incident()
        await world.advance(seconds=20)

    assert len(world.mails_to("ana")) == 3
    assert world.town.mailbox.server.connections == before


async def test_a_call_says_subject_and_content(town_world: World) -> None:
    world = town_world
    await world.has_person("ana", "VOICE")

    await engage(world, "ana")

    said = await world.phone("ana").answer()
    assert f"Secret {TITLE}" in said
    assert SECRET_CONTENT in said


async def test_a_plan_edited_midway_runs_as_it_was_at_the_start(world: World) -> None:
    for name in ("ana", "ben", "cleo"):
        await world.has_person(name)
    plan = await world.has_escalation_plan("on-call", [("ana", 5), ("ben", 5)])
    await world.has_response_plan("on-call")
    await world.starts_incident()

    target = {"ContactTargetInfo": {"ContactId": contact_arn("cleo"), "IsEssential": True}}
    stages = [{"DurationInMinutes": 1, "Targets": [target]}]
    await world.call("ssm-contacts", "UpdateContact", ContactId=plan, Plan={"Stages": stages})
    await world.advance(minutes=20)

    assert len(world.pages_on("ben")) == 1
    assert world.pages_on("cleo") == []


async def test_a_channel_deleted_midway_is_passed_over_at_once(world: World) -> None:
    await world.has_person("ana", "SMS", "EMAIL", "VOICE", minutes=5)
    await world.has_response_plan("ana")
    mail = await world.channel_arn("ana", "EMAIL")
    await world.starts_incident()

    await world.call("ssm-contacts", "DeleteContactChannel", ContactChannelId=mail)
    await world.advance(minutes=5)

    assert world.mails_to("ana") == []
    assert world.phone("ana").is_ringing
    assert ("ERROR", "The contact channel was deleted.") in await world.receipts_of("ana")


async def test_somebody_without_channels_gives_way_at_once_and_it_is_told(
    world: World,
) -> None:
    await world.has_contact("ana")
    await world.has_person("ben")
    await world.has_escalation_plan("on-call", [("ana", 30), ("ben", 5)])
    await world.has_response_plan("on-call")

    await world.starts_incident()

    assert len(world.pages_on("ben")) == 1
    assert "SSM Contacts Engagement Unreachable for Incident" in await world.timeline()


async def test_a_stage_tells_all_of_its_people_at_once(town_world: World) -> None:
    world = town_world
    for name in ("ana", "ben", "cleo"):
        await world.has_person(name)
    await world.has_escalation_plan("on-call", [(("ana", "ben"), 5), ("cleo", 0)])
    await world.has_response_plan("on-call")

    await world.starts_incident()

    assert len(world.pages_on("ana")) == len(world.pages_on("ben")) == 1
    await world.advance(minutes=5)
    assert len(world.pages_on("cleo")) == 1


async def test_one_broken_number_keeps_nobody_else_of_its_stage_from_being_told(
    town_world: World,
) -> None:
    world = town_world
    await world.has_person("ana")
    await world.has_person("ben")
    await world.has_escalation_plan("on-call", [(("ana", "ben"), 5)])
    await world.has_response_plan("on-call")
    world.phone("ana").facts.is_blocked = True

    await world.starts_incident()

    assert len(world.pages_on("ben")) == 1


async def test_a_stopped_engagement_tells_nobody_more_and_says_so_to_who_answers(
    world: World,
) -> None:
    await world.has_person("ana", "SMS", "EMAIL", minutes=5)
    engagement = await engage(world, "ana")
    code = code_in(world.pages_on("ana")[0])

    await world.call(
        "ssm-contacts", "StopEngagement", EngagementId=engagement, Reason="a false alarm"
    )
    await world.advance(minutes=30)
    await world.replies("ana", code)

    assert world.mails_to("ana") == []
    assert ("STOP", "a false alarm") in await world.receipts_of("ana")
    assert "No longer needed: stopped by administrator at" in world.phone("ana").texts[-1]


async def test_a_second_start_of_the_same_trouble_is_folded_into_the_open_incident(
    world: World,
) -> None:
    await world.has_person("ana")
    arn = await world.has_response_plan("ana")
    await world.call(
        "ssm-incidents", "UpdateResponsePlan", arn=arn, incidentTemplateDedupeString="cards"
    )

    first = await world.starts_incident()
    second = await world.starts_incident()

    assert first == second
    assert len(world.pages_on("ana")) == 1


async def test_a_contact_created_again_inherits_no_pages(town_world: World) -> None:
    world = town_world
    ana = await world.has_person("ana")
    await engage(world, "ana")
    await world.call("ssm-contacts", "DeleteContact", ContactId=ana)

    await world.has_contact("ana")

    listed = await world.call("ssm-contacts", "ListPagesByContact", ContactId=ana)
    assert listed["Pages"] == []
