from __future__ import annotations

import pytest

from bot.core.planner.delivery_policies import (
    CURVES,
    PEOPLE,
    WEB,
    Phases,
    check_policy,
    effective_policy,
    phases_of,
)


def waits(phases: Phases) -> list[float]:
    found: list[float] = []
    for retry in range(1, 200):
        wait = phases.wait_before(retry)
        if wait is None:
            return found
        found.append(wait.total_seconds())
    raise AssertionError("it is never given up")


def test_the_web_is_tried_three_times_more_twenty_seconds_apart() -> None:
    assert waits(WEB) == [20, 20, 20]


def test_people_are_told_fifty_times_more_over_six_hours() -> None:
    found = waits(PEOPLE)

    assert (len(found), found[:3], found[11:13]) == (50, [10, 10, 10], [600, 600])
    assert 6 * 3600 < sum(found) < 8 * 3600


@pytest.mark.parametrize("curve", CURVES)
def test_growing_waits_grow_from_the_shortest_to_the_longest(curve: str) -> None:
    found = waits(Phases(growing=5, least_delay=2, most_delay=60, curve=curve))

    assert (found[0], found[-1]) == (2, 60)
    assert found == sorted(found)


def test_the_phases_follow_one_another() -> None:
    policy = {
        "numRetries": 6,
        "numNoDelayRetries": 1,
        "numMinDelayRetries": 2,
        "numMaxDelayRetries": 1,
        "minDelayTarget": 5,
        "maxDelayTarget": 50,
        "backoffFunction": "exponential",
    }
    check_policy({"healthyRetryPolicy": policy}, of_topic=False)
    phases = phases_of(effective_policy(None, {"healthyRetryPolicy": policy}))

    assert waits(phases) == [0, 5, 5, 5, 50, 50]


def test_a_subscriptions_policy_goes_before_its_topics_unless_that_forbids_it() -> None:
    shared = {"defaultHealthyRetryPolicy": {"numRetries": 1}}
    own = {"healthyRetryPolicy": {"numRetries": 7}}

    open_ = phases_of(effective_policy({"http": shared}, own))
    fixed = {"http": {**shared, "disableSubscriptionOverrides": True}}

    assert len(waits(open_)) == 7
    assert len(waits(phases_of(effective_policy(fixed, own)))) == 1
    assert len(waits(phases_of(effective_policy({"http": shared}, None)))) == 1


@pytest.mark.parametrize(
    "retries",
    [
        {"numRetries": 101},
        {"numRetries": -1},
        {"numRetries": "3"},
        {"minDelayTarget": 0},
        {"maxDelayTarget": 3601},
        {"minDelayTarget": 30, "maxDelayTarget": 20},
        {"numRetries": 2, "numNoDelayRetries": 2, "numMaxDelayRetries": 1},
        {"numRetries": 100, "minDelayTarget": 60, "maxDelayTarget": 60},
        {"backoffFunction": "hopeful"},
        {"patience": 3},
        [],
    ],
)
def test_retries_that_no_policy_has_are_refused(retries: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_policy({"healthyRetryPolicy": retries or 5}, of_topic=False)


@pytest.mark.parametrize(
    "policy",
    [
        [],
        {"throttlePolicy": {"maxReceivesPerSecond": 0}},
        {"requestPolicy": {"headerContentType": "text/plain\r\nX: y"}},
        {"http": {}},
    ],
)
def test_a_subscriptions_policy_of_other_parts_is_refused(policy: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_policy(policy, of_topic=False)


@pytest.mark.parametrize(
    "policy", [{"sqs": {}}, {"http": {"healthyRetryPolicy": {}}}, {"http": 1}]
)
def test_a_topics_policy_of_other_parts_is_refused(policy: object) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_policy(policy, of_topic=True)
