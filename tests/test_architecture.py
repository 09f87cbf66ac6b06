"""Holds the code to the floors of docs/architecture.md: imports, and the length of files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.core.store.migrations import all_tables

ROOT = Path(__file__).parent.parent
LONGEST_FILE = 400
LONGEST_FUNCTION = 40

GROUND = {
    "bot.core.access",
    "bot.core.arns",
    "bot.core.channel",
    "bot.core.chat_messages",
    "bot.core.clock",
    "bot.core.context",
    "bot.core.conversions",
    "bot.core.credentials",
    "bot.core.crypto",
    "bot.core.errors",
    "bot.core.ids",
    "bot.core.listing",
    "bot.core.not_answered",
    "bot.core.patterns",
    "bot.core.regions",
    "bot.core.request",
    "bot.core.registry",
    "bot.core.service_models",
    "bot.core.shapes",
    "bot.core.validators",
    "bot.core.audit",
}
DOORS_SEE = {"bot.core.dispatch", "bot.core.replies", "bot.core.deliveries"}
WORDS = {"bot.channels.slack", "bot.channels.voice"}
CORE_RUNNERS = {
    "bot.core.cascade",
    "bot.core.claims",
    "bot.core.courier",
    "bot.core.deliveries",
    "bot.core.dispatch",
    "bot.core.engine",
    "bot.core.keyring",
    "bot.core.outcomes",
    "bot.core.poller",
    "bot.core.replies",
}

ALLOWED: dict[str, set[str]] = {
    "bot.commands": GROUND | DOORS_SEE | WORDS | {"bot.commands", "bot.settings"},
    "bot.web": GROUND | DOORS_SEE | WORDS | {"bot.web", "bot.core.store"},
    "bot.channels": {"bot.core.channel", "bot.core.errors", "bot.channels"},
    "bot.core.operations": GROUND
    | {"bot.core.effects", "bot.core.planner", "bot.core.store", "bot.core.operations"},
    "bot.core.tasks": GROUND | {"bot.core.effects", "bot.core.planner", "bot.core.store"},
    "bot.core.effects": GROUND | {"bot.core.store", "bot.core.planner", "bot.core.effects"},
    "bot.core.planner": {"bot.core.planner"},
    "bot.core.store": {
        "bot.core.store",
        "bot.core.channel",
        "bot.core.crypto",
        "bot.core.errors",
        "bot.core.ids",
    },
    "bot.playground": {"bot.playground", "bot.settings"},
}
"""What each room may import of ours; the longest prefix of a module's name says its room."""


def python_files(folder: str) -> list[Path]:
    return sorted(
        path for path in (ROOT / folder).rglob("*.py") if "migrations/versions" not in str(path)
    )


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[str]:
    """Modules of ours that a file imports, wherever in it, but for type checking alone."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if within(alias.name, {"bot"}))
        elif isinstance(node, ast.ImportFrom) and within(node.module or "", {"bot"}):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                path_of = ROOT / whole.replace(".", "/")
                is_module = path_of.with_suffix(".py").exists() or path_of.is_dir()
                yield whole if is_module else str(node.module)


def within(module: str, rooms: set[str]) -> bool:
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


def room_of(module: str) -> str | None:
    fitting = [room for room in ALLOWED if within(module, {room})]
    return max(fitting, key=len, default=None)


@pytest.mark.parametrize("path", python_files("bot"), ids=module_name)
def test_a_file_imports_only_what_its_floor_may(path: Path) -> None:
    module = module_name(path)
    room = room_of(module)
    if room is None:
        return
    seen = ALLOWED[room] | ({module} if path.name == "__init__.py" else set())
    strangers = [name for name in imports_of(path) if not within(name, seen)]
    assert strangers == []


@pytest.mark.parametrize("path", python_files("bot/core"), ids=module_name)
def test_the_ground_imports_only_the_ground_and_the_store(path: Path) -> None:
    module = module_name(path)
    if module not in GROUND:
        return
    seen = [n for n in imports_of(path) if not within(n, GROUND | {"bot.core.store"})]
    assert seen == []


def test_nothing_but_the_root_and_the_demo_imports_the_playground() -> None:
    importers = {
        module_name(path)
        for path in python_files("bot")
        if any(within(name, {"bot.playground"}) for name in imports_of(path))
        and not within(module_name(path), {"bot.playground"})
    }
    assert importers <= {"bot.demo"}


def test_nobody_imports_the_composition_root() -> None:
    importers = {
        module_name(path) for path in python_files("bot") if "bot.app" in imports_of(path)
    }
    assert importers <= {"bot.serving", "bot.demo", "bot.doctor", "bot.upkeep"}


def test_no_two_operation_modules_import_each_other() -> None:
    for path in python_files("bot/core/operations"):
        module = module_name(path)
        if module == "bot.core.operations":
            continue
        others = [n for n in imports_of(path) if within(n, {"bot.core.operations"})]
        assert others == [], module


@pytest.mark.parametrize("folder", ["bot", "tests", "benchmarks"])
def test_no_file_is_longer_than_a_reader_can_hold(folder: str) -> None:
    long = {
        module_name(path): count
        for path in python_files(folder)
        if (count := path.read_text(encoding="utf-8").count("\n")) > LONGEST_FILE
    }
    assert long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    long = []
    for path in python_files("bot"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    long.append(f"{module_name(path)}.{node.name} ({length})")
    assert long == []


def test_every_table_carries_the_account() -> None:
    of_the_store = {"alembic_version", "vault_key", "process"}
    without = {
        name
        for name, table in all_tables().tables.items()
        if "account_id" not in table.columns and name not in of_the_store
    }
    assert without == set()
