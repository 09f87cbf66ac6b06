"""Goal 4: one incident that pages a thousand people: its first page, and its last."""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import uvloop

from benchmarks.client import REGION, incidents, load
from benchmarks.figures import Figure
from benchmarks.incidents import Loaded
from benchmarks.instant import INCIDENTS, Ledger
from benchmarks.machine import Child
from benchmarks.program import ACCOUNT, Vendors, call_within, prepare, running, settings
from benchmarks.raw import RawLoop
from bot.core.effects.addresses import fingerprint
from bot.core.ids import new_key
from bot.core.store.contacts import Contact, ContactChannel
from bot.core.store.executor import open_store
from bot.core.store.transaction import Transaction

PEOPLE = 1_000
PLANS, STAGES = 5, 10
"""Escalation plans that the response plan engages, and their stages, which begin at once. A
stage holds twice as many people as the API lets one write.
"""
CONTACT = f"arn:aws:ssm-contacts:{REGION}:{ACCOUNT}:contact/"
STORM = f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/storm"
PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Seconds, of pages from the request's first byte. `usual` is the first page of a small
    incident, `raw` one commit of the same rows, `pages_alone` of its pages and messages.
    """

    first: float
    last: float
    usual: float
    raw: float
    pages_alone: float


def measure(folder: Path, rounds: int, alone: int) -> list[Figure]:
    """`alone`: small incidents in each round, one after the other."""
    with ExitStack() as stack:
        vendors = Vendors(folder)
        stack.callback(vendors.child.stop)
        database, path = folder / "storm.db", folder / "ledger"
        prepare(database, vendors)
        environment = settings(database, vendors)
        asyncio.run(_add_people(environment))
        ledger, command = Ledger(path), ("benchmarks.instant", str(path))
        program = stack.enter_context(running(folder, environment, command))
        loaded = Loaded(program, database, ledger.first)
        loaded.handle(100, 1)
        raw = RawLoop(loaded.outbox, folder / "raw.db")
        rows = _rows_of(loaded.outbox, lambda: _storm(program, ledger, INCIDENTS - 1))
        taken = []
        for each in range(rounds):
            usual = statistics.median(loaded.handle(alone, 1).waits)
            first, last = _storm(program, ledger, INCIDENTS - 2 - each)
            taken.append(
                Round(
                    first=first,
                    last=last,
                    usual=usual,
                    raw=raw.commit_seconds(rows),
                    pages_alone=raw.commit_seconds({"page": PEOPLE, "outbox": PEOPLE}),
                )
            )
    return _figures(taken)


def _figures(rounds: list[Round]) -> list[Figure]:
    what = f"{PEOPLE:,} people"
    return [
        Figure(
            number=4,
            name=f"one incident, {what}: first page / that of a small one, p50",
            values=[r.first / r.usual for r in rounds],
            unit="x",
            goal=2.5,
        ),
        Figure(
            number=4,
            name="its last page / one raw commit of the same rows",
            values=[r.last / r.raw for r in rounds],
            unit="x",
            goal=2.5,
        ),
        Figure(
            number=None, name="first page", values=[r.first * 1e3 for r in rounds], unit="ms"
        ),
        Figure(number=None, name="last page", values=[r.last * 1e3 for r in rounds], unit="ms"),
        Figure(number=None, name="raw commit", values=[r.raw * 1e3 for r in rounds], unit="ms"),
        Figure(
            number=None,
            name="the same of its pages and messages alone, a quarter of the rows",
            values=[r.pages_alone * 1e3 for r in rounds],
            unit="ms",
        ),
    ]


def _rows_of(source: sqlite3.Connection, storm: Callable[[], object]) -> dict[str, int]:
    """How many rows of each table a storm writes until its last page is handed over: those that
    it leaves but the receipts, and all its messages, of which most are gone.
    """
    before = _counted(source)
    storm()
    after = _counted(source)
    added = {table: after[table] - before[table] for table in after if table != "receipt"}
    return {table: number for table, number in added.items() if number > 0} | {"outbox": PEOPLE}


def _counted(source: sqlite3.Connection) -> dict[str, int]:
    tables = source.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    counting = "SELECT count(*) FROM "
    return {name: source.execute(counting + name).fetchone()[0] for (name,) in tables}


def _storm(program: Child, ledger: Ledger, number: int) -> tuple[float, float]:
    [request] = incidents([number], STORM, uuid4().hex)
    sent_at = uvloop.run(load(program.port, [request], 1)).sent_at[0]
    ends_at = time.monotonic() + PATIENCE
    while ledger.pages(number) < PEOPLE:
        if time.monotonic() > ends_at:
            raise RuntimeError(f"only {ledger.pages(number)} pages were handed over")
        time.sleep(0.01)
    [first] = ledger.first(range(number, number + 1))
    return (first - sent_at) / 1e9, (ledger.last(number) - sent_at) / 1e9


async def _add_people(environment: dict[str, str]) -> None:
    store = await open_store(environment["IMBOT_DATABASE_URL"])
    await store.write(_insert_people)
    await store.close()

    async def create(call: Any) -> None:
        await call(
            "ssm-incidents",
            "CreateResponsePlan",
            name="storm",
            incidentTemplate={"title": "Storm", "impact": 1},
            engagements=[f"{CONTACT}team-{number}" for number in range(PLANS)],
        )

    await call_within(environment, create)


def _insert_people(tx: Transaction) -> None:
    people = [f"person-{number}" for number in range(PEOPLE)]
    for number, alias in enumerate(people):
        channel = _channel(tx, alias, f"+1415556{number:04d}")
        targets = [{"ChannelTargetInfo": {"ContactChannelId": channel.arn}}]
        plan = {"Stages": [{"DurationInMinutes": 30, "Targets": targets}]}
        tx.insert([_contact(alias, "PERSONAL", plan, channel.contact_key), channel])
    a_plan = PEOPLE // PLANS
    for number in range(PLANS):
        members = people[number * a_plan : (number + 1) * a_plan]
        tx.insert([_contact(f"team-{number}", "ESCALATION", _plan_of(members), new_key())])


def _plan_of(aliases: list[str]) -> dict[str, Any]:
    a_stage = len(aliases) // STAGES
    stages = []
    for first in range(0, len(aliases), a_stage):
        targets = [
            {"ContactTargetInfo": {"ContactId": CONTACT + alias, "IsEssential": False}}
            for alias in aliases[first : first + a_stage]
        ]
        is_last = first + a_stage >= len(aliases)
        stages.append({"DurationInMinutes": 30 if is_last else 0, "Targets": targets})
    return {"Stages": stages}


def _contact(alias: str, kind: Any, plan: dict[str, Any], key: Any) -> Contact:
    return Contact(
        key=key,
        account_id=ACCOUNT,
        arn=CONTACT + alias,
        alias=alias,
        type=kind,
        display_name=None,
        plan=plan,
        tags={},
        created_at=datetime.now(UTC),
    )


def _channel(tx: Transaction, alias: str, number: str) -> ContactChannel:
    key = new_key()
    return ContactChannel(
        key=key,
        account_id=ACCOUNT,
        contact_key=new_key(),
        contact_arn=CONTACT + alias,
        arn=f"arn:aws:ssm-contacts:{REGION}:{ACCOUNT}:contact-channel/{alias}/{key}",
        name="sms",
        type="SMS",
        address=number,
        address_fingerprint=fingerprint(tx.vault, "SMS", number),
        is_activated=True,
        created_at=datetime.now(UTC),
    )
