"""`--query` over answers."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.problems import ChatError
from bot.commands.query import apply_query

ANSWER = {
    "contacts": [{"alias": "ana", "n": 1}, {"alias": "ben", "n": 2}],
    "startTime": datetime(2026, 11, 21, 3, 0, tzinfo=UTC),
    "raw": b"x",
}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("contacts[].alias", ["ana", "ben"]),
        ("contacts[?n==`2`].alias | [0]", "ben"),
        ("startTime", "2026-11-21T03:00:00+00:00"),
        ("raw", "eA=="),
        ("nothing", None),
    ],
)
def test_a_query_picks_from_the_answer(query: str, found: Any) -> None:
    assert apply_query(query, ANSWER) == found


@pytest.mark.parametrize(
    "query", ["contacts[", "", "a b", "[" * 5000, "no_such()", "length(n)"]
)
def test_a_bad_query_is_refused_in_words(query: str) -> None:
    with pytest.raises(ChatError, match="--query"):
        apply_query(query, ANSWER)


@pytest.mark.filterwarnings("ignore:deprecated string literal")
@given(st.text("[]{}()*?@`'\"\\.|&,:=<>! abn1contats-", max_size=30))
def test_any_query_is_answered_or_refused_in_words(query: str) -> None:
    with suppress(ChatError):
        apply_query(query, ANSWER)
