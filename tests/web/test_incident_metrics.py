from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.core.store.executor import Store
from bot.web.incident_metrics import counted
from bot.web.metrics import Metrics
from tests.core.operations.test_incident_metrics import (
    acknowledges,
    has_plan,
    resolves,
    starts,
)
from tests.harness import TestHouse, open_house
from tests.web.test_metrics import told

INCIDENTS = "ssm-incidents"
LABELS = ("response_plan", "impact", "le")


@pytest.fixture
async def house(store: Store) -> AsyncIterator[TestHouse]:
    async with open_house(store) as opened:
        yield opened


async def samples(house: TestHouse) -> dict[tuple[str, ...], float]:
    """What is told of incidents: by name and the values of `LABELS`."""
    _, text = await told(house)
    return {
        (sample.name, *(sample.labels[one] for one in LABELS if one in sample.labels)): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("imbot_incident_")
    }


async def test_incidents_are_counted_with_how_long_they_took(house: TestHouse) -> None:
    plan = await has_plan(house, "payments")
    incident = await starts(house, plan)
    engagement = await house.engages(await house.has_person("ana"), IncidentId=incident)
    await acknowledges(house, engagement, seconds=90)
    await resolves(house, incident, minutes=10)
    await starts(house, plan, impact=1)

    found = await samples(house)

    assert found["imbot_incident_creations_total", "payments", "2"] == 1
    assert found["imbot_incident_creations_total", "payments", "1"] == 1
    assert found["imbot_incident_resolutions_total", "payments", "2"] == 1
    assert found["imbot_incident_resolutions_total", "payments", "1"] == 0
    acknowledging = "imbot_incident_first_acknowledgement_seconds"
    assert found[f"{acknowledging}_bucket", "payments", "2", "60.0"] == 0
    assert found[f"{acknowledging}_bucket", "payments", "2", "120.0"] == 1
    assert found[f"{acknowledging}_bucket", "payments", "2", "+Inf"] == 1
    assert found[f"{acknowledging}_sum", "payments", "2"] == 90
    assert found["imbot_incident_resolution_seconds_sum", "payments", "2"] == 690
    assert found["imbot_incident_resolution_seconds_count", "payments", "2"] == 1


async def test_what_is_told_never_falls_when_an_incident_is_deleted_or_changed(
    house: TestHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bot.web.incident_metrics", "bot.web.metrics"):
        monkeypatch.setattr(f"{name}.FRESH", 0)
        monkeypatch.setattr(f"{name}.SHARE", 0)
    metrics = Metrics(house.store, house.clock)
    plan = await has_plan(house, "payments")
    first, second = await starts(house, plan), await starts(house, plan)

    async def created() -> dict[str, float]:
        [family] = [
            one for one in await metrics._incidents.told() if one.name.endswith("creations")
        ]
        return {sample.labels["impact"]: sample.value for sample in family.samples}

    assert await created() == {"2": 2}
    await house.call(INCIDENTS, "DeleteIncidentRecord", arn=first)
    assert await created() == {"2": 2}
    await starts(house, plan)
    assert await created() == {"2": 3}
    await house.call(INCIDENTS, "UpdateIncidentRecord", arn=second, impact=5)
    assert await created() == {"2": 3, "5": 1}


async def test_names_units_types_and_help_are_as_prometheus_wants_them(
    house: TestHouse,
) -> None:
    incident = await starts(house, await has_plan(house, "payments"))
    await resolves(house, incident, minutes=1)
    _, text = await told(house)

    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert family.name.startswith("imbot_")
        assert family.documentation.endswith(".")
        assert family.type in ("gauge", "counter", "histogram")
        names = {sample.name for sample in family.samples}
        if family.type == "counter":
            assert names == {f"{family.name}_total"}
        if family.type == "histogram":
            assert family.name.endswith("_seconds")
        if family.type == "gauge":
            assert not family.name.endswith(("_total", "_count", "_sum", "_bucket"))
        labels = {label for sample in family.samples for label in sample.labels}
        assert "le" not in labels or family.type == "histogram"


async def test_an_empty_store_counts_nothing(house: TestHouse) -> None:
    counts: dict[Any, Any] = await house.store.read(counted)
    assert counts == {}
    assert await samples(house) == {}
