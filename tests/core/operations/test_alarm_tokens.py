"""Tokens of alarms: made, listed, revoked; shown once."""

from __future__ import annotations

from bot.core.store.alarms import AlarmToken
from tests.core.alarms.sender import Monitor
from tests.core.desk import Desk


async def test_the_token_is_shown_once_and_stored_nowhere(desk: Desk) -> None:
    monitor = Monitor(desk)
    made = await monitor.has_token(await desk.has_plan())
    [row] = await desk.rows(AlarmToken)
    [listed] = (await desk.call("imbot", "ListAlarmTokens"))["AlarmTokens"]

    assert len(made["Token"]) == 43
    assert made["Token"] not in str(listed) + str(row)
    assert (listed["Status"], listed["Name"]) == ("ACTIVE", "monitor")


async def test_tokens_are_listed_by_their_plan(desk: Desk) -> None:
    monitor = Monitor(desk)
    await monitor.has_token(await desk.has_plan())
    other = await desk.has_plan("other")

    listed = await desk.call("imbot", "ListAlarmTokens", ResponsePlanArn=other)

    assert listed["AlarmTokens"] == []


async def test_a_token_whose_plan_is_gone_says_so(desk: Desk) -> None:
    plan = await desk.has_plan()
    await Monitor(desk).has_token(plan)
    await desk.call("ssm-incidents", "DeleteResponsePlan", arn=plan)

    [listed] = (await desk.call("imbot", "ListAlarmTokens"))["AlarmTokens"]

    assert listed["Status"] == "NO_PLAN"


async def test_responders_make_no_tokens_and_nobody_revokes_what_is_not_there(
    desk: Desk,
) -> None:
    plan = await desk.has_plan()
    gone = await desk.refusal("imbot", "RevokeAlarmToken", AlarmTokenId="x")
    desk.acts_as(rights="responder")
    given = {"ResponsePlanArn": plan, "Name": "monitor"}
    refusal = await desk.refusal("imbot", "CreateAlarmToken", **given)

    assert (gone.code, refusal.code) == ("ResourceNotFoundException", "AccessDeniedException")


async def test_a_token_is_revoked_by_its_name_unless_several_bear_it(desk: Desk) -> None:
    monitor, plan = Monitor(desk), await desk.has_plan()
    tokens = [await monitor.has_token(plan), await monitor.has_token(plan)]

    torn = await desk.refusal("imbot", "RevokeAlarmToken", AlarmTokenId="monitor")
    await desk.call("imbot", "RevokeAlarmToken", AlarmTokenId=tokens[0]["AlarmTokenId"])
    await desk.call("imbot", "RevokeAlarmToken", AlarmTokenId="monitor")

    assert torn.code == "ValidationException"
    assert all(token["AlarmTokenId"] in torn.message for token in tokens)
    listed = (await desk.call("imbot", "ListAlarmTokens"))["AlarmTokens"]
    assert [each["Status"] for each in listed] == ["REVOKED", "REVOKED"]


async def test_the_address_is_told_where_a_public_one_is_known(desk: Desk) -> None:
    desk.is_reachable()
    monitor = Monitor(desk)
    made = await monitor.has_token(await desk.has_plan())

    assert made["Url"] == f"https://bot.example.com/alarms/{made['Token']}"
