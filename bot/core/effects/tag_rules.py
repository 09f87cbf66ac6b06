"""Tags: which resource bears them, how many it holds, and how they are changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from bot.core.arns import parse_arn
from bot.core.context import Context
from bot.core.errors import (
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    ValidationException,
)
from bot.core.store.schema import Row, Wire

MOST_TAGS = 50


class Tagged(Row, Protocol):
    @property
    def arn(self) -> str: ...

    @property
    def tags(self) -> Wire: ...


T = TypeVar("T", bound=Tagged)
Kinds = Mapping[str, type[Tagged]]
"""The first part of an ARN's resource ("contact") -> the rows that bear such ARNs."""


def find_tagged(ctx: Context, service: str, arn: str, kinds: Kinds) -> Tagged:
    """Raises ValidationException for an ARN of another kind, ResourceNotFoundException."""
    return ctx.require(_kind_of(service, arn, kinds), arn)


def change_tags(
    ctx: Context,
    service: str,
    arn: str,
    kinds: Kinds,
    *,
    added: Mapping[str, str] | None = None,
    removed: Iterable[str] = (),
) -> None:
    """Remove what is there of `removed`, then add, or replace by, `added`.

    Raises what `find_tagged` raises, and ServiceQuotaExceededException above 50 tags.
    """
    kind = _kind_of(service, arn, kinds)
    found = ctx.lock(kind, ctx.require(kind, arn).key)
    if found is None:
        raise ResourceNotFoundException(parse_arn(arn).resource_type, arn)
    gone = frozenset(removed)
    tags = {name: value for name, value in found.tags.items() if name not in gone}
    tags |= added or {}
    if len(tags) > MOST_TAGS:
        raise ServiceQuotaExceededException(
            f"A resource has at most {MOST_TAGS} tags; it would have {len(tags)}.",
            resource_type=parse_arn(arn).resource_type,
            resource_id=arn,
            quota_code="TagsPerResource",
            service_code=service,
        )
    if tags != found.tags:
        ctx.update(found, tags=tags)


def tags_of_pairs(pairs: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Make a map of the wire's `[{"Key": ..., "Value": ...}]`.

    Raises ValidationException for a key that comes twice, has no value, or is AWS's own.
    """
    tags: dict[str, str] = {}
    for pair in pairs:
        key, value = pair.get("Key"), pair.get("Value")
        if key is None or value is None:
            raise ValidationException("A tag has a Key and a Value.")
        if key.lower().startswith("aws:"):
            raise ValidationException("Tag keys that begin with aws: are reserved.")
        if key in tags:
            raise ValidationException("A tag key is given twice.")
        tags[key] = value
    return tags


def pairs_of_tags(tags: Mapping[str, str]) -> list[Wire]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _kind_of(service: str, arn: str, kinds: Kinds) -> type[Tagged]:
    try:
        parsed = parse_arn(arn)
    except ValueError as fault:
        raise ValidationException(f"{fault}.", reason="FIELD_VALIDATION_FAILED") from fault
    kind = kinds.get(parsed.resource_type)
    if kind is None or parsed.service != service:
        raise ValidationException(
            f"{arn} is nothing that {service} tags: {', '.join(sorted(kinds))}.",
            reason="FIELD_VALIDATION_FAILED",
        )
    return kind
