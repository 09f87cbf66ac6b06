from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.core.planner.moves import MOST_ATTEMPTS, REST, Begun, next_moves
from bot.core.planner.plans import PlanTarget, Stage, parse_plan
from tests.core.planner.strategies import (
    START,
    Place,
    Play,
    failing,
    plans,
    wake_ups,
)


def stage(minutes: int, *retries: int) -> Stage:
    targets = tuple(
        PlanTarget(arn=f"channel-{n}", retry_interval=timedelta(minutes=retry))
        for n, retry in enumerate(retries)
    )
    return Stage(duration=timedelta(minutes=minutes), targets=targets)


@given(stages=plans, wakes=wake_ups)
def test_every_target_is_told_in_the_order_of_the_plan_however_often_the_engine_wakes(
    stages: list[Stage], wakes: list[timedelta]
) -> None:
    play = Play(stages)
    for wake in sorted(wakes):
        play.wake(START + wake)
    play.run_out()

    first_times = list(dict.fromkeys(place for place, _ in play.told))
    expected = [(n, t) for n, s in enumerate(stages) for t in range(len(s.targets))]
    assert sorted(first_times) == expected
    assert [n for n, _ in play.begins] == list(range(len(stages)))


@given(stages=plans, wakes=wake_ups)
def test_no_stage_begins_before_the_one_ahead_has_lasted(
    stages: list[Stage], wakes: list[timedelta]
) -> None:
    play = Play(stages)
    for wake in sorted(wakes):
        play.wake(START + wake)
    play.run_out()

    for (number, at), (_, next_at) in zip(play.begins, play.begins[1:], strict=False):
        assert next_at >= at + stages[number].duration


@given(stages=plans, wakes=wake_ups)
def test_a_target_is_told_again_only_after_its_interval_and_never_too_often(
    stages: list[Stage], wakes: list[timedelta]
) -> None:
    play = Play(stages)
    for wake in sorted(wakes):
        play.wake(START + wake)
    play.run_out()

    last: dict[Place, object] = {}
    for place, at in play.told:
        interval = stages[place[0]].targets[place[1]].retry_interval
        if place in last:
            assert interval > timedelta(0)
            assert at - last[place] >= interval  # type: ignore[operator]
        last[place] = at
    assert max(Counter(place for place, _ in play.told).values(), default=0) <= MOST_ATTEMPTS


@given(stages=plans, lost=failing)
def test_a_stage_whose_targets_have_all_failed_gives_way_at_once(
    stages: list[Stage], lost: set[Place]
) -> None:
    play = Play(stages, outcome=lambda place, _: place in lost)
    play.run_out()

    begun_at = dict(play.begins)
    for number, one in enumerate(stages[:-1]):
        everything = {(number, target) for target in range(len(one.targets))}
        if everything and everything <= lost and one.duration:
            assert begun_at[number + 1] == begun_at[number]


def test_after_an_outage_only_one_stage_begins_and_the_later_ones_count_from_there() -> None:
    play = Play([stage(5, 0), stage(5, 0), stage(5, 0)])
    play.wake(START)
    restart = START + timedelta(hours=3)

    play.wake(restart)

    assert play.begins == [(0, START), (1, restart)]
    assert play.alarm == restart + timedelta(minutes=5)


def test_a_stage_without_targets_is_a_pause() -> None:
    play = Play([stage(10), stage(0, 0)])
    play.run_out()

    assert play.told == [((1, 0), START + timedelta(minutes=10))]


def test_a_plan_without_stages_is_through_at_once() -> None:
    assert next_moves([], begun=None, now=START).wake_at is None


def test_a_plan_is_read_from_the_wire_document() -> None:
    plan = {
        "Stages": [
            {
                "DurationInMinutes": 5,
                "Targets": [
                    {
                        "ChannelTargetInfo": {
                            "ContactChannelId": "arn:c",
                            "RetryIntervalInMinutes": 1,
                        }
                    },
                    {"ContactTargetInfo": {"ContactId": "arn:p", "IsEssential": True}},
                ],
            }
        ]
    }
    (only,) = parse_plan(plan)

    assert only.duration == timedelta(minutes=5)
    assert only.targets[0].retry_interval == timedelta(minutes=1)
    assert only.targets[1].is_essential
    assert not only.targets[1].is_channel


@given(stages=plans.filter(len), wake=st.timedeltas(timedelta(0), timedelta(hours=1)))
def test_the_engine_is_never_told_to_wake_in_the_past_though_nobody_could_be_told(
    stages: list[Stage], wake: timedelta
) -> None:
    begun = Begun(number=0, at=START, told={})

    wake_at = next_moves(stages, begun=begun, now=START + wake).wake_at

    assert wake_at is None or wake_at > START + wake


@given(stages=plans, wakes=wake_ups, repeats=st.integers(0, 3), lost=failing)
def test_a_plan_that_repeats_begins_all_its_stages_so_often_and_no_round_without_a_rest(
    stages: list[Stage], wakes: list[timedelta], repeats: int, lost: set[Place]
) -> None:
    play = Play(stages, outcome=lambda place, _: place in lost, repeats=repeats)
    for wake in sorted(wakes):
        play.wake(START + wake)
    play.run_out()

    numbers = [number for number, _ in play.begins]
    assert numbers == list(range(len(stages))) * (repeats + 1)
    rounds = [at for number, at in play.begins if number == 0]
    for last, first in pairwise(rounds):
        assert first >= last + REST


@given(stages=plans, repeats=st.integers(1, 3))
def test_every_target_is_told_in_every_round(stages: list[Stage], repeats: int) -> None:
    play = Play(stages, repeats=repeats)
    play.run_out()

    for number, one in enumerate(stages):
        for target in range(len(one.targets)):
            times = [at for place, at in play.told if place == (number, target)]
            assert len(times) >= repeats + 1


def test_a_plan_that_repeats_begins_again_when_its_last_stage_has_lasted() -> None:
    play = Play([stage(5, 0), stage(10, 0)], repeats=1)
    play.run_out()

    minutes = [(at - START).total_seconds() / 60 for _, at in play.told]
    assert minutes == [0, 5, 15, 20]


def test_nobody_is_told_twice_in_a_minute_by_a_plan_whose_stages_last_no_time() -> None:
    play = Play([stage(0, 0)], repeats=2)
    play.run_out()

    assert [at - START for _, at in play.told] == [REST * n for n in range(3)]
