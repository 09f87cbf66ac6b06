"""Tags of contacts of every type, and of rotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.core.context import Context
from bot.core.effects.tag_rules import (
    Kinds,
    change_tags,
    find_tagged,
    pairs_of_tags,
    tags_of_pairs,
)
from bot.core.registry import operation
from bot.core.store.contacts import Contact
from bot.core.store.rotations import Rotation
from bot.core.store.schema import Wire

SERVICE = "ssm-contacts"
TAGGED: Kinds = {"contact": Contact, "rotation": Rotation}


@operation("ssm-contacts", "TagResource")
def tag_resource(ctx: Context, *, resource_arn: str, tags: Sequence[Mapping[str, str]]) -> None:
    """Add tags; the value of a key that is there already is replaced.

    Our choice: from every region of the replication set, not only from the first.
    Raises ServiceQuotaExceededException above 50 tags, ValidationException for an ARN of
    something else or a key that comes twice. Source: TagResource, ssm-contacts 2021-05-03.
    """
    change_tags(ctx, SERVICE, resource_arn, TAGGED, added=tags_of_pairs(tags))


@operation("ssm-contacts", "UntagResource")
def untag_resource(ctx: Context, *, resource_arn: str, tag_keys: Sequence[str]) -> None:
    """Remove tags; keys that are not there are passed over."""
    change_tags(ctx, SERVICE, resource_arn, TAGGED, removed=tag_keys)


@operation("ssm-contacts", "ListTagsForResource")
def list_tags_for_resource(ctx: Context, *, resource_arn: str) -> Wire:
    found = find_tagged(ctx, SERVICE, resource_arn, TAGGED)
    return {"Tags": pairs_of_tags(found.tags)}
