"""Typed words -> the value that a shape holds. Compiled once a shape; pure.

What cannot be read is refused here, in words; what the model forbids (lengths, ranges,
patterns, enumerations) is `service_models.validate`'s to say.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import orjson

from bot.commands.describe import expected
from bot.commands.grammar import DOUBLE_QUOTES, SINGLE_QUOTES, Value, straight_quotes
from bot.commands.problems import did_you_mean, shortened
from bot.commands.shorthand import SCALARS, ShorthandError, parse_bracketed, parse_shorthand
from bot.core.service_models import Shape

Fault = tuple[tuple[str, ...], str]
"""Where, from the option inwards, and what: "takes a whole number; you typed `x`"."""

Fit = Callable[[Any, datetime], Any]
"""Turns JSON's or shorthand's value into the shape's; the instant is what `now` means."""

ReadWords = Callable[[Sequence[Value], datetime], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_SECONDS = re.compile(r"-?[0-9]{9,16}(?:\.[0-9]{1,9})?|[0-9]{1,7}(?:\.[0-9]{1,9})?")
_DATE_GAP = re.compile(r"\s*[Tt]\s*(?=\d)|\s+(?=\d)")
_ZONE = re.compile(r"\s*(?:UTC|GMT|Z)\Z", re.IGNORECASE)
_MILLISECONDS_FROM = 1e11
_WORD_GAP = re.compile(r"[\s-]+")
_PAIR = re.compile(r"[A-Za-z0-9\-_.#/:]+\s*=")
_SMART = DOUBLE_QUOTES + SINGLE_QUOTES
_SMART_DELIMITER = re.compile(rf"(?<=[=,\[{{])[{_SMART}]|[{_SMART}](?=\s*(?:[,\]}}]|\Z))")
_UNFINISHED = (",", "=", "{", "[")
_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


class Unfit(ValueError):
    """A typed value that its shape cannot take, with every fault in it."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("; ".join(what for _, what in faults))

    def within(self, place: str) -> Sequence[Fault]:
        return [((place, *where), what) for where, what in self.faults]


def read_words(shape: Shape) -> ReadWords:
    """Compile the reading of an option's words. The reader raises Unfit."""
    fit = fitting(shape)
    kind = shape.type_name
    if kind in SCALARS:
        return partial(_scalar_words, fit)
    if kind == "list" and shape.member.type_name in SCALARS:
        return partial(_simple_list_words, fit, shape)
    if kind == "list":
        return partial(_list_words, fit, shape)
    return partial(_structure_words, fit, shape)


def fitting(shape: Shape) -> Fit:
    """Compile the conversion of a value that JSON or shorthand gave. It raises Unfit."""
    match shape.type_name:
        case "structure":
            return _structure(shape)
        case "list":
            return partial(_list, fitting(shape.member))
        case "map":
            return partial(_map, fitting(shape.value), shape)
        case "string":
            return partial(_enum, _folded(shape)) if shape.enum else _as_it_is
        case "integer" | "long":
            return partial(_whole, shape)
        case "float" | "double":
            return partial(_number, shape)
        case "boolean":
            return partial(_boolean, shape)
        case "timestamp":
            return partial(_timestamp, shape)
        case _:
            return partial(_blob, shape)


def _scalar_words(fit: Fit, words: Sequence[Value], now: datetime) -> Any:
    text = words[0].text if len(words) == 1 else " ".join(word.text for word in words)
    return fit(text, now)


def _simple_list_words(fit: Fit, shape: Shape, words: Sequence[Value], now: datetime) -> Any:
    """Words, or bare words with commas: `a b`, `a,b` and `["a","b"]` are the same."""
    first = words[0].text
    if first.startswith("["):
        return fit(_document(" ".join(word.text for word in words), shape), now)
    items: list[str] = []
    for word in words:
        if word.is_quoted:
            items.append(word.text)
        else:
            items += [part.strip('"') for part in word.text.split(",") if part]
    return fit(items, now)


def _list_words(fit: Fit, shape: Shape, words: Sequence[Value], now: datetime) -> Any:
    """Each item a word in shorthand or JSON, or the whole list in JSON."""
    if words[0].text.startswith("["):
        return fit(_document(" ".join(word.text for word in words), shape), now)
    texts = _joined(words, is_list=True)
    return fit([_document(text, shape.member) for text in texts], now)


def _structure_words(fit: Fit, shape: Shape, words: Sequence[Value], now: datetime) -> Any:
    text = words[0].text if len(words) == 1 else _joined(words, is_list=False)[0]
    return fit(_document(text, shape), now)


def _joined(words: Sequence[Value], *, is_list: bool) -> list[str]:
    """Put together what blanks tore apart, and nothing else.

    A word that begins like `Key=`, outside brackets, is the next item of a list, or the next
    member of a structure; any other bare word goes on with what stands before it.
    """
    items: list[list[str]] = []
    depth, is_open = 0, False
    for text, is_quoted in words:
        begins = is_quoted or text[:1] in ("{", "[") or _PAIR.match(text) is not None
        if not items or (begins and depth == 0 and not is_open and is_list):
            items.append([text])
        elif begins and depth == 0 and not is_open:
            items[-1].append("," + text)
        else:
            items[-1].append(" " + text)
        depth += sum(text.count(c) for c in "[{") - sum(text.count(c) for c in "]}")
        is_open = text.endswith(_UNFINISHED)
    return ["".join(item) for item in items]


def _document(text: str, shape: Shape) -> Any:
    """One value in JSON or shorthand; a bare text where the shape has one member for it."""
    text = text.strip()
    if text[:1] not in ("{", "["):
        if "=" not in text and _lone_member(shape):
            return text
        return _shorthand(text, shape)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        reason, at = error.msg, error.pos
    if not text.isascii():
        try:
            return orjson.loads(straight_quotes(text))
        except orjson.JSONDecodeError as error:
            reason, at = error.msg, error.pos
    if '"' not in straight_quotes(text):
        return _shorthand(text, shape)
    near = shortened(text[max(at - 12, 0) : at + 12])
    raise Unfit(((), f"is no JSON near `{near}`: {reason}"))


def _shorthand(text: str, shape: Shape) -> Any:
    if not text.isascii():
        text = _SMART_DELIMITER.sub(lambda quote: straight_quotes(quote[0]), text)
    read = parse_bracketed if text[:1] in ("{", "[") else parse_shorthand
    try:
        return read(text, shape)
    except ShorthandError as error:
        raise Unfit(((), f"cannot be read: {error}. It takes {expected(shape)}")) from None


def _lone_member(shape: Shape) -> str | None:
    """The only member of a structure, if a scalar: `--delivery-address ana@example.com`."""
    if shape.type_name != "structure" or len(shape.members) != 1:
        return None
    ((name, member),) = shape.members.items()
    return name if member.type_name in SCALARS else None


def _unfit(shape: Shape, value: Any) -> Unfit:
    typed = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return Unfit(((), f"takes {expected(shape)}; you typed `{shortened(typed)}`"))


def _structure(shape: Shape) -> Fit:
    """Members are compiled when the structure is first met; keys are read in any case."""
    members: dict[str, tuple[str, Fit]] = {}

    def fit(value: Any, now: datetime) -> Any:
        if not members:
            members.update(
                (name, (name, fitting(member))) for name, member in shape.members.items()
            )
        if isinstance(value, str) and (lone := _lone_member(shape)):
            value = {lone: value}
        if not isinstance(value, dict):
            raise _unfit(shape, value)
        read: dict[str, Any] = {}
        faults: list[Fault] = []
        for key, item in value.items():
            known = members.get(key) or _in_any_case(members, key)
            if known is None:
                faults.append(((), f"has no `{shortened(key)}`.{did_you_mean(key, members)}"))
            elif item is not None:
                _fit_into(read, known[0], known[1], item, now, faults)
        if faults:
            raise Unfit(*faults)
        return read

    return fit


def _in_any_case(members: dict[str, tuple[str, Fit]], key: str) -> tuple[str, Fit] | None:
    lowered = key.lower().replace("-", "")
    return next((found for name, found in members.items() if name.lower() == lowered), None)


def _fit_into(
    read: dict[str, Any], name: str, fit: Fit, item: Any, now: datetime, faults: list[Fault]
) -> None:
    try:
        read[name] = fit(item, now)
    except Unfit as unfit:
        faults += unfit.within(name)


def _list(fit: Fit, value: Any, now: datetime) -> Any:
    """A lone value is a list of one, as in the AWS CLI."""
    faults: list[Fault] = []
    read: dict[str, Any] = {}
    for number, item in enumerate(value if isinstance(value, list) else [value], 1):
        _fit_into(read, f"#{number}", fit, item, now, faults)
    if faults:
        raise Unfit(*faults)
    return list(read.values())


def _map(fit: Fit, shape: Shape, value: Any, now: datetime) -> Any:
    if not isinstance(value, dict):
        raise _unfit(shape, value)
    faults: list[Fault] = []
    read: dict[str, Any] = {}
    for key, item in value.items():
        _fit_into(read, key, fit, item, now, faults)
    if faults:
        raise Unfit(*faults)
    return read


def _as_it_is(value: Any, _: datetime) -> Any:
    return value


def _folded(shape: Shape) -> dict[str, str]:
    """The allowed values, as typed in small letters and with blanks for underscores."""
    return {_fold(value): value for value in shape.enum} | {
        value: value for value in shape.enum
    }


def _fold(value: str) -> str:
    return _WORD_GAP.sub("_", value.strip()).upper()


def _enum(allowed: dict[str, str], value: Any, _: datetime) -> Any:
    """Small letters, blanks and hyphens are forgiven; `validate` names what is left."""
    if not isinstance(value, str):
        return value
    return allowed.get(value) or allowed.get(_fold(value), value)


def _whole(shape: Shape, value: Any, _: datetime) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise _unfit(shape, value)
    return int(value)


def _number(shape: Shape, value: Any, _: datetime) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _unfit(shape, value)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise _unfit(shape, value) from None
    if number - number != 0:
        raise _unfit(shape, value)
    return number


def _boolean(shape: Shape, value: Any, _: datetime) -> bool:
    if isinstance(value, bool):
        return value
    known = _BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None
    if known is None:
        raise _unfit(shape, value)
    return known


def _timestamp(shape: Shape, value: Any, now: datetime) -> datetime:
    """ISO 8601 (UTC where it names no zone), epoch seconds or milliseconds, or `now`."""
    if isinstance(value, str):
        value = value.strip()
        if value.lower() == "now":
            return now
        if _SECONDS.fullmatch(value):
            value = float(value)
    try:
        if isinstance(value, str):
            return _iso_time(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
            return _EPOCH + timedelta(seconds=seconds)
    except (ValueError, OverflowError):
        raise _unfit(shape, value) from None
    raise _unfit(shape, value)


def _iso_time(text: str) -> datetime:
    if not text[-1:].isdigit():
        text = _ZONE.sub("+00:00", text)
    if len(text) > 10 and text[10] != "T":
        text = _DATE_GAP.sub("T", text, count=1)
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def _blob(shape: Shape, value: Any, _: datetime) -> bytes:
    if not isinstance(value, str):
        raise _unfit(shape, value)
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise _unfit(shape, value) from None
