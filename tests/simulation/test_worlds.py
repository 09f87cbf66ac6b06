"""What must hold, holds in many worlds; and the simulation would notice if it did not."""

from __future__ import annotations

import pytest

from bot.core import claims
from bot.core.effects import engagements, receipts
from tests.simulation.__main__ import play_in_processes
from tests.simulation.scenario import Stage
from tests.simulation.story import BrokenError

WORLDS = 300
MANY = 10_000


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage()


def test_nothing_breaks_in_300_worlds(stage: Stage) -> None:
    for seed in range(WORLDS):
        stage.play(f"of the test {seed}")


def test_a_seed_tells_the_same_story_each_time(stage: Stage) -> None:
    assert stage.play("4").lines == stage.play("4").lines


@pytest.mark.long
def test_nothing_breaks_in_10_000_worlds() -> None:
    broken = play_in_processes(MANY, 2)
    assert not broken, "\n\n".join(broken[:3])


def test_pages_that_leave_though_nobody_waits_for_them_are_noticed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "drop_if_pointless", lambda *_: False)

    assert "is sent though its" in first_break(stage)


def test_plans_that_go_on_after_an_acknowledgement_are_noticed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engagements, "_acknowledge_above", lambda *_: None)

    assert "goes on, though" in first_break(stage)


def test_messages_that_leave_no_receipt_are_noticed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "record_sent", lambda *_: None)

    assert "left the outbox without a receipt" in first_break(stage)


def first_break(stage: Stage) -> str:
    """What is wrong in the first world that breaks."""
    for seed in range(WORLDS):
        try:
            stage.play(f"of the test {seed}")
        except BrokenError as broken:
            return str(broken)
    return "nothing broke"
