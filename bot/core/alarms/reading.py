"""From a JSON document to the alarms in it, whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from bot.core.alarms import alertmanager, cloudwatch
from bot.core.alarms.alarm import (
    LONGEST_SOURCE,
    LONGEST_TITLE,
    Alarm,
    BadAlarm,
    impact_of,
    instant_of,
    link,
    raw_text,
    shown,
    text_of,
)

SOURCE = "imbot.alarm"
OVER = frozenset(
    {"ok", "resolved", "resolve", "closed", "recovered", "recovery", "normal", "up"}
)
"""What senders call the end of an alarm; every other status fires, so that none is lost."""
EXPECTED = (
    "Expected is a CloudWatch alarm (bare or in an SNS message), Alertmanager's webhook, or a "
    'JSON object with a title, such as {"title": "Disk is full", "status": "firing"}.'
)


def document_of(body: bytes) -> Mapping[str, Any]:
    """The JSON object that was posted. Raises BadAlarm."""
    try:
        document = orjson.loads(body)
    except ValueError:
        raise BadAlarm(f"The body is not JSON. {EXPECTED}") from None
    if not isinstance(document, dict):
        raise BadAlarm(f"The body is JSON, but no object. {EXPECTED}")
    return document


def read_alarms(document: Mapping[str, Any], now: datetime, *, each_alert: bool) -> list[Alarm]:
    """The alarms of a document; none where it says nothing to act on. Raises BadAlarm.

    `each_alert`: the alerts of Alertmanager's groups are alarms of their own.
    """
    if cloudwatch.is_cloudwatch(document):
        return cloudwatch.alarms_of(document, now)
    if alertmanager.is_alertmanager(document):
        return alertmanager.alarms_of(document, now, each=each_alert)
    return [_generic(document, now)]


def read_message(subject: str, message: str, now: datetime, *, each_alert: bool) -> list[Alarm]:
    """The alarms in a topic's message: one that is no JSON object is an alarm by itself, named
    by the subject or its first line. Raises BadAlarm.
    """
    try:
        document = orjson.loads(message)
    except ValueError:
        document = None
    if isinstance(document, dict):
        has_name = text_of(document, "title") or not subject
        named = document if has_name else {"title": subject, **document}
        return read_alarms(named, now, each_alert=each_alert)
    first = (message.strip().splitlines() or [""])[0]
    return [_generic({"title": subject or first, "message": message}, now)]


def _generic(document: Mapping[str, Any], now: datetime) -> Alarm:
    title = shown(text_of(document, "title"))
    if not title:
        raise BadAlarm(f"There is no title. {EXPECTED}")
    source = shown(text_of(document, "source")) or SOURCE
    if source.lower().startswith("aws."):
        raise BadAlarm("A source that begins with `aws.` is the services' own; name another.")
    status = text_of(document, "status", "state").lower()
    if "impact" in document and impact_of(document["impact"]) is None:
        raise BadAlarm("`impact` must be 1 (critical) to 5 (no impact).")
    return Alarm(
        identity=f"generic {text_of(document, 'id') or title}",
        name=title[:LONGEST_TITLE],
        title=title,
        is_firing=status not in OVER,
        source=source[:LONGEST_SOURCE],
        at=instant_of(text_of(document, "timestamp", "time"), now),
        raw=raw_text(document),
        impact=impact_of(document.get("impact")),
        related_items=link(text_of(document, "url"), "Where the alarm comes from"),
    )
