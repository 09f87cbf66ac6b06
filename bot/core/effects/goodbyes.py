"""Stopping engagements, and telling those who were paged that nobody waits for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.core.context import Context
from bot.core.effects import engagements, jobs
from bot.core.effects.closing import stopped_words
from bot.core.ids import Key
from bot.core.store.engagements import Engagement


def stop_and_tell(
    ctx: Context, running: Sequence[Engagement], reason: str, *, closes_incident: bool = False
) -> list[Engagement]:
    """Stop engagements and all that they began; answers those that this stopped.

    Everyone who was paged by them, and did not answer, is told behind the pages. Where the
    incident is closed, so are those in whose place somebody else acknowledged.
    """
    stopped: list[Engagement] = []
    for engagement in running:
        current = ctx.lock(Engagement, engagement.key)  # stopping one stops its children
        if current is not None and not engagements.is_over(current):
            stopped += engagements.stop(ctx, current, reason)
    told = list(stopped)
    if closes_incident:
        told += [one for one in running if one.acknowledged_at is not None]
    _tell_later(ctx, told, reason)
    return stopped


def _tell_later(ctx: Context, ended: Iterable[Engagement], reason: str) -> None:
    people: dict[Key, list[Key]] = {}
    for engagement in ended:
        if engagement.contact_type == "PERSONAL":
            people.setdefault(engagement.contact_key, []).append(engagement.key)
    if people:
        words = stopped_words(reason, by=ctx.caller.actor, at=ctx.now)
        everyone = list(people.values())
        jobs.behind_pages(ctx, "say_goodbye", people=everyone, words=words, reason=reason)
