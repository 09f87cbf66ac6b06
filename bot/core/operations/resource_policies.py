"""Policies of response plans: whom their owner lets use them."""

from __future__ import annotations

from uuid import uuid4

from bot.core.context import Context
from bot.core.effects.policy_rules import check_policy
from bot.core.errors import ResourceNotFoundException, ValidationException
from bot.core.ids import new_key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.incidents import ResponsePlan
from bot.core.store.policies import ResourcePolicy
from bot.core.store.schema import Wire, table_of

MOST_POLICIES = 100

_columns = table_of(ResourcePolicy).c


@operation("ssm-incidents", "PutResourcePolicy")
def put_resource_policy(ctx: Context, *, resource_arn: str, policy: str) -> Wire:
    """Keep the policy verbatim, beside those that the plan bears already. Until plans can be
    shared it has no effect.

    Our choice: the same text put again is the same policy; a plan bears at most 100.
    Raises ValidationException for what is no policy.
    Source: PutResourcePolicy, ssm-incidents 2018-05-10.
    """
    plan = ctx.lock(ResponsePlan, ctx.require(ResponsePlan, resource_arn).key)
    if plan is None:
        raise ResourceNotFoundException("RESPONSE_PLAN", resource_arn)
    check_policy(policy)
    earlier = ctx.select(ResourcePolicy, response_plan_key=plan.key)
    for found in earlier:
        if found.policy == policy:
            return {"policyId": found.policy_id}
    if len(earlier) >= MOST_POLICIES:
        raise ValidationException(f"A response plan bears at most {MOST_POLICIES} policies.")
    added = ctx.add(
        ResourcePolicy(
            key=new_key(),
            account_id=ctx.account_id,
            response_plan_key=plan.key,
            policy_id=uuid4().hex,
            policy=policy,
            region=ctx.caller.region,
            created_at=ctx.now,
        )
    )
    return {"policyId": added.policy_id}


@operation("ssm-incidents", "GetResourcePolicies")
def get_resource_policies(
    ctx: Context,
    *,
    resource_arn: str,
    max_results: int | None = None,
    next_token: str | None = None,
) -> Wire:
    """`ramResourceShareRegion` is the region where the policy was put."""
    plan = ctx.require(ResponsePlan, resource_arn)
    policies, token = listing(
        ctx,
        ResourcePolicy,
        _columns.response_plan_key == plan.key,
        of="GetResourcePolicies",
        max_results=max_results,
        next_token=next_token,
    )
    answer: Wire = {"resourcePolicies": [_document(policy) for policy in policies]}
    return answer | next_token_member(token, "nextToken")


@operation("ssm-incidents", "DeleteResourcePolicy")
def delete_resource_policy(ctx: Context, *, resource_arn: str, policy_id: str) -> None:
    """Raises ResourceNotFoundException for a policy that the plan does not bear."""
    plan = ctx.require(ResponsePlan, resource_arn)
    found = ctx.find_by(ResourcePolicy, response_plan_key=plan.key, policy_id=policy_id)
    if found is None:
        raise ResourceNotFoundException("RESOURCE_POLICY", policy_id)
    ctx.delete(found)


def _document(found: ResourcePolicy) -> Wire:
    return {
        "policyDocument": found.policy,
        "policyId": found.policy_id,
        "ramResourceShareRegion": found.region,
    }
