"""Alertmanager's webhook, version 4, which Grafana's alerting speaks as well.

Source: Prometheus, "Alerting: configuration", webhook_config.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from bot.core.alarms.alarm import (
    Alarm,
    BadAlarm,
    Wire,
    impact_of,
    instant_of,
    link,
    mapping_of,
    raw_text,
    text_of,
)

SOURCE = "io.prometheus.alertmanager"
STATES = ("firing", "resolved")


def is_alertmanager(document: Mapping[str, Any]) -> bool:
    return isinstance(document.get("alerts"), list) and (
        "groupKey" in document or "groupLabels" in document or "receiver" in document
    )


def alarms_of(document: Mapping[str, Any], now: datetime, *, each: bool) -> list[Alarm]:
    """The group as one alarm, or `each` alert as its own. Raises BadAlarm."""
    alerts = document["alerts"]
    if not all(isinstance(alert, Mapping) for alert in alerts):
        raise BadAlarm("Each of `alerts` must be an object.")
    if each:
        return [_alert(document, alert, now) for alert in alerts]
    return [_group(document, alerts, now)]


def _group(
    document: Mapping[str, Any], alerts: Sequence[Mapping[str, Any]], now: datetime
) -> Alarm:
    is_firing = _is_firing(document)
    labels, annotations = _shared(document)
    names = sorted({text_of(mapping_of(alert, "labels"), "alertname") for alert in alerts})
    named = ", ".join(filter(None, names))
    begun = [instant_of(alert.get("startsAt"), now) for alert in alerts if _fires(alert)]
    return Alarm(
        identity=f"group {_group_key(document)}",
        name=text_of(labels, "alertname") or named or text_of(annotations, "summary"),
        is_firing=is_firing,
        source=SOURCE,
        at=min(begun, default=now),
        raw=raw_text(document),
        impact=impact_of(labels.get("impact")),
        related_items=_links(document, next(iter(alerts), {})),
    )


def _alert(document: Mapping[str, Any], alert: Mapping[str, Any], now: datetime) -> Alarm:
    labels = mapping_of(alert, "labels")
    group = {name: document[name] for name in ("receiver", "groupKey") if name in document}
    return Alarm(
        identity=f"alert {text_of(alert, 'fingerprint') or _digest(labels)}",
        name=text_of(labels, "alertname")
        or text_of(mapping_of(alert, "annotations"), "summary"),
        is_firing=_is_firing(alert),
        source=SOURCE,
        at=instant_of(alert.get("startsAt"), now),
        raw=raw_text({**group, **alert}),
        impact=impact_of(labels.get("impact")),
        related_items=_links(document, alert),
    )


def _is_firing(document: Mapping[str, Any]) -> bool:
    status = text_of(document, "status").lower()
    if status not in STATES:
        raise BadAlarm("`status` must be firing or resolved.")
    return status == "firing"


def _fires(alert: Mapping[str, Any]) -> bool:
    return text_of(alert, "status").lower() == "firing"


def _shared(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    labels = {**mapping_of(document, "groupLabels"), **mapping_of(document, "commonLabels")}
    return labels, mapping_of(document, "commonAnnotations")


def _group_key(document: Mapping[str, Any]) -> str:
    return text_of(document, "groupKey") or _digest(mapping_of(document, "groupLabels"))


def _digest(labels: Mapping[str, Any]) -> str:
    text = orjson.dumps(labels, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()[:16]


def _links(document: Mapping[str, Any], alert: Mapping[str, Any]) -> list[Wire]:
    return [
        *link(text_of(alert, "generatorURL"), "Where the alert comes from"),
        *link(text_of(document, "externalURL"), "Alertmanager"),
    ]
