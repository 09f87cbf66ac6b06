from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from bot.core.store.incidents import Incident
from tests.core.desk import INCIDENTS, PRINCIPAL, Desk
from tests.harness import ACCOUNT

INSTANCE = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-1"
OTHER = f"arn:aws:ssm:us-east-1:{ACCOUNT}:opsitem/oi-0123456789ab"


async def parent_of(desk: Desk, incident: str) -> str:
    """The ARN of its parent item."""
    listed = await desk.call(INCIDENTS, "ListRelatedItems", incidentRecordArn=incident)
    [arn] = [
        item["identifier"]["value"]["arn"]
        for item in listed["relatedItems"]
        if item.get("title") == "parentItem"
    ]
    return str(arn)


async def ops_item(desk: Desk, arn: str) -> dict[str, Any]:
    answer = await desk.call("ssm", "GetOpsItem", OpsItemId=arn.rpartition("/")[2])
    return dict(answer["OpsItem"])


async def test_the_parent_item_of_an_incident_resolves(desk_of_each_kind: Desk) -> None:
    desk = desk_of_each_kind
    plan = await desk.has_plan(summary="Cards are declined.")
    incident = await desk.starts(plan)
    await desk.starts(plan, title="Another")
    arn = await parent_of(desk, incident)

    found = await ops_item(desk, arn)
    record = await desk.record(incident)
    assert found.pop("OperationalData") == {
        "/aws/resources": {
            "Type": "SearchableString",
            "Value": f'[{{"arn":"{incident}"}}]',
        }
    }
    assert found == {
        "OpsItemId": arn.rpartition("/")[2],
        "OpsItemArn": arn,
        "OpsItemType": "/aws/issue",
        "Title": "Payments are failing",
        "Description": "Cards are declined.",
        "Status": "Open",
        "Source": "Incident Manager",
        "Priority": 2,
        "Severity": "2",
        "CreatedBy": PRINCIPAL,
        "CreatedTime": record["creationTime"],
        "LastModifiedBy": PRINCIPAL,
        "LastModifiedTime": record["lastModifiedTime"],
        "RelatedOpsItems": [],
    }


async def test_an_ops_item_says_what_its_incident_says_by_now(desk: Desk) -> None:
    incident = await desk.starts(await desk.has_plan())
    arn = await parent_of(desk, incident)
    changes = {"title": "Calmer", "summary": "x" * 3000, "impact": 5}
    await desk.call(INCIDENTS, "UpdateIncidentRecord", arn=incident, **changes)
    await desk.resolves(incident)

    found = await ops_item(desk, arn)
    assert (found["Title"], found["Status"]) == ("Calmer", "Resolved")
    assert (found["Priority"], found["Severity"]) == (5, "4")
    assert len(found["Description"]) == 2048


async def test_an_ops_item_names_what_its_incident_involves(desk: Desk) -> None:
    items = [
        {"identifier": {"type": "INVOLVED_RESOURCE", "value": {"arn": INSTANCE}}},
        {"identifier": {"type": "TASK", "value": {"arn": OTHER}}},
        {"identifier": {"type": "OTHER", "value": {"url": "https://example.com"}}},
    ]
    incident = await desk.starts(await desk.has_plan(), relatedItems=items)
    found = await ops_item(desk, await parent_of(desk, incident))

    told = found["OperationalData"]["/aws/resources"]["Value"]
    assert told == f'[{{"arn":"{incident}"}},{{"arn":"{INSTANCE}"}}]'
    assert found["RelatedOpsItems"] == [{"OpsItemId": "oi-0123456789ab"}]


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws::us-east-1:{ACCOUNT}:instance/i-1",
        f"arn:aws:s3:us-east-1:{ACCOUNT}:opsitem/oi-0123456789ab",
        f"arn:aws:ssm:us-east-1:{ACCOUNT}:opsitem/",
    ],
)
async def test_what_only_looks_like_an_ops_item_is_not_told_as_related(
    desk: Desk, arn: str
) -> None:
    items = [{"identifier": {"type": "OTHER", "value": {"arn": arn}}}]
    incident = await desk.starts(await desk.has_plan(), relatedItems=items)

    assert (await ops_item(desk, await parent_of(desk, incident)))["RelatedOpsItems"] == []


async def test_an_ops_item_outlives_the_related_item_that_names_it(desk: Desk) -> None:
    incident = await desk.starts(await desk.has_plan())
    arn = await parent_of(desk, incident)
    gone = {"itemToRemove": {"type": "PARENT", "value": {"arn": arn}}}
    await desk.call(
        INCIDENTS, "UpdateRelatedItems", incidentRecordArn=incident, relatedItemsUpdate=gone
    )

    assert (await ops_item(desk, arn))["OpsItemArn"] == arn


async def test_what_is_no_ops_item_of_an_incident_is_not_found(desk: Desk) -> None:
    incident = await desk.starts(await desk.has_plan())
    item_id = (await parent_of(desk, incident)).rpartition("/")[2]
    strange = await desk.refusal("ssm", "GetOpsItem", OpsItemId="oi-0123456789ab")
    unlike = await desk.refusal("ssm", "GetOpsItem", OpsItemId=item_id, OpsItemArn=OTHER)
    await desk.call(INCIDENTS, "DeleteIncidentRecord", arn=incident)
    deleted = await desk.refusal("ssm", "GetOpsItem", OpsItemId=item_id)

    codes = {one.code for one in (strange, unlike, deleted)}
    assert codes == {"OpsItemNotFoundException"}


async def test_names_of_ops_items_begin_with_their_time(desk: Desk) -> None:
    plan = await desk.has_plan()
    for _ in range(3):
        await desk.starts(plan)
        desk.clock.advance(days=4)
    names = [row.ops_item_id or "" for row in await desk.rows(Incident)]

    assert names == sorted(names)
    assert len({name[:6] for name in names}) == 3


async def test_incidents_of_one_instant_have_ops_items_of_their_own(desk: Desk) -> None:
    plan = await desk.has_plan()
    for _ in range(200):
        await desk.starts(plan)

    assert len({row.ops_item_id for row in await desk.rows(Incident)}) == 200


@pytest.mark.parametrize("asked", ["", "handler_of('ssm', 'GetOpsItem');"])
def test_the_model_of_systems_manager_is_loaded_when_it_is_asked_for(asked: str) -> None:
    program = (
        "import sys, bot.app; from bot.core import operations, service_models;"
        f"from bot.core.registry import handler_of; {asked}"
        "sys.exit(service_models.service_model.cache_info().currsize)"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=False)

    assert ended.returncode == (6 if asked else 5)
