"""What the database says of a world, read beside the program. Instants are microseconds."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from tests.simulation.database import Database

MINUTE = 60_000_000


class Engagement(NamedTuple):
    key: str
    arn: str
    contact_key: str
    contact_arn: str
    contact_type: str
    incident_arn: str | None
    parent_key: str | None
    root_key: str | None
    plan: str
    stage: int | None
    stage_begun_at: int | None
    started_at: int
    acknowledged_at: int | None
    acknowledged_by: str | None
    stopped_at: int | None
    ended_at: int | None
    is_unreachable: int

    @property
    def over_at(self) -> int | None:
        ends = [at for at in (self.acknowledged_at, self.stopped_at) if at is not None]
        return min(ends, default=None)

    @property
    def stages(self) -> list[dict[str, Any]]:
        return _stages(self.plan)


@lru_cache(maxsize=1024)
def _stages(plan: str) -> list[dict[str, Any]]:
    stages: list[dict[str, Any]] = json.loads(plan).get("Stages", [])
    return stages


class Target(NamedTuple):
    key: str
    engagement_key: str
    stage: int
    number: int
    page_key: str | None
    child_key: str | None
    attempts: int
    told_at: int
    has_failed: int


class Page(NamedTuple):
    key: str
    engagement_key: str
    channel_arn: str
    created_at: int
    read_at: int | None
    waits_until: int | None


class Receipt(NamedTuple):
    page_key: str
    type: str
    info: str
    vendor_id: str | None
    at: int


class Told(NamedTuple):
    """A message as the outbox had it. `gone_at`: its row was deleted then. `page_keys` are all
    that it says.
    """

    key: str
    page_keys: tuple[str, ...]
    at: int
    gone_at: int | None


@dataclass(slots=True)
class Facts:
    engagements: dict[str, Engagement]
    targets: dict[str, list[Target]]
    """By engagement, in the order of stages and numbers."""
    pages: dict[str, Page]
    receipts: dict[str, list[Receipt]]
    """By page."""
    told: dict[str, Told]
    children: dict[str, list[Engagement]] = field(default_factory=dict)

    @property
    def leads(self) -> list[Target]:
        """The targets that led to an engagement."""
        return [t for targets in self.targets.values() for t in targets if t.child_key]


def read_facts(database: Database) -> Facts:
    def rows(kind: type[Any], table: str, order: str = "key") -> list[Any]:
        columns = ", ".join(kind._fields)
        found = database.look(f"SELECT {columns} FROM {table} ORDER BY {order}")  # noqa: S608
        return [kind(*record) for record in found]

    targets: dict[str, list[Target]] = defaultdict(list)
    for target in rows(Target, "target", "engagement_key, stage, number"):
        targets[target.engagement_key].append(target)
    receipts: dict[str, list[Receipt]] = defaultdict(list)
    for receipt in rows(Receipt, "receipt"):
        receipts[receipt.page_key].append(receipt)
    engagements = {each.key: each for each in rows(Engagement, "engagement")}
    children: dict[str, list[Engagement]] = defaultdict(list)
    for engagement in engagements.values():
        if engagement.parent_key:
            children[engagement.parent_key].append(engagement)
    return Facts(
        engagements=engagements,
        targets=targets,
        pages={each.key: each for each in rows(Page, "page")},
        receipts=receipts,
        told=_told(database),
        children=children,
    )


def _told(database: Database) -> dict[str, Told]:
    """The messages that page somebody."""
    bundles = dict(database.look("SELECT key, page_keys FROM bundle"))
    found = database.look("SELECT key, page_key, at, gone_at FROM told WHERE page_key NOTNULL")
    return {
        key: Told(key, pages_of(bundles.get(page_key), page_key), at, gone_at)
        for key, page_key, at, gone_at in found
    }


def pages_of(bundle: str | None, page_key: str) -> tuple[str, ...]:
    """The pages of a message, by the page keys of its bundle if it is one."""
    return tuple(json.loads(bundle)) if bundle else (page_key,)


def ledger(facts: Facts, clock: Callable[[int], str], name: Callable[[str], str]) -> list[str]:
    """The records of a world, as lines to be read under its story."""
    lines = ["", "What was recorded:"]
    for each in facts.engagements.values():
        ends = {"acknowledged": each.acknowledged_at, "stopped": each.stopped_at}
        ends |= {"through": each.ended_at}
        fates = [f"{end} {clock(at)}" for end, at in ends.items() if at is not None]
        above = facts.engagements.get(each.parent_key or "")
        under = f" under {above.arn}" if above else ""
        began = f"{each.arn} of {each.contact_arn}{under}: {clock(each.started_at)}"
        lines.append("  " + ", ".join([began, *fates]))
        for target in facts.targets.get(each.key, ()):
            lines.append(f"    {_target_line(facts, target, clock, name)}")
    return lines


def _target_line(
    facts: Facts, target: Target, clock: Callable[[int], str], name: Callable[[str], str]
) -> str:
    child = facts.engagements.get(target.child_key or "")
    thing = name(target.page_key) if target.page_key else child.arn if child else "nothing"
    failed = ", failed" if target.has_failed else ""
    receipts = facts.receipts.get(target.page_key or "", ())
    told = "; ".join(f"{clock(r.at)} {r.type} {r.info}" for r in receipts)
    place = f"target {target.stage}.{target.number}"
    return f"{place} {clock(target.told_at)} x{target.attempts}{failed}: {thing} {told}"
