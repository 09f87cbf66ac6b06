"""What monitors post, after the examples in their vendors' documentation."""

from __future__ import annotations

from typing import Any

ALARM = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:ServerCpuTooHigh"
INSTANCE = "i-12345678901234567"


def topic_alarm(state: str = "ALARM", **more: Any) -> dict[str, Any]:
    """What CloudWatch publishes to a topic."""
    return {
        "AlarmName": "ServerCpuTooHigh",
        "AlarmDescription": "Goes into alarm when server CPU utilization is too high!",
        "AWSAccountId": "111122223333",
        "AlarmConfigurationUpdatedTimestamp": "2026-02-01T09:00:00.000+0000",
        "NewStateValue": state,
        "NewStateReason": "Threshold Crossed: 1 datapoint was greater than (80.0).",
        "StateChangeTime": "2026-03-01T09:29:30.989+0000",
        "Region": "US East (N. Virginia)",
        "AlarmArn": ALARM,
        "OldStateValue": "OK",
        "OKActions": [],
        "AlarmActions": [],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "CPUUtilization",
            "Namespace": "AWS/EC2",
            "StatisticType": "Statistic",
            "Statistic": "AVERAGE",
            "Unit": None,
            "Dimensions": [{"value": INSTANCE, "name": "InstanceId"}],
            "Period": 300,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 80.0,
            "TreatMissingData": "missing",
            "EvaluateLowSampleCountPercentile": "",
        },
        **more,
    }


def event(state: str = "ALARM") -> dict[str, Any]:
    """What CloudWatch tells EventBridge."""
    metric = {
        "namespace": "AWS/EC2",
        "name": "CPUUtilization",
        "dimensions": {"InstanceId": INSTANCE},
    }
    stat = {"metric": metric, "period": 300, "stat": "Average"}
    return {
        "version": "0",
        "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92",
        "detail-type": "CloudWatch Alarm State Change",
        "source": "aws.cloudwatch",
        "account": "111122223333",
        "time": "2026-03-01T09:29:30Z",
        "region": "us-east-1",
        "resources": [ALARM],
        "detail": {
            "alarmName": "ServerCpuTooHigh",
            "configuration": {
                "description": "Goes into alarm when server CPU utilization is too high!",
                "metrics": [{"id": "m1", "metricStat": stat, "returnData": True}],
            },
            "previousState": {"value": "OK", "timestamp": "2026-03-01T09:00:00.000+0000"},
            "state": {
                "value": state,
                "reason": "Threshold Crossed",
                "reasonData": '{"version":"1.0"}',
                "timestamp": "2026-03-01T09:29:30.989+0000",
            },
        },
    }


def lambda_alarm(state: str = "ALARM") -> dict[str, Any]:
    """What an alarm gives a function that it invokes."""
    return {
        "source": "aws.cloudwatch",
        "alarmArn": ALARM,
        "accountId": "111122223333",
        "time": "2026-03-01T09:29:30.989+0000",
        "region": "us-east-1",
        "alarmData": event(state)["detail"],
    }


def alert(name: str = "disk", status: str = "firing", **more: Any) -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": "DiskFull", "device": name, "severity": "page"},
        "annotations": {"summary": f"{name} is full"},
        "startsAt": "2026-03-01T09:20:00.000Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": f"https://prometheus.example.com/graph?g0.expr={name}",
        "fingerprint": f"c0ffee{name}",
        **more,
    }


def group(*alerts: dict[str, Any], status: str = "firing", **more: Any) -> dict[str, Any]:
    """Alertmanager's webhook."""
    return {
        "version": "4",
        "groupKey": '{}:{alertname="DiskFull"}',
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "imbot",
        "groupLabels": {"alertname": "DiskFull"},
        "commonLabels": {"alertname": "DiskFull", "severity": "page"},
        "commonAnnotations": {},
        "externalURL": "https://alertmanager.example.com",
        "alerts": list(alerts) or [alert(status=status)],
        **more,
    }
