from __future__ import annotations

from dataclasses import FrozenInstanceError, fields
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import MetaData

from bot.core.crypto import Vault
from bot.core.errors import DataEncryptionException
from bot.core.ids import Key
from bot.core.store.schema import encrypted, from_record, primary, table, to_parameters
from tests.core.store.rows import NOON, Crew, Ship, crew, ship

VAULT = Vault({1: bytes(32)}, bytes(32))

aware = st.datetimes(timezones=st.just(UTC))
durations = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=100_000))


@given(launched_at=aware, wait=durations | st.none(), captain=st.text() | st.none())
def test_a_row_that_was_stored_comes_back_as_it_was(
    launched_at: datetime, wait: timedelta | None, captain: str | None
) -> None:
    row = ship(
        launched_at=launched_at, wait=wait, captain=captain, manifest={"é": [1]}, seal=b"\0"
    )
    stored = list(to_parameters(row, VAULT).values())

    assert from_record(Ship, stored, VAULT) == row
    assert {type(value) for value in stored} <= {str, int, float, bool, bytes, type(None)}


def test_an_instant_of_another_zone_is_the_same_instant() -> None:
    row = ship(launched_at=NOON.astimezone(timezone(timedelta(hours=9))))
    back = from_record(Ship, list(to_parameters(row, VAULT).values()), VAULT)

    assert back.launched_at == NOON
    assert back.launched_at.tzinfo is UTC


def test_the_hour_that_comes_twice_is_stored_as_two() -> None:
    wall = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    rows = [ship(launched_at=wall.replace(fold=fold)) for fold in (0, 1)]
    first, second = (to_parameters(row, VAULT)["launched_at"] for row in rows)

    assert second - first == 3_600_000_000


@pytest.mark.parametrize(
    "nonsense",
    [
        {"launched_at": datetime(2026, 1, 1)},  # noqa: DTZ001 - what is refused
        {"wait": timedelta(microseconds=-1)},
        {"state": "FLYING"},
    ],
)
def test_a_row_refuses_nonsense_at_birth(nonsense: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must"):
        ship(**nonsense)


def test_a_row_is_frozen_and_does_not_print_its_secrets() -> None:
    row = ship(captain="Franklin", manifest={"gold": 1})

    assert "Franklin" not in repr(row)
    assert "gold" not in repr(row)
    with pytest.raises(FrozenInstanceError):
        row.name = "Terror"  # type: ignore[misc]


def test_keys_of_later_rows_are_greater() -> None:
    rows = [ship() for _ in range(1000)]

    assert rows == sorted(rows, key=lambda row: row.key)


def test_a_ciphertext_does_not_read_in_another_row_or_beside_another_value() -> None:
    row = crew(ship(), secret="tattoo")
    stored = to_parameters(row, VAULT)

    for moved in ({"key": crew(ship()).key}, {"account_id": "444455556666"}):
        with pytest.raises(DataEncryptionException):
            from_record(Crew, list({**stored, **moved}.values()), VAULT)


def test_a_document_that_is_not_json_is_refused() -> None:
    with pytest.raises(TypeError):
        to_parameters(ship(cargo={"at": NOON}), VAULT)


def test_a_column_that_cannot_be_stored_is_refused_at_import() -> None:
    with pytest.raises(TypeError, match="Decimal"):

        @table("wrong", metadata=MetaData())
        class Wrong:
            key: Key = primary()
            price: Decimal

    with pytest.raises(TypeError, match="encrypted"):

        @table("wrong", metadata=MetaData())
        class Unsealed:
            key: Key = primary()
            at: datetime = encrypted()


def test_a_table_without_a_key_is_refused_at_import() -> None:
    with pytest.raises(TypeError, match="first column"):

        @table("wrong", metadata=MetaData())
        class Keyless:  # type: ignore[type-var]
            name: str


def test_columns_stand_in_the_order_of_the_fields() -> None:
    assert list(to_parameters(ship(), VAULT)) == [each.name for each in fields(Ship)]
