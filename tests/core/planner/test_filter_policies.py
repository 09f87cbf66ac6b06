from __future__ import annotations

from typing import Any

import pytest

from bot.core.planner.filter_policies import check_policy, wants_attributes, wants_body

GIVEN: dict[str, list[Any]] = {
    "store": ["example_corp"],
    "price": [210.75],
    "games": ["rugby", "soccer"],
    "ip": ["10.0.0.7"],
    "none": [None],
    "yes": [True],
}


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"store": ["example_corp", "other"]},
        {"store": [{"prefix": "exam"}], "price": [{"numeric": [">", 200, "<=", 300]}]},
        {"store": [{"suffix": "corp"}]},
        {"store": [{"equals-ignore-case": "EXAMPLE_CORP"}]},
        {"store": [{"wildcard": "ex*_c*p"}]},
        {"store": [{"anything-but": ["a", "b"]}]},
        {"store": [{"anything-but": {"prefix": "x"}}]},
        {"store": [{"exists": True}]},
        {"event": [{"exists": False}]},
        {"price": [210.75]},
        {"games": ["soccer"]},
        {"ip": [{"cidr": "10.0.0.0/24"}]},
        {"none": [None]},
        {"yes": [True]},
        {"price": ["dear", {"numeric": ["=", 210.75]}]},
    ],
)
def test_a_policy_takes_what_all_its_names_take(policy: dict[str, Any]) -> None:
    check_policy(policy, is_of_body=False)
    assert wants_attributes(policy, GIVEN)


@pytest.mark.parametrize(
    "policy",
    [
        {"store": ["other"]},
        {"store": ["Example_corp"]},
        {"store": ["example_corp"], "event": ["order"]},
        {"store": [{"prefix": "corp"}]},
        {"store": [{"wildcard": "ex.*"}]},
        {"store": [{"anything-but": "example_corp"}]},
        {"store": [{"anything-but": {"suffix": "corp"}}]},
        {"store": [{"exists": False}]},
        {"event": [{"exists": True}]},
        {"event": [{"anything-but": "x"}]},
        {"price": [{"numeric": ["<", 100]}]},
        {"store": [{"numeric": [">", 0]}]},
        {"ip": [{"cidr": "10.1.0.0/24"}]},
        {"store": [{"cidr": "10.0.0.0/24"}]},
        {"yes": [1]},
        {"price": ["210.75"]},
    ],
)
def test_a_policy_leaves_what_one_of_its_names_does_not_take(policy: dict[str, Any]) -> None:
    check_policy(policy, is_of_body=False)
    assert not wants_attributes(policy, GIVEN)


def test_a_policy_of_the_body_looks_into_it() -> None:
    policy = {"order": {"items": {"kind": ["book"]}}, "state": ["open"]}
    check_policy(policy, is_of_body=True)
    body = {"state": "open", "order": {"items": [{"kind": "pen"}, {"kind": "book"}]}}

    assert wants_body(policy, body)
    assert not wants_body(policy, {**body, "state": "closed"})
    assert not wants_body(policy, {"state": "open", "order": "book"})
    assert not wants_body(policy, "open")


@pytest.mark.parametrize(
    "policy",
    [
        [],
        {"a": "b"},
        {"a": []},
        {"a": [[]]},
        {"a": [{"unknown": 1}]},
        {"a": [{}]},
        {"a": [{"prefix": 5}]},
        {"a": [{"exists": "yes"}]},
        {"a": [{"numeric": ["=", "x"]}]},
        {"a": [{"numeric": ["!", 5]}]},
        {"a": [{"cidr": "here"}]},
        {"a": [{"anything-but": {"numeric": ["=", 1]}}]},
        {"a": [1_000_000_001]},
        {"a": {"b": ["c"]}},
        {name: ["x"] for name in "abcdef"},
        {"a": list(range(16)), "b": list(range(10))},
    ],
)
def test_a_policy_that_sns_would_not_keep_is_refused(policy: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_policy(policy, is_of_body=False)
