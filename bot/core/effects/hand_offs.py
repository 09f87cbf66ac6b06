"""Hand-offs: a rotation is looked at again when its people change, and when it is changed."""

from __future__ import annotations

from collections.abc import Iterator

from bot.core.context import Context
from bot.core.effects import jobs, schedules
from bot.core.ids import new_key
from bot.core.store.contacts import Contact
from bot.core.store.incidents import ResponsePlan
from bot.core.store.rotations import HandOffWatch, Rotation
from bot.core.store.schema import Wire


def changed(ctx: Context, row: Rotation) -> None:
    """Hear that a rotation, or an override of it, is another: whoever reads its calendar, and
    who looks out for its hand-offs, must know.
    """
    if row.changed_at != ctx.now:
        ctx.update(row, changed_at=ctx.now)
    look_soon(ctx, row)


def schedule_changed(ctx: Context, *plans: Wire) -> None:
    """Hear that a schedule's plan is another: the rotations of all of them are looked at."""
    named = dict.fromkeys(arn for plan in plans for arn in plan.get("RotationIds", ()))
    for arn in named:
        row = ctx.find(Rotation, arn)
        if row is not None:
            look_soon(ctx, row)


def look_soon(ctx: Context, row: Rotation) -> None:
    """In a transaction of its own, after the pages of this one have left."""
    jobs.behind_pages(ctx, "watch_hand_off", rotation_key=row.key)


def watch_of(ctx: Context, row: Rotation) -> HandOffWatch:
    """How a rotation's hand-offs are looked out for; a new row where there is none."""
    found = ctx.find_by(HandOffWatch, rotation_key=row.key)
    if found is not None:
        return ctx.lock(HandOffWatch, found.key) or found
    return ctx.add(HandOffWatch(key=new_key(), account_id=row.account_id, rotation_key=row.key))


def topics_of(ctx: Context, row: Rotation, watch: HandOffWatch | None) -> list[str]:
    """ARNs of the topics that are told of its hand-offs: those that were named, else the chat
    channels of the response plans that engage a schedule of it, also by an escalation plan.
    """
    if watch is not None and watch.topic_arns is not None:
        return watch.topic_arns
    using = {schedule.arn for schedule in schedules.schedules_using(ctx, row.arn)}
    if not using:
        return []
    plans = ctx.select(Contact, account_id=ctx.account_id, type="ESCALATION", deleted_at=None)
    using |= {plan.arn for plan in plans if not using.isdisjoint(_engaged(plan.plan))}
    topics: dict[str, None] = {}
    for plan in ctx.select(ResponsePlan, account_id=ctx.account_id):
        if not using.isdisjoint(plan.document.get("engagements") or ()):
            chat_channel = plan.document.get("chatChannel") or {}
            topics |= dict.fromkeys(chat_channel.get("chatbotSns", ()))
    return list(topics)


def _engaged(plan: Wire) -> Iterator[str]:
    for stage in plan.get("Stages", ()):
        for target in stage["Targets"]:
            yield target.get("ContactTargetInfo", {}).get("ContactId", "")
