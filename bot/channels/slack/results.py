"""The answer to a command as a card: readable first, whole at the end.

Works for any wire answer: lists become lines, records become fields, and everything stands in
the full answer as JSON, in the message where it fits, else as a file in its thread.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.channels.slack.blocks import (
    FIELDS_LIMIT,
    Block,
    Markup,
    bold,
    code,
    context,
    fields,
    fit,
    fits_preformatted,
    join,
    preformatted,
    section,
)
from bot.channels.slack.words import (
    IMPACT,
    NAMES,
    count_of,
    done,
    is_time,
    label,
    not_saved,
    resource_name,
    when,
)

LINES_LIMIT = 20
VALUE_SHOWN = 200
TOKENS = ("NextToken", "nextToken")
TELLING = (
    "status", "Status", "impact", "Type", "ActivationStatus", "ReceiptInfo", "Sender",
    "DeliveryAddress", "creationTime", "eventTime", "StartTime", "StopTime", "SentTime",
    "ReceiptTime", "DeliveryTime", "ReadTime", "resolvedTime",
)  # fmt: skip
"""Members worth a place in a line of a list, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A whole message. `text` is the fallback, `attachment` what did not fit, as a file,
    `picture` what `chart` draws.
    """

    text: str = field(repr=False)
    blocks: Sequence[Block] = field(default=(), repr=False)
    attachment: str | None = field(default=None, repr=False)
    picture: Mapping[str, Any] | None = field(default=None, repr=False)


def command_result(
    service: str,
    operation: str,
    result: Any,
    *,
    request: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
) -> Card:
    """Show what a command answered.

    `result` is the wire's answer ({} or None where there is none) or what --query made of it.
    `request` names what a change was done to. `notes` say how the command was understood.
    """
    headline, body = _readable(operation, result, request or {})
    blocks: list[Block] = [section(bold(headline)), *body]
    attachment = None
    if not _is_told_whole(result):
        whole = as_json(result)
        if fits_preformatted(whole):
            blocks.append(preformatted(whole))
        else:
            attachment = whole
            blocks.append(context(f"The full answer is attached ({len(whole):,} characters)."))
    blocks.append(context(join(*notes, code(f"{service} {operation}"), by="\n")))
    return Card(text=join(headline), blocks=fit(blocks), attachment=attachment)


def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=_plainly)


def _plainly(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _readable(
    operation: str, result: Any, request: Mapping[str, Any]
) -> tuple[str, list[Block]]:
    if result is None or result == {}:
        return done(operation, request), []
    if isinstance(result, list):
        return count_of(len(result), "results"), _lines(result)
    if not isinstance(result, Mapping):
        return label(operation), [section(code(str(result)))]
    name, items = _only_list(result)
    if name:
        more = next((result[token] for token in TOKENS if result.get(token)), None)
        told = _lines(items)
        if more:
            told.append(context("There are more: ", code(f"--next-token {more}")))
        return f"{count_of(len(items), name)}.", told
    record = _unwrapped(result)
    if record.get("IsSaved") is False:
        return not_saved(record), _fields(record)
    changed = (
        "" if operation.startswith(("Get", "Describe", "List")) else done(operation, request)
    )
    title = next((record[n] for n in NAMES if isinstance(record.get(n), str)), "")
    return changed or resource_name(title) or label(operation), _fields(record)


def _only_list(result: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Find the list that an answer of a List operation is about."""
    rest = {name: value for name, value in result.items() if name not in TOKENS}
    if len(rest) == 1:
        name, value = next(iter(rest.items()))
        if isinstance(value, list):
            return name, value
    return "", []


def _unwrapped(result: Mapping[str, Any]) -> Mapping[str, Any]:
    if len(result) == 1:
        inner = next(iter(result.values()))
        if isinstance(inner, Mapping) and inner:
            return inner
    return result


def _lines(items: Sequence[Any]) -> list[Block]:
    lines = [_line(item) for item in items[:LINES_LIMIT]]
    blocks = [section(line) for line in lines if line]
    if len(items) > LINES_LIMIT:
        left = len(items) - LINES_LIMIT
        blocks.append(context(f"… and {left} more, in the full answer."))
    return blocks


def _line(item: Any) -> Markup:
    """Show one entry of a list in two rows: its name and what tells about it; its ARN."""
    if not isinstance(item, Mapping):
        return code(_short(item))
    name = next((item[n] for n in NAMES if isinstance(item.get(n), str) and item[n]), "")
    arn = next((v for v in item.values() if isinstance(v, str) and v.startswith("arn:")), "")
    telling = [
        _told(member, item[member])
        for member in TELLING
        if item.get(member) not in (None, "", name)
    ]
    first = join(bold(resource_name(name or arn)), *telling, by=" · ")
    if not first:
        return code(_short(json.dumps(item, default=_plainly)))
    return join(first, code(arn), by="\n")


def _fields(record: Mapping[str, Any]) -> list[Block]:
    shown = {
        label(name): _value(name, value)
        for name, value in record.items()
        if not isinstance(value, Mapping | list) and value not in (None, "")
    }
    pairs = list(shown.items())[: 2 * FIELDS_LIMIT]
    return [
        fields(dict(pairs[start : start + FIELDS_LIMIT]))
        for start in range(0, len(pairs), FIELDS_LIMIT)
    ]


def _told(name: str, value: Any) -> str:
    if name == "impact":
        return IMPACT.get(value, str(value))
    if is_time(name, value):
        return when(value)
    return _short(_one(value))


def _one(value: Any) -> Any:
    """Take the only value out of a one-key document, such as DeliveryAddress."""
    if isinstance(value, Mapping) and len(value) == 1:
        return next(iter(value.values()))
    return value


def _value(name: str, value: Any) -> str:
    if name == "impact":
        return f"{value} ({IMPACT.get(value, '?')})"
    if is_time(name, value):
        return when(value)
    if isinstance(value, str) and value.startswith("arn:"):
        return code(_short(value))
    return _short(value)


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= VALUE_SHOWN else text[: VALUE_SHOWN - 1] + "…"


def _is_told_whole(result: Any) -> bool:
    """Do the fields alone show all there is? Then the JSON would only say it again."""
    if result is None or result == {}:
        return True
    if not isinstance(result, Mapping) or len(result) > FIELDS_LIMIT:
        return False
    return all(
        isinstance(value, str | int | bool) and len(str(value)) <= VALUE_SHOWN
        for value in result.values()
    )
