"""When a notification is tried again: the phases of SNS's delivery policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

LONGEST_DELAY = 3600
MOST_RETRIES = 100

Curve = Callable[[int, int, float], float]
"""(step from 0, last step, ratio of longest to shortest delay) -> 0 to 1 between the two."""

CURVES: Mapping[str, Curve] = {
    "linear": lambda step, last, _: step / last,
    "arithmetic": lambda step, last, _: step * (step + 1) / (last * (last + 1)),
    "geometric": lambda step, last, ratio: (
        (ratio ** (step / last) - 1) / (ratio - 1) if ratio > 1 else 0.0
    ),
    "exponential": lambda step, last, _: (2**step - 1) / (2**last - 1),
}
"""Our choice: all begin at the shortest and end at the longest delay; the reference shows
pictures.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """Retries: at once, then after the shortest delay, after growing ones, after the longest.

    Delays are whole seconds, 1 to 3,600. Source: Amazon SNS message delivery retries.
    """

    at_once: int = 0
    shortest: int = 0
    growing: int = 3
    longest: int = 0
    least_delay: int = 20
    most_delay: int = 20
    curve: str = "linear"

    def wait_before(self, retry: int) -> timedelta | None:
        """The wait before a retry, which are numbered from 1; None where there is none."""
        place = retry - 1 - self.at_once
        if place < 0:
            return timedelta()
        if place < self.shortest:
            return timedelta(seconds=self.least_delay)
        place -= self.shortest
        if place < self.growing:
            return timedelta(seconds=round(self._grown(place), 3))
        if place - self.growing < self.longest:
            return timedelta(seconds=self.most_delay)
        return None

    def _grown(self, step: int) -> float:
        least, most, last = self.least_delay, self.most_delay, self.growing - 1
        if last == 0 or least == most:
            return least
        return least + (most - least) * CURVES[self.curve](step, last, most / least)


WEB = Phases()
"""HTTP and HTTPS, where no policy says otherwise: three retries, 20 seconds apart."""
PEOPLE = Phases(
    shortest=2, growing=10, longest=38, least_delay=10, most_delay=600, curve="exponential"
)
"""Mail and texts: 50 retries over six hours, which no policy changes."""

NUMBERS: Mapping[str, tuple[int, int]] = {
    "numRetries": (0, MOST_RETRIES),
    "numNoDelayRetries": (0, MOST_RETRIES),
    "numMinDelayRetries": (0, MOST_RETRIES),
    "numMaxDelayRetries": (0, MOST_RETRIES),
    "minDelayTarget": (1, LONGEST_DELAY),
    "maxDelayTarget": (1, LONGEST_DELAY),
}
OF_A_TOPIC = {
    "defaultHealthyRetryPolicy": "healthyRetryPolicy",
    "defaultThrottlePolicy": "throttlePolicy",
    "defaultRequestPolicy": "requestPolicy",
}
"""What a topic's policy calls the parts of a subscription's."""


def check_policy(policy: Any, *, of_topic: bool) -> None:
    """Raises ValueError, in words, for a policy that SNS would not keep."""
    if not isinstance(policy, dict):
        raise ValueError("it is not a JSON object")
    parts = policy.get("http", {}) if of_topic else policy
    known = (
        {*OF_A_TOPIC, "disableSubscriptionOverrides"} if of_topic else {*OF_A_TOPIC.values()}
    )
    unknown = parts.keys() - known if isinstance(parts, dict) else {"http"}
    if unknown or (of_topic and policy.keys() - {"http"}):
        raise ValueError(f"it holds {', '.join(sorted(known))}")
    plain = _plain(policy) if of_topic else parts
    _check_retries(plain.get("healthyRetryPolicy") or {})
    _check_throttle(plain.get("throttlePolicy") or {})
    _check_request(plain.get("requestPolicy") or {})


def effective_policy(
    of_topic: Mapping[str, Any] | None, of_subscription: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The subscription's own parts before the topic's, in the form of a subscription's."""
    shared = _plain(of_topic or {})
    is_fixed = shared.pop("disableSubscriptionOverrides", False) is True
    own = {} if is_fixed else {k: v for k, v in (of_subscription or {}).items() if v}
    retries = {
        "minDelayTarget": WEB.least_delay,
        "maxDelayTarget": WEB.most_delay,
        "numRetries": WEB.growing,
        "numMaxDelayRetries": 0,
        "numMinDelayRetries": 0,
        "numNoDelayRetries": 0,
        "backoffFunction": WEB.curve,
    }
    given = {**shared, **own}
    given["healthyRetryPolicy"] = retries | dict(given.get("healthyRetryPolicy") or {})
    return given


def phases_of(policy: Mapping[str, Any]) -> Phases:
    """Read the retries of an effective policy."""
    given = policy["healthyRetryPolicy"]
    at_once, shortest = given["numNoDelayRetries"], given["numMinDelayRetries"]
    longest = given["numMaxDelayRetries"]
    return Phases(
        at_once=at_once,
        shortest=shortest,
        growing=max(given["numRetries"] - at_once - shortest - longest, 0),
        longest=longest,
        least_delay=given["minDelayTarget"],
        most_delay=max(given["maxDelayTarget"], given["minDelayTarget"]),
        curve=given["backoffFunction"],
    )


def spacing_of(policy: Mapping[str, Any]) -> timedelta | None:
    """The least time between two messages, where an effective policy limits them."""
    most = (policy.get("throttlePolicy") or {}).get("maxReceivesPerSecond")
    return timedelta(seconds=1) / most if most else None


def _plain(of_topic: Mapping[str, Any]) -> dict[str, Any]:
    parts = of_topic.get("http") or {}
    return {OF_A_TOPIC.get(name, name): value for name, value in parts.items() if value}


def _check_retries(given: Any) -> None:
    if not isinstance(given, dict):
        raise ValueError("healthyRetryPolicy is an object")
    for name, value in given.items():
        if name == "backoffFunction":
            if value not in CURVES:
                raise ValueError(f"backoffFunction is one of {', '.join(CURVES)}")
            continue
        least, most = NUMBERS.get(name, (0, -1))
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"{name} is no number of {least} to {most} there")
    if given.get("minDelayTarget", 1) > given.get("maxDelayTarget", LONGEST_DELAY):
        raise ValueError("minDelayTarget is not above maxDelayTarget")
    parts = ("numNoDelayRetries", "numMinDelayRetries", "numMaxDelayRetries")
    if sum(given.get(part, 0) for part in parts) > given.get("numRetries", MOST_RETRIES):
        raise ValueError("numRetries is at least the sum of the phases")
    waits = phases_of(effective_policy({}, {"healthyRetryPolicy": given}))
    total = sum(
        (waits.wait_before(retry) or timedelta() for retry in range(1, MOST_RETRIES + 1)),
        timedelta(),
    )
    if total > timedelta(seconds=LONGEST_DELAY):
        raise ValueError(f"all waits together are at most {LONGEST_DELAY} seconds")


def _check_throttle(given: Any) -> None:
    most = given.get("maxReceivesPerSecond", 1) if isinstance(given, dict) else 0
    if most is not None and (type(most) is not int or most < 1):
        raise ValueError("maxReceivesPerSecond is a number from 1")


def _check_request(given: Any) -> None:
    kind = given.get("headerContentType", "") if isinstance(given, dict) else None
    if not isinstance(kind, str) or not kind.isprintable() or len(kind) > 100:
        raise ValueError("headerContentType is a media type")
