"""Command + service model -> Bound: validated parameters, or every fault at once in chat words.

Pure but for `now`, which the caller gives. Options are accepted as the AWS CLI spells them, as
the API does, and in any case; what only the AWS CLI on a terminal needs is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any

import orjson

from bot.commands.describe import expected
from bot.commands.grammar import Command, Option, Value, straight_quotes
from bot.commands.names import Form, Member, form_named, service_of, spelled, with_service
from bot.commands.problems import ChatError, did_you_mean, shortened
from bot.commands.query import apply_query, compiled
from bot.commands.short_names import with_arns, with_names
from bot.commands.values import Fault, Unfit, fitting
from bot.core.errors import ServiceError
from bot.core.service_models import Shape, kebab, operation_model, validate
from bot.core.validators import NULL, Check, compile_check

__all__ = ["Bound", "apply_query", "bind"]

_REGION = re.compile(r"[a-z]{2,3}(?:-[a-z]+){1,3}-\d{1,2}")
_MOST_OPTIONS = 100
_IDLE = frozenset(
    (
        *("cabundle", "color", "debug", "endpointurl", "nocolor", "output", "profile"),
        *("clibinaryformat", "cliconnecttimeout", "clierrorformat", "clireadtimeout"),
        *("cliautoprompt", "nocliautoprompt", "noclipager", "nopaginate"),
        *("nosignrequest", "noverifyssl", "v2debug"),
    )
)
"""Options of the AWS CLI about the terminal or the connection, in `spelled`'s form."""

_OF_WHAT = ("arn", "-id")
"""How options end that say what a command is about: their names may be left out."""

_REFUSED = {
    "generatecliskeleton": "`--generate-cli-skeleton` is not done here; add `--help` instead.",
    "cliinputyaml": "YAML is not read here; use `--cli-input-json '{...}'`.",
}
_PAGING = {
    "maxitems": "maxresults",
    "pagesize": "maxresults",
    "startingtoken": "nexttoken",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """An operation with validated parameters, named and shaped as the model has them.

    `notes` are short sentences about what was typed and passed over.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any]
    region: str
    query: str | None = None
    notes: tuple[str, ...] = ()


def bind(
    command: Command,
    default_region: str,
    *,
    now: datetime | None = None,
    account_id: str | None = None,
) -> Bound:
    """Make a typed command a request.

    `now` is what the value `now` means; None: the machine's clock. With an `account_id`, the
    names of its contacts, response plans and topics may stand for their ARNs. Raises ChatError,
    which names all faults at once, with what to type instead.
    """
    if len(command.options) > _MOST_OPTIONS:
        raise ChatError(f"These are more than {_MOST_OPTIONS} options; type fewer.")
    form, alone = _form(command.words)
    binding = _Binding(form, now or datetime.now(UTC))
    if alone is not None:
        command = replace(command, options=(alone, *command.options))
    for name, values in command.options:
        binding.take(name, values)
    region = command.region or default_region
    if not _is_region(region):
        told = f"`--region` takes a region such as us-east-1, not `{shortened(region)}`."
        binding.faults.append(told)
    if command.query is not None:
        binding.check_query(command.query)
    if account_id is not None:
        binding.write_out_names(account_id, region)
    return Bound(
        service=form.service,
        operation=form.operation,
        parameters=binding.parameters(),
        region=region,
        query=command.query,
        notes=tuple(binding.notes),
    )


@lru_cache(256)
def _is_region(region: str) -> bool:
    return _REGION.fullmatch(region) is not None


def _form(words: Sequence[str]) -> tuple[Form, Option | None]:
    """The operation that the leading words name, and what one more word is the value of.

    Raises ChatError.
    """
    if not words:
        raise ChatError("Type a command, or `@aws help`.")
    words = with_service(words)
    if len(words) == 1:
        service = service_of(words[0])
        raise ChatError(f"What should {service} do? Type `@aws {service} help`.")
    form = form_named(words[0], words[1])
    if len(words) == 2:
        return form, None
    options = [member.option for member in form.required.values()] or ["help"]
    if len(words) == 3 and len(options) == 1 and options[0].endswith(_OF_WHAT):
        return form, Option(options[0], (Value(words[2], False),))
    raise ChatError(
        f"`{shortened(' '.join(words[2:]))}` stands alone; name its option, "
        f"for example `--{options[0]} ...`."
    )


class _Binding:
    """Gathers parameters and faults; nothing is refused before everything was looked at."""

    def __init__(self, form: Form, now: datetime) -> None:
        self.faults: list[str] = []
        self.notes: list[str] = []
        self._form = form
        self._now = now
        self._given: dict[str, Any] = {}
        self._base: dict[str, Any] = {}
        self._unread: set[str] = set()

    def take(self, name: str, values: Sequence[Value]) -> None:
        member = self._form.member(name)
        if member is None:
            self._take_other(name, values)
            return
        if member.name in self._given:
            self.notes.append(f"`--{member.option}` stands there twice; the last one counts.")
        if member.is_text and len(values) == 1:
            self._given[member.name] = values[0].text
        else:
            self._read(member, values)

    def check_query(self, query: str) -> None:
        try:
            compiled(query)
        except ChatError as problem:
            self.faults += problem.faults

    def write_out_names(self, account_id: str, region: str) -> None:
        operation = self._form.operation
        where = {"account_id": account_id, "region": region}
        self._given = with_arns(operation, self._given, **where)

    def parameters(self) -> dict[str, Any]:
        """Everything that was given, held to the model. Raises ChatError."""
        form, given = self._form, self._given
        if self._base:
            given = self._base | given
        if not self.faults and form.required.keys() <= given.keys():
            try:
                validate(form.service, form.operation, given)
            except ServiceError as refusal:
                raise ChatError(*(self._broken_rules(given) or [refusal.message])) from None
            return given
        missing = [
            member
            for name, member in form.required.items()
            if name not in given and name not in self._unread
        ]
        told = [f"Add `--{member.option}`: {self._expected(member)}." for member in missing]
        raise ChatError(
            *told,
            *self.faults,
            *self._broken_rules(given),
            missing=[(form.operation, member.name) for member in missing],
        )

    def _expected(self, member: Member) -> str:
        return with_names(self._form.operation, member.name, expected(member.shape))

    def _read(self, member: Member, values: Sequence[Value]) -> None:
        if not values:
            if member.shape.type_name == "boolean":
                self._given[member.name] = True
            else:
                self._fault(member, "needs a value: " + expected(member.shape))
            return
        try:
            self._given[member.name] = member.read(values, self._now)
        except Unfit as unfit:
            for where, what in unfit.faults:
                self._fault(member, what, where)

    def _fault(self, member: Member, what: str, where: Sequence[str] = ()) -> None:
        self._unread.add(member.name)
        self.faults.append(_told(member.option, where, what))

    def _take_other(self, name: str, values: Sequence[Value]) -> None:
        """Options that are none of the operation's own members."""
        members, key = self._form.members, spelled(name)
        negated = members.get(key[2:]) if key.startswith("no") else None
        if negated is not None and negated.shape.type_name == "boolean" and not values:
            self._given[negated.name] = False
        elif key == "cliinputjson":
            self._take_json(" ".join(value.text for value in values))
        elif key in _PAGING:
            self._take_paging(name, _PAGING[key], values)
        elif key in _REFUSED:
            self.faults.append(_REFUSED[key])
        elif key in _IDLE:
            self.notes.append(f"`--{name}` means nothing here and was passed over.")
        else:
            self.faults.append(self._unknown(name))

    def _unknown(self, name: str) -> str:
        form = self._form
        hint = did_you_mean(f"--{kebab(name[:100])}", (f"--{o}" for o in form.by_option))
        command = f"{form.service} {kebab(form.operation)}"
        help_line = "" if hint else f" Type `@aws {command} --help`."
        return f"{kebab(form.operation)} has no `--{shortened(name)}`.{hint}{help_line}"

    def _take_paging(self, name: str, key: str, values: Sequence[Value]) -> None:
        member = self._form.members.get(key)
        if member is None:
            self.notes.append(f"`--{name}` was passed over: this list comes whole.")
        elif member.name not in self._given or spelled(name) != "pagesize":
            self._read(member, values)

    def _take_json(self, text: str) -> None:
        try:
            read = orjson.loads(text if text.isascii() else straight_quotes(text))
        except orjson.JSONDecodeError as error:
            self.faults.append(f"`--cli-input-json` is no JSON: {error.msg}.")
            return
        try:
            self._base = fitting(self._form.shape)(read, self._now)
        except Unfit as unfit:
            for where, what in unfit.faults:
                self._unread.update(where[:1])
                self.faults.append(_told("cli-input-json", where, what))

    def _broken_rules(self, given: Mapping[str, Any]) -> list[str]:
        """What the model forbids, in words; top-level members that are missing aside."""
        form = self._form
        told = []
        for fault in _check(form.service, form.operation)(given):
            if len(fault.parts) == 1 and fault.constraint == NULL:
                continue
            where = _inner_path(form.shape, fault.parts, fault.constraint == NULL)
            option = kebab(fault.parts[0]) if fault.parts else "cli-input-json"
            told.append(_told(option, *where))
        return told


@cache
def _check(service: str, operation: str) -> Check:
    return compile_check(operation_model(service, operation).input_shape)


def _inner_path(shape: Shape, parts: Sequence[str], is_missing: bool) -> Fault:
    """Where in an option the fault is, and what the shape there takes."""
    where: list[str] = []
    left = list(parts)
    while left:
        part = left.pop(0)
        if shape.type_name == "structure":
            shape = shape.members[part]
        else:
            del left[:1]  # AWS writes `1.member`, `name.member`
            part = f"#{part}" if shape.type_name == "list" else part
            shape = shape.member if shape.type_name == "list" else shape.value
        where.append(part)
    if is_missing:
        return tuple(where[1:-1]), f"needs `{where[-1]}`: {expected(shape)}"
    return tuple(where[1:]), f"takes {expected(shape)}"


def _told(option: str, where: Sequence[str], what: str) -> str:
    place = f" {' '.join(where)}:" if where else ""
    return f"`--{option}`{place} {what}".rstrip(".?") + ("?" if what.endswith("?") else ".")
