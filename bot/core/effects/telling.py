"""Telling one target of a stage: a channel is paged, a contact is engaged by its own plan.

A target is told anew in every round of a plan that repeats: its page keeps its ARN and its
code, and a contact whose plan is through begins it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import orjson

from bot.core.context import Context
from bot.core.effects import engagements, paging, receipts
from bot.core.ids import Key, new_key
from bot.core.planner.moves import Begun, Moves, Told, next_moves
from bot.core.planner.plans import PlanTarget, Stage, parse_plan, repeats_of
from bot.core.store.contacts import Contact, ContactChannel, Medium
from bot.core.store.engagements import Engagement, Page, Target

Place = tuple[int, int]


def stages_of(engagement: Engagement) -> tuple[Stage, ...]:
    """The stages of its plan; of a plan that many engagements run on they are read once."""
    return _stages(orjson.dumps(engagement.plan))


@lru_cache(2048)
def _stages(plan: bytes) -> tuple[Stage, ...]:
    return parse_plan(orjson.loads(plan))


def next_moves_of(ctx: Context, engagement: Engagement, stages: Sequence[Stage]) -> Moves:
    """`stages` are those of its plan."""
    repeats = repeats_of(engagement.plan)
    return next_moves(stages, begun=begun(ctx, engagement), now=ctx.now, repeats=repeats)


def begun(ctx: Context, engagement: Engagement) -> Begun | None:
    """The stage that began last, with those of its targets that were told since."""
    at = engagement.stage_begun_at
    if engagement.stage is None or at is None:
        return None
    told = {
        target.number: Told(
            attempts=target.attempts, last_at=target.told_at, has_failed=target.has_failed
        )
        for target in ctx.select(Target, engagement_key=engagement.key, stage=engagement.stage)
        if target.told_at >= at
    }
    return Begun(number=engagement.stage, at=at, told=told, round=engagement.round or 0)


@dataclass(slots=True, kw_only=True)
class Known:
    """What is known while targets are told: those that were told before, by their place, and
    the contacts whom the same first engagement has led to.
    """

    told: Mapping[Place, Target]
    engaged: set[Key]


def known(ctx: Context, engagement: Engagement, stages: Sequence[Stage], moves: Moves) -> Known:
    """Read it once for all that a step tells. In a stage that begins nobody was told already,
    unless the plan is in a later round.
    """
    told, engaged = {}, set()
    if engagement.round is not None or not moves.begins:
        targets = ctx.select(Target, engagement_key=engagement.key)
        told = {(target.stage, target.number): target for target in targets}
    if any(not stages[stage].targets[number].is_channel for stage, number in moves.tell):
        engaged = engagements.engaged_within(ctx, engagement)
    return Known(told=told, engaged=engaged)


def tell(
    ctx: Context,
    engagement: Engagement,
    target: PlanTarget,
    place: Place,
    *,
    known: Known,
    withheld: str | None,
) -> Medium | None:
    """Answers by which medium a page is on its way that was not sent in this round before.

    `withheld` says why its contact is not to be told now; the target then counts as failed.
    """
    if not target.is_channel:
        contact = ctx.find(Contact, target.arn) if withheld is None else None
        _engage(ctx, engagement, target, place, contact, known)
        return None
    earlier = known.told.get(place)
    page = ctx.get(Page, earlier.page_key) if earlier and earlier.page_key else None
    if earlier is None or page is None or page.closed_at is not None:
        return _page(ctx, engagement, target, place, earlier, withheld)
    is_new_round = earlier.told_at < (engagement.stage_begun_at or ctx.now)
    if is_new_round:
        earlier = ctx.update(earlier, attempts=0, has_failed=False)
    channel = _page_again(ctx, engagement, earlier, page, withheld)
    return channel.type if channel is not None and is_new_round else None


def remember(
    ctx: Context,
    engagement: Engagement,
    place: Place,
    *,
    earlier: Target | None = None,
    page_key: Key | None = None,
    child_key: Key | None = None,
    has_failed: bool = False,
) -> None:
    """Keep what a target led to; in a later round, in place of what it led to `earlier`."""
    outcome = {"page_key": page_key, "child_key": child_key, "has_failed": has_failed}
    if earlier is not None:
        ctx.update(earlier, attempts=1, told_at=ctx.now, **outcome)
        return
    ctx.add(
        Target(
            key=new_key(),
            account_id=ctx.account_id,
            engagement_key=engagement.key,
            stage=place[0],
            number=place[1],
            page_key=page_key,
            child_key=child_key,
            attempts=1,
            told_at=ctx.now,
            has_failed=has_failed,
        )
    )


def _page(
    ctx: Context,
    engagement: Engagement,
    target: PlanTarget,
    place: Place,
    earlier: Target | None,
    withheld: str | None,
) -> Medium | None:
    channel = _channel(ctx, target.arn)
    page, is_on_its_way = paging.page_channel(
        ctx, engagement, target.arn, channel, withheld=withheld
    )
    has_failed = not is_on_its_way
    remember(ctx, engagement, place, earlier=earlier, page_key=page.key, has_failed=has_failed)
    return channel.type if channel and is_on_its_way else None


def _page_again(
    ctx: Context, engagement: Engagement, target: Target, page: Page, withheld: str | None
) -> ContactChannel | None:
    """Re-send a page: it keeps its ARN and its code, and gets a new time of sending.

    Answers the channel that it goes to, None where it cannot be paged any more.
    """
    channel = ctx.get(ContactChannel, page.channel_key) if page.channel_key else None
    reason = withheld or paging.why_not(ctx, channel)
    told = {"attempts": target.attempts + 1, "told_at": ctx.now}
    if channel is None or reason is not None:
        receipts.record(ctx, page, "ERROR", reason or "")
        ctx.update(target, has_failed=True, **told)
        return None
    is_on_its_way = paging.send_page(ctx, engagement, page, channel)
    ctx.update(target, **told)
    return channel if is_on_its_way else None


def _engage(
    ctx: Context,
    engagement: Engagement,
    target: PlanTarget,
    place: Place,
    contact: Contact | None,
    known: Known,
) -> None:
    """Run a contact's own plan; of two routes to somebody, the second one joins the first.

    Without a contact the target has failed.
    """
    earlier = known.told.get(place)
    child_key = earlier.child_key if earlier else None
    if contact is None:
        remember(ctx, engagement, place, earlier=earlier, child_key=child_key, has_failed=True)
        return
    child = ctx.get(Engagement, child_key) if child_key else None
    if child is None and contact.key in known.engaged:
        child = _running(ctx, engagement, contact)
    known.engaged.add(contact.key)
    if child is None or not _may_go_on(ctx, child, contact):
        child = engagements.start(
            ctx,
            contact,
            sender=engagement.sender,
            texts=engagement.texts,
            incident_arn=engagement.incident_arn,
            parent=engagement,
            is_essential=target.is_essential,
            is_test=engagement.is_test,
        )
    remember(
        ctx,
        engagement,
        place,
        earlier=earlier,
        child_key=child.key,
        has_failed=child.is_unreachable,
    )


def _running(ctx: Context, engagement: Engagement, contact: Contact) -> Engagement | None:
    """One that the same first engagement led to, and that has still something to do."""
    for one in engagements.running_within(ctx, engagement, contact):
        if _has_more_to_do(ctx, one):
            return one
    return None


def _has_more_to_do(ctx: Context, engagement: Engagement) -> bool:
    """Whether its plan goes on; one that is through is not ended until its own alarm comes."""
    return next_moves_of(ctx, engagement, stages_of(engagement)) != Moves()


def _may_go_on(ctx: Context, child: Engagement, contact: Contact) -> bool:
    """Whether an engagement of an earlier round serves this one; if it is through, it begins
    again.

    Who has acknowledged, or was stopped, is left in peace. A schedule that other people are on
    call in by now is engaged anew.
    """
    if engagements.is_over(child):
        return True
    if child.ended_at is None and _has_more_to_do(ctx, child):
        return True
    plan = engagements.plan_now(ctx, contact, child.is_essential)
    if child.contact_type == "ONCALL_SCHEDULE" and plan["Stages"] != child.plan["Stages"]:
        return False
    engagements.begin_again(ctx, child)
    return True


def _channel(ctx: Context, arn: str) -> ContactChannel | None:
    """The live channel of that ARN, else its tombstone."""
    live = ctx.find(ContactChannel, arn)
    return live or ctx.find_by(ContactChannel, account_id=ctx.account_id, arn=arn)
