from __future__ import annotations

import json
import re
from typing import Any

from bot.core.store.incidents import Incident
from tests.core.desk import INCIDENTS, PRINCIPAL, Desk
from tests.harness import ACCOUNT

GENERATED = re.compile(r"related-item/OTHER/[0-9A-F]{32}")


def url(number: int) -> dict[str, Any]:
    return {"type": "OTHER", "value": {"url": f"https://example.com/{number}"}}


async def add(desk: Desk, incident: str, identifier: dict[str, Any], **more: str) -> None:
    await desk.call(
        INCIDENTS,
        "UpdateRelatedItems",
        incidentRecordArn=incident,
        relatedItemsUpdate={"itemToAdd": {"identifier": identifier, **more}},
    )


async def items_of(desk: Desk, incident: str) -> list[dict[str, Any]]:
    """All but the parent, which an incident begins with."""
    answer = await desk.call(INCIDENTS, "ListRelatedItems", incidentRecordArn=incident)
    parent, *others = answer["relatedItems"]
    assert parent["identifier"]["type"] == "PARENT"
    return list(others)


async def test_an_incident_begins_with_the_ops_item_that_stands_for_it(desk: Desk) -> None:
    plan = await desk.has_plan()
    found = []
    for _ in range(2):
        incident = await desk.starts(plan)
        answer = await desk.call(INCIDENTS, "ListRelatedItems", incidentRecordArn=incident)
        (item,) = answer["relatedItems"]
        [row] = await desk.rows(Incident, arn=incident)
        assert re.fullmatch(r"oi-[0-9a-f]{12}", row.ops_item_id or "")
        arn = f"arn:aws:ssm:us-east-1:{ACCOUNT}:opsitem/{row.ops_item_id}"
        assert item["identifier"] == {"type": "PARENT", "value": {"arn": arn}}
        assert item["title"] == "parentItem"
        assert item["generatedId"].startswith("related-item/PARENT/")
        found.append(arn)
    assert len(set(found)) == 2


async def test_items_come_and_go_by_their_identifiers(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    incident = await desk.starts(
        await desk.has_plan(), relatedItems=[{"identifier": url(1), "title": "First"}]
    )
    await add(desk, incident, url(2), generatedId=f"related-item/OTHER/{'0' * 32}")

    first, second = await items_of(desk, incident)
    assert (first["identifier"], first["title"]) == (url(1), "First")
    assert second["identifier"] == url(2)
    for item in (first, second):
        assert GENERATED.fullmatch(item["generatedId"])
    assert second["generatedId"] > first["generatedId"]

    removed = {"incidentRecordArn": incident, "relatedItemsUpdate": {"itemToRemove": url(1)}}
    await desk.call(INCIDENTS, "UpdateRelatedItems", **removed)
    assert await items_of(desk, incident) == [second]
    refusal = await desk.refusal(INCIDENTS, "UpdateRelatedItems", **removed)
    assert refusal.code == "ResourceNotFoundException"
    assert "https://example.com/1" in refusal.message


async def test_the_timeline_tells_what_was_related(desk: Desk) -> None:
    incident = await desk.starts(await desk.has_plan())
    await add(desk, incident, url(1), title="Dashboard")

    events = await desk.call(INCIDENTS, "ListTimelineEvents", incidentRecordArn=incident)
    (event_id,) = (
        event["eventId"]
        for event in events["eventSummaries"]
        if event["eventType"] == "SSM Incident Record Update"
    )
    shown = await desk.call(
        INCIDENTS, "GetTimelineEvent", incidentRecordArn=incident, eventId=event_id
    )
    data = json.loads(shown["event"]["eventData"])
    (attribute,) = data["modifiedAttributes"]
    assert (data["modifiedBy"], attribute["attributeName"]) == (PRINCIPAL, "relatedItems")
    assert json.loads(attribute["newValue"]) == {
        "itemToAdd": {"identifier": url(1), "title": "Dashboard"}
    }


async def test_an_incident_has_at_most_fifty_related_items(desk: Desk) -> None:
    items = [{"identifier": url(number)} for number in range(50)]
    incident = await desk.starts(await desk.has_plan(), relatedItems=items)

    refusal = await desk.refusal(
        INCIDENTS,
        "UpdateRelatedItems",
        incidentRecordArn=incident,
        relatedItemsUpdate={"itemToAdd": {"identifier": url(50)}},
    )
    assert refusal.code == "ValidationException"
    assert len(await items_of(desk, incident)) == 50


async def test_the_same_item_is_not_added_twice(desk: Desk) -> None:
    incident = await desk.starts(await desk.has_plan())
    await add(desk, incident, url(1))
    refusal = await desk.refusal(
        INCIDENTS,
        "UpdateRelatedItems",
        incidentRecordArn=incident,
        relatedItemsUpdate={"itemToAdd": {"identifier": url(1), "title": "Again"}},
    )

    assert refusal.code == "ConflictException"


async def test_a_listing_goes_on_after_the_item_at_which_it_stopped_was_removed(
    desk: Desk,
) -> None:
    items = [{"identifier": url(number)} for number in range(5)]
    incident = await desk.starts(await desk.has_plan(), relatedItems=items)
    parent = (await desk.call(INCIDENTS, "ListRelatedItems", incidentRecordArn=incident))[
        "relatedItems"
    ][0]
    removed = {"itemToRemove": parent["identifier"]}
    await desk.call(
        INCIDENTS,
        "UpdateRelatedItems",
        incidentRecordArn=incident,
        relatedItemsUpdate=removed,
    )
    listed = {"incidentRecordArn": incident, "maxResults": 2}

    first = await desk.call(INCIDENTS, "ListRelatedItems", **listed)
    for number in (0, 1):
        await desk.call(
            INCIDENTS,
            "UpdateRelatedItems",
            incidentRecordArn=incident,
            relatedItemsUpdate={"itemToRemove": url(number)},
        )
    rest = await desk.call(
        INCIDENTS, "ListRelatedItems", **listed, nextToken=first["nextToken"]
    )
    last = await desk.call(INCIDENTS, "ListRelatedItems", **listed, nextToken=rest["nextToken"])

    seen = [*first["relatedItems"], *rest["relatedItems"], *last["relatedItems"]]
    assert [item["identifier"] for item in seen] == [url(number) for number in range(5)]
    assert "nextToken" not in last


async def test_a_token_fits_only_its_own_incident(desk: Desk) -> None:
    items = [{"identifier": url(number)} for number in range(3)]
    plan = await desk.has_plan()
    one = await desk.starts(plan, relatedItems=items)
    other = await desk.starts(plan, relatedItems=items)
    first = await desk.call(INCIDENTS, "ListRelatedItems", incidentRecordArn=one, maxResults=1)
    refusal = await desk.refusal(
        INCIDENTS,
        "ListRelatedItems",
        incidentRecordArn=other,
        nextToken=first["nextToken"],
    )

    assert refusal.code == "ValidationException"
