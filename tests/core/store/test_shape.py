from __future__ import annotations

from datetime import timedelta

import pytest

from bot.core.store.schema import shape_of
from tests.core.store.rows import NOON, Crew, Ship, ship


def test_a_row_that_lacks_a_value_is_refused_and_the_value_named() -> None:
    with pytest.raises(TypeError, match="'ship_key'"):
        Crew(account_id="111122223333", name="Ana")  # type: ignore[call-arg]


def test_a_row_refuses_a_value_that_it_has_no_column_for() -> None:
    with pytest.raises(TypeError, match="'sails'"):
        ship(sails=3)


def test_what_is_not_given_is_as_declared() -> None:
    row = ship()

    assert (row.state, row.wait, row.captain) == ("SAILING", None, None)
    assert row.key != ship().key


def test_a_changed_row_leaves_the_one_before_as_it_was() -> None:
    before = ship(captain="Franklin")
    after = shape_of(Ship).changed(before, {"captain": "Crozier", "wait": timedelta(hours=1)})

    assert (before.captain, before.wait) == ("Franklin", None)
    assert (after.captain, after.wait) == ("Crozier", timedelta(hours=1))
    assert (after.key, after.launched_at) == (before.key, NOON)


def test_a_change_is_checked_as_a_birth_is() -> None:
    shape, row = shape_of(Ship), ship()

    with pytest.raises(ValueError, match="SAILING, SUNK"):
        shape.changed(row, {"state": "FLYING"})
    with pytest.raises(TypeError, match="ship has no column sails"):
        shape.changed(row, {"sails": 3})


def test_a_table_ranks_after_those_that_it_refers_to() -> None:
    assert shape_of(Crew).rank > shape_of(Ship).rank
