"""Help from the service models."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.commands.binding import bind
from bot.commands.grammar import parse
from bot.commands.help import help_for
from bot.commands.problems import ChatError
from bot.core.service_models import SERVICES, kebab, operation_names

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def everything(service: str, operation: str) -> bool:
    return True


def but_start_incident(service: str, operation: str) -> bool:
    return operation != "StartIncident"


def unreadable(line: str) -> list[str]:
    """Faults of form; that `arn:...` is no ARN is no matter."""
    try:
        bind(parse(line), "us-east-1", now=NOW)
    except ChatError as problem:
        return [fault for fault in problem.faults if " takes " not in fault]
    return []


def test_the_first_page_names_every_service_and_verb() -> None:
    told = "\n".join(help_for(("help",), everything).lines)

    for name in (*SERVICES, "ack <code>", "test-page <contact>"):
        assert name in told


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_s_page_names_every_operation(service: str) -> None:
    told = "\n".join(help_for((service, "help"), everything).lines)

    assert [name for name in operation_names(service) if f"`{kebab(name)}`" not in told] == []


def test_what_is_not_answered_is_marked() -> None:
    service = help_for(("ssm-incidents",), but_start_incident)
    operation = help_for(("ssm-incidents", "start-incident"), but_start_incident)

    assert "Not answered yet: `start-incident`" in service.lines
    assert operation.title.endswith("(not answered yet)")


def test_an_operation_s_page_tells_types_ranges_and_what_is_required() -> None:
    page = help_for(("ssm-incidents", "StartIncident"), everything)

    assert page.title == "@aws ssm-incidents start-incident"
    assert "`--response-plan-arn` - required, a name or an ARN" in page.lines
    assert "`--impact` - a whole number, 1 to 5" in page.lines
    assert not any("client-token" in line for line in page.lines)


def test_an_operation_s_page_tells_what_is_allowed() -> None:
    page = help_for(("ssm-contacts", "create-contact"), everything)

    assert "`--type` - required, one of PERSONAL, ESCALATION, ONCALL_SCHEDULE" in page.lines


@pytest.mark.parametrize("service", SERVICES)
def test_the_example_of_every_operation_can_be_typed(service: str) -> None:
    for name in operation_names(service):
        example = help_for((service, name), everything).lines[-1]
        line = example.removeprefix("Example: `").removesuffix("`")
        assert unreadable(line) == [], line


@pytest.mark.parametrize("words", [("sn",), ("sns", "pubish")])
def test_help_for_an_unknown_name_suggests(words: tuple[str, ...]) -> None:
    with pytest.raises(ChatError, match="Did you mean"):
        help_for(words, everything)


@pytest.mark.parametrize(
    ("words", "title"),
    [
        (("ack",), "@aws ack <code>"),
        (("who", "is", "reachable"), "@aws who is reachable"),
        (("mute", "ana", "help"), "@aws mute <contact> for 8h"),
    ],
)
def test_a_verb_has_its_own_line(words: tuple[str, ...], title: str) -> None:
    assert help_for(words, everything).title == title


def test_help_may_be_asked_before_a_command_and_without_its_service() -> None:
    asked = help_for(("help", "start-incident"), everything)

    assert asked == help_for(("ssm-incidents", "start-incident"), everything)


def test_the_first_line_of_all_help_begins_an_incident() -> None:
    assert help_for((), everything).lines[0].startswith("`@aws start-incident <response plan>`")
