"""One person by two routes of one plan, as the simulation found them to go wrong."""

from __future__ import annotations

from typing import Any

from bot.core.store.engagements import Engagement
from tests.core.desk import Desk
from tests.harness import CONTACTS
from tests.on_call import has_rotation, has_schedule


def stage(minutes: int, *targets: tuple[str, bool]) -> dict[str, Any]:
    return {
        "DurationInMinutes": minutes,
        "Targets": [
            {"ContactTargetInfo": {"ContactId": arn, "IsEssential": is_essential}}
            for arn, is_essential in targets
        ],
    }


async def test_an_acknowledgement_ends_the_plan_if_one_of_two_routes_is_essential(
    desk: Desk,
) -> None:
    ana = await desk.has_person("ana", "SMS", minutes=30)
    stages = [stage(1, (ana, False)), stage(5, (ana, True))]
    team = await desk.has_contact("team", Type="ESCALATION", Plan={"Stages": stages})
    started = await desk.engages(team)
    await desk.run_due(minutes=1)
    [page] = (await desk.call(CONTACTS, "ListPagesByContact", ContactId=ana))["Pages"]

    code = desk.last_page().code
    given = {"PageId": page["PageArn"], "AcceptType": "READ", "AcceptCode": code}
    await desk.call(CONTACTS, "AcceptPage", **given)

    [above] = await desk.rows(Engagement, arn=started)
    assert above.acknowledged_by == ana


async def test_two_routes_of_one_stage_join_though_an_earlier_plan_has_just_run_out(
    desk: Desk,
) -> None:
    ana = await desk.has_person("ana", "SMS", minutes=1)
    schedule = await has_schedule(desk, await has_rotation(desk, "ana"))
    stages = [stage(1, (ana, True)), stage(5, (schedule, True), (ana, True))]
    team = await desk.has_contact("team", Type="ESCALATION", Plan={"Stages": stages})
    await desk.engages(team)

    await desk.run_due(minutes=1)

    found = await desk.rows(Engagement, contact_arn=ana)
    assert [one.ended_at is None for one in found] == [False, True]
