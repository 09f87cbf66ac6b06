"""What the clock asks of rotations: notice that other people are on call, and tell of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from bot.core.channel import HandOff as Message
from bot.core.context import Context
from bot.core.effects import caps, hand_offs, jobs, outbox, schedules, topics
from bot.core.effects.names import shown_name
from bot.core.effects.paging import why_not
from bot.core.ids import Key, new_key
from bot.core.registry import task
from bot.core.store.contacts import Contact, ContactChannel
from bot.core.store.kinds import instant_to_integer
from bot.core.store.rotations import HandOffWatch, Rotation, TellPeople
from bot.core.store.slack_links import SlackLink


@task
def watch_hand_off(ctx: Context, rotation_key: Key, wake_at: int | None = None) -> None:
    """Compare who is on call with who was at the last look; set the alarm for the next change.

    `wake_at` (microseconds since 1970) names the alarm that rings: one that was replaced has
    nothing to do. Without it something was changed. The first look tells nobody, and after an
    outage there is one comparison with now, however many hand-offs were missed. A rotation
    that no schedule uses is not looked out for.
    """
    row = ctx.get(Rotation, rotation_key)
    if row is None:
        return
    watch = hand_offs.watch_of(ctx, row)
    armed = instant_to_integer(watch.wake_at) if watch.wake_at else None
    if wake_at is not None and wake_at != armed:
        return
    if not schedules.schedules_using(ctx, row.arn):
        ctx.update(watch, on_call=None, wake_at=None)
        return
    found = schedules.hand_off(ctx, row)
    if watch.on_call is not None and set(watch.on_call) != set(found.now):
        since = (wake_at is not None and found.since) or ctx.now
        _tell_soon(ctx, row, watch.on_call, since)
    look_at = found.at or found.unchanged_until
    if look_at is not None and look_at != watch.wake_at:
        alarm = instant_to_integer(look_at)
        jobs.defer(ctx, "watch_hand_off", at=look_at, rotation_key=row.key, wake_at=alarm)
    ctx.update(watch, on_call=list(found.now), wake_at=look_at)


def _tell_soon(ctx: Context, row: Rotation, before: Sequence[str], since: datetime) -> None:
    """By a job of its own, so that what keeps it from telling does not stop the alarms."""
    jobs.behind_pages(
        ctx,
        "tell_hand_off",
        rotation_key=row.key,
        before=list(before),
        since=since.isoformat(),
    )


@task
def tell_hand_off(ctx: Context, rotation_key: Key, before: Sequence[str], since: str) -> None:
    """Tell the chat channels of the rotation's topics, and each who comes or leaves, once.

    `before` are the ARNs of those who were on call; who is now is looked up. If by now those
    are on call again, there is nothing to tell.
    """
    row = ctx.get(Rotation, rotation_key)
    watch = ctx.find_by(HandOffWatch, rotation_key=rotation_key)
    if row is None or watch is None:
        return
    found = schedules.hand_off(ctx, row)
    if set(found.now) == set(before):
        return
    topic_arns = hand_offs.topics_of(ctx, row, watch)
    tell = _Telling(ctx, row, list(before), found, since)
    if "slack" in ctx.house.media:
        for channel_id in topics.linked_channels(ctx, topic_arns):
            outbox.send(ctx, "slack", tell.message(channel_id, "everybody"))
    for arn in found.now:
        if arn not in before:
            _tell_person(ctx, tell, arn, "coming", watch.tell_people)
    for arn in before:
        if arn not in found.now:
            _tell_person(ctx, tell, arn, "leaving", watch.tell_people)


class _Telling:
    """One hand-off in names, for all who hear of it."""

    def __init__(
        self,
        ctx: Context,
        row: Rotation,
        before: Sequence[str],
        found: schedules.HandOff,
        since: str,
    ) -> None:
        def names(arns: Sequence[str]) -> list[str]:
            return [shown_name(ctx, arn) for arn in arns]

        using = schedules.schedules_using(ctx, row.arn)
        self._ctx = ctx
        self._row = row
        self._since = since
        self._schedules = [one.display_name or one.alias for one in using]
        self._before, self._now = names(before), names(found.now)
        self._next = names(found.next)
        self._until = found.at.isoformat() if found.at else None

    def message(self, address: str, to: Literal["everybody", "coming", "leaving"]) -> Message:
        return Message(
            key=new_key(),
            address=address,
            created_at=self._ctx.now,
            to=to,
            rotation=self._row.name,
            zone=self._row.time_zone_id,
            schedules=self._schedules,
            before=self._before,
            now=self._now,
            next=self._next,
            since=self._since,
            until=self._until,
        )


class _Way(NamedTuple):
    medium: str
    address: str
    channel_key: Key | None


def _tell_person(
    ctx: Context,
    tell: _Telling,
    contact_arn: str,
    to: Literal["coming", "leaving"],
    tell_people: TellPeople,
) -> None:
    """By the first way there is; who cannot be told so is not told at all."""
    contact = ctx.find(Contact, contact_arn)
    if contact is None or tell_people == "NOBODY":
        return
    for way in _ways(ctx, contact, may_text=tell_people == "ALSO_BY_TEXT"):
        message = tell.message(way.address, to)
        outbox.send(ctx, way.medium, message, channel_key=way.channel_key)
        return


def _ways(ctx: Context, contact: Contact, *, may_text: bool) -> Iterator[_Way]:
    """The ways to tell somebody, the cheapest first. Nobody is called for a hand-off, and texts
    count to the daily limits.
    """
    link = ctx.find_by(SlackLink, contact_key=contact.key)
    is_linked = link is not None and link.confirmed_at is not None and not link.fault
    if link and is_linked and link.conversation_id and "slack" in ctx.house.media:
        yield _Way("slack", link.conversation_id, None)
    channels = ctx.select(ContactChannel, contact_key=contact.key, deleted_at=None)
    for medium in ("EMAIL", "SMS") if may_text else ("EMAIL",):
        for channel in channels:
            if channel.type != medium or why_not(ctx, channel) is not None:
                continue
            if caps.reached(ctx, medium.lower(), channel.address_fingerprint) is None:
                yield _Way(medium.lower(), channel.address, channel.key)
