from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.channels.slack.chart import count_scale, incident_chart
from bot.channels.slack.metrics import chart_of, metrics_card

START = datetime(2026, 10, 31, 23, tzinfo=UTC)
PLAN = "arn:aws:ssm-incidents::111122223333:response-plan/payments"
NONE = {"Count": 0}
TOOK = {"Count": 3, "Average": 150.0, "Median": 120.0, "Maximum": 300.0}


def metrics(
    created: int = 0, resolved: int = 0, took: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "NumberOfCreateIncidents": created,
        "NumberOfResolveIncidents": resolved,
        "TimeToFirstAcknowledgement": took or NONE,
        "TimeToResolveIncident": took or NONE,
    }


def answer(total: dict[str, Any], *groups: dict[str, Any], days: int = 3) -> dict[str, Any]:
    return {
        "StartTime": START,
        "EndTime": START + timedelta(days=days),
        "TimeZoneId": "Europe/Berlin",
        "PeriodInDays": 1,
        "Total": total,
        "Periods": [
            {"StartTime": START + timedelta(days=day), "Metrics": total} for day in range(days)
        ],
        "Groups": list(groups),
    }


def words(blocks: object) -> str:
    return str(blocks)


def test_the_card_names_numbers_days_and_groups() -> None:
    group = {"ResponsePlanArn": PLAN, "Impact": 2, "Metrics": metrics(3, 2, TOOK)}
    card = metrics_card(answer(metrics(1200, 2, TOOK), group))

    told = words(card.blocks)
    assert "Incidents, 1 Nov to 3 Nov 2026" in told
    assert "*Created*\\n1,200" in told
    assert "2 min (longest 5 min, of 3)" in told
    assert "*payments · High*  3 created, 2 resolved, acknowledged after 2 min" in told
    assert "Days are those of Europe/Berlin." in told
    assert card.attachment is None


def test_many_groups_go_into_a_file() -> None:
    groups = [{"Source": f"source-{number}", "Metrics": metrics(1)} for number in range(40)]
    card = metrics_card(answer(metrics(40), *groups))

    assert "… and 25 others, in the attached file." in words(card.blocks)
    assert card.attachment is not None
    assert "source-39" in card.attachment


def test_nothing_is_said_in_one_sentence_without_a_picture() -> None:
    card = metrics_card(answer(metrics(), days=1))

    assert card.text == "No incident was created or resolved: 1 Nov 2026."
    assert card.picture is None


def test_all_letters_of_the_picture_are_in_its_font() -> None:
    """Pillow's own font has no others."""
    chart = chart_of(answer(metrics(3, 2, TOOK)))

    texts = [chart["title"], chart["range"], *chart["labels"]]
    assert "".join(texts).isascii()
    assert chart["labels"] == ["1 Nov", "2 Nov", "3 Nov"]
    assert chart["acknowledge"] == [120.0, 120.0, 120.0]


counts = st.integers(0, 10**6)
times = st.none() | st.floats(0, 10**7)
periods = st.lists(st.tuples(counts, counts, times, times), min_size=1, max_size=31)


@settings(max_examples=15, deadline=None)
@given(periods)
def test_every_count_can_be_drawn(
    parts: list[tuple[int, int, float | None, float | None]],
) -> None:
    created, resolved, acknowledge, resolve = zip(*parts, strict=True)
    drawn = incident_chart(
        {
            "title": "Incidents created and resolved",
            "range": "1 Nov to 30 Nov 2026, by day",
            "labels": [f"{number} Nov" for number in range(len(parts))],
            "created": created,
            "resolved": resolved,
            "acknowledge": acknowledge,
            "resolve": resolve,
        }
    )

    image = Image.open(io.BytesIO(drawn))
    assert (image.format, image.size) == ("PNG", (800, 880))
    assert len(drawn) < 300_000


@given(counts)
def test_an_axis_holds_its_largest_count_with_few_ticks(most: int) -> None:
    top, ticks = count_scale(most)

    assert ticks[0] == 0
    assert ticks[-1] == top >= most
    assert 3 <= len(ticks) <= 6


def test_a_house_that_draws_nothing_loads_no_pictures() -> None:
    seen = "import bot.app, bot.channels.slack.channel, sys; print('PIL' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", seen], capture_output=True, check=True)
    assert told.stdout == b"False\n"


def test_a_median_of_nought_can_be_drawn() -> None:
    chart = chart_of(answer(metrics(1, 1, {**TOOK, "Median": 0.0})))
    assert incident_chart(chart).startswith(b"\x89PNG")
