"""OpsItems: the one that stands for each incident, its parent item. Imported when asked for.

There is nothing else in it than the incident's own words, read anew each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from bot.core.arns import build_arn
from bot.core.context import Context
from bot.core.effects.related_items import OPS_ITEM
from bot.core.errors import OpsItemNotFoundException
from bot.core.registry import operation
from bot.core.store.incidents import Incident
from bot.core.store.schema import Wire

SOURCE = "Incident Manager"
TYPE = "/aws/issue"
RESOURCES = "/aws/resources"
"""What OpsCenter calls the resources that an OpsItem is about."""
STATUSES = {"OPEN": "Open", "RESOLVED": "Resolved"}
LEAST_SEVERE = 4
ARN = re.compile(
    rf"arn:aws[a-z-]*:ssm:[a-z0-9-]*:[0-9]{{12}}:(?i:{OPS_ITEM})/oi-[0-9a-f]{{12}}"
)
LONGEST = 2048
"""Characters of a description."""


@operation("ssm", "GetOpsItem")
def get_ops_item(
    ctx: Context, *, ops_item_id: str, ops_item_arn: str | None = None
) -> dict[str, Any]:
    """Raises OpsItemNotFoundException. Source: GetOpsItem, ssm 2014-11-06.

    Our choice: the priority is the incident's impact, and so is the severity, which ends at 4;
    operational data name the incident and what it involves.
    """
    incident = ctx.find_by(Incident, account_id=ctx.account_id, ops_item_id=ops_item_id)
    if incident is None or (ops_item_arn and _id_of(ops_item_arn) != ops_item_id):
        raise OpsItemNotFoundException(f"OpsItem {ops_item_id} does not exist.")
    return {"OpsItem": _document(incident, ops_item_id, ctx.caller.region)}


def _document(incident: Incident, ops_item_id: str, region: str) -> Wire:
    arns = list(_own_arns(incident, ops_item_id))
    own = build_arn("ssm", region, incident.account_id, OPS_ITEM, ops_item_id)
    resources = [{"arn": incident.arn}, *({"arn": arn} for arn in _involved(incident))]
    return {
        "OpsItemId": ops_item_id,
        "OpsItemArn": arns[0] if arns else own,
        "OpsItemType": TYPE,
        "Title": incident.title,
        "Description": (incident.summary or incident.title)[:LONGEST],
        "Status": STATUSES[incident.status],
        "Source": SOURCE,
        "Priority": incident.impact,
        "Severity": str(min(incident.impact, LEAST_SEVERE)),
        "CreatedBy": str(incident.source["createdBy"]),
        "CreatedTime": incident.created_at,
        "LastModifiedBy": incident.modified_by,
        "LastModifiedTime": incident.modified_at,
        "OperationalData": {
            RESOURCES: {
                "Type": "SearchableString",
                "Value": orjson.dumps(resources).decode(),
            }
        },
        "RelatedOpsItems": [
            {"OpsItemId": _id_of(arn)}
            for arn in _ops_item_arns(incident)
            if _id_of(arn) != ops_item_id
        ],
    }


def _involved(incident: Incident) -> Iterator[str]:
    for item in incident.document.get("relatedItems", ()):
        identifier = item["identifier"]
        if identifier["type"] == "INVOLVED_RESOURCE" and "arn" in identifier["value"]:
            yield str(identifier["value"]["arn"])


def _own_arns(incident: Incident, ops_item_id: str) -> Iterator[str]:
    """The ARN under which an incident names its OpsItem: that of the region of its start."""
    return (arn for arn in _ops_item_arns(incident) if _id_of(arn) == ops_item_id)


def _ops_item_arns(incident: Incident) -> Iterator[str]:
    for item in incident.document.get("relatedItems", ()):
        arn = str(item["identifier"]["value"].get("arn", ""))
        if ARN.fullmatch(arn):
            yield arn


def _id_of(arn: str) -> str:
    return arn.rpartition("/")[2]
