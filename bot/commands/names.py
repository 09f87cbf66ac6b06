"""Typed words -> service, operation and members of the models, in any spelling. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache

from bot.commands.problems import ChatError, closest, did_you_mean, one_of, shortened
from bot.commands.values import ReadWords, read_words
from bot.core.service_models import (
    SERVICES,
    Shape,
    kebab,
    operation_model,
    operation_names,
)

VERBS: Mapping[str, str] = {
    "ack <code>": "acknowledge a page with the code that it bears",
    "test-page <contact>": "page every active channel of a contact, marked as a test",
    "who is on call": "who is on call now and next, for every schedule (also `on-call`)",
    "take over <rotation> for 2h": "be on call instead for a while, or `until the hand-off`",
    "calendar <name>": "an address to subscribe to: of a rotation, a schedule or a person",
    "vcard": "where pages come from, to be let through Do Not Disturb",
    "link <me or @user> to <contact>": "pages by direct message, too, once that user confirms",
    "unlink me": "no more direct messages (`unlink me from <contact>`: of that one)",
    "who is reachable": "what could tell nobody now: people, plans, schedules; and why",
    "mute <contact> for 8h": "nothing is sent to a contact for a while, or `until 07:00`",
    "unmute <contact>": "end that, and hear how many pages were withheld",
    "incident-metrics 30d by impact": "incidents counted, how long they took, and a picture",
    "help": "this list",
}
"""What is typed without a service, and what it does."""

WITHOUT_SERVICE = tuple(service for service in SERVICES if service != "ssm")
"""Services that may be left out. Of Systems Manager next to nothing is answered."""

OTHER_WORDS = {
    **dict.fromkeys(("start", "open", "declare", "incident"), "start-incident <response plan>"),
    **dict.fromkeys(("resolve", "close"), "update-incident-record <ARN> --status RESOLVED"),
    **dict.fromkeys(("incidents", "list-incidents", "status"), "list-incident-records"),
    **dict.fromkeys(("engage", "page"), "start-engagement"),
    "acknowledge": "ack <code>",
}
"""What people call things who have not read the help, and what to type for it."""


_LONGEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An input member: `name` as the model spells it, `option` as the AWS CLI does.

    `is_text`: any text will do, as far as reading goes.
    """

    name: str
    option: str
    shape: Shape
    read: ReadWords
    is_text: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What an operation can be given; `by_option` and `members` (by `spelled`) are the same."""

    service: str
    operation: str
    shape: Shape
    by_option: Mapping[str, Member]
    members: Mapping[str, Member]
    required: Mapping[str, Member]

    def member(self, typed: str) -> Member | None:
        return self.by_option.get(typed) or self.members.get(spelled(typed))


def spelled(name: str) -> str:
    """The letters of a name: `--incident-record-arn` and `incidentRecordArn` are the same."""
    return name.replace("-", "").replace("_", "").lower()


@cache
def form_of(service: str, operation: str) -> Form:
    """Compile what binding needs to know of an operation."""
    shape = operation_model(service, operation).input_shape
    members = [_member(name, member) for name, member in shape.members.items()]
    by_name = {member.name: member for member in members}
    return Form(
        service=service,
        operation=operation,
        shape=shape,
        by_option={member.option: member for member in members},
        members={spelled(member.name): member for member in members},
        required={name: by_name[name] for name in shape.required_members},
    )


def _member(name: str, shape: Shape) -> Member:
    return Member(
        name=name,
        option=kebab(name),
        shape=shape,
        read=read_words(shape),
        is_text=shape.type_name == "string" and not shape.enum,
    )


@lru_cache(1024)
def form_named(service_word: str, operation_word: str) -> Form:
    """What two typed words name. Raises ChatError with a suggestion."""
    service = service_of(service_word)
    return form_of(service, operation_of(service, operation_word))


def with_service(words: Sequence[str]) -> Sequence[str]:
    """The words of a command, with its service in front where it was left out and only one
    has that operation: `start-incident`. Raises ChatError with a suggestion.
    """
    key = spelled(words[0])
    if key in _services():
        return words
    homes = _homes().get(key, ())
    if len(homes) == 1:
        return (homes[0], *words)
    if homes:
        named = " or ".join(f"`@aws {service} {kebab(words[0])}`" for service in homes)
        raise ChatError(f"Say whose: {named}.")
    raise ChatError(_no_such(words))


def _no_such(words: Sequence[str]) -> str:
    """What to type instead of a line that begins with no service, verb or operation."""
    if verb := verb_meant(words):
        return f"Type `@aws {verb}`."
    known = {
        kebab(name): f"{service} {kebab(name)}"
        for service in WITHOUT_SERVICE
        for name in operation_names(service)
    }
    known |= {service: service for service in SERVICES} | OTHER_WORDS
    known |= {word: _likest(words, verbs) for word, verbs in _by_first_word().items()}
    close = closest(words[0], known) or closest("-".join(words[:2]), known)
    hint = one_of(known[name] for name in close)
    return f"There is no service or command `{shortened(words[0])}`.{hint} Type `@aws help`."


def verb_meant(words: Sequence[str]) -> str | None:
    """The verb that begins with the first of the words, and is the most like all of them."""
    verbs = _by_first_word().get(words[0].lower())
    return _likest(words, verbs) if verbs else None


@cache
def _by_first_word() -> Mapping[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for verb in VERBS:
        found[verb.split()[0]].append(verb)
    return dict(found)


def _likest(words: Sequence[str], verbs: Sequence[str]) -> str:
    line = " ".join(words)[:_LONGEST].lower()
    return get_close_matches(line, verbs, n=1, cutoff=0)[0]


@cache
def _homes() -> Mapping[str, list[str]]:
    """The services that have an operation, by its spelling."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for service in WITHOUT_SERVICE:
        for name in operation_names(service):
            found[spelled(name)].append(service)
    return dict(found)


def service_of(word: str) -> str:
    """Raises ChatError with a suggestion."""
    found = _services().get(spelled(word))
    if found is None:
        raise ChatError(_no_such((word,)))
    return found


def operation_of(service: str, word: str) -> str:
    """Find an operation in any spelling, a forgotten or added plural s included.

    Raises ChatError with a suggestion.
    """
    word = word[:_LONGEST]
    found = _operations(service).get(spelled(word)) or _singulars(service).get(_singular(word))
    if found is None:
        known = [kebab(name) for name in operation_names(service)]
        raise ChatError(
            f"{service} has no `{shortened(word)}`.{did_you_mean(kebab(word), known)}"
            f" Type `@aws {service} help`."
        )
    return found


@cache
def _services() -> Mapping[str, str]:
    return {spelled(name): name for name in SERVICES}


@cache
def _operations(service: str) -> Mapping[str, str]:
    return {spelled(name): name for name in operation_names(service)}


@cache
def _singulars(service: str) -> Mapping[str, str]:
    """Operations by their words without a plural s, where that tells them apart."""
    return _unambiguous((_singular(name), name) for name in operation_names(service))


def _unambiguous(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for key, name in pairs:
        found[key].append(name)
    return {key: names[0] for key, names in found.items() if len(names) == 1}


def _singular(word: str) -> str:
    parts = (kebab(word) if not word.islower() else word).replace("_", "-").split("-")
    return "".join(part.removesuffix("s") for part in parts).lower()
