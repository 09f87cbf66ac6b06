from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.commands.muting import read_until
from bot.commands.problems import ChatError

NOW = datetime(2026, 3, 28, 21, 0, tzinfo=UTC)
"""The night in which the clocks of Dublin go forward, at 1:00 UTC."""


@pytest.mark.parametrize(
    ("until", "zone", "expected"),
    [
        ("07:00", None, datetime(2026, 3, 29, 7, tzinfo=UTC)),
        ("22:30", None, datetime(2026, 3, 28, 22, 30, tzinfo=UTC)),
        ("07:00", "Europe/Dublin", datetime(2026, 3, 29, 6, tzinfo=UTC)),
        ("07:00 Asia/Kathmandu", "Europe/Dublin", datetime(2026, 3, 29, 1, 15, tzinfo=UTC)),
        ("21:00 UTC", "Europe/Dublin", datetime(2026, 3, 29, 21, tzinfo=UTC)),
        ("2026-04-02 07:00", "Europe/Dublin", datetime(2026, 4, 2, 6, tzinfo=UTC)),
        ("2026-04-02T07:00Z", "Europe/Dublin", datetime(2026, 4, 2, 7, tzinfo=UTC)),
    ],
)
def test_a_time_is_the_next_one_in_the_zone_of_who_types_it(
    until: str, zone: str | None, expected: datetime
) -> None:
    assert read_until(until, None, zone=zone, now=NOW) == expected


def test_a_length_counts_from_now() -> None:
    expected = datetime(2026, 3, 29, 5, 30, tzinfo=UTC)
    assert read_until(None, "8h 30min", zone=None, now=NOW) == expected


@pytest.mark.parametrize(
    ("until", "time"),
    [("25:00", None), ("soon", None), ("07:00 Mars/Base", None), (None, "a bit")],
)
def test_what_is_no_time_is_answered_with_how_to_say_it(
    until: str | None, time: str | None
) -> None:
    with pytest.raises(ChatError):
        read_until(until, time, zone=None, now=NOW)
