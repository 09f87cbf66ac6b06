"""What the documents say about the code is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.core.errors import OperationNotAnswered
from bot.core.not_answered import NOT_ANSWERED, OF_ALL_OTHERS
from bot.core.registry import handler_of, is_answered
from bot.core.service_models import SERVICES, operation_names
from bot.settings import Settings
from tests.operations_page import PAGE, operations_page

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    *sorted(path for path in ROOT.glob("*.md")),
    *sorted(path for path in (ROOT / "docs").rglob("*.md")),
]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)(?:#[^)]*)?\)")
PATH = re.compile(r"`((?:bot|tests|docs|benchmarks)/[\w/.-]+)`")


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_of_the_model_is_answered_or_honestly_listed(service: str) -> None:
    for name in operation_names(service):
        is_listed = (service, name) in NOT_ANSWERED
        is_other = service in OF_ALL_OTHERS and not is_answered(service, name)
        assert is_answered(service, name) != (is_listed or is_other), f"{service} {name}"


def test_nothing_is_listed_that_no_model_holds() -> None:
    assert [
        (service, name)
        for service, name in NOT_ANSWERED
        if service not in SERVICES or name not in operation_names(service)
    ] == []


def test_an_operation_that_is_not_answered_says_why() -> None:
    with pytest.raises(OperationNotAnswered, match="only chats here"):
        handler_of("chatbot", "ListMicrosoftTeamsConfiguredTeams")
    with pytest.raises(OperationNotAnswered, match="only the OpsItems"):
        handler_of("ssm", "CreateOpsItem")


def test_the_page_of_operations_is_as_the_code_is() -> None:
    assert PAGE.read_text(encoding="utf-8") == operations_page()


def test_the_readme_names_every_setting_and_its_default() -> None:
    rows = dict(
        re.findall(r"^\| `([A-Z_]+)` \| ([^|]*) \|", (ROOT / "README.md").read_text(), re.M)
    )
    for field in Settings.model_fields.values():
        assert field.alias in rows
        if field.default not in (None, ""):
            assert f"`{field.default}`" in rows[str(field.alias)]


def test_the_readme_names_no_setting_that_does_not_exist() -> None:
    named = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.M))
    assert named <= {str(field.alias) for field in Settings.model_fields.values()}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_points_to_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    linked = [document.parent / target for target in LINK.findall(text)]
    named = [ROOT / target for target in PATH.findall(text)]
    assert [str(path) for path in [*linked, *named] if not path.exists()] == []
