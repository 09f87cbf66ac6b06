from __future__ import annotations

from tests.scenarios.chat import Chat
from tests.scenarios.world import World

PNG = b"\x89PNG\r\n\x1a\n"


async def has_a_resolved_incident(world: World) -> None:
    """Acknowledged after two minutes, resolved after thirty-two."""
    await world.has_person("ana")
    await world.has_response_plan("ana")
    incident = await world.starts_incident()
    await world.advance(minutes=2)
    [page] = world.pages_on("ana")
    await world.replies("ana", page.partition("Reply ")[2][:6])
    await world.advance(minutes=30)
    await world.call("ssm-incidents", "UpdateIncidentRecord", arn=incident, status="RESOLVED")


async def test_chat_counts_incidents_and_uploads_a_picture_under_the_card(
    town_world: World, chat: Chat
) -> None:
    await has_a_resolved_incident(town_world)

    card, picture = await chat.hears("@aws incident-metrics 7d by plan and impact")

    assert "*Created*\n1" in card.words
    assert "*Time to first acknowledgement*\n2 min (longest 2 min, of 1)" in card.words
    assert "*Time to resolve*\n32 min (longest 32 min, of 1)" in card.words
    assert "· " in card.words
    [name] = picture.files
    file = chat.slack.workspace.files[name]
    assert file.content.startswith(PNG)
    assert file.alt.startswith("1 created, 1 resolved, acknowledged after 2 min,")


async def test_a_slack_without_the_permission_gets_the_card_and_the_reason(
    town_world: World, chat: Chat
) -> None:
    await has_a_resolved_incident(town_world)
    chat.slack.server.scopes -= {"files:write"}

    words = await chat.answers("@aws incident-metrics")

    assert "*Created*\n1" in words
    assert (
        "The picture could not be attached. The app lacks a permission:"
        " install it again from manifest.yml. (missing_scope)"
    ) in words


async def test_a_slack_that_breaks_off_an_upload_gets_the_card_at_last(
    town_world: World, chat: Chat
) -> None:
    await has_a_resolved_incident(town_world)
    chat.slack.misbehave("files.completeUploadExternal", error="internal_error")

    card, note = await chat.hears("@aws incident metrics by impact")

    assert "*Created*\n1" in card.words
    assert note.words.startswith("The picture could not be attached.")


async def test_without_incidents_chat_says_so_and_draws_nothing(
    town_world: World, chat: Chat
) -> None:
    words = await chat.answers("@aws imbot get-incident-metrics")

    assert words.startswith("No incident was created or resolved:")


async def test_a_query_picks_from_the_answer_instead(town_world: World, chat: Chat) -> None:
    words = await chat.answers("@aws incident-metrics 7d --query Total.NumberOfCreateIncidents")
    assert "`0`" in words


async def test_what_is_not_understood_is_answered_with_an_example(
    town_world: World, chat: Chat
) -> None:
    assert "`since easter` is not understood" in await chat.answers(
        "@aws incident-metrics since easter"
    )
    assert "only by plan, impact and source" in await chat.answers(
        "@aws incident-metrics 7d by mood"
    )
    assert "StartTime must be before EndTime" in await chat.answers(
        "@aws incident-metrics --start-time 2030-01-01"
    )
