"""Response plans: what an incident is made of, and who is engaged when it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.context import Context
from bot.core.effects import notices, topics
from bot.core.errors import ConflictException, ResourceNotFoundException
from bot.core.ids import new_key
from bot.core.listing import listing, next_token_member
from bot.core.registry import operation
from bot.core.store.incidents import ResponsePlan
from bot.core.store.schema import Wire


@operation("ssm-incidents", "CreateResponsePlan")
def create_response_plan(
    ctx: Context,
    *,
    name: str,
    incident_template: Wire,
    display_name: str | None = None,
    chat_channel: Wire | None = None,
    engagements: Sequence[str] | None = None,
    actions: Sequence[Wire] | None = None,
    integrations: Sequence[Wire] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Wire:
    """Store a plan as it was given. Whom it engages need not exist yet.

    Raises ConflictException for a name that is taken, ValidationException for a topic that is
    not the account's own. Source: CreateResponsePlan, ssm-incidents 2018-05-10.
    """
    topics.targets(ctx, incident_template.get("notificationTargets"))
    plan = ResponsePlan(
        key=new_key(),
        account_id=ctx.account_id,
        arn=ctx.new_arn("ssm-incidents", "response-plan", name),
        name=name,
        document=_present(
            incidentTemplate=incident_template,
            displayName=display_name,
            chatChannel=topics.chat_channel(ctx, chat_channel),
            engagements=engagements,
            actions=actions,
            integrations=integrations,
        ),
        tags=dict(tags or {}),
        created_at=ctx.now,
    )
    if not ctx.tx.insert_or_ignore(plan):
        taken = f"There is a response plan called {name} already."
        raise ConflictException(taken, "RESPONSE_PLAN", plan.arn)
    notices.try_new_topics(ctx, plan, {})
    return {"arn": plan.arn}


@operation("ssm-incidents", "GetResponsePlan")
def get_response_plan(ctx: Context, *, arn: str) -> Wire:
    plan = ctx.require(ResponsePlan, arn)
    return {"arn": plan.arn, "name": plan.name, **plan.document}


@operation("ssm-incidents", "ListResponsePlans")
def list_response_plans(
    ctx: Context, *, max_results: int | None = None, next_token: str | None = None
) -> Wire:
    plans, token = listing(
        ctx,
        ResponsePlan,
        of="ListResponsePlans",
        by="name",
        max_results=max_results,
        next_token=next_token,
    )
    answer: Wire = {"responsePlanSummaries": [_summary(plan) for plan in plans]}
    return answer | next_token_member(token, "nextToken")


@operation("ssm-incidents", "UpdateResponsePlan")
def update_response_plan(
    ctx: Context,
    *,
    arn: str,
    display_name: str | None = None,
    chat_channel: Wire | None = None,
    engagements: Sequence[str] | None = None,
    actions: Sequence[Wire] | None = None,
    integrations: Sequence[Wire] | None = None,
    incident_template_title: str | None = None,
    incident_template_impact: int | None = None,
    incident_template_summary: str | None = None,
    incident_template_dedupe_string: str | None = None,
    incident_template_notification_targets: Sequence[Wire] | None = None,
    incident_template_tags: Mapping[str, str] | None = None,
) -> None:
    """Replace what is given and keep the rest; open incidents stay as they are.

    A chat channel of `{"empty": {}}` and an empty map of tags take away what was there.
    """
    plan = _locked(ctx, arn)
    template = plan.document["incidentTemplate"] | _present(
        title=incident_template_title,
        impact=incident_template_impact,
        summary=incident_template_summary,
        dedupeString=incident_template_dedupe_string,
        notificationTargets=topics.targets(ctx, incident_template_notification_targets),
        incidentTags=incident_template_tags,
    )
    document = plan.document | _present(
        incidentTemplate=_without_empty_tags(template),
        displayName=display_name,
        chatChannel=topics.chat_channel(ctx, chat_channel),
        engagements=engagements,
        actions=actions,
        integrations=integrations,
    )
    if chat_channel and "empty" in chat_channel:
        document.pop("chatChannel", None)
    notices.try_new_topics(ctx, ctx.update(plan, document=document), plan.document)


@operation("ssm-incidents", "DeleteResponsePlan")
def delete_response_plan(ctx: Context, *, arn: str) -> None:
    """Delete a plan, if there is one; its incidents stay."""
    plan = ctx.find(ResponsePlan, arn)
    if plan is not None:
        ctx.delete(plan)


def _summary(plan: ResponsePlan) -> Wire:
    summary: Wire = {"arn": plan.arn, "name": plan.name}
    if (display_name := plan.document.get("displayName")) is not None:
        summary["displayName"] = display_name
    return summary


def _locked(ctx: Context, arn: str) -> ResponsePlan:
    plan = ctx.lock(ResponsePlan, ctx.require(ResponsePlan, arn).key)
    if plan is None:
        raise ResourceNotFoundException("RESPONSE_PLAN", arn)
    return plan


def _without_empty_tags(template: Wire) -> Wire:
    return {name: value for name, value in template.items() if name != "incidentTags" or value}


def _present(**members: Any) -> Wire:
    return {name: value for name, value in members.items() if value is not None}
