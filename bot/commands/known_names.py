"""Which names there are, for whoever typed none or one that nothing bears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.commands.asking import Document, request_of
from bot.commands.problems import ChatError, did_you_mean
from bot.commands.short_names import CONTACT, PLAN, alias_of, kind_of
from bot.core.context import Context
from bot.core.dispatch import answer_within
from bot.core.errors import ResourceNotFoundException, ServiceError

MOST_LOOKED_AT = 100
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _List:
    """The operation that lists a kind of resource, and where its answer holds their names."""

    noun: str
    service: str
    operation: str
    most: str
    items: str
    name: str


_PLANS = _List(
    noun="response plan",
    service="ssm-incidents",
    operation="ListResponsePlans",
    most="maxResults",
    items="responsePlanSummaries",
    name="arn",
)
_CONTACTS = _List(
    noun="contact",
    service="ssm-contacts",
    operation="ListContacts",
    most="MaxResults",
    items="Contacts",
    name="Alias",
)
_ROTATIONS = _List(
    noun="rotation",
    service="ssm-contacts",
    operation="ListRotations",
    most="MaxResults",
    items="Rotations",
    name="Name",
)
_BY_RESOURCE_TYPE: Mapping[str, _List] = {
    "RESPONSE_PLAN": _PLANS,
    "CONTACT": _CONTACTS,
    "ROTATION": _ROTATIONS,
}
_BY_KIND: Mapping[tuple[str, ...], _List] = {PLAN: _PLANS, CONTACT: _CONTACTS}


def names_for(ctx: Context, document: Document, fault: Exception) -> str:
    """A sentence on the names that a refused line could have held, as far as the context's
    caller may list them; else "".
    """
    if isinstance(fault, ResourceNotFoundException):
        listed = _BY_RESOURCE_TYPE.get(fault.fields["resource_type"])
        typed = alias_of(fault.fields["resource_id"])
    elif isinstance(fault, ChatError):
        kinds = [kind for missing in fault.missing if (kind := kind_of(*missing))]
        listed, typed = (_BY_KIND.get(kinds[0]) if kinds else None), ""
    else:
        return ""
    names = _names(ctx, document, listed) if listed else None
    if listed is None or names is None:
        return ""
    return did_you_mean(typed, names).strip() or _shown(listed.noun, names)


def _names(ctx: Context, document: Document, listed: _List) -> list[str] | None:
    parameters = {listed.most: MOST_LOOKED_AT}
    request = request_of(ctx, document, listed.service, listed.operation, parameters)
    try:
        items = answer_within(ctx, request)[listed.items]
    except ServiceError:
        return None
    return [alias_of(item[listed.name]) for item in items]


def _shown(noun: str, names: list[str]) -> str:
    if not names:
        return f"There is no {noun} yet."
    more = " and more" if len(names) > MOST_SHOWN else ""
    listed = ", ".join(f"`{name}`" for name in names[:MOST_SHOWN])
    those = f"is the {noun}" if len(names) == 1 else f"are the {noun}s"
    return f"There {those} {listed}{more}."
