"""Tags of response plans, incident records and replication sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.core.context import Context
from bot.core.effects.tag_rules import Kinds, change_tags, find_tagged
from bot.core.registry import operation
from bot.core.store.accounts import ReplicationSet
from bot.core.store.incidents import Incident, ResponsePlan
from bot.core.store.schema import Wire

SERVICE = "ssm-incidents"
TAGGED: Kinds = {
    "incident-record": Incident,
    "replication-set": ReplicationSet,
    "response-plan": ResponsePlan,
}


@operation("ssm-incidents", "TagResource")
def tag_resource(ctx: Context, *, resource_arn: str, tags: Mapping[str, str]) -> None:
    """Add tags; the value of a key that is there already is replaced.

    The model refuses keys that begin with `aws:`. Raises ServiceQuotaExceededException above
    50 tags. Source: TagResource, ssm-incidents 2018-05-10.
    """
    change_tags(ctx, SERVICE, resource_arn, TAGGED, added=tags)


@operation("ssm-incidents", "UntagResource")
def untag_resource(ctx: Context, *, resource_arn: str, tag_keys: Sequence[str]) -> None:
    """Remove tags; keys that are not there are passed over."""
    change_tags(ctx, SERVICE, resource_arn, TAGGED, removed=tag_keys)


@operation("ssm-incidents", "ListTagsForResource")
def list_tags_for_resource(ctx: Context, *, resource_arn: str) -> Wire:
    return {"tags": find_tagged(ctx, SERVICE, resource_arn, TAGGED).tags}
