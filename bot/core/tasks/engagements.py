"""What the clock asks of engagements: advance them, and at last forget their codes."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from bot.core.context import Context
from bot.core.effects import engagements, jobs, paging, receipts, slack_links, timeline
from bot.core.ids import Key, new_key
from bot.core.planner.moves import Begun, Moves, Told, next_moves
from bot.core.planner.plans import PlanTarget, Stage, parse_plan
from bot.core.registry import task
from bot.core.store.contacts import Contact, ContactChannel, Medium
from bot.core.store.engagements import Engagement, Page, Target

log = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(seconds=2)
PATIENCE = timedelta(seconds=10)
"""A target that breaks is tried again for so long, and then counts as failed."""


@task
def advance_engagement(ctx: Context, engagement_key: Key) -> None:
    """Tell whoever is due now, and set the alarm for what comes next.

    Everything it writes (pages, outbox, next job) commits with the job's own completion, so a
    crash repeats the whole step or none of it. The lock keeps a reply from acknowledging what
    is being escalated. A stage in which nobody can be reached gives way to the next one at
    once.
    """
    engagement = ctx.lock(Engagement, engagement_key)
    if engagement is None or engagements.is_over(engagement):
        return
    stages = parse_plan(engagement.plan)
    while engagement.ended_at is None:
        media = _tell_in_slack(ctx, engagement)
        moves = next_moves(stages, begun=_begun(ctx, engagement), now=ctx.now)
        engagement = _begin_stages(ctx, engagement, moves)
        is_torn = _tell_all(ctx, engagement, stages, moves, media)
        if moves.wake_at is None:
            engagement = ctx.update(engagement, ended_at=ctx.now)
            engagements.forget_codes_later(ctx, engagement)
        elif not _is_hopeless(ctx, engagement, stages):
            again = ctx.now + AGAIN_AFTER
            wake_at = min(moves.wake_at, again) if is_torn else moves.wake_at
            _set_alarm(ctx, engagement, wake_at)
            return
    _tell_whether_unreachable(ctx, engagement)


@task
def close_pages(ctx: Context, engagement_key: Key) -> None:
    """Forget the codes of an engagement that is long over; they may serve again.

    While nobody has answered and its incident is open, they are kept for another day.
    """
    engagement = ctx.get(Engagement, engagement_key)
    if engagement is None:
        return
    incident = timeline.about(ctx, engagement.incident_arn)
    is_awaited = incident is not None and incident.status == "OPEN"
    if is_awaited and not engagements.is_over(engagement):
        engagements.forget_codes_later(ctx, engagement)
        return
    for page in ctx.select(Page, engagement_key=engagement_key, closed_at=None):
        ctx.update(page, closed_at=ctx.now)


def _set_alarm(ctx: Context, engagement: Engagement, at: datetime) -> None:
    if engagement.alarm_at == at:
        return
    ctx.update(engagement, alarm_at=at)
    jobs.defer(ctx, "advance_engagement", at=at, engagement_key=engagement.key)


def _begun(ctx: Context, engagement: Engagement) -> Begun | None:
    if engagement.stage is None or engagement.stage_begun_at is None:
        return None
    told = {
        target.number: Told(
            attempts=target.attempts, last_at=target.told_at, has_failed=target.has_failed
        )
        for target in ctx.select(Target, engagement_key=engagement.key, stage=engagement.stage)
    }
    return Begun(number=engagement.stage, at=engagement.stage_begun_at, told=told)


def _is_hopeless(ctx: Context, engagement: Engagement, stages: tuple[Stage, ...]) -> bool:
    begun = _begun(ctx, engagement)
    return begun is not None and begun.is_hopeless(stages[begun.number])


def _begin_stages(ctx: Context, engagement: Engagement, moves: Moves) -> Engagement:
    if not moves.begins:
        return engagement
    return ctx.update(engagement, stage=moves.begins[-1], stage_begun_at=ctx.now)


def _tell_in_slack(ctx: Context, engagement: Engagement) -> list[str]:
    """Tell a linked person at the begin; whatever breaks there keeps no page from leaving."""
    if engagement.slack_link_key is None or engagement.stage is not None:
        return []
    try:
        with ctx.savepoint():
            return [slack_links.MEDIUM] if slack_links.tell(ctx, engagement) else []
    except Exception as fault:
        if ctx.unit.tx.is_broken(fault):
            raise
        log.exception("the direct message of engagement %s failed", engagement.key)
        return []


def _tell_all(
    ctx: Context,
    engagement: Engagement,
    stages: tuple[Stage, ...],
    moves: Moves,
    media: list[str],
) -> bool:
    """Tell each target in a savepoint of its own: one that breaks never keeps the others from
    it. Answers whether one is to be tried again. `media` are those that it was told by already.
    """
    is_torn = False
    for place in moves.tell:
        target = stages[place[0]].targets[place[1]]
        try:
            with ctx.savepoint():
                medium = _tell(ctx, engagement, target, place)
                media += [medium] if medium else []
        except Exception as fault:
            if ctx.unit.tx.is_broken(fault):
                raise
            log.exception("target %s of engagement %s failed", place, engagement.key)
            is_torn |= not _is_given_up(ctx, engagement, place)
    if media:
        timeline.record_engagement(ctx, engagement, timeline.PAGED, channelTypes=media)
    return is_torn


def _is_given_up(ctx: Context, engagement: Engagement, place: tuple[int, int]) -> bool:
    """Whether a target that breaks, and was never told, has broken for long enough."""
    begun_at = engagement.stage_begun_at or ctx.now
    if ctx.now - begun_at < PATIENCE:
        return False
    told = ctx.select(Target, engagement_key=engagement.key, stage=place[0], number=place[1])
    if not told:
        _remember(ctx, engagement, place, has_failed=True)
    return not told


def _tell(
    ctx: Context, engagement: Engagement, target: PlanTarget, place: tuple[int, int]
) -> Medium | None:
    """Answers by which medium a page is on its way that was not sent before."""
    if not target.is_channel:
        _engage_contact(ctx, engagement, target, place)
        return None
    earlier = ctx.find_by(
        Target, engagement_key=engagement.key, stage=place[0], number=place[1]
    )
    if earlier is not None:
        _page_again(ctx, engagement, earlier)
        return None
    channel = _channel(ctx, target.arn)
    page, is_on_its_way = paging.page_channel(ctx, engagement, target.arn, channel)
    _remember(ctx, engagement, place, page_key=page.key, has_failed=not is_on_its_way)
    return channel.type if channel and is_on_its_way else None


def _page_again(ctx: Context, engagement: Engagement, target: Target) -> None:
    """Re-send a page: it keeps its ARN and its code, and gets a new time of sending."""
    page = ctx.get(Page, target.page_key) if target.page_key else None
    channel = ctx.get(ContactChannel, page.channel_key) if page and page.channel_key else None
    if page is None:
        return
    reason = paging.why_not(ctx, channel)
    if channel is None or reason is not None:
        receipts.record(ctx, page, "ERROR", reason or "")
        ctx.update(target, has_failed=True)
        return
    paging.send_page(ctx, engagement, page, channel)
    ctx.update(target, attempts=target.attempts + 1, told_at=ctx.now)


def _engage_contact(
    ctx: Context, engagement: Engagement, target: PlanTarget, place: tuple[int, int]
) -> None:
    """Run a contact's own plan; of two routes to somebody, the second one joins the first."""
    contact = ctx.find(Contact, target.arn)
    if contact is None:
        _remember(ctx, engagement, place, has_failed=True)
        return
    for earlier in engagements.running_within(ctx, engagement, contact):
        if not _is_through(ctx, earlier):
            _remember(ctx, engagement, place, child_key=earlier.key)
            return
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
    _remember(ctx, engagement, place, child_key=child.key)


def _is_through(ctx: Context, engagement: Engagement) -> bool:
    """Whether it has nothing more to do, even if its own alarm has yet to find that."""
    begun = _begun(ctx, engagement)
    return next_moves(parse_plan(engagement.plan), begun=begun, now=ctx.now) == Moves()


def _remember(
    ctx: Context,
    engagement: Engagement,
    place: tuple[int, int],
    *,
    page_key: Key | None = None,
    child_key: Key | None = None,
    has_failed: bool = False,
) -> None:
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


def _channel(ctx: Context, arn: str) -> ContactChannel | None:
    """The live channel of that ARN, else its tombstone."""
    live = ctx.find(ContactChannel, arn)
    return live or ctx.find_by(ContactChannel, account_id=ctx.account_id, arn=arn)


def _tell_whether_unreachable(ctx: Context, engagement: Engagement) -> None:
    """Where none of a plan's targets could be reached, the timeline and the plan above hear of
    it.
    """
    targets = ctx.select(Target, engagement_key=engagement.key)
    if engagement.is_unreachable or not all(target.has_failed for target in targets):
        return
    ctx.update(engagement, is_unreachable=True)
    timeline.record_engagement(ctx, engagement, _why_unreached(engagement))
    if engagement.parent_key is None:
        return
    for target in ctx.select(Target, child_key=engagement.key):
        ctx.update(target, has_failed=True)
        above = target.engagement_key
        jobs.defer(ctx, "advance_engagement", at=ctx.now, engagement_key=above)


def _why_unreached(engagement: Engagement) -> str:
    """A schedule that engages nobody has a plan without stages."""
    is_gap = engagement.contact_type == "ONCALL_SCHEDULE" and not engagement.plan["Stages"]
    return timeline.NOBODY_ON_CALL if is_gap else timeline.UNREACHED
