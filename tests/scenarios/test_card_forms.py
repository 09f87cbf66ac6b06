"""The card's buttons, and the forms that they open."""

from __future__ import annotations

import json

import pytest

from bot.playground.slack import ADMIN, ANA, BEN, GUEST, INCIDENTS
from tests.scenarios.chat import Chat, Shown
from tests.scenarios.test_direct_messages import link
from tests.scenarios.world import TITLE, World, contact_arn

ENGAGE, UPDATE, ADD_EVENT = "engage_someone", "update_incident", "add_event"


async def shown(world: World, *engaged: str) -> tuple[str, Shown]:
    """An incident and its card."""
    for name in engaged:
        await world.has_person(name)
    topic = await world.has_topic_in_slack()
    await world.has_response_plan(*engaged, topic=topic)
    arn = await world.starts_incident()
    return arn, Chat(world).cards()[-1]


async def record(world: World, arn: str) -> dict[str, object]:
    answer = await world.call("ssm-incidents", "GetIncidentRecord", arn=arn)
    return dict(answer["incidentRecord"])


async def test_the_update_form_changes_title_impact_and_summary(world: World) -> None:
    chat = Chat(world)
    arn, card = await shown(world)

    form = await chat.opens(card, UPDATE)
    assert TITLE in form
    assert "Cards are declined." in form
    assert await chat.submits(title="Calmer", impact="3", summary="It was the cable.") == {}
    await world.advance(seconds=2)

    now = await record(world, arn)
    assert (now["title"], now["impact"], now["summary"]) == ("Calmer", 3, "It was the cable.")
    assert chat.form() == ""
    for words in ("Calmer", "3 (Medium)", "It was the cable."):
        assert words in chat.cards()[-1].words


async def test_two_who_edit_the_summary_at_once_are_shown_each_others_text(
    world: World,
) -> None:
    chat = Chat(world)
    arn, card = await shown(world)
    await chat.opens(card, UPDATE, user=BEN)
    await chat.opens(card, UPDATE, user=ANA)

    await chat.submits(user=ANA, summary="It was the cable.")
    assert await chat.submits(user=BEN, summary="It was the switch.", title="Both") == {}

    form = chat.form(BEN)
    assert "It was the cable." in form
    assert "It was the switch." in form
    assert "ana changed the summary" in form
    now = await record(world, arn)
    assert (now["summary"], now["title"]) == ("It was the cable.", TITLE)

    await chat.submits(user=BEN, summary="It was the cable at the switch.")
    now = await record(world, arn)
    assert (now["summary"], now["title"]) == ("It was the cable at the switch.", "Both")
    assert chat.form(BEN) == ""


async def test_ones_own_text_may_win_after_both_were_shown(town_world: World) -> None:
    chat = Chat(town_world)
    arn, card = await shown(town_world)
    await chat.opens(card, UPDATE, user=BEN)
    await town_world.call("ssm-incidents", "UpdateIncidentRecord", arn=arn, summary="Theirs")

    await chat.submits(user=BEN, summary="Mine")
    await chat.submits(user=BEN)

    assert (await record(town_world, arn))["summary"] == "Mine"


async def test_what_somebody_else_changed_meanwhile_is_not_changed_back(
    town_world: World,
) -> None:
    chat = Chat(town_world)
    arn, card = await shown(town_world)
    await chat.opens(card, UPDATE)
    await town_world.call("ssm-incidents", "UpdateIncidentRecord", arn=arn, impact=4)

    await chat.submits(title="Other")

    now = await record(town_world, arn)
    assert (now["title"], now["impact"]) == ("Other", 4)


async def test_a_form_tells_what_is_wrong_and_stays(town_world: World) -> None:
    chat = Chat(town_world)
    arn, card = await shown(town_world)
    await chat.opens(card, ADD_EVENT)
    ahead = int(town_world.clock.now().timestamp()) + 3600

    assert await chat.submits(text="Too early", time=ahead) == {
        "time": "That is in the future."
    }
    assert await chat.submits(text="Just now") == {}
    events = await custom_events(town_world, arn)
    assert events == ["Just now"]


async def custom_events(world: World, arn: str) -> list[object]:
    listed = await world.call("ssm-incidents", "ListTimelineEvents", incidentRecordArn=arn)
    found = []
    for one in reversed(listed["eventSummaries"]):
        if one["eventType"] == "Custom Event":
            event = await world.call(
                "ssm-incidents",
                "GetTimelineEvent",
                incidentRecordArn=arn,
                eventId=one["eventId"],
            )
            found.append(json.loads(event["event"]["eventData"]))
    return found


async def test_an_event_of_earlier_stands_at_its_time(world: World) -> None:
    chat = Chat(world)
    arn, card = await shown(world)
    await chat.opens(card, ADD_EVENT, user=ANA)
    earlier = int(world.clock.now().timestamp()) - 600

    await chat.submits(user=ANA, text="The first complaint", time=earlier)

    listed = await world.call("ssm-incidents", "ListTimelineEvents", incidentRecordArn=arn)
    last = listed["eventSummaries"][-1]
    assert (last["eventType"], int(last["eventTime"].timestamp())) == ("Custom Event", earlier)
    assert any("The first complaint" in words for words in chat.replies(card))


async def test_whom_the_form_engages_is_paged(world: World) -> None:
    chat = Chat(world)
    await world.has_person("ben")
    _, card = await shown(world, "ana")

    form = await chat.opens(card, ENGAGE, user=ANA)
    assert "Ben" in form
    await chat.submits(user=ANA, contact=contact_arn("ben"))

    [page] = world.pages_on("ben")
    assert TITLE in page
    await world.advance(seconds=2)
    assert "*Engaged*\nAna, Ben" in chat.cards()[-1].words


async def test_the_cards_button_acknowledges_for_whoever_is_linked(world: World) -> None:
    chat = Chat(world)
    await world.has_person("ana")
    await world.has_person("ben")
    await link(chat)
    await world.has_escalation_plan("on-call", [("ana", 5), ("ben", 5)])
    await world.has_response_plan("on-call", topic=await world.has_topic_in_slack())
    await world.starts_incident()
    card = chat.cards()[-1]

    await chat.presses(card, "acknowledge_incident", user=BEN)
    assert "linked to no contact" in chat.whispers(BEN)[-1]

    await chat.presses(card, "acknowledge_incident", user=ANA)
    await world.advance(minutes=30)

    assert world.pages_on("ben") == []
    assert "*Acknowledged by*\nAna" in chat.cards()[-1].words
    assert chat.whispers(ANA) == []


async def test_a_guest_gets_no_form_and_is_told_so(town_world: World) -> None:
    chat = Chat(town_world)
    _, card = await shown(town_world)

    await chat.presses(card, UPDATE, user=GUEST)

    assert chat.form(GUEST) == ""
    assert "Guests" in chat.shown()[-1].words


async def test_who_lost_his_rights_meanwhile_is_refused_in_the_form(town_world: World) -> None:
    chat = Chat(town_world)
    arn, card = await shown(town_world)
    await chat.opens(card, UPDATE, user=BEN)
    configured = await town_world.call("chatbot", "DescribeSlackChannelConfigurations")
    [one] = configured["SlackChannelConfigurations"]
    arn_of_it = one.pop("ChatConfigurationArn")
    await town_world.call(
        "chatbot", "DeleteSlackChannelConfiguration", ChatConfigurationArn=arn_of_it
    )
    await town_world.call(
        "chatbot",
        "CreateSlackChannelConfiguration",
        SlackTeamId=one["SlackTeamId"],
        SlackChannelId=one["SlackChannelId"],
        ConfigurationName="readers",
        IamRoleArn=one["IamRoleArn"],
        GuardrailPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"],
    )

    complaints = await chat.submits(user=BEN, title="No more")

    assert "not authorized" in next(iter(complaints.values()))
    assert (await record(town_world, arn))["title"] == TITLE


async def test_a_form_that_slack_opens_too_late_is_said_in_words(town_world: World) -> None:
    chat = Chat(town_world)
    _, card = await shown(town_world)
    chat.slack.misbehave("views.open", error="expired_trigger_id")

    await chat.presses(card, UPDATE)

    assert "Press the button again" in chat.whispers(ADMIN)[-1]


@pytest.mark.parametrize("length", [2999, 3001])
async def test_a_summary_too_long_for_a_form_is_left_out_of_it(
    town_world: World, length: int
) -> None:
    chat = Chat(town_world)
    arn, card = await shown(town_world)
    text = "x" * length
    await town_world.call("ssm-incidents", "UpdateIncidentRecord", arn=arn, summary=text)

    await chat.opens(card, UPDATE)
    await chat.submits(impact="2")

    now = await record(town_world, arn)
    assert (now["summary"], now["impact"]) == (text, 2)


async def test_only_start_impact_and_resolution_are_told_outside_the_thread(
    town_world: World,
) -> None:
    chat = Chat(town_world)
    arn, card = await shown(town_world)

    async def broadcasts() -> int:
        await town_world.settle()
        posted = [a for name, a in chat.slack.server.calls if name == "chat.postMessage"]
        return len([a for a in posted if a.get("reply_broadcast")])

    for changes, count in (
        ({"title": "Other"}, 0),
        ({"summary": "Other"}, 0),
        ({"impact": 2}, 1),
        ({"status": "RESOLVED"}, 2),
    ):
        await town_world.call("ssm-incidents", "UpdateIncidentRecord", arn=arn, **changes)
        assert await broadcasts() == count
    assert card.channel == INCIDENTS
