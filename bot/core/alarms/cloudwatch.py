"""CloudWatch alarms: as SNS and Lambda get them, and as EventBridge's event, which all become.

Sources: Amazon CloudWatch, "Alarm events and EventBridge", "Invoke a Lambda function from an
alarm", and the JSON of "Notify users on alarm changes".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from bot.core.alarms.alarm import (
    LONGEST_RAW,
    Alarm,
    BadAlarm,
    Wire,
    instant_of,
    mapping_of,
    raw_text,
    text_of,
)

SOURCE = "aws.cloudwatch"
DETAIL_TYPE = "CloudWatch Alarm State Change"
ALARM_ARN = re.compile(
    r"^arn:aws(?:-cn|-us-gov)?:cloudwatch:([a-z0-9-]+):([0-9]{12}):alarm:[^\x00-\x1f]{1,255}$"
)
INVOLVED: Mapping[tuple[str, str], str] = {
    ("AWS/DynamoDB", "TableName"): "dynamodb:{where}:table/{name}",
    ("AWS/EC2", "InstanceId"): "ec2:{where}:instance/{name}",
    ("AWS/EC2", "ImageId"): "ec2:{where}:image/{name}",
    ("AWS/Lambda", "FunctionName"): "lambda:{where}:function:{name}",
    ("AWS/RDS", "DBInstanceIdentifier"): "rds:{where}:db:{name}",
    ("AWS/RDS", "DBClusterIdentifier"): "rds:{where}:cluster:{name}",
    ("AWS/S3", "BucketName"): "s3:::{name}",
}
"""Namespace and dimension -> the resource that a metric is about."""


def is_cloudwatch(document: Mapping[str, Any]) -> bool:
    return (
        document.get("detail-type") == DETAIL_TYPE
        or ("AlarmName" in document and "NewStateValue" in document)
        or isinstance(document.get("alarmData"), Mapping)
    )


def alarms_of(document: Mapping[str, Any], now: datetime) -> list[Alarm]:
    """The alarm; none where its state is INSUFFICIENT_DATA. Raises BadAlarm."""
    event = _event(document)
    detail = mapping_of(event, "detail")
    state = mapping_of(detail, "state")
    arn = str(event["resources"][0])
    if not (found := ALARM_ARN.match(arn)):
        raise BadAlarm("A CloudWatch alarm needs its ARN: AlarmArn, alarmArn or resources.")
    value = text_of(state, "value")
    if value not in ("ALARM", "OK", "INSUFFICIENT_DATA"):
        raise BadAlarm("The alarm's state must be ALARM, OK or INSUFFICIENT_DATA.")
    if value == "INSUFFICIENT_DATA":
        return []
    alarm = Alarm(
        identity=arn,
        arn=arn,
        name=text_of(detail, "alarmName") or arn.rsplit(":", 1)[1],
        is_firing=value == "ALARM",
        source=SOURCE,
        at=instant_of(state.get("timestamp") or event.get("time"), now),
        raw=_raw(event),
        related_items=_involved(detail, found[1], found[2]),
    )
    return [alarm]


def _event(document: Mapping[str, Any]) -> Wire:
    """The alarm in the shape of its event: runbooks read a trigger's rawData so."""
    if document.get("detail-type") == DETAIL_TYPE:
        resources = document.get("resources")
        named = resources if isinstance(resources, list) and resources else [""]
        return {**document, "resources": named}
    if isinstance(document.get("alarmData"), Mapping):
        detail, arn = dict(document["alarmData"]), text_of(document, "alarmArn")
    else:
        detail, arn = _detail(document), text_of(document, "AlarmArn")
    place = ALARM_ARN.match(arn)
    state = mapping_of(detail, "state")
    return {
        "version": "0",
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "account": place[2] if place else "",
        "time": text_of(document, "time") or text_of(state, "timestamp"),
        "region": place[1] if place else "",
        "resources": [arn],
        "detail": detail,
    }


def _detail(notice: Mapping[str, Any]) -> Wire:
    """The event's detail, of the JSON that CloudWatch publishes to a topic."""
    state: Wire = {
        "value": text_of(notice, "NewStateValue"),
        "reason": text_of(notice, "NewStateReason"),
        "timestamp": text_of(notice, "StateChangeTime"),
    }
    configuration: Wire = {"description": text_of(notice, "AlarmDescription")}
    if rule := text_of(notice, "AlarmRule"):
        configuration["alarmRule"] = rule
    if metrics := list(_metrics(mapping_of(notice, "Trigger"))):
        configuration["metrics"] = metrics
    return {
        "alarmName": text_of(notice, "AlarmName"),
        "state": state,
        "previousState": {"value": text_of(notice, "OldStateValue")},
        "configuration": configuration,
    }


def _metrics(trigger: Mapping[str, Any]) -> Iterator[Wire]:
    given = trigger.get("Metrics")
    if isinstance(given, list):
        for one in given:
            if isinstance(one, Mapping):
                yield _query(one)
    elif "MetricName" in trigger:
        statistic = text_of(trigger, "ExtendedStatistic") or _capital(trigger)
        yield _query({"Id": "m1", "ReturnData": True}) | {
            "metricStat": _stat(trigger, trigger.get("Period"), statistic)
        }


def _query(one: Mapping[str, Any]) -> Wire:
    query: Wire = {"id": text_of(one, "Id"), "returnData": bool(one.get("ReturnData", True))}
    for name, ours in (("Expression", "expression"), ("Label", "label")):
        if text := text_of(one, name):
            query[ours] = text
    if stat := mapping_of(one, "MetricStat"):
        metric = mapping_of(stat, "Metric")
        query["metricStat"] = _stat(metric, stat.get("Period"), text_of(stat, "Stat"))
    return query


def _stat(metric: Mapping[str, Any], period: Any, statistic: str) -> Wire:
    named: Wire = {
        "namespace": text_of(metric, "Namespace"),
        "name": text_of(metric, "MetricName"),
        "dimensions": _dimensions(metric.get("Dimensions")),
    }
    return {"metric": named, "period": period, "stat": statistic}


def _capital(trigger: Mapping[str, Any]) -> str:
    """ "AVERAGE" is written "Average" in events, and "SAMPLE_COUNT" "SampleCount"."""
    words = text_of(trigger, "Statistic").replace("_", " ").title()
    return words.replace(" ", "")


def _dimensions(given: Any) -> dict[str, str]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        return {}
    pairs = [one for one in given if isinstance(one, Mapping)]
    return {text_of(one, "name", "Name"): text_of(one, "value", "Value") for one in pairs}


def _raw(event: Wire) -> str:
    """The whole event; of one that is too long, what readers of metrics miss least goes."""
    detail = {**mapping_of(event, "detail")}
    spare: list[Wire] = [
        {},
        {"state": {**mapping_of(detail, "state"), "reasonData": ""}},
        {"previousState": {}},
        {"configuration": {**mapping_of(detail, "configuration"), "description": ""}},
    ]
    for less in spare:
        detail |= less
        text = orjson.dumps({**event, "detail": detail}).decode()
        if len(text) <= LONGEST_RAW:
            return text
    return raw_text(event)


def _involved(detail: Mapping[str, Any], region: str, account: str) -> list[Wire]:
    """Related items of the resources that the alarm's metrics are about.

    Source: Incident Manager, "Runbooks", INVOLVED_RESOURCES.
    """
    arns: dict[str, str] = {}
    metrics = mapping_of(detail, "configuration").get("metrics")
    for query in metrics if isinstance(metrics, list) else ():
        stat = mapping_of(query, "metricStat") if isinstance(query, Mapping) else {}
        metric = mapping_of(stat, "metric")
        for dimension, name in mapping_of(metric, "dimensions").items():
            form = INVOLVED.get((text_of(metric, "namespace"), dimension))
            if form and isinstance(name, str) and 0 < len(name) <= 255:
                arn = "arn:aws:" + form.format(where=f"{region}:{account}", name=name)
                arns.setdefault(arn, name)
    return [
        {"identifier": {"type": "INVOLVED_RESOURCE", "value": {"arn": arn}}, "title": name}
        for arn, name in list(arns.items())[:10]
    ]
