from __future__ import annotations

import bot.app
from bot.core.registry import tasks
from bot.core.store.schema import metadata, table_of
from bot.core.store.work import Job
from bot.core.tasks import forgetting
from tests.core.desk import INCIDENTS, Desk

KEPT = frozenset(
    {
        "access_key",
        "audit",
        "chat_pace",
        "chat_preferences",
        "chime_webhook",
        "dead_letter",
        "delivery",
        "failed_try",
        "idempotency",
        "job",
        "mailbox",
        "notification_thread",
        "opted_out_number",
        "outbox",
        "process",
        "replication_set",
        "signing_key",
        "slack_channel_configuration",
        "subscription",
        "tally",
        "topic",
        "topic_link",
        "vault_key",
    }
)
"""Of the other services, of the program itself, of who must not be told, and what is looked
through row by row.
"""
KEPT_TASKS = frozenset(
    {"answer_delivery", "answer_request", "fan_out_further", "forget_account", "sweep"}
)
ALL = bot.app.LOADED
"""With the program as a whole every table is declared, and every task registered."""


def test_every_table_is_forgotten_with_the_account_or_kept_on_purpose() -> None:
    forgotten = {table_of(row_type).name for row_type in forgetting.FORGOTTEN}
    with_them = {
        table.name
        for table in metadata.tables.values()
        for key in table.foreign_keys
        if key.ondelete == "CASCADE" and key.column.table.name in forgotten
    }

    assert set(metadata.tables) - forgotten - with_them - KEPT == set()
    assert forgotten & KEPT == set()


def test_what_is_forgotten_goes_before_what_it_refers_to() -> None:
    order = [table_of(row_type).name for row_type in forgetting.FORGOTTEN]
    for place, row_type in enumerate(forgetting.FORGOTTEN):
        for key in table_of(row_type).foreign_keys:
            of = key.column.table.name
            assert key.ondelete == "CASCADE" or of not in order[:place], (row_type, of)


def test_every_job_is_forgotten_or_kept_on_purpose() -> None:
    own = {name for name, task in tasks.items() if task.__module__.startswith("bot.")}

    assert own - set(forgetting.JOBS) - KEPT_TASKS == set()


async def test_an_account_that_begins_anew_finds_nothing_of_the_old_one(
    desk_of_each_kind: Desk,
) -> None:
    desk = desk_of_each_kind
    await desk.has_person("ana")
    plan = await desk.has_plan(engages=["ana"], dedupeString="payments")
    incident = await desk.starts(plan)
    await desk.call("imbot", "CreateAlarmToken", Name="cpu", ResponsePlanArn=plan)
    (arn,) = (await desk.call(INCIDENTS, "ListReplicationSets"))["replicationSetArns"]

    await desk.call(INCIDENTS, "DeleteReplicationSet", arn=arn)
    await desk.work(seconds=1)
    await desk.call(INCIDENTS, "CreateReplicationSet", regions={"us-east-1": {}})

    assert [row for row in await desk.rows(Job) if row.task in forgetting.JOBS] == []
    refusal = await desk.refusal(INCIDENTS, "GetIncidentRecord", arn=incident)
    assert refusal.code == "ResourceNotFoundException"
    assert await desk.starts(await desk.has_plan(dedupeString="payments")) != incident
    assert (await desk.call("imbot", "ListAlarmTokens"))["AlarmTokens"] == []
