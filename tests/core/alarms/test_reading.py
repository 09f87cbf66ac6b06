"""Each vendor's alarm says what it is, whether it fires, and what a runbook reads of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.alarms.alarm import LONGEST_RAW, Alarm, BadAlarm
from bot.core.alarms.reading import document_of, read_alarms, read_message
from bot.core.service_models import validate
from tests.core.alarms.payloads import (
    ALARM,
    INSTANCE,
    alert,
    event,
    group,
    lambda_alarm,
    topic_alarm,
)

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
INVOLVED = f"arn:aws:ec2:us-east-1:111122223333:instance/{INSTANCE}"

leaves = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner)
)


def read(document: dict[str, Any], *, each_alert: bool = False) -> list[Alarm]:
    return read_alarms(document, NOW, each_alert=each_alert)


def instance_in(raw: str) -> str:
    """What the tutorial's runbook reads of a trigger's rawData."""
    metric = orjson.loads(raw)["detail"]["configuration"]["metrics"][0]["metricStat"]["metric"]
    return str(metric["dimensions"]["InstanceId"])


@pytest.mark.parametrize("form", [topic_alarm, event, lambda_alarm])
def test_a_cloudwatch_alarm_is_the_same_however_it_was_sent(form: Any) -> None:
    [alarm] = read(form())

    assert (alarm.arn, alarm.identity, alarm.name) == (ALARM, ALARM, "ServerCpuTooHigh")
    assert (alarm.is_firing, alarm.source) == (True, "aws.cloudwatch")
    assert alarm.at == datetime(2026, 3, 1, 9, 29, 30, 989_000, tzinfo=UTC)
    assert instance_in(alarm.raw) == INSTANCE
    [item] = alarm.related_items
    assert item["identifier"] == {"type": "INVOLVED_RESOURCE", "value": {"arn": INVOLVED}}


@pytest.mark.parametrize("form", [topic_alarm, event, lambda_alarm])
def test_ok_is_its_end_and_too_little_data_is_nothing(form: Any) -> None:
    [alarm] = read(form("OK"))

    assert not alarm.is_firing
    assert read(form("INSUFFICIENT_DATA")) == []


def test_an_alarm_on_metric_math_keeps_each_of_its_metrics() -> None:
    metric = {"MetricName": "Errors", "Namespace": "AWS/Lambda"}
    metric["Dimensions"] = [{"name": "FunctionName", "value": "pay"}]  # type: ignore[assignment]
    queries = [
        {"Id": "e1", "Expression": "m1 * 2", "Label": "twice", "ReturnData": True},
        {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}},
    ]
    [alarm] = read(topic_alarm(Trigger={"Period": 60, "Metrics": queries}))

    first, second = orjson.loads(alarm.raw)["detail"]["configuration"]["metrics"]
    assert (first["expression"], second["metricStat"]["stat"]) == ("m1 * 2", "Sum")
    [item] = alarm.related_items
    assert item["identifier"]["value"]["arn"].endswith(":function:pay")


def test_a_composite_alarm_has_its_rule_and_no_metrics() -> None:
    rule = "ALARM(one) OR ALARM(two)"
    [alarm] = read(topic_alarm(AlarmRule=rule, Trigger=None))

    assert orjson.loads(alarm.raw)["detail"]["configuration"]["alarmRule"] == rule


def test_a_long_alarm_loses_its_reason_data_before_its_metrics() -> None:
    long = event()
    long["detail"]["state"]["reasonData"] = "x" * 20_000
    [alarm] = read(long)

    assert instance_in(alarm.raw) == INSTANCE
    assert len(alarm.raw) <= LONGEST_RAW


@pytest.mark.parametrize(
    "more", [{"AlarmArn": "arn:aws:s3:::x"}, {"AlarmArn": None}, {"NewStateValue": "?"}]
)
def test_a_cloudwatch_alarm_without_arn_or_state_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(BadAlarm):
        read(topic_alarm(**more))


def test_a_group_of_alertmanager_is_one_alarm() -> None:
    [alarm] = read(group(alert("one"), alert("two")))

    assert (alarm.name, alarm.is_firing, alarm.arn) == ("DiskFull", True, None)
    assert alarm.at == datetime(2026, 3, 1, 9, 20, tzinfo=UTC)
    urls = [item["identifier"]["value"]["url"] for item in alarm.related_items]
    assert urls[1] == "https://alertmanager.example.com"


def test_a_group_is_the_same_whatever_fires_in_it_and_another_has_another_name() -> None:
    [first] = read(group(alert("one")))
    [later] = read(group(alert("two"), status="resolved"))
    [other] = read(group(alert("one"), groupKey='{}:{alertname="Other"}'))

    assert first.identity == later.identity != other.identity
    assert not later.is_firing


def test_each_alert_of_alertmanager_may_be_an_alarm_of_its_own() -> None:
    payload = group(alert("one"), alert("two", status="resolved"))
    first, second = read(payload, each_alert=True)

    assert first.identity != second.identity
    assert (first.is_firing, second.is_firing) == (True, False)
    assert orjson.loads(first.raw)["groupKey"] == payload["groupKey"]


def test_an_alert_without_fingerprint_is_known_by_its_labels() -> None:
    one, same, other = read(
        group(alert(fingerprint=""), alert(fingerprint=""), alert("x", fingerprint="")),
        each_alert=True,
    )

    assert one.identity == same.identity != other.identity


def test_labels_may_name_the_impact() -> None:
    [alarm] = read(group(commonLabels={"alertname": "A", "impact": "3"}))

    assert alarm.impact == 3


def test_any_json_with_a_title_is_an_alarm() -> None:
    given = {"title": "Disk is full", "id": "d1", "impact": 2, "source": "com.example.mon"}
    [alarm] = read({**given, "url": "https://mon.example.com/d1"})
    [over] = read({**given, "status": "Resolved", "title": "Disk is not full"})

    assert alarm.incident_title("Plan") == "Disk is full"
    assert (alarm.impact, alarm.source, alarm.is_firing) == (2, "com.example.mon", True)
    assert over.identity == alarm.identity
    assert not over.is_firing


def test_a_status_that_nobody_knows_fires() -> None:
    assert read({"title": "Disk", "status": "critical"})[0].is_firing


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"title": " \x00 "},
        {"title": ["a"]},
        {"title": "a", "impact": 9},
        {"title": "a", "source": "aws.health"},
        group(status="odd"),
        group(alerts=["x"]),
    ],
)
def test_what_is_no_alarm_is_refused_in_words(document: dict[str, Any]) -> None:
    with pytest.raises(BadAlarm, match=r"\w"):
        read(document)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[1]", b'"x"', b"{", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadAlarm):
        document_of(body)


def test_a_topics_plain_message_is_called_by_its_subject_or_its_first_line() -> None:
    [named] = read_message("Disk is full", "all of it", NOW, each_alert=False)
    [plain] = read_message("", "\nDisk is full\nall of it", NOW, each_alert=False)
    [other] = read_message("Disk is full", '{"what": "all"}', NOW, each_alert=False)

    assert {named.title, plain.title, other.title} == {"Disk is full"}
    assert "all of it" in named.raw


def test_the_title_of_an_incident_has_room_for_200_characters() -> None:
    [alarm] = read(topic_alarm(AlarmName="n" * 255))

    assert len(alarm.incident_title("Payments are failing")) == 200
    assert read(topic_alarm())[0].incident_title("CPU") == "CPU [ServerCpuTooHigh]"


@given(
    document=st.fixed_dictionaries(
        {},
        optional={
            "title": values,
            "status": values,
            "impact": values,
            "source": values,
            "alerts": values
            | st.lists(st.dictionaries(st.sampled_from(list(alert())), values)),
            "receiver": values,
            "groupLabels": values,
            "commonLabels": values,
            "alarmData": values,
            "AlarmName": values,
            "NewStateValue": values | st.just("ALARM"),
            "AlarmArn": values | st.just(ALARM),
            "Trigger": values | st.fixed_dictionaries({"Metrics": values}),
            "detail-type": values | st.just("CloudWatch Alarm State Change"),
            "resources": values,
            "detail": values,
        },
    ),
    each_alert=st.booleans(),
)
def test_whatever_json_comes_is_alarms_that_the_api_takes_or_refused(
    document: dict[str, Any], each_alert: bool
) -> None:
    try:
        alarms = read(document, each_alert=each_alert)
    except BadAlarm:
        return
    for alarm in alarms:
        trigger = {"source": alarm.source, "timestamp": alarm.at, "rawData": alarm.raw}
        parameters: dict[str, Any] = {
            "responsePlanArn": "arn:aws:ssm-incidents::111122223333:response-plan/plan",
            "title": alarm.incident_title("Plan"),
            "triggerDetails": trigger,
            "relatedItems": list(alarm.related_items),
        }
        validate("ssm-incidents", "StartIncident", parameters)
