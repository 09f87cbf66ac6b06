from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.core.operations import timeline
from bot.core.store.incidents import TimelineEvent
from tests.core.desk import INCIDENTS, Desk
from tests.harness import ACCOUNT

AT = datetime(2026, 3, 1, 9, 0, 0, 123456, tzinfo=UTC)


async def write(desk: Desk, incident: str, **more: Any) -> str:
    given = {
        "eventType": "Custom Event",
        "eventTime": AT,
        "eventData": '"Restarted"',
        **more,
    }
    answer = await desk.call(
        INCIDENTS, "CreateTimelineEvent", incidentRecordArn=incident, **given
    )
    return str(answer["eventId"])


async def read(desk: Desk, incident: str, event_id: str) -> dict[str, Any]:
    answer = await desk.call(
        INCIDENTS, "GetTimelineEvent", incidentRecordArn=incident, eventId=event_id
    )
    return dict(answer["event"])


async def listed(desk: Desk, incident: str, **more: Any) -> list[str]:
    answer = await desk.call(
        INCIDENTS, "ListTimelineEvents", incidentRecordArn=incident, **more
    )
    return [event["eventId"] for event in answer["eventSummaries"]]


def where(key: str, **condition: Any) -> dict[str, Any]:
    return {"filters": [{"key": key, "condition": condition}]}


@pytest.mark.parametrize("data", ['"Restarted"', '{"a": 1}', "plain words", "", "\u2603\t"])
async def test_an_event_is_read_as_it_was_written(desk: Desk, data: str) -> None:
    incident = await desk.starts(await desk.has_plan())
    references = [{"resource": incident}]
    event_id = await write(
        desk, incident, eventType="Note", eventData=data, eventReferences=references
    )

    assert await read(desk, incident, event_id) == {
        "incidentRecordArn": incident,
        "eventId": event_id,
        "eventType": "Note",
        "eventTime": AT,
        "eventUpdatedTime": desk.clock.now(),
        "eventData": data,
        "eventReferences": references,
    }


async def test_an_update_keeps_what_it_does_not_name(desk: Desk) -> None:
    incident = await desk.starts(await desk.has_plan())
    event_id = await write(desk, incident, eventReferences=[{"resource": incident}])
    before = await read(desk, incident, event_id)
    desk.clock.advance(seconds=9)
    which = {"incidentRecordArn": incident, "eventId": event_id}
    await desk.call(INCIDENTS, "UpdateTimelineEvent", **which, eventData='"Again"')

    changed = {"eventData": '"Again"', "eventUpdatedTime": desk.clock.now()}
    assert await read(desk, incident, event_id) == before | changed
    await desk.call(INCIDENTS, "UpdateTimelineEvent", **which, eventReferences=[])
    assert (await read(desk, incident, event_id))["eventReferences"] == []


async def test_the_service_keeps_its_own_events_to_itself(desk: Desk) -> None:
    incident = await desk.starts(await desk.has_plan())
    own = (await listed(desk, incident))[0]
    which = {"incidentRecordArn": incident, "eventId": own}
    forged = {"eventType": "SSM Incident Start", "eventTime": AT, "eventData": "{}"}

    for operation, parameters in (
        ("CreateTimelineEvent", {"incidentRecordArn": incident, **forged}),
        ("UpdateTimelineEvent", {**which, "eventData": "{}"}),
        ("DeleteTimelineEvent", which),
    ):
        refusal = await desk.refusal(INCIDENTS, operation, **parameters)
        assert refusal.code == "ValidationException"
        assert "Custom Event" in refusal.message


async def test_deleting_what_is_not_there_is_no_error(desk: Desk) -> None:
    incident = await desk.starts(await desk.has_plan())
    event_id = await write(desk, incident)
    for _ in range(2):
        await desk.call(
            INCIDENTS, "DeleteTimelineEvent", incidentRecordArn=incident, eventId=event_id
        )
    await desk.call(
        INCIDENTS, "DeleteTimelineEvent", incidentRecordArn=f"{incident}-no", eventId="x"
    )

    refusal = await desk.refusal(
        INCIDENTS, "GetTimelineEvent", incidentRecordArn=incident, eventId=event_id
    )
    assert refusal.code == "ResourceNotFoundException"


async def test_events_are_listed_by_their_own_time_newest_first(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    incident = await desk.starts(await desk.has_plan())
    late = await write(desk, incident, eventTime=AT)
    early = await write(desk, incident, eventTime=AT - timedelta(hours=1))
    same = await write(desk, incident, eventTime=AT, eventType="Note")
    own = where("eventType", equals={"stringValues": ["Custom Event", "Note"]})

    assert await listed(desk, incident, **own) == [same, late, early]
    ascending = await listed(desk, incident, **own, sortBy="EVENT_TIME", sortOrder="ASCENDING")
    assert ascending == [early, late, same]
    assert await listed(desk, incident, **where("eventTime", before=AT)) == [early]


async def test_slices_of_equal_times_show_every_event_once(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    incident = await desk.starts(await desk.has_plan())
    written = [await write(desk, incident) for _ in range(5)]
    own = where("eventType", equals={"stringValues": ["Custom Event"]})
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = await desk.call(
            INCIDENTS,
            "ListTimelineEvents",
            incidentRecordArn=incident,
            maxResults=2,
            **own,
            **token,
        )
        found += [event["eventId"] for event in answer["eventSummaries"]]
        if "nextToken" not in answer:
            break
        token = {"nextToken": answer["nextToken"]}

    assert found == written[::-1]


async def test_a_reference_is_found_whole_and_only_whole(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    incident = await desk.starts(await desk.has_plan())
    resource = f'arn:aws:s3:::{ACCOUNT}:a"b_%'
    event_id = await write(desk, incident, eventReferences=[{"resource": resource}])

    def references(*values: str) -> dict[str, Any]:
        return where("eventReference", equals={"stringValues": list(values)})

    assert await listed(desk, incident, **references("x", resource)) == [event_id]
    assert await listed(desk, incident, **references(resource[:-1], resource.upper())) == []


async def test_an_incident_has_room_for_a_thousand_events_of_people(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "MOST_EVENTS", 2)
    incident = await desk.starts(await desk.has_plan())
    for _ in range(2):
        await write(desk, incident)
    refusal = await desk.refusal(
        INCIDENTS,
        "CreateTimelineEvent",
        incidentRecordArn=incident,
        eventType="Note",
        eventTime=AT,
        eventData="one more",
    )

    assert refusal.code == "ValidationException"
    assert len(await desk.rows(TimelineEvent)) == 4


async def test_the_timeline_of_no_incident_is_refused(desk: Desk) -> None:
    absent = f"arn:aws:ssm-incidents::{ACCOUNT}:incident-record/p/none"
    refusal = await desk.refusal(INCIDENTS, "ListTimelineEvents", incidentRecordArn=absent)

    assert refusal.code == "ValidationException"
    assert absent in refusal.message
