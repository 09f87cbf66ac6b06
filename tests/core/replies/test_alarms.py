"""What monitors post becomes incidents: one an alarm, never lost, over when the alarm is."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from bot.core.replies import alarm_gate
from bot.core.replies.alarms import (
    NotTaken,
    TooManyWrong,
    UnknownToken,
)
from bot.core.store.accounts import Audit
from bot.core.store.incidents import Incident, TimelineEvent
from tests.core.alarms.payloads import ALARM, alert, event, group, topic_alarm
from tests.core.alarms.sender import Monitor, monitor_of, signed
from tests.core.desk import Desk
from tests.harness import ACCOUNT, REGION

OTHER_ALARM = ALARM.replace("ServerCpu", "Other")


@pytest.fixture
async def monitor(desk: Desk) -> Monitor:
    """Posts alarms for a plan that engages ana."""
    return await monitor_of(desk)


@pytest.fixture
async def resolving(desk: Desk) -> Monitor:
    """The same, with a token that resolves."""
    return await monitor_of(desk, ResolvesIncidents=True)


async def statuses(desk: Desk) -> list[str]:
    return [incident.status for incident in await desk.rows(Incident)]


async def data_of(desk: Desk, event_type: str) -> list[dict[str, Any]]:
    rows = await desk.rows(TimelineEvent, event_type=event_type)
    return [orjson.loads(row.data) for row in rows]


async def test_an_alarm_opens_an_incident_that_pages_and_says_what_set_it_off(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    monitor = await monitor_of(desk)

    outcome = await monitor.post(signed(topic_alarm()))

    assert outcome.result == "opened"
    record = await desk.record(str(outcome.incident_arn))
    assert record["title"] == "Payments are failing [ServerCpuTooHigh]"
    source = record["incidentRecordSource"]
    assert (source["source"], source["resourceArn"]) == ("aws.cloudwatch", ALARM)
    assert source["createdBy"].endswith(":assumed-role/imbot-alarms/monitor")
    assert record["dedupeString"] == f"payments {ALARM}"
    assert len(desk.pages()) == 1
    [trigger] = await data_of(desk, "SSM Incident Trigger")
    raw = orjson.loads(trigger["rawData"])
    metric = raw["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]
    assert metric["dimensions"] == {"InstanceId": "i-12345678901234567"}
    items = await desk.call(
        "ssm-incidents", "ListRelatedItems", incidentRecordArn=outcome.incident_arn
    )
    types = [item["identifier"]["type"] for item in items["relatedItems"]]
    assert "INVOLVED_RESOURCE" in types


async def test_every_start_by_an_alarm_is_audited_with_its_door(
    desk: Desk, monitor: Monitor
) -> None:
    await monitor.post(event())

    [row] = await desk.rows(Audit, operation="StartIncident")
    assert (row.door, row.source, row.outcome) == ("alarm", "192.0.2.1", "OK")
    assert row.actor == "alarm monitor"


async def test_an_alarm_that_fires_again_is_absorbed_and_another_is_not(
    desk: Desk, monitor: Monitor
) -> None:
    first = await monitor.post(event())
    again = await monitor.post(topic_alarm())
    assert len(desk.pages()) == 1
    desk.clock.advance(minutes=1)
    other = await monitor.post(topic_alarm(AlarmArn=OTHER_ALARM))

    assert (again.result, again.incident_arn) == ("absorbed", first.incident_arn)
    assert other.result == "opened"
    assert len(desk.pages()) == 2


async def test_one_alarm_in_two_plans_is_an_incident_of_each(
    desk: Desk, monitor: Monitor
) -> None:
    await monitor.post(event())
    await monitor.has_token(await desk.has_plan("other", engages=["ana"]))

    assert (await monitor.post(event())).result == "opened"


async def test_two_tokens_of_one_plan_know_the_same_alarm(desk: Desk, monitor: Monitor) -> None:
    first = await monitor.has_token(await desk.has_plan("other"), ResolvesIncidents=True)
    await monitor.post({"title": "Disk", "id": 1})
    await desk.call("imbot", "RevokeAlarmToken", AlarmTokenId=first["AlarmTokenId"])
    await monitor.has_token(first["ResponsePlanArn"], ResolvesIncidents=True)

    outcome = await monitor.post({"title": "Disk", "id": 1, "status": "ok"})

    assert outcome.result == "resolved"


async def test_an_alarm_that_is_over_resolves_its_incident_where_the_token_says_so(
    desk: Desk, resolving: Monitor
) -> None:
    opened = await resolving.post(event())
    outcome = await resolving.post(event("OK"))

    assert (outcome.result, outcome.incident_arn) == ("resolved", opened.incident_arn)
    assert await statuses(desk) == ["RESOLVED"]
    [row] = await desk.rows(Audit, operation="UpdateIncidentRecord")
    assert row.door == "alarm"


async def test_without_that_the_timeline_tells_and_people_resolve(
    desk: Desk, monitor: Monitor
) -> None:
    await monitor.post(event())
    outcome = await monitor.post(event("OK"))

    assert outcome.result == "ended"
    assert await statuses(desk) == ["OPEN"]
    assert await data_of(desk, "SSM Incident Alarm Ended") == [
        {"triggerArn": ALARM, "alarmsLeft": 0}
    ]


async def test_of_alarms_that_share_an_incident_the_last_one_resolves_it(desk: Desk) -> None:
    await desk.has_person("ana")
    monitor = Monitor(desk)
    plan = await desk.has_plan(dedupeString="payments", engages=["ana"])
    await monitor.has_token(plan, ResolvesIncidents=True)
    other = topic_alarm(AlarmArn=OTHER_ALARM)
    await monitor.post(event())
    await monitor.post(other)
    await monitor.post(other)

    assert (await monitor.post(event("OK"))).result == "ended"
    assert (await monitor.post({**other, "NewStateValue": "OK"})).result == "resolved"


async def test_an_alarm_never_resolves_what_a_person_opened(desk: Desk) -> None:
    plan = await desk.has_plan(dedupeString="payments")
    monitor = Monitor(desk)
    await monitor.has_token(plan, ResolvesIncidents=True)
    await desk.starts(plan)
    await monitor.post(event())

    assert (await monitor.post(event("OK"))).result == "ended"
    assert await statuses(desk) == ["OPEN"]


async def test_an_end_without_an_incident_does_nothing(desk: Desk, resolving: Monitor) -> None:
    assert (await resolving.post(event("OK"))).result == "ended"
    assert await desk.rows(Incident) == []


async def test_a_group_of_alertmanager_opens_and_resolves_one_incident(
    desk: Desk, resolving: Monitor
) -> None:
    await resolving.post(group(alert("one"), alert("two")))
    outcome = await resolving.post(group(alert("one", "resolved"), status="resolved"))

    assert outcome.result == "resolved"
    assert await statuses(desk) == ["RESOLVED"]


async def test_many_alerts_of_one_group_may_be_incidents_of_their_own(desk: Desk) -> None:
    monitor = await monitor_of(desk, AlertsAs="ALERT", ResolvesIncidents=True)
    names = [f"disk{n}" for n in range(45)]

    opened = await monitor.posts(group(*map(alert, names)))
    mixed = [alert("disk0", "resolved"), *map(alert, names[1:])]
    later = await monitor.posts(group(*mixed))

    assert {one.result for one in opened} == {"opened"}
    assert [one.result for one in later] == ["resolved"] + ["absorbed"] * 44


async def test_an_alarm_of_a_plan_that_is_gone_is_asked_for_again_and_leaves_a_trace(
    desk: Desk, monitor: Monitor, caplog: pytest.LogCaptureFixture
) -> None:
    [plan] = (await desk.call("ssm-incidents", "ListResponsePlans"))["responsePlanSummaries"]
    await desk.call("ssm-incidents", "DeleteResponsePlan", arn=plan["arn"])
    with pytest.raises(NotTaken, match="ResourceNotFoundException"):
        await monitor.posts(signed(event()))

    [row] = await desk.rows(Audit, operation="StartIncident")
    assert (row.door, row.outcome) == ("alarm", "ResourceNotFoundException")
    assert "was not taken" in caplog.text

    await desk.has_plan(engages=["ana"])
    assert (await monitor.post(signed(event()))).result == "opened"


async def test_an_unknown_or_revoked_token_starts_nothing(desk: Desk, monitor: Monitor) -> None:
    good = monitor.token
    monitor.token = "guessed"
    with pytest.raises(UnknownToken):
        await monitor.posts(event())

    monitor.token = good
    await monitor.post(event())
    [listed] = (await desk.call("imbot", "ListAlarmTokens"))["AlarmTokens"]
    await desk.call("imbot", "RevokeAlarmToken", AlarmTokenId=listed["AlarmTokenId"])
    for door in (monitor.door, monitor.another_door()):
        with pytest.raises(UnknownToken):
            await door.take(good, orjson.dumps(event()), "192.0.2.1")


async def test_who_guesses_is_held_up_and_who_knows_is_let_in_from_the_same_address(
    monitor: Monitor,
) -> None:
    good = monitor.token
    for number in range(alarm_gate.MOST_WRONG):
        monitor.token = f"guess{number}"
        with pytest.raises(UnknownToken):
            await monitor.posts(event())
    with pytest.raises(TooManyWrong):
        await monitor.posts(event())

    monitor.token = good
    assert (await monitor.post(event())).result == "opened"


async def test_guesses_from_elsewhere_hold_nobody_up_here(monitor: Monitor) -> None:
    good, monitor.token = monitor.token, "guess"
    for _ in range(alarm_gate.MOST_WRONG):
        with pytest.raises(UnknownToken):
            await monitor.posts(event(), remote="192.0.2.9")
    with pytest.raises(UnknownToken):
        await monitor.posts(event())

    monitor.token = good
    await monitor.post(event())


async def test_an_alarm_posted_at_once_by_many_is_one_incident(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    monitor = await monitor_of(desk)

    outcomes = await asyncio.gather(*(monitor.post(event()) for _ in range(20)))

    assert sorted(one.result for one in outcomes) == ["absorbed"] * 19 + ["opened"]
    assert len(desk.pages()) == 1


async def test_the_region_of_the_token_may_leave_the_replication_set(desk: Desk) -> None:
    sets = await desk.call("ssm-incidents", "ListReplicationSets")
    [arn] = sets["replicationSetArns"]
    monitor = await monitor_of(desk)
    add = [{"addRegionAction": {"regionName": "eu-west-1"}}]
    drop = [{"deleteRegionAction": {"regionName": REGION}}]
    await desk.call("ssm-incidents", "UpdateReplicationSet", arn=arn, actions=add)
    desk.acts_as(region="eu-west-1")
    await desk.call("ssm-incidents", "UpdateReplicationSet", arn=arn, actions=drop)

    assert (await monitor.post(event())).result == "opened"
    assert ACCOUNT in (await desk.rows(Incident))[0].arn
