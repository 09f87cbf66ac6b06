"""The page of scenarios names tests that there are, and no scenario is left out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROW = re.compile(r"^\| (R\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
WANTED = [*range(16, 32), *range(42, 49)]


def rows() -> dict[str, str]:
    text = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
    return {number: tested for number, _, tested in ROW.findall(text)}


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {each.name for each in tree.body if isinstance(each, kinds)}


def test_every_scenario_has_its_row() -> None:
    assert list(rows()) == [f"R{number}" for number in WANTED]


@pytest.mark.parametrize("number", [f"R{number}" for number in WANTED])
def test_a_scenario_names_tests_that_there_are_or_says_that_there_is_none(number: str) -> None:
    told = rows()[number]
    named = TEST.findall(told)

    assert named or told.startswith("no test: ")
    for path, name in named:
        assert name in functions(ROOT / path)
