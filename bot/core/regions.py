"""A request's region must be in the account's replication set."""

from __future__ import annotations

from bot.core.context import Context
from bot.core.errors import ValidationException
from bot.core.store.accounts import ReplicationSet

WITHOUT_ONE = frozenset(
    {
        "CreateReplicationSet",
        "GetReplicationSet",
        "ListReplicationSets",
        "UpdateReplicationSet",
        "DeleteReplicationSet",
        "UpdateDeletionProtection",
    }
)


class NoReplicationSet(ValidationException):
    """The account has none yet. Chat offers to create one."""

    @property
    def code(self) -> str:
        return "ValidationException"


def region_within(ctx: Context, wanted: str) -> str:
    """The region itself, or one of the account's replication set where it is not in there."""
    found = ctx.find_by(ReplicationSet, account_id=ctx.account_id)
    if found is None or wanted in found.regions:
        return wanted
    return min(found.regions, default=wanted)


def require_region(ctx: Context, service: str, operation: str) -> None:
    """Raises NoReplicationSet, or ValidationException, with the way out in its message."""
    if service not in ("ssm-contacts", "ssm-incidents") or operation in WITHOUT_ONE:
        return
    region = ctx.caller.region
    found = ctx.find_by(ReplicationSet, account_id=ctx.account_id)
    if found is None:
        raise NoReplicationSet(
            "This account has no replication set yet. Create it first: "
            f"ssm-incidents create-replication-set --regions {region}={{}}"
        )
    if found.regions.get(region, {}).get("status") == "DELETING":
        raise ValidationException(
            "The account's replication set is being deleted; wait for its end."
        )
    if region not in found.regions:
        raise ValidationException(
            f"Region {region} is not in the account's replication set "
            f"({', '.join(sorted(found.regions))}). Name one of these regions."
        )
