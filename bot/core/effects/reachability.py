"""Who could be told now, and why nobody: people, plans, schedules and response plans.

Everything is read in six statements, however many there are; the judgement on it is pure.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

from sqlalchemy import bindparam, select

from bot.core.effects import schedules, slack_links
from bot.core.effects.names import alias_of
from bot.core.planner.plans import PlanTarget, parse_plan
from bot.core.store.contacts import Contact, ContactChannel
from bot.core.store.incidents import ResponsePlan
from bot.core.store.kinds import instant_to_integer
from bot.core.store.rotations import Rotation, RotationOverride
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared
from bot.core.store.transaction import Transaction

IN_SLACK = " Only a direct message in Slack would come."
MOST_NAMED = 5
"""Names in one sentence; the rest is counted."""

_channels = table_of(ContactChannel).c
ADDRESSES = prepared(
    select(
        _channels.arn,
        _channels.contact_arn,
        _channels.name,
        _channels.type,
        _channels.is_activated,
        _channels.opted_out_at,
        _channels.deleted_at,
        _channels.fault,
    )
    .where(_channels.account_id == bindparam("account"), _channels.deleted_at.is_(None))
    .order_by(_channels.key)
)
"""What matters here of a contact channel; the address itself stays encrypted."""

_overrides = table_of(RotationOverride).c
OVERRIDES = prepared(
    select(table_of(RotationOverride))
    .where(
        _overrides.account_id == bindparam("account"),
        _overrides.starts_at <= bindparam("now"),
        _overrides.ends_at > bindparam("now"),
    )
    .order_by(_overrides.starts_at, _overrides.key)
)

Obstacle = Literal["missing", "deleted", "opted out", "not activated", "without settings"]
Type = Literal["RESPONSE_PLAN", "ESCALATION", "ONCALL_SCHEDULE", "PERSONAL"]
TYPES: tuple[Type, ...] = ("RESPONSE_PLAN", "ESCALATION", "ONCALL_SCHEDULE", "PERSONAL")
"""In the order of what is lost with them."""

WORDS: Mapping[Obstacle, str] = {
    "missing": "was deleted",
    "deleted": "was deleted",
    "opted out": "opted out",
    "not activated": "is not activated",
    "without settings": "has no sender (no settings for {})",
}


class Addressed(Protocol):
    """What tells whether a contact channel can be paged; None is an instant that never came."""

    @property
    def type(self) -> str: ...
    @property
    def is_activated(self) -> bool: ...
    @property
    def opted_out_at(self) -> object | None: ...
    @property
    def deleted_at(self) -> object | None: ...


def obstacle(channel: Addressed | None, media: frozenset[str]) -> Obstacle | None:
    """What keeps a contact channel from being paged; None where nothing does.

    `media` are the channels that have settings, in lower case. What the vendor refused before
    is tried all the same: its account may have been mended since.
    """
    if channel is None:
        return "missing"
    if channel.deleted_at is not None:
        return "deleted"
    if channel.opted_out_at is not None:
        return "opted out"
    if not channel.is_activated:
        return "not activated"
    return None if channel.type.lower() in media else "without settings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A live contact channel; `fault` is the vendor's last permanent refusal, in words."""

    arn: str
    contact_arn: str
    name: str
    type: str
    is_activated: bool
    opted_out_at: int | None
    deleted_at: int | None
    fault: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is the matter with something, in one sentence."""

    arn: str
    type: Type
    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """`unreachable` could tell nobody now; `doubts` tell somebody, but not all they name."""

    checked: int
    unreachable: tuple[Finding, ...]
    doubts: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Something that tells others. `targets` are ARNs of addresses or of other nodes, each
    once; `empty` says in a sentence why there are none, where there are none.
    """

    arn: str
    type: Type
    name: str
    targets: tuple[str, ...]
    empty: str
    tells_chat: bool = False
    is_in_slack: bool = False


def reach(tx: Transaction, *, account_id: str, media: frozenset[str], now: datetime) -> Reach:
    """Say who could not be told at `now`. `media` are the channels that have settings."""
    records = tx.records(ADDRESSES, account=account_id)
    names = tuple(Address.__dataclass_fields__)
    addresses = [Address(**dict(zip(names, record, strict=True))) for record in records]
    contacts = tx.select(Contact, account_id=account_id, deleted_at=None)
    on_call = _on_call(tx, account_id, contacts, now)
    silent = slack_links.troubles(tx, account_id=account_id, media=media)
    nodes = [_contact(one, on_call.get(one.arn), silent, now) for one in contacts]
    plans = tx.select(ResponsePlan, account_id=account_id)
    found = judged(nodes + [_response_plan(one) for one in plans], addresses, media)
    told = [
        _finding(node, f"No direct messages in Slack: {silent[node.arn]}")
        for node in nodes
        if node.arn in silent
    ]
    return replace(found, doubts=(*found.doubts, *told))


def judged(nodes: Sequence[Node], addresses: Iterable[Address], media: frozenset[str]) -> Reach:
    """Follow every plan to the addresses in it. Pure; plans may go in circles."""
    town = _Town(nodes, addresses, media)
    unreachable, doubts = [], []
    for node in sorted(nodes, key=lambda one: (TYPES.index(one.type), one.name)):
        if node.arn in town.reached:
            doubts += town.doubts(node)
        elif node.tells_chat and not node.targets:
            doubts.append(_finding(node, "It engages nobody; only its chat channel is told."))
        else:
            unreachable.append(_finding(node, town.why_nobody(node)))
    return Reach(checked=len(nodes), unreachable=tuple(unreachable), doubts=tuple(doubts))


class _Town:
    """All there is, by its ARN, and what of it reaches somebody."""

    def __init__(
        self, nodes: Sequence[Node], addresses: Iterable[Address], media: frozenset[str]
    ) -> None:
        self._nodes = {node.arn: node for node in nodes}
        self._addresses = {one.arn: one for one in addresses}
        self._media = media
        self._refused: dict[str, list[Address]] = {}
        for one in self._addresses.values():
            if one.fault:
                self._refused.setdefault(one.contact_arn, []).append(one)
        self.reached = {arn for arn, one in self._addresses.items() if not self._trouble(one)}
        while grown := [node.arn for node in nodes if self._grows(node)]:
            self.reached.update(grown)

    def _grows(self, node: Node) -> bool:
        return node.arn not in self.reached and not self.reached.isdisjoint(node.targets)

    def why_nobody(self, node: Node) -> str:
        if not node.targets:
            return f"{node.empty}{IN_SLACK if node.is_in_slack else ''}"
        told = _listed([self._told(arn) for arn in node.targets])
        if node.type == "PERSONAL":
            slack = IN_SLACK if node.is_in_slack else ""
            return f"None of the contact channels in its plan can be paged: {told}.{slack}"
        whom = "who is on call" if node.type == "ONCALL_SCHEDULE" else "it engages"
        return f"Nobody {whom} can be reached: {told}."

    def doubts(self, node: Node) -> list[Finding]:
        """What of a node that reaches somebody does not; and what its owner should mend."""
        failing = [arn for arn in node.targets if arn not in self.reached]
        refused = [one.arn for one in self._refused.get(node.arn, ())]
        told = [self._told(arn) for arn in dict.fromkeys(failing + refused)]
        if not told:
            return []
        if node.type == "PERSONAL":
            return [_finding(node, f"Can be paged, but {_listed(told)}.")]
        return [_finding(node, f"Reaches somebody, but not {_listed(told)}.")]

    def _trouble(self, address: Address) -> str:
        if address.fault:
            return f"cannot be used ({address.fault.rstrip('.')})"
        found = obstacle(address, self._media)
        return WORDS[found].format(address.type) if found else ""

    def _told(self, arn: str) -> str:
        """A target in words: an address with its trouble, somebody by name."""
        if (address := self._addresses.get(arn)) is not None:
            return f"{address.name} ({address.type}) {self._trouble(address)}"
        if (node := self._nodes.get(arn)) is not None:
            return node.name
        if ":contact-channel/" in arn:
            return "a contact channel was deleted"
        return f"{alias_of(arn)} (does not exist)"


def _on_call(
    tx: Transaction, account_id: str, contacts: Iterable[Contact], now: datetime
) -> dict[str, tuple[str, ...]]:
    """By the schedule's ARN: ARNs of the people on call in any of its rotations."""
    found = [one for one in contacts if one.type == "ONCALL_SCHEDULE"]
    if not found:
        return {}
    overrides: dict[str, list[RotationOverride]] = {}
    current = tx.fetch(
        RotationOverride, OVERRIDES, account=account_id, now=instant_to_integer(now)
    )
    for one in current:
        overrides.setdefault(one.rotation_key, []).append(one)
    members = {
        row.arn: schedules.members_at(row, overrides.get(row.key, ()), now)
        for row in tx.select(Rotation, account_id=account_id)
    }
    return {
        one.arn: _once(
            person
            for rotation in one.plan.get("RotationIds", ())
            for person in members.get(rotation, ())
        )
        for one in found
    }


def _contact(
    contact: Contact,
    on_call: tuple[str, ...] | None,
    silent: Container[str],
    now: datetime,
) -> Node:
    """`silent` are the ARNs of those whom a link to Slack does not reach."""
    targets, empty = _targets(contact, on_call)
    muted_until = contact.muted_until
    is_muted = muted_until is not None and muted_until > now
    if is_muted:
        targets, empty = (), f"Muted until {muted_until:%Y-%m-%d %H:%M} UTC."
    is_in_slack = contact.slack_link_key is not None and contact.arn not in silent
    return Node(
        arn=contact.arn,
        type=contact.type,
        name=contact.display_name or contact.alias,
        targets=targets,
        empty=empty,
        is_in_slack=is_in_slack and not is_muted,
    )


def _targets(contact: Contact, on_call: tuple[str, ...] | None) -> tuple[tuple[str, ...], str]:
    """Whom a contact tells, and what it would mean if that were nobody."""
    if on_call is not None:
        has_rotations = bool(contact.plan.get("RotationIds"))
        never = "It has no rotation, so nobody is ever on call."
        return on_call, "Nobody is on call now." if has_rotations else never
    stages = parse_plan(contact.plan)
    named = "contact channel" if contact.type == "PERSONAL" else "contact"
    empty = f"Its plan names no {named}." if stages else "Its plan has no stages."
    return _once(_arns(target for stage in stages for target in stage.targets)), empty


def _arns(targets: Iterable[PlanTarget]) -> Iterator[str]:
    return (target.arn for target in targets)


def _response_plan(plan: ResponsePlan) -> Node:
    document = plan.document
    return Node(
        arn=plan.arn,
        type="RESPONSE_PLAN",
        name=document.get("displayName") or plan.name,
        targets=_once(document.get("engagements", ())),
        empty="It engages nobody.",
        tells_chat=bool((document.get("chatChannel") or {}).get("chatbotSns")),
    )


def _once(arns: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(arns))


def _listed(names: Sequence[str]) -> str:
    left = len(names) - MOST_NAMED
    shown = ", ".join(names[:MOST_NAMED])
    return f"{shown} and {left} more" if left > 0 else shown


def _finding(node: Node, reason: str) -> Finding:
    return Finding(arn=node.arn, type=node.type, name=node.name, reason=reason)
