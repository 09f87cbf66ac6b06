"""Rows of the store's own tests, apart from those of the product."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import psycopg
from sqlalchemy import Index, MetaData, create_engine
from sqlalchemy.pool import StaticPool

from bot.core.ids import Key
from bot.core.store.schema import (
    Wire,
    encrypted,
    partial_index,
    primary,
    references,
    table,
    unique_live,
)

tables = MetaData()

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@table("ship", unique_live("ship_name", "name"), metadata=tables)
class Ship:
    key: Key = primary()
    account_id: str
    name: str
    state: Literal["SAILING", "SUNK"] = "SAILING"
    cargo: Wire
    ports: list[str]
    is_fast: bool
    tonnage: float | None = None
    wait: timedelta | None = None
    launched_at: datetime
    deleted_at: datetime | None = None
    captain: str | None = encrypted(default=None)
    manifest: Wire | None = encrypted(default=None)
    seal: bytes | None = encrypted(default=None)


@table(
    "crew",
    Index("crew_ship", "ship_key"),
    partial_index("crew_name", "name", where="left_at IS NULL", unique=True),
    metadata=tables,
)
class Crew:
    key: Key = primary()
    account_id: str
    ship_key: Key = references("ship", on_delete="CASCADE")
    name: str
    secret: str | None = encrypted(default=None, bound_to="account_id")
    left_at: datetime | None = None


def ship(name: str = "Erebus", **changes: Any) -> Ship:
    values: dict[str, Any] = {
        "account_id": "111122223333",
        "name": name,
        "cargo": {"tea": [1, {"chests": None}]},
        "ports": ["Hull", "Kyōto"],
        "is_fast": False,
        "launched_at": NOON,
    }
    return Ship(**{**values, **changes})


def crew(of: Ship, name: str = "Ana", **changes: Any) -> Crew:
    return Crew(account_id=of.account_id, ship_key=of.key, name=name, **changes)


def make_tables(database_url: str) -> None:
    if database_url.startswith("sqlite:///"):
        connection: Any = sqlite3.connect(database_url.removeprefix("sqlite:///"))
        engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
    else:
        connection = psycopg.connect(database_url)
        engine = create_engine(
            "postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool
        )
    tables.create_all(engine)
    engine.dispose()
    connection.close()
