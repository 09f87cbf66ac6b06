"""What an engagement does at one instant: which stages begin, whom to tell, when to ask
again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.core.planner.plans import Stage

MOST_ATTEMPTS = 10
"""Our choice: a page is sent at most so often in one stage, whatever its retry interval."""
MANY_AT_ONCE = 10
"""Targets after which a step ends: the first of them hear before the last are looked up."""
REST = timedelta(minutes=1)
"""A plan begins again so long after its last stage began, or later: one in which everybody
fails at once, or whose stages last no time, does not use its rounds up in an instant.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of a target of the stage that began last."""

    attempts: int
    last_at: datetime
    has_failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The stage that began last: its number from 0, when, and its targets by their number, as
    far as they were told since. `round` counts how often the plan began again before that.
    """

    number: int
    at: datetime
    told: Mapping[int, Told]
    round: int = 0

    def is_hopeless(self, stage: Stage) -> bool:
        """Every target has failed. A stage without targets is a pause, not hopeless."""
        return bool(stage.targets) and all(
            number in self.told and self.told[number].has_failed
            for number in range(len(stage.targets))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """`tell` names targets as (stage, number). `wake_at` is None when the plan is through.

    `again`: what begins is a new round of the whole plan. `rests`: a round is through, and the
    next one begins at `wake_at`.
    """

    begins: tuple[int, ...] = ()
    tell: tuple[tuple[int, int], ...] = ()
    wake_at: datetime | None = None
    again: bool = False
    rests: bool = False


def next_moves(
    stages: Sequence[Stage], *, begun: Begun | None, now: datetime, repeats: int = 0
) -> Moves:
    """Say which stages begin, whom to tell at `now`, and when to ask again.

    A stage ends after its duration, or at once when every target in it has failed.
    A stage begins when it is asked for, not when it was due: after an outage the plan goes
    on from where it stood, and nobody is told by three stages in one second. Only a stage
    of duration 0 begins together with the next one. After its last stage, the plan begins
    again at its first one, `repeats` times.
    """
    if begun is None:
        return _begin(stages, 0, now, may_repeat=repeats > 0)
    if begun.number >= len(stages):
        return Moves()
    stage = stages[begun.number]
    ends_at = now if begun.is_hopeless(stage) else begun.at + stage.duration
    if ends_at <= now:
        return _go_on(stages, begun, now, repeats)
    again = [
        (number, at)
        for number in range(len(stage.targets))
        if (at := _tell_again_at(stage, begun, number)) is not None
    ]
    due = tuple((begun.number, number) for number, at in again if at <= now)
    later = [at for _, at in again if at > now]
    intervals = [stage.targets[number].retry_interval for _, number in due]
    later += [now + interval for interval in intervals if interval]
    return Moves(tell=due, wake_at=min([ends_at, *later]))


def _go_on(stages: Sequence[Stage], begun: Begun, now: datetime, repeats: int) -> Moves:
    """The next stage, or the next round once the plan has rested."""
    is_last = begun.number + 1 == len(stages)
    if not is_last or begun.round >= repeats:
        return _begin(stages, begun.number + 1, now, may_repeat=begun.round < repeats)
    if begun.at + REST > now:
        return Moves(wake_at=begun.at + REST, rests=True)
    may_repeat = begun.round + 1 < repeats
    return replace(_begin(stages, 0, now, may_repeat=may_repeat), again=True)


def _begin(stages: Sequence[Stage], first: int, now: datetime, *, may_repeat: bool) -> Moves:
    """Stages without a duration begin together, but for those that would tell very many."""
    begins: list[int] = []
    tell: list[tuple[int, int]] = []
    for number in range(first, len(stages)):
        if len(tell) >= MANY_AT_ONCE:
            return Moves(begins=tuple(begins), tell=tuple(tell), wake_at=now)
        stage = stages[number]
        begins.append(number)
        tell += [(number, target) for target in range(len(stage.targets))]
        if stage.duration > timedelta(0):
            waits = [t.retry_interval for t in stage.targets if t.retry_interval]
            wake_at = now + min([stage.duration, *waits])
            return Moves(begins=tuple(begins), tell=tuple(tell), wake_at=wake_at)
    if may_repeat and begins:
        return Moves(begins=tuple(begins), tell=tuple(tell), wake_at=now + REST, rests=True)
    return Moves(begins=tuple(begins), tell=tuple(tell))


def _tell_again_at(stage: Stage, begun: Begun, number: int) -> datetime | None:
    """When a target is told again; one that was never told (the crash came first) is due at
    once.
    """
    interval = stage.targets[number].retry_interval
    told = begun.told.get(number)
    if told is None:
        return begun.at
    if told.has_failed or not interval or told.attempts >= MOST_ATTEMPTS:
        return None
    return told.last_at + interval
