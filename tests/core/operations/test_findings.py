from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.core.store.incidents import Finding
from tests.core.desk import INCIDENTS, Desk
from tests.harness import ACCOUNT

GROUP = f"arn:aws:codedeploy:us-east-1:{ACCOUNT}:deploymentgroup:shop/live"
STACK = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/shop/1"


async def put(desk: Desk, incident: str, **kinds: Any) -> str:
    answer = await desk.call("imbot", "PutFinding", IncidentRecordArn=incident, **kinds)
    return str(answer["FindingId"])


def deployment(desk: Desk, number: int, **more: Any) -> dict[str, Any]:
    told = {"DeploymentGroupArn": GROUP, "DeploymentId": f"d-{number}"}
    return {**told, "StartTime": desk.clock.now() - timedelta(hours=1), **more}


async def test_findings_are_listed_in_pages_and_told_by_their_ids(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    incident = await desk.starts(await desk.has_plan())
    ids = [
        await put(desk, incident, CodeDeployDeployment=deployment(desk, number))
        for number in range(21)
    ]
    start = desk.clock.now()
    stack = {"StackArn": STACK, "StartTime": start}
    ids.append(await put(desk, incident, CloudFormationStackUpdate=stack))

    one = {"incidentRecordArn": incident}
    first = await desk.call(INCIDENTS, "ListIncidentFindings", **one)
    rest = await desk.call(
        INCIDENTS, "ListIncidentFindings", **one, nextToken=first["nextToken"]
    )
    assert [each["id"] for each in first["findings"] + rest["findings"]] == ids
    assert (len(first["findings"]), "nextToken" in rest) == (20, False)

    told = await desk.call(
        INCIDENTS,
        "BatchGetIncidentFindings",
        **one,
        findingIds=[ids[21], "absent", ids[0], ids[21], "absent"],
    )
    assert [each["id"] for each in told["findings"]] == [ids[21], ids[0]]
    assert told["findings"][0] == {
        "id": ids[21],
        "creationTime": start,
        "lastModifiedTime": start,
        "details": {"cloudFormationStackUpdate": {"stackArn": STACK, "startTime": start}},
    }
    assert [(each["findingId"], each["code"]) for each in told["errors"]] == [
        ("absent", "ResourceNotFoundException")
    ]


async def test_the_end_of_a_deployment_changes_its_finding(desk: Desk) -> None:
    incident = await desk.starts(await desk.has_plan())
    begun = deployment(desk, 1)
    first = await put(desk, incident, CodeDeployDeployment=begun)
    desk.clock.advance(minutes=5)
    ended = {**begun, "EndTime": desk.clock.now()}

    assert await put(desk, incident, CodeDeployDeployment=ended) == first
    told = await desk.call(
        INCIDENTS, "BatchGetIncidentFindings", incidentRecordArn=incident, findingIds=[first]
    )
    [finding] = told["findings"]
    assert finding["details"]["codeDeployDeployment"]["endTime"] == desk.clock.now()
    assert finding["lastModifiedTime"] - finding["creationTime"] == timedelta(minutes=5)


async def test_a_finding_is_one_thing_and_ends_after_it_began(desk: Desk) -> None:
    incident = await desk.starts(await desk.has_plan())
    begun = deployment(desk, 1)
    wrong = {**begun, "EndTime": begun["StartTime"] - timedelta(seconds=1)}
    stack = {"StackArn": STACK, "StartTime": desk.clock.now()}

    for given in (
        {},
        {"CodeDeployDeployment": wrong},
        {"CodeDeployDeployment": begun, "CloudFormationStackUpdate": stack},
    ):
        refusal = await desk.refusal("imbot", "PutFinding", IncidentRecordArn=incident, **given)
        assert refusal.code == "ValidationException"


@pytest.mark.parametrize("operation", ["ListIncidentFindings", "BatchGetIncidentFindings"])
async def test_no_incident_has_no_findings(desk: Desk, operation: str) -> None:
    absent = f"arn:aws:ssm-incidents::{ACCOUNT}:incident-record/payments/none"
    more: dict[str, Any] = {"findingIds": []} if operation.startswith("Batch") else {}
    refusal = await desk.refusal(INCIDENTS, operation, incidentRecordArn=absent, **more)

    assert refusal.code == "ResourceNotFoundException"


async def test_findings_of_another_incident_are_not_told_and_go_with_their_own(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    plan = await desk.has_plan()
    one, other = await desk.starts(plan), await desk.starts(plan)
    found = await put(desk, one, CodeDeployDeployment=deployment(desk, 1))

    told = await desk.call(
        INCIDENTS, "BatchGetIncidentFindings", incidentRecordArn=other, findingIds=[found]
    )
    assert (told["findings"], len(told["errors"])) == ([], 1)
    await desk.call(INCIDENTS, "DeleteIncidentRecord", arn=one)
    assert await desk.rows(Finding) == []


async def test_responders_put_findings_and_readers_only_read_them(desk: Desk) -> None:
    incident = await desk.starts(await desk.has_plan())
    desk.acts_as(rights="responder")
    found = await put(desk, incident, CodeDeployDeployment=deployment(desk, 1))

    desk.acts_as(rights="reader")
    refusal = await desk.refusal("imbot", "PutFinding", IncidentRecordArn=incident)
    assert refusal.code == "AccessDeniedException"
    listed = await desk.call(INCIDENTS, "ListIncidentFindings", incidentRecordArn=incident)
    assert [each["id"] for each in listed["findings"]] == [found]
