"""What the clock asks of engagements: advance them, and at last forget their codes."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from bot.core.context import Context
from bot.core.effects import engagements, jobs, mutes, slack_links, telling, timeline
from bot.core.ids import Key
from bot.core.planner.moves import Moves
from bot.core.planner.plans import Stage
from bot.core.registry import task
from bot.core.store.contacts import Contact
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
    stages, alarm_at = telling.stages_of(engagement), engagement.alarm_at
    muted, told, moves = mutes.muted_contact(ctx, engagement), 0, Moves()
    while engagement.ended_at is None:
        media = _tell_in_slack(ctx, engagement, muted)
        moves = telling.next_moves_of(ctx, engagement, stages)
        engagement = _begin_stages(ctx, engagement, moves)
        is_torn, is_told = _tell_all(ctx, engagement, stages, moves, media, muted)
        told += len(moves.tell)
        if moves.wake_at is None:
            engagement = ctx.update(engagement, ended_at=ctx.now)
            engagements.forget_codes_later(ctx, engagement)
        elif moves.rests or is_told or not _is_hopeless(ctx, engagement, stages):
            again = ctx.now + AGAIN_AFTER
            wake_at = min(moves.wake_at, again) if is_torn else moves.wake_at
            _set_alarm(ctx, engagement, wake_at, is_set=alarm_at == wake_at > ctx.now)
            break
    if muted is not None and told:
        mutes.count_withheld(ctx, engagement, muted, told)
    if engagement.ended_at is not None or moves.rests:
        _tell_whether_unreachable(ctx, engagement, is_said=bool(muted and told))


@task
def close_pages(ctx: Context, engagement_key: Key) -> None:
    """Forget the codes of an engagement that is long over; they may serve again.

    While nobody has answered and its incident is open, or while it began again, they are kept
    for another day.
    """
    engagement = ctx.get(Engagement, engagement_key)
    if engagement is None:
        return
    incident = timeline.about(ctx, engagement.incident_arn)
    is_open = incident is not None and incident.status == "OPEN"
    is_awaited = is_open or engagement.ended_at is None
    if is_awaited and not engagements.is_over(engagement):
        engagements.forget_codes_later(ctx, engagement)
        return
    for page in ctx.select(Page, engagement_key=engagement_key, closed_at=None):
        ctx.update(page, closed_at=ctx.now)


def _set_alarm(ctx: Context, engagement: Engagement, at: datetime, *, is_set: bool) -> None:
    """`is_set`: an earlier step has asked for it."""
    if engagement.alarm_at != at:
        ctx.update(engagement, alarm_at=at)
    if not is_set:
        jobs.defer(ctx, "advance_engagement", at=at, engagement_key=engagement.key)


def _is_hopeless(ctx: Context, engagement: Engagement, stages: tuple[Stage, ...]) -> bool:
    begun = telling.begun(ctx, engagement)
    return begun is not None and begun.is_hopeless(stages[begun.number])


def _begin_stages(ctx: Context, engagement: Engagement, moves: Moves) -> Engagement:
    """The alarm that follows is noted with them: the row is written once."""
    if not moves.begins:
        return engagement
    begun = {
        "stage": moves.begins[-1],
        "stage_begun_at": ctx.now,
        "alarm_at": moves.wake_at,
    }
    if moves.again:
        begun["round"] = (engagement.round or 0) + 1
    return ctx.update(engagement, **begun)


def _tell_in_slack(ctx: Context, engagement: Engagement, muted: Contact | None) -> list[str]:
    """Tell a linked person at the begin, once; whatever breaks there keeps no page from
    leaving.
    """
    is_first = engagement.stage is None and engagement.round is None
    if engagement.slack_link_key is None or muted is not None or not is_first:
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
    muted: Contact | None,
) -> tuple[bool, bool]:
    """Tell each target in a savepoint of its own: one that breaks never keeps the others from
    it. Answers whether one is to be tried again, and whether a page of the last stage is on its
    way. `media` are those that it was told by already.
    """
    is_torn, is_told = False, False
    withheld = mutes.why(muted) if muted is not None else None
    known = telling.known(ctx, engagement, stages, moves)
    for place in moves.tell:
        target = stages[place[0]].targets[place[1]]
        try:
            with ctx.savepoint():
                medium = telling.tell(
                    ctx, engagement, target, place, known=known, withheld=withheld
                )
            if medium:
                media.append(medium)
                is_told = is_told or place[0] == engagement.stage
        except Exception as fault:
            if ctx.unit.tx.is_broken(fault):
                raise
            log.exception("target %s of engagement %s failed", place, engagement.key)
            is_torn |= not _is_given_up(ctx, engagement, place)
    if media:
        engagements.reach_after_all(ctx, engagement)
        timeline.record_engagement(ctx, engagement, timeline.PAGED, channelTypes=media)
    return is_torn, is_told


def _is_given_up(ctx: Context, engagement: Engagement, place: tuple[int, int]) -> bool:
    """Whether a target that breaks, and was never told, has broken for long enough."""
    begun_at = engagement.stage_begun_at or ctx.now
    if ctx.now - begun_at < PATIENCE:
        return False
    told = ctx.find_by(Target, engagement_key=engagement.key, stage=place[0], number=place[1])
    if told is not None and told.told_at >= begun_at:
        return False
    telling.remember(ctx, engagement, place, earlier=told, has_failed=True)
    return True


def _tell_whether_unreachable(ctx: Context, engagement: Engagement, *, is_said: bool) -> None:
    """Where none of a plan's targets could be reached, the timeline and the plan above hear of
    it. `is_said`: the timeline has it already.
    """
    targets = ctx.select(Target, engagement_key=engagement.key)
    if engagement.is_unreachable or not all(target.has_failed for target in targets):
        return
    ctx.update(engagement, is_unreachable=True)
    if not is_said:
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
