from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest

from bot.core.service_models import (
    from_wire,
    to_wire,
)
from tests.core.model_helpers import (
    CONTACT,
    NOW,
    refusal,
)


@pytest.mark.parametrize(
    "told",
    [
        1_795_262_400,
        1_795_262_400.0,
        "1795262400",
        "2026-11-21T12:00:00Z",
        "2026-11-21T13:00:00+01:00",
        "2026-11-21T12:00:00",
    ],
)
def test_timestamps_become_aware_datetimes_however_they_are_told(told: Any) -> None:
    given_range = {"TimeRangeValue": {"StartTime": told}}
    parameters = from_wire("ssm-contacts", "ListEngagements", given_range)

    start = parameters["TimeRangeValue"]["StartTime"]
    assert start == NOW
    assert start.utcoffset() == timedelta(0)
    assert given_range["TimeRangeValue"]["StartTime"] == told


@pytest.mark.parametrize("told", ["soon", "", True, [], 1e300, -1e300, "9" * 400, {}])
def test_what_is_no_timestamp_is_named_by_validation(told: Any) -> None:
    parameters = from_wire(
        "ssm-contacts", "ListEngagements", {"TimeRangeValue": {"EndTime": told}}
    )

    assert (
        "'TimeRangeValue.EndTime'"
        in refusal("ssm-contacts", "ListEngagements", **parameters).message
    )


def test_nulls_and_strangers_do_not_reach_what_is_stored() -> None:
    plan = {
        "Stages": [{"DurationInMinutes": 1, "Targets": [], "Colour": 1}],
        "RotationIds": None,
    }
    parameters = from_wire(
        "ssm-contacts", "UpdateContact", {"ContactId": CONTACT, "Plan": plan}
    )

    assert parameters["Plan"] == {"Stages": [{"DurationInMinutes": 1, "Targets": []}]}


def test_answers_leave_as_epoch_seconds_to_the_millisecond() -> None:
    started = NOW.astimezone(timezone(timedelta(hours=5))) + timedelta(microseconds=1_234_567)
    engagement = {"EngagementArn": "e", "ContactArn": CONTACT, "Sender": "s", "StopTime": None}
    answer = {"Engagements": [{**engagement, "StartTime": started}], "NextToken": None}

    wire = to_wire("ssm-contacts", "ListEngagements", answer)

    assert wire["Engagements"][0]["StartTime"] == 1_795_262_401.234
    assert "StopTime" not in wire["Engagements"][0]
    assert "NextToken" not in wire
