"""What can be typed, from the service models: services, operations, options. Pure."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from bot.commands.describe import example, expected
from bot.commands.names import (
    VERBS,
    Form,
    Member,
    form_named,
    service_of,
    verb_meant,
    with_service,
)
from bot.commands.short_names import with_names
from bot.core.service_models import (
    SERVICES,
    kebab,
    operation_model,
    operation_names,
    token_members,
)

_TAG = re.compile(r"<[^>]+>")
_SENTENCE = re.compile(r".*?[.!?](?=\s|\Z)", re.DOTALL)
_PURPOSES = {
    "ssm-incidents": "incidents, response plans, timelines, the replication set",
    "ssm-contacts": "contacts, engagements, pages, on-call rotations",
    "sns": "topics, which carry an incident's updates to a channel",
    "chatbot": "which Slack channel shows which topic",
    "imbot": "what AWS has no command for",
    "ssm": "the OpsItems that stand for incidents",
}
_INCIDENTS: Mapping[str, str] = {
    "start-incident <response plan>": "open an incident, and page whom its plan engages",
    "list-response-plans": "the names of the response plans",
    "list-incident-records": "the incidents, the latest first",
}
"""Operations in few words, which are wanted first at three in the morning."""
_NOT_YET = "(not answered yet)"
MOST_OTHERS = 50
"""Commands that are named though they are not answered."""

IsAnswered = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpPage:
    """Plain lines; code stands in backticks."""

    title: str
    lines: tuple[str, ...]


def help_for(words: Sequence[str], is_answered: IsAnswered) -> HelpPage:
    """Say what can be typed after these words: none, a service, or a service and an operation.

    The word `help` itself may stand among them. `is_answered(service, operation)` tells what
    this program answers; the rest is marked. Raises ChatError for an unknown name.
    """
    asked = [word for word in words if word.lower() != "help"]
    if not asked:
        return _overview()
    if verb := verb_meant(asked):
        return HelpPage(title=f"@aws {verb}", lines=(_upper_first(VERBS[verb]) + ".",))
    asked = list(with_service(asked))
    service = service_of(asked[0])
    if len(asked) == 1:
        return _service_page(service, is_answered)
    return _operation_page(form_named(service, asked[1]), is_answered)


def _overview() -> HelpPage:
    shown = {**_INCIDENTS, **VERBS}
    lines = [
        *(f"`@aws {verb}` - {purpose}" for verb, purpose in shown.items()),
        "`@aws <service> <command> --option value` - anything else, as with the AWS CLI:",
        *(f"`@aws {name} help` - {_PURPOSES[name]}" for name in SERVICES),
        "`--help` after a command shows its options; `--query` picks from the answer.",
    ]
    return HelpPage(title="What can be typed", lines=tuple(lines))


def _service_page(service: str, is_answered: IsAnswered) -> HelpPage:
    """One line for each verb of the operations, so that forty of them fit a phone."""
    names = operation_names(service)
    answered = [kebab(name) for name in names if is_answered(service, name)]
    others = [f"`{kebab(name)}`" for name in names if not is_answered(service, name)]
    lines = [
        ", ".join(f"`{name}`" for name in group)
        for _, group in groupby(sorted(answered), key=lambda name: name.partition("-")[0])
    ]
    if len(others) > MOST_OTHERS:
        lines.append(f"{len(others)} other commands of it are not answered.")
    elif others:
        lines.append(f"Not answered yet: {', '.join(others)}")
    lines.append(f"`@aws {service} <command> --help` shows a command's options.")
    return HelpPage(title=f"@aws {service}", lines=tuple(lines))


def _operation_page(form: Form, is_answered: IsAnswered) -> HelpPage:
    command = f"@aws {form.service} {kebab(form.operation)}"
    summary = first_sentence(operation_model(form.service, form.operation).documentation)
    tokens = token_members(form.service, form.operation)
    required = [member for name, member in form.required.items() if name not in tokens]
    optional = [
        member
        for member in form.members.values()
        if member.name not in form.required and member.name not in tokens
    ]
    mark = "" if is_answered(form.service, form.operation) else f" {_NOT_YET}"
    lines = [
        *([summary] if summary else []),
        *_option_lines(form, required, "required, "),
        *_option_lines(form, optional, ""),
        f"Example: `{_example_line(command, required or optional[:1])}`",
    ]
    return HelpPage(title=command + mark, lines=tuple(lines))


def _option_lines(form: Form, members: Iterable[Member], mark: str) -> list[str]:
    return [
        f"`--{member.option}` - {mark}"
        + with_names(form.operation, member.name, expected(member.shape))
        for member in members
    ]


def _example_line(command: str, members: Iterable[Member]) -> str:
    parts = [command]
    for member in members:
        value = example(member.shape)
        parts.append(f"--{member.option} {value or chr(39) * 2}")
    return " ".join(parts)


def first_sentence(documentation: str) -> str:
    """The first sentence of a model's documentation, without its markup."""
    text = " ".join(html.unescape(_TAG.sub("", documentation)).split())
    found = _SENTENCE.match(text)
    return found[0] if found else text


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]
