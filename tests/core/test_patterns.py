from __future__ import annotations

import time

import pytest

from bot.core.patterns import compile_pattern
from bot.core.service_models import (
    operation_model,
)
from tests.core.model_helpers import (
    OPERATIONS,
    walk,
)

ALL_SHAPES = [
    shape
    for service, name in OPERATIONS
    for side in (
        operation_model(service, name).input_shape,
        operation_model(service, name).output_shape,
    )
    for shape in walk(side)
]


def test_no_pattern_of_the_models_takes_long_on_any_string_that_its_length_allows() -> None:
    shapes = {s.name: s for s in ALL_SHAPES if "pattern" in s.metadata}
    arn = "arn:aws:ssm-contacts:us-east-1:1:"
    attacks = ["a" * 20_000, arn + "a" * 20_000, "%3a%40" * 3000, " " * 20_000]
    assert len(shapes) > 30

    for shape in shapes.values():
        pattern = compile_pattern(shape.metadata["pattern"])
        longest = min(shape.metadata.get("max", 20_000), 20_000)
        for attack in attacks:
            began = time.thread_time()
            pattern.fullmatch(attack[: longest - 1] + "\n")
            assert time.thread_time() - began < 0.5, shape


@pytest.mark.parametrize(
    ("source", "fits", "fails"),
    [
        (r"^[\p{L}\p{Z}\p{N}_.\-]*$", "Ana María 宮 9\u00a0", "a:b"),
        (r"^[\p{Lu}]+$", "ÀB", "b"),
        (r"\p{Nd}", "٣", "x"),
        (r"^[a-zA-Z0-9_\-\s\.]*$", "a b", "a\u00a0b"),
        (r"[^\p{L}\p{N}_]", " ", "x"),
        (r"^\d\w$", "1a", "١a"),
        (r".+", "ab", "a\u2028b"),
        (r"([a-z]+)*", "abc", "ab1"),
        (r"[.]", ".", "x"),
        (r"[\w-\/.]+", "a-b/c", "a+b"),
    ],
)
def test_patterns_mean_what_java_means(source: str, fits: str, fails: str) -> None:
    assert compile_pattern(source).fullmatch(fits)
    assert not compile_pattern(source).fullmatch(fails)
