from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.core.store.contacts import Contact, ContactChannel
from tests.harness import CONTACTS, TestHouse, contact_arn
from tests.on_call import NIGHTS, has_rotation, has_schedule, overrides

INCIDENTS = "ssm-incidents"


async def unreachable(house: TestHouse) -> dict[str, str]:
    """Why, by name."""
    answer = await house.call("imbot", "ListUnreachable")
    return {one["DisplayName"]: one["Reason"] for one in answer["Unreachable"]}


async def doubts(house: TestHouse) -> dict[str, str]:
    answer = await house.call("imbot", "ListUnreachable")
    return {one["DisplayName"]: one["Reason"] for one in answer["Doubts"]}


async def plan_of(house: TestHouse, contact: str, *targets: str) -> None:
    """One stage of these contact channels."""
    stage = {
        "DurationInMinutes": 5,
        "Targets": [{"ChannelTargetInfo": {"ContactChannelId": arn}} for arn in targets],
    }
    await house.call(CONTACTS, "UpdateContact", ContactId=contact, Plan={"Stages": [stage]})


async def change_channel(house: TestHouse, arn: str, **changes: Any) -> None:
    def write(tx: Any) -> None:
        tx.update(tx.find(ContactChannel, arn=arn), **changes)

    await house.store.write(write)


async def has_response_plan(house: TestHouse, *engages: str, **more: Any) -> str:
    answer = await house.call(
        INCIDENTS,
        "CreateResponsePlan",
        name="payments",
        incidentTemplate={"title": "It burns", "impact": 2},
        engagements=list(engages),
        **more,
    )
    return str(answer["arn"])


async def test_where_everybody_has_an_active_channel_nobody_is_named(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    ana = await house.has_person("ana", "SMS", "EMAIL")
    team = await house.has_escalation_plan("team", ana)
    await has_schedule(house, await has_rotation(house, "ana"))
    await has_response_plan(house, team)

    answer = await house.call("imbot", "ListUnreachable")

    assert answer == {"CheckedCount": 4, "Unreachable": [], "Doubts": []}


async def test_r17_a_contact_without_an_active_channel_is_named_with_all_that_leans_on_it(
    house_of_each_kind: TestHouse,
) -> None:
    house = house_of_each_kind
    ana = await house.has_contact("ana", DisplayName="Ana Lima")
    await plan_of(house, ana, await house.has_channel(ana, "SMS", is_activated=False))
    team = await house.has_escalation_plan("team", ana)
    await has_schedule(house, await has_rotation(house, "ana"))
    await has_response_plan(house, team)

    assert list((await unreachable(house)).items()) == [
        ("payments", "Nobody it engages can be reached: team."),
        ("team", "Nobody it engages can be reached: Ana Lima."),
        ("schedule", "Nobody who is on call can be reached: Ana Lima."),
        (
            "Ana Lima",
            "None of the contact channels in its plan can be paged:"
            " sms (SMS) is not activated.",
        ),
    ]


async def test_r24_plans_that_lead_nowhere_are_told_apart(house: TestHouse) -> None:
    await house.has_contact("empty")
    stage = {"DurationInMinutes": 5, "Targets": []}
    await house.has_contact("idle", Plan={"Stages": [stage]})
    await house.has_contact("void", Type="ESCALATION", Plan={"Stages": [stage]})
    await has_schedule(house, alias="bare")
    await has_response_plan(house)

    assert await unreachable(house) == {
        "payments": "It engages nobody.",
        "void": "Its plan names no contact.",
        "bare": "It has no rotation, so nobody is ever on call.",
        "empty": "Its plan has no stages.",
        "idle": "Its plan names no contact channel.",
    }


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"is_activated": False}, "sms (SMS) is not activated"),
        ({"is_activated": False, "opted_out_at": "now"}, "sms (SMS) opted out"),
        ({"deleted_at": "now"}, "a contact channel was deleted"),
        ({"fault": "No such number. (21211)"}, "cannot be used (No such number. (21"),
    ],
)
async def test_the_reason_is_the_channels_own(
    house: TestHouse, changes: dict[str, Any], why: str
) -> None:
    await house.has_person("ana", "SMS")
    (channel,) = await house.rows(ContactChannel)
    at = {name: house.clock.now() if v == "now" else v for name, v in changes.items()}

    await change_channel(house, channel.arn, **at)

    assert why in (await unreachable(house))["ana"]


async def test_a_medium_without_settings_reaches_nobody(house: TestHouse) -> None:
    await house.has_person("ana", "VOICE")

    house.has_media("email", "slack")

    assert "voice (VOICE) has no sender" in (await unreachable(house))["ana"]


async def test_one_channel_is_enough_and_the_others_are_doubts(house: TestHouse) -> None:
    ana = await house.has_person("ana", "SMS", "EMAIL")
    ben = await house.has_contact("ben")
    team = await house.has_contact(
        "team",
        Type="ESCALATION",
        Plan={
            "Stages": [
                {
                    "DurationInMinutes": 5,
                    "Targets": [
                        {"ContactTargetInfo": {"ContactId": arn, "IsEssential": True}}
                        for arn in (ana, ben)
                    ],
                }
            ]
        },
    )
    await has_response_plan(house, team)
    sms = next(one.arn for one in await house.rows(ContactChannel) if one.type == "SMS")
    await house.call(CONTACTS, "DeactivateContactChannel", ContactChannelId=sms)

    assert set(await unreachable(house)) == {"ben"}
    assert await doubts(house) == {
        "team": "Reaches somebody, but not ben.",
        "ana": "Can be paged, but sms (SMS) is not activated.",
    }


async def test_a_gap_is_told_while_it_lasts(house: TestHouse) -> None:
    await house.has_person("ana")
    rotation = await has_rotation(house, "ana", Recurrence=NIGHTS)
    await has_schedule(house, rotation, alias="nights")
    assert await unreachable(house) == {"nights": "Nobody is on call now."}

    house.clock.advance(hours=11)
    assert await unreachable(house) == {}

    await overrides(house, rotation)
    assert await unreachable(house) == {"nights": "Nobody is on call now."}


async def test_plans_in_a_circle_end_and_reach_nobody_unless_one_leads_out(
    house: TestHouse,
) -> None:
    ana = await house.has_person("ana")
    first = await house.has_escalation_plan("first", ana)
    await house.has_escalation_plan("second", ana)

    async def leads(alias: str, *targets: str) -> None:
        stage = {
            "DurationInMinutes": 5,
            "Targets": [
                {"ContactTargetInfo": {"ContactId": arn, "IsEssential": True}}
                for arn in targets
            ],
        }

        def write(tx: Any) -> None:
            tx.update(tx.find(Contact, alias=alias), plan={"Stages": [stage]})

        await house.store.write(write)

    await leads("first", contact_arn("second"))
    await leads("second", first)
    assert set(await unreachable(house)) == {"first", "second"}

    await leads("second", first, ana)
    assert await unreachable(house) == {}


async def test_who_is_muted_is_named_until_then(house: TestHouse) -> None:
    await house.has_person("ana")
    await house.has_escalation_plan("team", contact_arn("ana"))
    until = house.clock.now() + timedelta(hours=1)

    def mute(tx: Any) -> None:
        tx.update(tx.find(Contact, alias="ana"), muted_until=until)

    await house.store.write(mute)
    assert await unreachable(house) == {
        "team": "Nobody it engages can be reached: ana.",
        "ana": "Muted until 2026-03-01 10:30 UTC.",
    }

    house.clock.advance(hours=1)
    assert await unreachable(house) == {}


async def test_a_response_plan_that_only_tells_chat_is_a_doubt(house: TestHouse) -> None:
    topic = await house.call("sns", "CreateTopic", Name="chat")

    await has_response_plan(house, chatChannel={"chatbotSns": [topic["TopicArn"]]})

    assert await unreachable(house) == {}
    assert await doubts(house) == {
        "payments": "It engages nobody; only its chat channel is told."
    }


async def test_somebody_who_was_deleted_is_said_to_be_gone(house: TestHouse) -> None:
    await has_response_plan(house, contact_arn("ghost"))

    assert await unreachable(house) == {
        "payments": "Nobody it engages can be reached: ghost (does not exist)."
    }


async def test_many_contacts_cost_as_many_statements_as_one(house: TestHouse) -> None:
    await house.has_person("ana")
    await has_schedule(house, await has_rotation(house, "ana"))
    few = await statements(house)

    for number in range(30):
        await house.has_person(f"person-{number}", "EMAIL")
        rotation = await has_rotation(house, f"person-{number}", Name=f"r{number}")
        await has_schedule(house, rotation, alias=f"schedule-{number}")

    assert await statements(house) == few


async def statements(house: TestHouse) -> int:
    """How many of them the store runs for one look."""
    from bot.core.effects.reachability import reach

    def counted(tx: Any) -> int:
        run = Counted(tx)
        reach(run, account_id=house.caller.account_id, media=frozenset(), now=now)  # type: ignore[arg-type]
        return run.count

    now = house.clock.now()
    return await house.store.read(counted)


class Counted:
    """A transaction whose statements are counted."""

    def __init__(self, tx: Any) -> None:
        self._tx = tx
        self.count = 0

    def __getattr__(self, name: str) -> Any:
        self.count += 1
        return getattr(self._tx, name)
