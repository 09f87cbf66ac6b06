"""What an engagement goes through: started, told, acknowledged, stopped. Shared by operations
and tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select

from bot.core.context import Context
from bot.core.effects import jobs, mutes, receipts, schedules, slack_links, timeline
from bot.core.ids import Key, new_key
from bot.core.planner.plans import REPEAT_TIMES
from bot.core.store.contacts import Contact
from bot.core.store.engagements import Engagement, Page, Target
from bot.core.store.incidents import Incident, TimelineEvent
from bot.core.store.schema import table_of
from bot.core.store.statements import prepared

ENGAGED = prepared(
    select(table_of(Engagement).c.contact_key)
    .where(table_of(Engagement).c.root_key == bindparam("root"))
    .distinct()
)
CODES_KEPT = timedelta(hours=24)
"""How long a code is still known after its engagement is over, to answer late replies in
words.
"""


def start(
    ctx: Context,
    contact: Contact,
    *,
    sender: str,
    texts: Mapping[str, Any],
    incident_arn: str | None,
    parent: Engagement | None = None,
    is_essential: bool = True,
    is_test: bool = False,
    plan: Mapping[str, Any] | None = None,
) -> Engagement:
    """Open an engagement, the contact's plan frozen into it, and have it advanced at once.

    A schedule's plan becomes that of whoever is on call now.
    """
    key = new_key()
    engagement = ctx.add(
        Engagement(
            key=key,
            account_id=ctx.account_id,
            arn=ctx.new_arn("ssm-contacts", "engagement", contact.alias, key),
            contact_key=contact.key,
            contact_arn=contact.arn,
            contact_type=contact.type,
            incident_arn=incident_arn,
            parent_key=parent.key if parent else None,
            root_key=(parent.root_key or parent.key) if parent else None,
            is_essential=is_essential,
            is_test=is_test,
            plan=mutes.noted(ctx, contact, plan or plan_now(ctx, contact, is_essential)),
            sender=sender,
            texts=dict(texts),
            started_at=ctx.now,
            slack_link_key=contact.slack_link_key,
            round=0 if parent is not None and parent.round is not None else None,
        )
    )
    jobs.defer(ctx, "advance_engagement", at=ctx.now, engagement_key=engagement.key)
    return engagement


def plan_now(ctx: Context, contact: Contact, is_essential: bool) -> Mapping[str, Any]:
    """The plan that an engagement of the contact would run on."""
    if contact.type == "ONCALL_SCHEDULE":
        return schedules.frozen_plan(ctx, contact, is_essential=is_essential)
    if contact.plan_repeats:
        return {**contact.plan, REPEAT_TIMES: contact.plan_repeats}
    return contact.plan


def begin_again(ctx: Context, engagement: Engagement) -> None:
    """Run the frozen plan of an engagement that is through once more, in its plan's next
    round.
    """
    begun = {"stage": None, "stage_begun_at": None, "alarm_at": None, "ended_at": None}
    ctx.update(engagement, **begun, is_unreachable=False, round=0)
    jobs.defer(ctx, "advance_engagement", at=ctx.now, engagement_key=engagement.key)


def reach_after_all(ctx: Context, engagement: Engagement) -> None:
    """Somebody is reached in a later round: it is not true any more of it, nor of the plans
    above, that they reach nobody.
    """
    if engagement.round is None:
        return
    one: Engagement | None = engagement
    while one is not None:
        if one.is_unreachable:
            ctx.update(one, is_unreachable=False)
        one = ctx.lock(Engagement, one.parent_key) if one.parent_key else None


def engaged_within(ctx: Context, parent: Engagement) -> set[Key]:
    """The contacts that the same first engagement led to, whether theirs go on or not."""
    root, pending = parent.root_key or parent.key, ctx.unit.pending
    engaged = {one.contact_key for one in pending.of(Engagement) if one.root_key == root}
    if not pending.are_named_in((root,)):
        engaged.update(key for (key,) in ctx.unit.tx.records(ENGAGED, root=root))
    return engaged


def running_within(ctx: Context, parent: Engagement, contact: Contact) -> list[Engagement]:
    """The contact's engagements that the same first engagement led to, while they go on.

    One that is through is among them until its own alarm finds that.
    """
    return ctx.select(
        Engagement,
        root_key=parent.root_key or parent.key,
        contact_key=contact.key,
        acknowledged_at=None,
        stopped_at=None,
        ended_at=None,
    )


def is_over(engagement: Engagement) -> bool:
    """Nobody more is to be told by it."""
    return bool(engagement.acknowledged_at or engagement.stopped_at)


def reached_nobody(ctx: Context, incident: Incident, started: Sequence[Engagement]) -> bool:
    """Whether all that an open incident has `started` has reached nobody, or nothing could be
    started.
    """
    if incident.status != "OPEN":
        return False
    first = [one for one in started if one.parent_key is None]
    if first:
        return all(one.is_unreachable and not is_over(one) for one in first)
    refused = {"incident_key": incident.key, "event_type": timeline.REFUSED}
    return ctx.find_by(TimelineEvent, **refused) is not None


def acknowledge(ctx: Context, engagement: Engagement, contact_arn: str) -> None:
    """Record who took it, end this person's plan, and the chain above where that is
    essential.
    """
    if is_over(engagement):
        return
    _acknowledge_one(ctx, engagement, contact_arn)
    timeline.record_engagement(ctx, engagement, timeline.ACKNOWLEDGED)
    _acknowledge_above(ctx, engagement, contact_arn)


def _acknowledge_above(ctx: Context, child: Engagement, contact_arn: str) -> None:
    """End each plan in which this child was essential, all that it began, and those above."""
    for parent_key in _essential_to(ctx, child):
        parent = ctx.lock(Engagement, parent_key)
        if parent is None or is_over(parent):
            continue
        _acknowledge_one(ctx, parent, contact_arn)
        _acknowledge_below(ctx, parent, contact_arn)
        _acknowledge_above(ctx, parent, contact_arn)


def _acknowledge_below(ctx: Context, parent: Engagement, contact_arn: str) -> None:
    for child in ctx.select(Engagement, parent_key=parent.key):
        if not is_over(child):
            _acknowledge_one(ctx, child, contact_arn)
            _acknowledge_below(ctx, child, contact_arn)


def _essential_to(ctx: Context, child: Engagement) -> list[Key]:
    """The engagements that end when this one is acknowledged: where one of the routes that led
    to it is essential.
    """
    if child.parent_key is None:
        return []
    routes = {child.parent_key: child.is_essential}
    for target in ctx.select(Target, child_key=child.key):
        above = ctx.get(Engagement, target.engagement_key)
        if above is not None:
            document = above.plan["Stages"][target.stage]["Targets"][target.number]
            is_essential = document["ContactTargetInfo"]["IsEssential"]
            routes[above.key] = routes.get(above.key, False) or is_essential
    return [key for key, is_essential in routes.items() if is_essential]


def _acknowledge_one(ctx: Context, engagement: Engagement, contact_arn: str) -> None:
    ctx.update(engagement, acknowledged_at=ctx.now, acknowledged_by=contact_arn)
    slack_links.redraw(ctx, engagement)
    forget_codes_later(ctx, engagement)


def stop(ctx: Context, engagement: Engagement, reason: str) -> list[Engagement]:
    """Stop a plan and all that it began; what was sent stays sent, and says STOP in its
    receipts. What is acknowledged stays so. Answers what this stopped.
    """
    stopped = []
    if not is_over(engagement):
        by = ctx.caller.actor
        changes = {"stopped_at": ctx.now, "stopped_by": by, "stop_reason": reason}
        stopped.append(ctx.update(engagement, **changes))
        slack_links.redraw(ctx, engagement)
        for page in ctx.select(Page, engagement_key=engagement.key):
            if page.read_at is None:
                receipts.record(ctx, page, "STOP", "", note=reason)
        forget_codes_later(ctx, engagement)
    for child in ctx.select(Engagement, parent_key=engagement.key):
        stopped += stop(ctx, child, reason)
    return stopped


def forget_codes_later(ctx: Context, engagement: Engagement) -> None:
    jobs.defer(ctx, "close_pages", at=ctx.now + CODES_KEPT, engagement_key=engagement.key)
