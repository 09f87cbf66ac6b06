"""Who hears of a rotation's hand-offs."""

from __future__ import annotations

from collections.abc import Sequence

from bot.core.context import Context
from bot.core.effects import hand_offs, rotation_rules, schedules, topics
from bot.core.effects.on_call_names import rotation_called
from bot.core.registry import operation
from bot.core.store.rotations import HandOffWatch, TellPeople
from bot.core.store.schema import Wire


@operation("imbot", "PutHandOffNotices")
def put_hand_off_notices(
    ctx: Context,
    *,
    rotation_id: str,
    topic_arns: Sequence[str] | None = None,
    tell_people: TellPeople = "BY_MAIL_OR_CHAT",
) -> None:
    """Choose topics (none: []) and how people are told; what is left away is the default again.

    Raises ValidationException for a topic that does not exist.
    """
    row = rotation_called(ctx, rotation_id)
    if absent := topics.missing(ctx, topic_arns or ()):
        raise rotation_rules.refused("TopicArns", f"there is no topic {', '.join(absent)}")
    chosen = None if topic_arns is None else list(topic_arns)
    watch = hand_offs.watch_of(ctx, row)
    ctx.update(watch, topic_arns=chosen, tell_people=tell_people)


@operation("imbot", "GetHandOffNotices")
def get_hand_off_notices(ctx: Context, *, rotation_id: str) -> Wire:
    """Tell who hears of hand-offs; NextHandOffTime is absent where none is looked out for."""
    row = rotation_called(ctx, rotation_id)
    watch = ctx.find_by(HandOffWatch, rotation_key=row.key)
    document: Wire = {
        "RotationArn": row.arn,
        "TopicArns": hand_offs.topics_of(ctx, row, watch),
        "AreTopicsChosen": watch is not None and watch.topic_arns is not None,
        "TellPeople": watch.tell_people if watch else "BY_MAIL_OR_CHAT",
    }
    is_watched = watch is not None and watch.wake_at is not None
    if is_watched and (at := schedules.hand_off(ctx, row).at) is not None:
        document["NextHandOffTime"] = at
    return document
