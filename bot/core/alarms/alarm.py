"""An alarm, whatever it came from, and what the API allows of its texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

Wire = dict[str, Any]

LONGEST_RAW = 10_000
LONGEST_TITLE = 200
LONGEST_SOURCE = 50
LONGEST_URL = 1_000
"""Characters. Source: ssm-incidents, RawData, IncidentTitle, IncidentSource and Url."""


class BadAlarm(ValueError):
    """What was posted is no alarm; its text says why, in words that the sender may see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm that fires or is over.

    `identity` tells it from all others of its sender; `arn` is its own, where it has one.
    `title` is that of the incident; without one `name` goes behind the plan's title. `raw` is
    JSON text of at most 10,000 characters.
    """

    identity: str
    name: str
    is_firing: bool
    source: str
    at: datetime
    raw: str = field(repr=False)
    arn: str | None = None
    title: str | None = None
    impact: int | None = None
    related_items: Sequence[Mapping[str, Any]] = ()

    def incident_title(self, plan_title: str) -> str:
        """Source: the service's own incidents of alarms: "CPU Issue [i-123-CPU-Spike]"."""
        title = shown(self.title or f"{plan_title} [{self.name}]")
        return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"


def text_of(document: Mapping[str, Any], *names: str) -> str:
    """The first member of these that is a text or number with anything in it, else ""."""
    for name in names:
        value = document.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            continue
        if text := str(value).strip():
            return text
    return ""


def shown(text: str) -> str:
    """The text in one line, without what cannot be printed."""
    line = " ".join(text.split())
    return "".join(character for character in line if character.isprintable())


def mapping_of(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}


def instant_of(text: Any, otherwise: datetime) -> datetime:
    """An instant in ISO 8601; without a zone it is UTC. Alertmanager's year 1 is none."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return otherwise
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at.astimezone(UTC) if 1971 <= at.year < 9999 else otherwise


def impact_of(value: Any) -> int | None:
    """1 to 5, as a number or as text; None for anything else."""
    text = str(value).strip()
    return int(text) if text in {"1", "2", "3", "4", "5"} else None


def raw_text(document: Any) -> str:
    """The document as JSON text; one that is too long is cut, and says so."""
    text = orjson.dumps(document).decode()
    if len(text) <= LONGEST_RAW:
        return text
    room = LONGEST_RAW - 100
    while True:
        cut = orjson.dumps({"isCut": True, "beginsWith": text[:room]}).decode()
        if len(cut) <= LONGEST_RAW:
            return cut
        room -= len(cut) - LONGEST_RAW


def link(url: str, title: str) -> list[Wire]:
    """A related item, where the address is one that a browser opens."""
    if not url.startswith(("https://", "http://")) or len(url) > LONGEST_URL:
        return []
    return [{"identifier": {"type": "OTHER", "value": {"url": url}}, "title": title}]
