"""Related items: what else there is to look at in an incident."""

from __future__ import annotations

from bot.core.context import Context
from bot.core.effects import changes, related_items
from bot.core.errors import (
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from bot.core.listing import listing_within, next_token_member
from bot.core.registry import operation
from bot.core.store.incidents import Incident
from bot.core.store.schema import Wire


@operation("ssm-incidents", "ListRelatedItems")
def list_related_items(
    ctx: Context,
    *,
    incident_record_arn: str,
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """List the items in the order of their coming.

    Raises ValidationException, since the model knows no other error here, for an incident that
    does not exist.
    """
    incident = ctx.find(Incident, incident_record_arn)
    if incident is None:
        raise ValidationException(f"INCIDENT_RECORD {incident_record_arn} does not exist.")
    items, token = listing_within(
        ctx,
        incident.document.get("relatedItems", ()),
        place=related_items.place,
        of=f"ListRelatedItems {incident.key}",
        max_results=max_results,
        next_token=next_token,
    )
    answer: Wire = {"relatedItems": items}
    return answer | next_token_member(token, "nextToken")


@operation("ssm-incidents", "UpdateRelatedItems")
def update_related_items(
    ctx: Context, *, incident_record_arn: str, related_items_update: Wire
) -> None:
    """Add an item, or remove it by its identifier, and write it on the timeline.

    An item gets a `generatedId` of our own, whatever is given. Raises ConflictException for an
    identifier that is there already, ResourceNotFoundException for one that is not, and
    ValidationException above 50 items; these three are our choice.
    Source: UpdateRelatedItems, ssm-incidents 2018-05-10.
    """
    incident = ctx.lock(Incident, ctx.require(Incident, incident_record_arn).key)
    if incident is None:
        raise ResourceNotFoundException("INCIDENT_RECORD", incident_record_arn)
    items = incident.document.get("relatedItems", [])
    if (added := related_items_update.get("itemToAdd")) is not None:
        items = _with(incident, items, added)
    if (removed := related_items_update.get("itemToRemove")) is not None:
        items = _without(items, removed)
    changed = ctx.update(
        incident,
        document=incident.document | {"relatedItems": items},
        modified_by=ctx.caller.principal_arn,
        modified_at=ctx.now,
    )
    changes.tell(ctx, changed, {"relatedItems": related_items_update})


def _with(incident: Incident, items: list[Wire], added: Wire) -> list[Wire]:
    if any(item["identifier"] == added["identifier"] for item in items):
        raise ConflictException(
            "The incident has a related item of this identifier already.",
            "INCIDENT_RECORD",
            incident.arn,
        )
    return related_items.checked([*items, related_items.identified(added)])


def _without(items: list[Wire], identifier: Wire) -> list[Wire]:
    left = [item for item in items if item["identifier"] != identifier]
    if len(left) == len(items):
        told = ", ".join(str(value) for value in identifier["value"].values())
        raise ResourceNotFoundException("RELATED_ITEM", f"{identifier['type']} {told}")
    return left
