"""Tags of topics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.core.context import Context
from bot.core.effects.tag_rules import MOST_TAGS, pairs_of_tags, tags_of_pairs
from bot.core.errors import (
    InvalidParameterException,
    ResourceNotFoundException,
    TagLimitExceededException,
    ValidationException,
)
from bot.core.registry import operation
from bot.core.store.accounts import Topic
from bot.core.store.schema import Wire


@operation("sns", "TagResource")
def tag_resource(ctx: Context, *, resource_arn: str, tags: Sequence[Mapping[str, str]]) -> None:
    """Add tags; the value of a key that is there already is replaced.

    Raises ResourceNotFoundException, TagLimitExceededException above 50 tags, and
    InvalidParameterException for a key that comes twice or begins with `aws:`.
    Source: TagResource, sns 2010-03-31.
    """
    topic = _locked(ctx, resource_arn)
    changed = _tags(topic) | _given(tags)
    if len(changed) > MOST_TAGS:
        raise TagLimitExceededException(f"A topic has at most {MOST_TAGS} tags.")
    ctx.update(topic, tags=pairs_of_tags(changed))


@operation("sns", "UntagResource")
def untag_resource(ctx: Context, *, resource_arn: str, tag_keys: Sequence[str]) -> None:
    """Remove tags; keys that are not there are passed over."""
    topic = _locked(ctx, resource_arn)
    gone = frozenset(tag_keys)
    left = {name: value for name, value in _tags(topic).items() if name not in gone}
    ctx.update(topic, tags=pairs_of_tags(left))


@operation("sns", "ListTagsForResource")
def list_tags_for_resource(ctx: Context, *, resource_arn: str) -> Wire:
    return {"Tags": pairs_of_tags(_tags(_required(ctx, resource_arn)))}


def _given(pairs: Sequence[Mapping[str, str]]) -> dict[str, str]:
    try:
        tags = tags_of_pairs(pairs)
    except ValidationException as fault:
        raise InvalidParameterException(f"Invalid parameter: Tags Reason: {fault}") from fault
    if any(name.lower().startswith("aws:") for name in tags):
        raise InvalidParameterException(
            "Invalid parameter: Tags Reason: keys that begin with aws: are reserved."
        )
    return tags


def _tags(topic: Topic) -> dict[str, str]:
    """Of a key that CreateTopic was given twice, the last value."""
    return {pair["Key"]: pair["Value"] for pair in topic.tags}


def _required(ctx: Context, arn: str) -> Topic:
    topic = ctx.find(Topic, arn)
    if topic is None:
        raise ResourceNotFoundException("TOPIC", arn)
    return topic


def _locked(ctx: Context, arn: str) -> Topic:
    topic = ctx.lock(Topic, _required(ctx, arn).key)
    if topic is None:
        raise ResourceNotFoundException("TOPIC", arn)
    return topic
