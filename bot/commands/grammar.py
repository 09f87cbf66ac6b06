"""A typed line -> Command: words, options and their values. Pure; reads no file and no URL.

The grammar is the AWS CLI's, with the mercy that phones and Slack need: one dash, two or a long
one; straight or typographic quotes, balanced or not; JSON as it is, over several lines; several
bare words after an option. Source: AWS Chatbot administrator guide, "CLI commands", and our
choice where the guide's own examples are broken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.commands.problems import ChatError, shortened
from bot.commands.slack_text import DECORATION, typed_text

DASHES = "-‐‑‒–—―−﹘﹣－"
DOUBLE_QUOTES = '"“”„‟«»″'
SINGLE_QUOTES = "'‘’‚‛‹›′"
_SMART_DOUBLE = DOUBLE_QUOTES[1:]
_SMART_SINGLE = SINGLE_QUOTES[1:]
_TO_HYPHEN = str.maketrans(dict.fromkeys(DASHES, "-"))
_TO_STRAIGHT = str.maketrans(
    dict.fromkeys(_SMART_DOUBLE, '"') | dict.fromkeys(_SMART_SINGLE, "'")
)


class Value(NamedTuple):
    """One word of an option. `is_quoted`: the whole word stood in quotes, now removed."""

    text: str
    is_quoted: bool


class Option(NamedTuple):
    """An option as typed, without its dashes. No values: a bare switch."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What was typed. The options that mean the same everywhere stand apart."""

    words: tuple[str, ...]
    options: tuple[Option, ...] = ()
    region: str | None = None
    query: str | None = None
    help: bool = False


_SHELL_WORD = r"""(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\["'])+"""
_VALUE = rf"""
    "(?P<plain>[^"\\]*)"(?=\s|\Z)
  | (?P<bare>[^\s"'“”„‟«»″‘’‚‛‹›′\[{{\\]+)(?=\s|\Z)
  | [*_~`]*(?P<shell>{_SHELL_WORD})[*_~`]*(?=\s|\Z)
  | [*_~`]*[{_SMART_DOUBLE}](?P<double>[^{_SMART_DOUBLE}]*)[{DOUBLE_QUOTES}][*_~`]*(?=\s|\Z)
  | [*_~`]*[{_SMART_SINGLE}](?P<single>[^{_SMART_SINGLE}]*)[{SINGLE_QUOTES}][*_~`]*(?=\s|\Z)
  | (?P<odd>(?!\\\n)\S)
"""
_OPTION = rf"""
    (?P<mark>[*_~`]*)[{DASHES}]{{1,3}}
    (?P<name>[A-Za-z](?:[{DASHES}\w]*[A-Za-z0-9])?)[*_~`]*(?:(?P<equals>=)|(?=\s|\Z))
"""
_BLANK = r"\s*(?:\\\n\s*)*"
_TOKEN = re.compile(rf"{_BLANK}(?:{_OPTION}|{_VALUE})", re.VERBOSE | re.DOTALL)
_AFTER_EQUALS = re.compile(_VALUE, re.VERBOSE | re.DOTALL)

_COMMON = re.compile(
    r"""\s*(?:--?([A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?=\s|\Z)|"([^"\\]*)"(?=\s|\Z)"""
    r"""|([^\s"'\[{\\*`_~-][^\s"'\[{\\]*)(?=\s|\Z)|(\S))"""
)

_SEGMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|\'([^\']*)\'|\\(["\'])', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\$`\n])')
_RUN = re.compile(rf"(?:[^\s{DOUBLE_QUOTES}{SINGLE_QUOTES}\[{{\\]|\\(?!\n))+")
_SMART_PART = rf"[{_SMART_DOUBLE}][^{_SMART_DOUBLE}]*[{_SMART_DOUBLE}]"
_QUOTED_PART = re.compile(
    rf"""(?:"(?:[^"\\]|\\.)*"|{_SMART_PART}|'[^']*')(?=[\s,;:=\]}})]|\Z)""", re.DOTALL
)
_BRACKETS = re.compile(
    rf"""[\[{{]|[\]}}]|"(?:[^"\\]|\\.)*"|{_SMART_PART}|(?<=[=:,\[{{( ])'[^']*'""", re.DOTALL
)
_MAY_PRECEDE_A_QUOTE = frozenset("=,:[{(")
_QUOTES = frozenset(DOUBLE_QUOTES + SINGLE_QUOTES)
_WRAPS = _QUOTES | {"`", "*"}
_UNCLOSED_SCANS = 8
_EVERYWHERE = frozenset(("region", "query", "help", "h"))
_FILE = frozenset(("file", "FILE", "File"))
_NOTHING = Value("", True)


def parse(text: str) -> Command:
    """Read one command from a Slack message's text or a slash command's.

    Raises ChatError where a value names a file, or `--region` or `--query` has no value.
    """
    text = typed_text(text)
    words, options = read_common(text) or _Reader(text).read()
    region = query = None
    is_help = bool(words) and words[-1].lower() == "help"
    kept = []
    for option in options:
        name = option.name.lower()
        if name not in _EVERYWHERE:
            kept.append(option)
        elif name == "region":
            region = straight_hyphens(_text_of(option, "us-east-1"))
        elif name == "query":
            query = _text_of(option, "'name'")
        else:
            is_help = True
    return Command(
        words=tuple(words), options=tuple(kept), region=region, query=query, help=is_help
    )


def straight_quotes(text: str) -> str:
    return text.translate(_TO_STRAIGHT)


def straight_hyphens(text: str) -> str:
    return text if text.isascii() else text.translate(_TO_HYPHEN)


def _text_of(option: Option, example: str) -> str:
    if not option.values:
        raise ChatError(
            f"`--{option.name}` needs a value, such as `--{option.name} {example}`."
        )
    return " ".join(value.text for value in option.values)


def read_common(text: str) -> tuple[list[str], list[Option]] | None:
    """Read a line of plain words and plain quotes, in a third of the time; None for others."""
    if not text.isascii() or "://" in text:
        return None
    words: list[str] = []
    options: list[Option] = []
    values: list[Value] = []
    name = ""
    for named, quoted, bare, odd in _COMMON.findall(text):
        if odd:
            return None
        if named:
            if name:
                options.append(Option(name, tuple(values)))
                values = []
            name = named
        elif name:
            values.append(Value(bare or quoted, not bare))
        else:
            words.append(_undecorated(bare) if bare else quoted)
    if name:
        options.append(Option(name, tuple(values)))
    return words, options


class _Reader:
    """One pass over the text. `_unclosed` bounds the work that unbalanced brackets cost."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._unclosed = 0

    def read(self) -> tuple[list[str], list[Option]]:
        text, at = self._text, 0
        words: list[Value] = []
        raw: list[tuple[str, str, list[Value]]] = []
        values = words
        while found := _TOKEN.match(text, at):
            kind, at = found.lastgroup, found.end()
            if kind == "bare":
                values.append(Value(found["bare"], False))
            elif kind == "name":
                values = []
                raw.append((found["name"], found["mark"], values))
            elif kind == "equals":
                values = []
                raw.append((found["name"], found["mark"], values))
                at = self._after_equals(at, values)
            else:
                value, at = self._value(found)
                values.append(value)
        texts = [word.text if word.is_quoted else _undecorated(word.text) for word in words]
        return texts, [_option(*parts) for parts in raw]

    def _after_equals(self, at: int, values: list[Value]) -> int:
        found = _AFTER_EQUALS.match(self._text, at)
        value, at = self._value(found) if found else (_NOTHING, at)
        values.append(value)
        return at

    def _value(self, found: re.Match[str]) -> tuple[Value, int]:
        """The word that was found, and where it ends."""
        kind = found.lastgroup or "odd"
        if kind == "odd":
            return self._odd_word(found.start("odd"))
        if kind == "shell":
            return Value(_SEGMENT.sub(_segment_text, found["shell"]), True), found.end()
        return Value(found[kind], kind != "bare"), found.end()

    def _odd_word(self, start: int) -> tuple[Value, int]:
        """A word with quotes or brackets in it, which may hold blanks; kept as typed."""
        text, end, at = self._text, len(self._text), start
        if text[start] in _QUOTES and text[start + 1 : start + 2] in ("[", "{"):
            closed = self._closing(start + 1)
            is_closed = closed > start and text[closed : closed + 1] in _QUOTES
            if is_closed and _is_word_end(text, closed + 1):
                return Value(text[start + 1 : closed], True), closed + 1
        while at < end and not text[at].isspace() and not text.startswith("\\\n", at):
            run = _RUN.match(text, at)
            at = run.end() if run else self._part_end(start, at)
        return Value(text[start:at], False), at

    def _part_end(self, start: int, at: int) -> int:
        """Where the quoted or bracketed part that begins at `at` ends."""
        text = self._text
        if text[at] in "[{":
            return self._closing(at) or at + 1
        if at == start or text[at - 1] in _MAY_PRECEDE_A_QUOTE:
            found = _QUOTED_PART.match(text, at)
            return found.end() if found else at + 1
        return at + 1

    def _closing(self, at: int) -> int:
        """Where the bracket that opens at `at` is closed, brackets in strings aside; else 0."""
        depth = 0
        if self._unclosed >= _UNCLOSED_SCANS:
            return 0
        for found in _BRACKETS.finditer(self._text, at):
            character = found[0]
            if character in ("[", "{"):
                depth += 1
            elif character in ("]", "}"):
                depth -= 1
                if not depth:
                    return found.end()
        self._unclosed += 1
        return 0


def _is_word_end(text: str, at: int) -> bool:
    return text[at : at + 1].isspace() or at >= len(text)


def _segment_text(found: re.Match[str]) -> str:
    """One part of a shell word, its quotes and escapes undone as a shell would."""
    if found[1] is not None:
        return _ESCAPED.sub(r"\1", found[1]) if "\\" in found[1] else found[1]
    return found[2] if found[2] is not None else found[3]


def _undecorated(word: str) -> str:
    return word.strip(DECORATION) or word


def _option(name: str, mark: str, values: list[Value]) -> Option:
    if not values:
        return Option(straight_hyphens(name), ())
    if len(values) > 1 and values[0] is _NOTHING:
        del values[0]
    text, is_quoted = values[0]
    if not is_quoted and (mark or text[:1] in _WRAPS):
        values = _unwrapped([value.text for value in values], mark)
    if text[:4] in _FILE and text[:8].lower().startswith(("file://", "fileb://")):
        raise ChatError(
            f"`--{name}`: no file is read here. Paste the content of "
            f"`{shortened(values[0].text)}` itself, in quotes."
        )
    return Option(straight_hyphens(name), tuple(values))


def _unwrapped(words: list[str], mark: str) -> list[Value]:
    """Bare words without the star, backtick or quote that opens before and closes after them.

    A double quote that opens and never closes goes too; stars in the midst stay.
    """
    whole = " ".join(words)
    first, last = words[0][:1] or " ", words[-1][-1:] or " "
    if first in "*`" and first == last and whole.count(first) == 2:
        words[0] = words[0][1:]
        words[-1] = words[-1][:-1]
    elif mark and last in mark and whole.count(last) == 1:
        words[-1] = words[-1][:-1]
    elif first in DOUBLE_QUOTES and _is_torn(words):
        words[0] = words[0][1:]
        if last in DOUBLE_QUOTES and words[-1]:
            words[-1] = words[-1][:-1]
    elif first in SINGLE_QUOTES and last in SINGLE_QUOTES and len(words) > 1:
        words[0] = words[0][1:]
        words[-1] = words[-1][:-1]
    return [Value(word, False) for word in words if word]


def _is_torn(words: Sequence[str]) -> bool:
    """Whether the double quote that opens the first word is not closed within that word."""
    inner = words[0][1:] if len(words) > 1 else words[0][1:-1]
    return not any(quote in inner for quote in DOUBLE_QUOTES)
