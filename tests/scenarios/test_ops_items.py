"""The parent item of an incident, asked for by the AWS CLI and in chat."""

from __future__ import annotations

from pathlib import Path

from tests.scenarios.chat import Chat
from tests.scenarios.wire import aws
from tests.scenarios.world import World


async def ops_item_of(world: World, incident: str) -> str:
    """The id in the ARN of an incident's parent item."""
    listed = await world.call("ssm-incidents", "ListRelatedItems", incidentRecordArn=incident)
    return str(listed["relatedItems"][0]["identifier"]["value"]["arn"]).rpartition("/")[2]


async def test_the_parent_item_is_read_by_the_aws_cli(
    town_world: World, tmp_path: Path
) -> None:
    await town_world.has_response_plan()
    incident = await town_world.starts_incident()
    item_id = await ops_item_of(town_world, incident)

    status, told = await aws(
        town_world, tmp_path, "ssm", "get-ops-item", "--ops-item-id", item_id
    )
    assert (status, told["OpsItem"]["OpsItemId"]) == (0, item_id)
    assert told["OpsItem"]["Description"] == "Cards are declined."

    missing = ("ssm", "get-ops-item", "--ops-item-id", "oi-0123456789ab")
    status, complaint = await aws(town_world, tmp_path, *missing)
    assert status != 0
    assert "(OpsItemNotFoundException)" in complaint
    status, complaint = await aws(town_world, tmp_path, "ssm", "describe-ops-items")
    assert status != 0
    assert "only the OpsItems that stand for incidents" in complaint


async def test_the_parent_item_is_read_in_chat(town_world: World, chat: Chat) -> None:
    await town_world.has_response_plan()
    item_id = await ops_item_of(town_world, await town_world.starts_incident())

    assert "Cards are declined." in await chat.answers(
        f"@aws ssm get-ops-item --ops-item-id {item_id}"
    )
    assert "only the OpsItems" in await chat.answers(
        "@aws ssm put-parameter --name a --value b"
    )
