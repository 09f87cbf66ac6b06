from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest
from sqlalchemy import MetaData

from bot.core.ids import Key
from bot.core.store.schema import Wire, encrypted, primary, table

KEY = Key("019a0000-0000-7000-8000-000000000001")


@table("parcel", metadata=MetaData())
class Parcel:
    key: Key = primary()
    size: int
    note: str = encrypted(default="")
    content: Wire


def parcel(size: int = 1) -> Parcel:
    return Parcel(key=KEY, size=size, note="5ecret", content={"a": 1})


def test_a_row_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError, match="'size'"):
        parcel().size = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="'size'"):
        del parcel().size


def test_rows_are_equal_where_all_their_values_are() -> None:
    assert parcel() == parcel()
    assert parcel(1) != parcel(2)
    other: object = "parcel"
    assert parcel() != other
    assert replace(parcel(1), size=2) == parcel(2)


def test_rows_are_told_apart_by_their_keys() -> None:
    assert {parcel(): "x"}[parcel()] == "x"


def test_a_printed_row_shows_no_secret() -> None:
    assert repr(parcel()) == f"Parcel(key={KEY!r}, size=1, content={{'a': 1}})"


def test_a_row_has_no_room_for_other_values() -> None:
    assert not hasattr(parcel(), "__dict__")
