"""Tokens with which alarms are posted to /alarms/<token>, each for one response plan."""

from __future__ import annotations

import secrets

from bot.core.context import Context
from bot.core.effects.alarms import fingerprint
from bot.core.errors import (
    ResourceNotFoundException,
    ServiceQuotaExceededException,
    ValidationException,
)
from bot.core.ids import Key, new_key
from bot.core.registry import operation
from bot.core.store.alarms import AlarmToken
from bot.core.store.incidents import ResponsePlan
from bot.core.store.schema import Wire

MOST_TOKENS = 1_000
"""Tokens in use in an account, which stand in one answer."""
SHOWN = 10
"""Ids of tokens of one name that a refusal names."""


@operation("imbot", "CreateAlarmToken")
def create_alarm_token(
    ctx: Context,
    *,
    response_plan_arn: str,
    name: str,
    resolves_incidents: bool = False,
    alerts_as: str = "GROUP",
) -> Wire:
    """Make a token of 256 bits; the answer alone bears it, and the address where a public one
    is known. Names need not differ.

    Raises ResourceNotFoundException, ServiceQuotaExceededException.
    """
    plan = ctx.require(ResponsePlan, response_plan_arn)
    _check_quota(ctx)
    token = secrets.token_urlsafe(32)
    row = ctx.add(
        AlarmToken(
            key=new_key(),
            account_id=ctx.account_id,
            name=name,
            response_plan_arn=plan.arn,
            fingerprint=fingerprint(token),
            resolves_incidents=resolves_incidents,
            alerts_as=alerts_as,
            region=ctx.caller.region,
            created_by=ctx.caller.principal_arn,
            created_at=ctx.now,
        )
    )
    answer = {**_settings(row), "Token": token}
    if ctx.house.public_url is not None:
        answer["Url"] = f"{ctx.house.public_url}/alarms/{token}"
    return answer


@operation("imbot", "ListAlarmTokens")
def list_alarm_tokens(ctx: Context, *, response_plan_arn: str | None = None) -> Wire:
    """List all tokens of the account or plan, the revoked ones included, the oldest first.

    The status is ACTIVE, REVOKED, or NO_PLAN: alarms are refused until there is a plan of that
    name again.
    """
    of_plan = {"response_plan_arn": response_plan_arn} if response_plan_arn else {}
    return {
        "AlarmTokens": [
            {
                **_settings(row),
                "CreatedBy": row.created_by,
                "CreatedAt": row.created_at,
                "Status": _status(ctx, row),
            }
            for row in ctx.select(AlarmToken, account_id=ctx.account_id, **of_plan)
        ]
    }


@operation("imbot", "RevokeAlarmToken")
def revoke_alarm_token(ctx: Context, *, alarm_token_id: str) -> None:
    """Revoke a token by its id, or by its name where no other token in use bears that.

    Raises ResourceNotFoundException, ValidationException.
    """
    row = ctx.get(AlarmToken, Key(alarm_token_id))
    if row is None or row.account_id != ctx.account_id:
        row = _named(ctx, alarm_token_id)
    if row.revoked_at is None:
        ctx.update(row, revoked_at=ctx.now)


def _named(ctx: Context, name: str) -> AlarmToken:
    rows = ctx.select(AlarmToken, account_id=ctx.account_id, name=name, revoked_at=None)
    if not rows:
        raise ResourceNotFoundException("ALARM_TOKEN", name)
    if len(rows) > 1:
        raise ValidationException(
            f"{len(rows)} alarm tokens are called {name}; say which one by its AlarmTokenId: "
            f"{', '.join(row.key for row in rows[:SHOWN])}."
        )
    return rows[0]


def _status(ctx: Context, row: AlarmToken) -> str:
    if row.revoked_at is not None:
        return "REVOKED"
    return "ACTIVE" if ctx.find(ResponsePlan, row.response_plan_arn) else "NO_PLAN"


def _check_quota(ctx: Context) -> None:
    used = ctx.select(AlarmToken, account_id=ctx.account_id, revoked_at=None)
    if len(used) >= MOST_TOKENS:
        raise ServiceQuotaExceededException(
            f"An account has {MOST_TOKENS} alarm tokens at most; revoke some first.",
            resource_type="ALARM_TOKEN",
            quota_code="AlarmTokens",
            service_code="imbot",
        )


def _settings(row: AlarmToken) -> Wire:
    return {
        "AlarmTokenId": row.key,
        "Name": row.name,
        "ResponsePlanArn": row.response_plan_arn,
        "ResolvesIncidents": row.resolves_incidents,
        "AlertsAs": row.alerts_as,
    }
