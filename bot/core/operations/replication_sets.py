"""Replication sets: an account's first step, the regions it uses, and the way to end it all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from bot.core.context import Context
from bot.core.effects import jobs
from bot.core.errors import (
    ConflictException,
    ResourceNotFoundException,
    ValidationException,
)
from bot.core.ids import new_key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.accounts import ReplicationSet
from bot.core.store.schema import Wire

REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
DEFAULT_KEY = "DefaultKey"
MOST_REGIONS = 3
YOUNG = timedelta(hours=24)
"""While it is, a region stays where the rules want that. Source: the user guide."""


@operation("ssm-incidents", "CreateReplicationSet")
def create_replication_set(
    ctx: Context, *, regions: Mapping[str, Wire], tags: Mapping[str, str] | None = None
) -> Wire:
    """Open the account in one to three regions; the set is active at once.

    Raises ConflictException where the account has one, ValidationException for what is no
    region. Source: CreateReplicationSet, ssm-incidents 2018-05-10.
    """
    _check_regions(regions)
    principal = ctx.caller.principal_arn
    created = ReplicationSet(
        key=new_key(),
        account_id=ctx.account_id,
        arn=ctx.new_arn("ssm-incidents", "replication-set", str(uuid4())),
        regions={name: _region(given, ctx.now) for name, given in regions.items()},
        tags=dict(tags or {}),
        deletion_protected=False,
        created_by=principal,
        created_at=ctx.now,
        modified_by=principal,
        modified_at=ctx.now,
    )
    if not ctx.tx.insert_or_ignore(created):
        found = ctx.tx.find(ReplicationSet, account_id=ctx.account_id)
        raise ConflictException(
            "This account has a replication set already; there is one for each account.",
            "REPLICATION_SET",
            found.arn if found else "",
        )
    return {"arn": created.arn}


@operation("ssm-incidents", "GetReplicationSet")
def get_replication_set(ctx: Context, *, arn: str) -> Wire:
    found = ctx.require(ReplicationSet, arn)
    return {
        "replicationSet": {
            "arn": found.arn,
            "status": _status(found),
            "deletionProtected": found.deletion_protected,
            "regionMap": {name: _region_info(info) for name, info in found.regions.items()},
            "createdBy": found.created_by,
            "createdTime": found.created_at,
            "lastModifiedBy": found.modified_by,
            "lastModifiedTime": found.modified_at,
        }
    }


@operation("ssm-incidents", "ListReplicationSets")
def list_replication_sets(
    ctx: Context, *, max_results: int | None = None, next_token: str | None = None
) -> Wire:
    found, token = listing(
        ctx,
        ReplicationSet,
        of="ListReplicationSets",
        max_results=max_results,
        next_token=next_token,
    )
    answer: Wire = {"replicationSetArns": [each.arn for each in found]}
    return answer | next_token_member(token, "nextToken")


@operation("ssm-incidents", "UpdateDeletionProtection")
def update_deletion_protection(ctx: Context, *, arn: str, deletion_protected: bool) -> None:
    found = ctx.require(ReplicationSet, arn)
    ctx.update(
        found,
        deletion_protected=deletion_protected,
        modified_by=ctx.caller.principal_arn,
        modified_at=ctx.now,
    )


@operation("ssm-incidents", "DeleteReplicationSet")
def delete_replication_set(ctx: Context, *, arn: str) -> None:
    """Delete the set and all that Incident Manager holds of the account, in slices.

    Until the last slice the set is DELETING and its regions take no requests. Raises
    ValidationException while it is protected, or has a region younger than the rules want.
    """
    found = _locked(ctx, arn)
    if found.deletion_protected:
        raise _protected(arn)
    if _status(found) != "DELETING":
        for name in found.regions:
            _check_age(ctx, found, name)
        _begin_deletion(ctx, found)


@operation("ssm-incidents", "UpdateReplicationSet")
def update_replication_set(ctx: Context, *, arn: str, actions: Sequence[Wire]) -> None:
    """Add a region, which is active at once, or delete one.

    All regions show the same resources, so that nothing is copied and nothing lost, but with
    the last region, with which the set and all its data go. Raises ConflictException for a
    region that is there already or a set that is being deleted, ValidationException for a
    fourth region, an unknown one, one too young, and the last one of a protected set.
    Source: UpdateReplicationSet, ssm-incidents 2018-05-10.
    """
    found = _locked(ctx, arn)
    if _status(found) == "DELETING":
        raise ConflictException("The replication set is being deleted.", "REPLICATION_SET", arn)
    for action in actions:
        if (added := action.get("addRegionAction")) is not None:
            found = _with_region(ctx, found, added)
        if (deleted := action.get("deleteRegionAction")) is not None:
            found = _without_region(ctx, found, deleted["regionName"])


def _with_region(ctx: Context, found: ReplicationSet, added: Wire) -> ReplicationSet:
    name = added["regionName"]
    _check_regions([name])
    if name in found.regions:
        raise ConflictException(
            f"Region {name} is in the replication set already.", "REPLICATION_SET", found.arn
        )
    if len(found.regions) >= MOST_REGIONS:
        raise ValidationException(f"A replication set has at most {MOST_REGIONS} regions.")
    return _changed(ctx, found, found.regions | {name: _region(added, ctx.now)})


def _without_region(ctx: Context, found: ReplicationSet, name: str) -> ReplicationSet:
    if name not in found.regions:
        raise ValidationException(f"Region {name} is not in the replication set.")
    _check_age(ctx, found, name)
    left = {other: info for other, info in found.regions.items() if other != name}
    if left:
        return _changed(ctx, found, left)
    if found.deletion_protected:
        raise _protected(found.arn)
    return _begin_deletion(ctx, found)


def _check_age(ctx: Context, found: ReplicationSet, name: str) -> None:
    since = datetime.fromtimestamp(found.regions[name]["statusUpdateDateTime"], UTC)
    if ctx.house.rules.keeps_young_regions and ctx.now < since + YOUNG:
        raise ValidationException(
            f"Region {name} was added less than 24 hours ago and cannot be deleted yet."
        )


def _begin_deletion(ctx: Context, found: ReplicationSet) -> ReplicationSet:
    since = ctx.now.timestamp()
    deleting = {
        name: info | {"status": "DELETING", "statusUpdateDateTime": since}
        for name, info in found.regions.items()
    }
    jobs.defer(ctx, "forget_account", at=ctx.now, replication_set_key=found.key)
    return _changed(ctx, found, deleting)


def _changed(ctx: Context, found: ReplicationSet, regions: Wire) -> ReplicationSet:
    return ctx.update(
        found, regions=regions, modified_by=ctx.caller.principal_arn, modified_at=ctx.now
    )


def _locked(ctx: Context, arn: str) -> ReplicationSet:
    found = ctx.lock(ReplicationSet, ctx.require(ReplicationSet, arn).key)
    if found is None:
        raise ResourceNotFoundException("REPLICATION_SET", arn)
    return found


def _protected(arn: str) -> ValidationException:
    return ValidationException(
        "The replication set is protected from deletion. Take the protection off first: "
        f"ssm-incidents update-deletion-protection --arn {arn} --no-deletion-protected"
    )


def _check_regions(regions: Iterable[str]) -> None:
    for name in regions:
        if REGION.fullmatch(name) is None:
            raise ValidationException(
                f"{name} is not the name of a region; us-east-1 is one.",
                reason="FIELD_VALIDATION_FAILED",
            )


def _region(given: Wire, at: datetime) -> Wire:
    return {
        "sseKmsKeyId": given.get("sseKmsKeyId") or DEFAULT_KEY,
        "status": "ACTIVE",
        "statusUpdateDateTime": at.timestamp(),
    }


def _region_info(stored: Wire) -> Wire:
    since = datetime.fromtimestamp(stored["statusUpdateDateTime"], UTC)
    return {**stored, "statusUpdateDateTime": since}


def _status(found: ReplicationSet) -> Any:
    """All regions of a set share one status here; none is ever being created."""
    return next(info["status"] for info in found.regions.values())
