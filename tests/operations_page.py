"""Writes docs/operations.md from the registry: python -m tests.operations_page"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from textwrap import fill

from bot.core import operations, tasks
from bot.core.not_answered import NOT_ANSWERED, OF_ALL_OTHERS
from bot.core.registry import is_answered
from bot.core.service_models import SERVICES, operation_names

PAGE = Path(__file__).parent.parent / "docs" / "operations.md"
LOADED = (operations, tasks)
INTRODUCTION = """\
# Operations

What this version answers, and what it does not. Every door has the same operations: chat
(`@aws ssm-contacts list-contacts`), the AWS CLI and the AWS SDKs. `imbot` is this program's own
service; chat and the Python core know it, the AWS CLI does not.

An operation that is not answered is refused with `OperationNotAnswered` (HTTP status 501) and
the sentence below. `python -m tests.operations_page` writes this page; a test holds it to the
code.
"""


def operations_page() -> str:
    return "\n".join([INTRODUCTION, *(part for name in SERVICES for part in _service(name))])


def _service(service: str) -> Iterator[str]:
    names = sorted(operation_names(service))
    answered = [name for name in names if is_answered(service, name)]
    yield f"## {service}\n"
    yield f"{len(answered)} of {len(names)} operations are answered.\n"
    yield _listed(answered) + "\n"
    refused = sorted(
        (reason, name) for (owner, name), reason in NOT_ANSWERED.items() if owner == service
    )
    if refused:
        yield "Not answered:\n"
    if others := OF_ALL_OTHERS.get(service):
        yield fill(f"Not answered: all others. {others}", 96) + "\n"
    for reason, pairs in groupby(refused, key=lambda pair: pair[0]):
        listed = _listed([name for _, name in pairs])
        item = f"- {reason} {listed}".replace("\n", " ")
        yield fill(item, 96, subsequent_indent="  ", break_on_hyphens=False) + "\n"


def _listed(names: list[str]) -> str:
    return fill(", ".join(f"`{name}`" for name in names) + ".", 96, break_on_hyphens=False)


if __name__ == "__main__":
    PAGE.write_text(operations_page(), encoding="utf-8")
