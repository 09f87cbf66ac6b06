from __future__ import annotations

import asyncio
from typing import Any

from tests.core.desk import INCIDENTS, Desk
from tests.harness import ACCOUNT


async def edit(desk: Desk, incident: str, summary: str, version: int) -> dict[str, Any]:
    return await desk.call(
        "imbot", "EditSummary", IncidentRecordArn=incident, Summary=summary, Version=version
    )


async def read(desk: Desk, incident: str) -> dict[str, Any]:
    return await desk.call("imbot", "GetSummary", IncidentRecordArn=incident)


async def test_of_two_edits_at_once_the_second_is_shown_the_first(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    incident = await desk.starts(await desk.has_plan(summary="Begun."))
    seen = await read(desk, incident)
    assert (seen["Summary"], seen["Version"], "EditedBy" in seen) == ("Begun.", 1, False)

    desk.acts_as(actor="Ana")
    assert (await edit(desk, incident, "By Ana.", 1))["IsSaved"]
    desk.acts_as(actor="Ben")
    refused = await edit(desk, incident, "By Ben.", 1)
    assert refused == {
        "IncidentRecordArn": incident,
        "IsSaved": False,
        "Summary": "By Ana.",
        "RefusedSummary": "By Ben.",
        "Version": 2,
        "EditedBy": "Ana",
        "EditedAt": desk.clock.now(),
    }
    assert (await desk.record(incident))["summary"] == "By Ana."

    saved = await edit(desk, incident, "By Ana and Ben.", refused["Version"])
    assert (saved["IsSaved"], saved["Version"], saved["EditedBy"]) == (True, 3, "Ben")
    assert (await desk.record(incident))["summary"] == "By Ana and Ben."


async def test_the_api_is_last_writer_wins_and_counts_as_an_edit(desk: Desk) -> None:
    incident = await desk.starts(await desk.has_plan())
    for summary in ("One.", "Two.", "Two."):
        await desk.call(INCIDENTS, "UpdateIncidentRecord", arn=incident, summary=summary)
    await desk.call(INCIDENTS, "UpdateIncidentRecord", arn=incident, impact=1)

    assert ((await read(desk, incident))["Version"]) == 3
    assert not (await edit(desk, incident, "Late.", 1))["IsSaved"]
    assert (await desk.record(incident))["summary"] == "Two."


async def test_the_same_text_is_no_edit_whatever_its_version(desk: Desk) -> None:
    incident = await desk.starts(await desk.has_plan())
    await edit(desk, incident, "Known.", 1)
    events = await desk.event_types(incident)

    assert (await edit(desk, incident, "Known.", 1))["IsSaved"]
    assert (await edit(desk, incident, "", 9))["IsSaved"] is False
    assert await desk.event_types(incident) == events
    emptied = await edit(desk, incident, "", 2)
    assert (emptied["IsSaved"], emptied["Summary"]) == (True, "")
    assert (await desk.record(incident))["summary"] == ""


async def test_responders_edit_and_readers_only_read(desk: Desk) -> None:
    incident = await desk.starts(await desk.has_plan())
    desk.acts_as(rights="reader")
    refusal = await desk.refusal(
        "imbot", "EditSummary", IncidentRecordArn=incident, Summary="x", Version=1
    )
    assert refusal.code == "AccessDeniedException"
    assert (await read(desk, incident))["Version"] == 1

    desk.acts_as(rights="responder")
    assert (await edit(desk, incident, "x", 1))["IsSaved"]


async def test_no_incident_has_no_summary(desk: Desk) -> None:
    absent = f"arn:aws:ssm-incidents::{ACCOUNT}:incident-record/payments/none"
    for operation, more in (
        ("GetSummary", {}),
        ("EditSummary", {"Summary": "x", "Version": 1}),
    ):
        refusal = await desk.refusal("imbot", operation, IncidentRecordArn=absent, **more)
        assert refusal.code == "ResourceNotFoundException"


async def test_of_many_edits_of_one_version_one_is_saved(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    incident = await desk.starts(await desk.has_plan())

    answers = await asyncio.gather(
        *(edit(desk, incident, f"Text {number}.", 1) for number in range(8))
    )

    (saved,) = (each for each in answers if each["IsSaved"])
    assert {each["Summary"] for each in answers} == {saved["Summary"]}
    assert len({each.get("RefusedSummary") for each in answers}) == 8
    assert (await read(desk, incident))["Version"] == 2
