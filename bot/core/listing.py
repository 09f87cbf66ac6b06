"""NextToken and MaxResults, the same for all List operations: by place, never by count."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import orjson
from sqlalchemy import ColumnElement, and_, select, true, tuple_

from bot.core.context import Context
from bot.core.errors import ValidationException
from bot.core.store.schema import Row, shape_of

R = TypeVar("R", bound=Row)
T = TypeVar("T")

DEFAULT = 100
SEAL_LENGTH = 32


def listing(
    ctx: Context,
    row_type: type[R],
    *conditions: ColumnElement[bool],
    of: str,
    max_results: int | None,
    next_token: str | None,
    by: str = "key",
    descending: bool = False,
    default: int = DEFAULT,
) -> tuple[list[R], str | None]:
    """Read one slice of the account's rows, and the token of the next slice, if there is one.

        c = table_of(Contact).c
        contacts, token = listing(ctx, Contact, c.deleted_at.is_(None), of="ListContacts",
            by="alias", max_results=max_results, next_token=next_token)
        return {"Contacts": [...], **next_token_member(token)}

    Rows come in the order of the column `by` (not null, not encrypted), then of their keys;
    `key` is the order of creation. A `max_results` of None or 0 means `default`. The token fits
    only the operation `of`, this account and equal conditions; any other raises
    ValidationException. Nothing is written, so a transaction that only reads will do.
    """
    shape = shape_of(row_type)
    columns = shape.table.c
    statement = select(shape.table).where(columns.account_id == ctx.account_id, *conditions)
    binding = f"{of} {by} {descending} {ctx.account_id} {_text_of(conditions)}"
    order = [columns.key] if by == "key" else [columns[by], columns.key]
    slice_ = statement.order_by(*(c.desc() if descending else c for c in order))
    if next_token:
        slice_ = slice_.where(_after(order, _open(ctx, next_token, binding), descending))
    limit = max_results or default
    rows = ctx.tx.fetch(row_type, slice_.limit(limit + 1))
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    place = [shape.to_criterion(c.name, getattr(last, c.name)) for c in order]
    return rows[:limit], _seal(ctx, place, binding)


def listing_within(
    ctx: Context,
    items: Iterable[T],
    *,
    place: Callable[[T], str],
    of: str,
    max_results: int | None,
    next_token: str | None,
    default: int = DEFAULT,
) -> tuple[list[T], str | None]:
    """Read one slice of what a single row holds, in the order of the items' places, which are
    unique and never change. `of` names operation and row; the rest is as in `listing`.
    """
    binding = f"{of} within {ctx.account_id}"
    ordered = sorted(items, key=place)
    if next_token:
        (passed,) = _open(ctx, next_token, binding)
        ordered = [item for item in ordered if place(item) > passed]
    limit = max_results or default
    if len(ordered) <= limit:
        return ordered, None
    return ordered[:limit], _seal(ctx, [place(ordered[limit - 1])], binding)


def next_token_member(token: str | None, name: str = "NextToken") -> dict[str, str]:
    """The answer's member, absent at the end; ssm-incidents spells it `nextToken`."""
    return {name: token} if token else {}


def place_in(ctx: Context, token: str, binding: str) -> list[Any]:
    """Where a listing goes on whose items are not rows; `binding` tells it from every other.

    Raises ValidationException for a token that this listing did not make.
    """
    return _open(ctx, token, binding)


def token_to(ctx: Context, place: Sequence[Any], binding: str) -> str:
    """The token that `place_in` opens; `place` is what JSON holds."""
    return _seal(ctx, place, binding)


def _after(
    order: Sequence[ColumnElement[Any]], place: Sequence[Any], descending: bool
) -> ColumnElement[bool]:
    here, there = tuple_(*order), tuple_(*place)
    return here < there if descending else here > there


def _text_of(conditions: Sequence[ColumnElement[bool]]) -> str:
    """What tells them from all others: their SQL and its values."""
    compiled = and_(true(), *conditions).compile()
    values = sorted((name, repr(value)) for name, value in compiled.params.items())
    return f"{compiled} {values}"


def _seal(ctx: Context, place: Sequence[Any], binding: str) -> str:
    """32 hexadecimal digits that prove the rest, then the place in url-safe base64."""
    document = orjson.dumps(place)
    body = base64.urlsafe_b64encode(document).decode().rstrip("=")
    return _proof(ctx, body, binding) + body


def _open(ctx: Context, token: str, binding: str) -> list[Any]:
    proof, body = token[:SEAL_LENGTH], token[SEAL_LENGTH:]
    if not hmac.compare_digest(proof.encode(), _proof(ctx, body, binding).encode()):
        raise ValidationException("The next token was not made by this listing.")
    try:
        place: list[Any] = orjson.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (binascii.Error, orjson.JSONDecodeError) as fault:
        raise ValidationException("The next token was not made by this listing.") from fault
    return place


def _proof(ctx: Context, body: str, binding: str) -> str:
    return ctx.unit.tx.vault.fingerprint(f"listing {binding} {body}")
