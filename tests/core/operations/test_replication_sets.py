from __future__ import annotations

from bot.core.tasks import forgetting
from tests.core.desk import INCIDENTS, PRINCIPAL, Desk

NO_SUCH = "arn:aws:ssm-incidents::111122223333:replication-set/none"


async def arn_of_set(desk: Desk) -> str:
    listed = await desk.call(INCIDENTS, "ListReplicationSets")
    return str(listed["replicationSetArns"][0])


async def test_a_replication_set_is_active_at_once_in_its_regions(desk: Desk) -> None:
    arn = await arn_of_set(desk)
    answer = await desk.call(INCIDENTS, "GetReplicationSet", arn=arn)

    found = answer["replicationSet"]
    assert (found["arn"], found["status"], found["createdBy"]) == (arn, "ACTIVE", PRINCIPAL)
    assert found["createdTime"] == desk.clock.now()
    assert found["regionMap"] == {
        "us-east-1": {
            "sseKmsKeyId": "DefaultKey",
            "status": "ACTIVE",
            "statusUpdateDateTime": desk.clock.now(),
        }
    }


async def test_an_account_has_one_replication_set(desk_of_each_kind: Desk) -> None:
    refusal = await desk_of_each_kind.refusal(
        INCIDENTS, "CreateReplicationSet", regions={"eu-west-1": {}}
    )

    assert refusal.code == "ConflictException"
    assert refusal.fields["resource_id"] == await arn_of_set(desk_of_each_kind)


async def test_a_word_that_is_no_region_is_refused(desk: Desk) -> None:
    await desk.call(INCIDENTS, "DeleteReplicationSet", arn=await arn_of_set(desk))
    refusal = await desk.refusal(INCIDENTS, "CreateReplicationSet", regions={"us east": {}})

    assert refusal.code == "ValidationException"
    assert "us east" in refusal.message


async def test_a_protected_set_is_not_deleted_until_the_protection_is_taken_off(
    desk: Desk,
) -> None:
    arn = await arn_of_set(desk)
    protect = {"arn": arn, "deletionProtected": True}
    await desk.call(INCIDENTS, "UpdateDeletionProtection", **protect)

    refusal = await desk.refusal(INCIDENTS, "DeleteReplicationSet", arn=arn)
    assert refusal.code == "ValidationException"
    assert "update-deletion-protection" in refusal.message

    protect["deletionProtected"] = False
    await desk.call(INCIDENTS, "UpdateDeletionProtection", **protect)
    await desk.call(INCIDENTS, "DeleteReplicationSet", arn=arn)
    gone = await desk.refusal(INCIDENTS, "GetReplicationSet", arn=arn)
    assert gone.code == "ResourceNotFoundException"


async def test_deleting_the_set_deletes_all_data_and_the_account_can_begin_anew(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    await desk.has_person("ana")
    topic = await desk.has_topic(read_by="C1")
    plan = await desk.has_plan(topics=[topic], engages=["ana"])
    await desk.starts(plan)
    await desk.work()

    await desk.call(INCIDENTS, "DeleteReplicationSet", arn=await arn_of_set(desk))

    for row_type in forgetting.FORGOTTEN:
        assert await desk.rows(row_type) == []
    await desk.call(INCIDENTS, "CreateReplicationSet", regions={"us-east-1": {}})
    assert await desk.has_plan(topics=[topic], engages=["ana"]) == plan


async def test_a_large_account_is_forgotten_in_slices_and_refuses_requests_meanwhile(
    desk: Desk,
) -> None:
    plan = await desk.has_plan()
    for _ in range(forgetting.SLICE // 3 + 1):
        await desk.starts(plan)
    arn = await arn_of_set(desk)

    await desk.call(INCIDENTS, "DeleteReplicationSet", arn=arn)
    answer = await desk.call(INCIDENTS, "GetReplicationSet", arn=arn)
    assert answer["replicationSet"]["status"] == "DELETING"
    refusal = await desk.refusal(INCIDENTS, "StartIncident", responsePlanArn=plan)
    assert "being deleted" in refusal.message

    await desk.work(seconds=1)
    for row_type in forgetting.FORGOTTEN:
        assert await desk.rows(row_type) == []
    assert (await desk.call(INCIDENTS, "ListReplicationSets"))["replicationSetArns"] == []


async def test_nothing_is_answered_before_there_is_a_replication_set(desk: Desk) -> None:
    await desk.call(INCIDENTS, "DeleteReplicationSet", arn=await arn_of_set(desk))
    refusal = await desk.refusal(INCIDENTS, "ListResponsePlans")

    assert refusal.code == "ValidationException"
    assert "create-replication-set" in refusal.message
    unknown = await desk.refusal(INCIDENTS, "DeleteReplicationSet", arn=NO_SUCH)
    assert unknown.code == "ResourceNotFoundException"


async def change(desk: Desk, kind: str, region: str) -> None:
    actions = [{kind: {"regionName": region}}]
    arn = await arn_of_set(desk)
    await desk.call(INCIDENTS, "UpdateReplicationSet", arn=arn, actions=actions)


async def refused_change(desk: Desk, kind: str, region: str) -> str:
    actions = [{kind: {"regionName": region}}]
    arn = await arn_of_set(desk)
    refusal = await desk.refusal(INCIDENTS, "UpdateReplicationSet", arn=arn, actions=actions)
    return refusal.code


async def test_a_region_is_active_as_soon_as_it_is_added_and_takes_requests(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    plan = await desk.has_plan()
    desk.clock.advance(hours=1)
    await change(desk, "addRegionAction", "eu-west-1")

    desk.acts_as(region="eu-west-1")
    assert (await desk.call(INCIDENTS, "GetResponsePlan", arn=plan))["arn"] == plan
    arn = await arn_of_set(desk)
    found = (await desk.call(INCIDENTS, "GetReplicationSet", arn=arn))["replicationSet"]
    assert found["regionMap"]["eu-west-1"] == {
        "sseKmsKeyId": "DefaultKey",
        "status": "ACTIVE",
        "statusUpdateDateTime": desk.clock.now(),
    }
    assert found["lastModifiedTime"] == desk.clock.now()

    await change(desk, "deleteRegionAction", "us-east-1")
    assert (await desk.call(INCIDENTS, "GetResponsePlan", arn=plan))["arn"] == plan
    desk.acts_as(region="us-east-1")
    refusal = await desk.refusal(INCIDENTS, "GetResponsePlan", arn=plan)
    assert refusal.code == "ValidationException"


async def test_regions_are_added_once_and_to_three_at_most(desk: Desk) -> None:
    assert await refused_change(desk, "addRegionAction", "us-east-1") == "ConflictException"
    assert await refused_change(desk, "addRegionAction", "the moon") == "ValidationException"
    assert (
        await refused_change(desk, "deleteRegionAction", "eu-west-1") == "ValidationException"
    )
    await change(desk, "addRegionAction", "eu-west-1")
    await change(desk, "addRegionAction", "eu-west-2")
    assert await refused_change(desk, "addRegionAction", "eu-west-3") == "ValidationException"


async def test_the_last_region_goes_with_all_data_unless_it_is_protected(desk: Desk) -> None:
    await desk.has_person("ana")
    arn = await arn_of_set(desk)
    protect = {"arn": arn, "deletionProtected": True}
    await desk.call(INCIDENTS, "UpdateDeletionProtection", **protect)
    refused = await refused_change(desk, "deleteRegionAction", "us-east-1")
    assert refused == "ValidationException"

    protect["deletionProtected"] = False
    await desk.call(INCIDENTS, "UpdateDeletionProtection", **protect)
    await change(desk, "deleteRegionAction", "us-east-1")
    await desk.work(seconds=1)
    for row_type in forgetting.FORGOTTEN:
        assert await desk.rows(row_type) == []
    assert (await desk.call(INCIDENTS, "ListReplicationSets"))["replicationSetArns"] == []


async def test_a_young_region_stays_where_the_rules_want_that(desk: Desk) -> None:
    await change(desk, "addRegionAction", "eu-west-1")
    desk.has_rules(keeps_young_regions=True)
    arn = await arn_of_set(desk)
    for region in ("eu-west-1", "us-east-1"):
        refused = await refused_change(desk, "deleteRegionAction", region)
        assert refused == "ValidationException"
    refusal = await desk.refusal(INCIDENTS, "DeleteReplicationSet", arn=arn)
    assert (refusal.code, "24 hours" in refusal.message) == ("ValidationException", True)

    desk.clock.advance(hours=23, minutes=59)
    await change(desk, "addRegionAction", "eu-west-2")
    assert (
        await refused_change(desk, "deleteRegionAction", "us-east-1") == "ValidationException"
    )
    desk.clock.advance(minutes=1)
    await change(desk, "deleteRegionAction", "eu-west-1")
    refusal = await desk.refusal(INCIDENTS, "DeleteReplicationSet", arn=arn)
    assert "eu-west-2" in refusal.message
    desk.clock.advance(hours=24)
    await desk.call(INCIDENTS, "DeleteReplicationSet", arn=arn)
