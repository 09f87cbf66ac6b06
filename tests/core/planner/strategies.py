"""The vocabulary of the planner's property tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from bot.core.planner.moves import Begun, Told, next_moves
from bot.core.planner.plans import PlanTarget, Stage

START = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)

Place = tuple[int, int]
Outcome = Callable[[Place, int], bool]
"""Whether the attempt of that number (from 1) at that target has failed."""

minutes = st.integers(0, 30).map(lambda n: timedelta(minutes=n))
targets = st.builds(
    PlanTarget,
    arn=st.sampled_from(["sms", "mail", "call"]),
    retry_interval=st.integers(0, 10).map(lambda n: timedelta(minutes=n)),
)
stages = st.builds(Stage, duration=minutes, targets=st.lists(targets, max_size=3).map(tuple))
plans = st.lists(stages, min_size=1, max_size=4)
wake_ups = st.lists(st.integers(0, 90 * 60).map(lambda n: timedelta(seconds=n)), max_size=30)
failing = st.sets(st.tuples(st.integers(0, 3), st.integers(0, 2)))


def silence(_: Place, __: int) -> bool:
    return False


class Play:
    """Plays a plan as the engine does: late, early and double wake-ups, and failing targets."""

    def __init__(
        self, stages: Sequence[Stage], outcome: Outcome = silence, *, repeats: int = 0
    ) -> None:
        self.stages = stages
        self.repeats = repeats
        self.outcome = outcome
        self.begun: Begun | None = None
        self.told: list[tuple[Place, datetime]] = []
        self.begins: list[tuple[int, datetime]] = []
        self.alarm: datetime | None = START
        self.is_over = False

    def wake(self, now: datetime) -> None:
        """Ask the planner until it has nothing more to do at this instant."""
        while not self.is_over:
            moves = next_moves(self.stages, begun=self.begun, now=now, repeats=self.repeats)
            assert moves.wake_at is None or moves.wake_at > now
            if moves.begins:
                round_ = (self.begun.round if self.begun else 0) + moves.again
                self.begins += [(number, now) for number in moves.begins]
                self.begun = Begun(number=moves.begins[-1], at=now, told={}, round=round_)
            for place in moves.tell:
                self._tell(place, now)
            self.alarm = moves.wake_at
            if moves.wake_at is None:
                self.is_over = True
            elif (
                moves.rests
                or self.begun is None
                or not self.begun.is_hopeless(self.stages[self.begun.number])
            ):
                return

    def run_out(self) -> None:
        """Answer every alarm on time until the plan is through."""
        while self.alarm is not None:
            self.wake(self.alarm)

    def _tell(self, place: Place, now: datetime) -> None:
        self.told.append((place, now))
        stage, number = place
        if self.begun is None or stage != self.begun.number:
            return
        earlier = self.begun.told.get(number)
        attempts = earlier.attempts + 1 if earlier else 1
        told = Told(attempts=attempts, last_at=now, has_failed=self.outcome(place, attempts))
        self.begun = replace(self.begun, told={**self.begun.told, number: told})
