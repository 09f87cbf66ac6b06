"""How values of the API are said in chat: times, ARNs, names of operations."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

IMPACT = {1: "Critical", 2: "High", 3: "Medium", 4: "Low", 5: "No impact"}

DONE = {
    "Accept": "acknowledged",
    "Activate": "activated",
    "Create": "created",
    "Deactivate": "deactivated",
    "Delete": "deleted",
    "Put": "stored",
    "Send": "sent",
    "Start": "started",
    "Stop": "stopped",
    "Tag": "tagged",
    "Untag": "untagged",
    "Update": "updated",
}
NAMES = (
    "title", "Alias", "alias", "displayName", "DisplayName", "name", "Name", "eventType",
    "ReceiptType", "ChannelName", "TopicArn", "Subject", "Type",
)  # fmt: skip
"""Members that a record is called by, best first."""

_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z]|\b)|[A-Z]?[a-z0-9]+")


def when(value: object) -> str:
    """Say an instant (aware datetime, epoch seconds, ISO 8601) to the second, in UTC.

    What is no instant is said as it is.
    """
    instant = _instant(value)
    return str(value) if instant is None else f"{instant:%Y-%m-%d %H:%M:%S} UTC"


def time_of_day(value: object) -> str:
    """Say only the time of an instant, in UTC; "" of what is none."""
    instant = _instant(value)
    return "" if instant is None else f"{instant:%H:%M:%S}"


def duration(value: timedelta) -> str:
    """Say a duration in its two largest units: "1 d 4 h", "12 min", "40 s"."""
    seconds = max(int(value.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    days, rest = divmod(seconds // 60, 24 * 60)
    parts = [(days, "d"), (rest // 60, "h"), (rest % 60, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def between(start: object, end: object) -> str:
    """Say how long it is from one instant to another; "" where one of them is none."""
    first, last = _instant(start), _instant(end)
    return duration(last - first) if first and last else ""


def seconds_of(value: object) -> int | None:
    """An instant in whole seconds since the epoch."""
    instant = _instant(value)
    return None if instant is None else int(instant.timestamp())


def more_starts(absorbed: int) -> str:
    """How many more starts an incident stands for: "+999"."""
    return f"+{absorbed:,}"


def _instant(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    return None


def is_time(name: str, value: object) -> bool:
    return isinstance(value, datetime) or (
        name.lower().endswith(("time", "timestamp", "date"))
        and isinstance(value, int | float)
        and not isinstance(value, bool)
    )


def split_words(name: str) -> str:
    """Turn "CreateContactChannel" or "creationTime" into lower-case words."""
    words = _CAMEL.findall(name)
    return " ".join(w if w.isupper() and len(w) > 1 else w.lower() for w in words) or name


def label(name: str) -> str:
    """Turn a member's name into a label: "IsEssential" into "Is essential"."""
    words = split_words(name)
    words = re.sub(r"\barn\b", "ARN", words)
    return words[:1].upper() + words[1:]


def resource_name(arn: str) -> str:
    """Name a resource by the telling part of its ARN: "contact/ana" is "ana".

    Contact channels, engagements and pages are `<kind>/<alias>/<uuid>`: the alias tells.
    """
    if not arn.startswith("arn:"):
        return arn
    parts = arn.split(":", 5)[-1].split("/")
    return parts[1] if len(parts) > 1 else parts[0].rpartition(":")[2]


def subject_of(document: Mapping[str, Any]) -> str:
    """Name what a request or record is about; "" where nothing in it tells."""
    for name in NAMES:
        value = document.get(name)
        if isinstance(value, str) and value:
            return resource_name(value)
    for name, value in document.items():
        if isinstance(value, str) and value.startswith("arn:"):
            return resource_name(value)
        if name.lower().endswith("id") and isinstance(value, str) and value:
            return value
    return ""


def done(operation: str, request: Mapping[str, Any]) -> str:
    """Say what a change did: "Contact ana updated."; for other operations, "Done."."""
    match = re.match(r"[A-Z][a-z]+", operation)
    verb = match[0] if match else ""
    if verb not in DONE:
        return f"{label(operation)}: done."
    noun = label(operation[len(verb) :]) or "It"
    subject = subject_of(request)
    return f"{noun} {subject} {DONE[verb]}." if subject else f"{noun} {DONE[verb]}."


def not_saved(record: Mapping[str, Any]) -> str:
    """Say of an EditSummary that came too late how to write its text all the same."""
    version = record["Version"]
    return (
        f"Nothing was written: there is a newer summary, version {version}. "
        f"Look at both; to replace it, ask again with --version {version}."
    )


def count_of(number: int, name: str) -> str:
    """Count things by their plural's name: "1 contact", "2 engagements"."""
    words = split_words(name).replace(" summaries", "s")
    if number == 1:
        words = (
            words.removesuffix("ies") + "y"
            if words.endswith("ies")
            else words.removesuffix("s")
        )
    return f"{number or 'No'} {words}"
