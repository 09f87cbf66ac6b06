"""Shorthand, held against the AWS CLI's own parser, in a subprocess: it replaces botocore."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.shorthand import ShorthandError, parse_bracketed, parse_shorthand
from bot.core.service_models import Shape, operation_model

PLACES = {
    "plan": ("ssm-contacts", "CreateContact", "Plan", False),
    "tag": ("ssm-contacts", "TagResource", "Tags", True),
    "address": ("ssm-contacts", "CreateContactChannel", "DeliveryAddress", False),
    "recurrence": ("ssm-contacts", "CreateRotation", "Recurrence", False),
    "regions": ("ssm-incidents", "CreateReplicationSet", "regions", False),
    "tags": ("ssm-incidents", "TagResource", "tags", False),
    "template": ("ssm-incidents", "CreateResponsePlan", "incidentTemplate", False),
    "trigger": ("ssm-incidents", "StartIncident", "triggerDetails", False),
    "chat": ("ssm-incidents", "CreateResponsePlan", "chatChannel", False),
    "filter": ("ssm-incidents", "ListIncidentRecords", "filters", True),
    "item": ("ssm-incidents", "UpdateRelatedItems", "relatedItemsUpdate", False),
}

ACCEPTED = [
    ("tags", "a=b"),
    ("tags", "a=b,c=d"),
    ("tags", "a=b, c = d"),
    ("tags", "a= b ,c=d"),
    ("tags", "a=,c=d"),
    ("tags", "a="),
    ("tags", 'a="b,c",d=e'),
    ("tags", "a='b,c',d=\"x=y\""),
    ("tags", r'a="b\"c",d=e'),
    ("tags", r"a='it\'s',d=e"),
    ("tags", r"a=b\,c,d=e"),
    ("tags", r'a="back\\slash"'),
    ("tags", "aws:x/y-z.#=v"),
    ("tags", "a=b=c"),
    ("tags", "a=two words,c=d"),
    ("tags", "a=über,c=日本"),
    ("tag", "Key=team,Value=payments"),
    ("tag", 'Key="a b",Value=""'),
    ("address", "SimpleAddress=ana@example.com"),
    ("address", "SimpleAddress=+15550100"),
    ("regions", "us-east-1={sseKmsKeyId=arn:aws:kms:us-east-1:1:key/x},eu-west-1={}"),
    ("regions", "us-east-1={ sseKmsKeyId = abc }"),
    ("plan", "Stages=[]"),
    ("plan", "Stages=[{DurationInMinutes=5,Targets=[]}]"),
    (
        "plan",
        "Stages=[{DurationInMinutes=5, Targets=[{ChannelTargetInfo={ContactChannelId=a:b,"
        "RetryIntervalInMinutes=1}}, {ContactTargetInfo={IsEssential=true,ContactId=x}}]},"
        "{DurationInMinutes=0,Targets=[]}]",
    ),
    ("plan", "RotationIds=a,b,c"),
    ("plan", "RotationIds=a"),
    ("plan", "RotationIds=[a,b, c ]"),
    ("plan", "RotationIds=a,b,Stages=[]"),
    ("plan", 'RotationIds="a,b",c'),
    ("recurrence", "MonthlySettings=[{DayOfMonth=1,HandOffTime={HourOfDay=9,MinuteOfHour=0}}]"),
    ("recurrence", "DailySettings=[{HourOfDay=9,MinuteOfHour=0}],NumberOfOnCalls=1"),
    ("template", "impact=1,title=Payments,summary='a, b'"),
    ("template", "title=x,notificationTargets=[{snsTopicArn=arn:a}],incidentTags={a=b,c=d}"),
    ("trigger", "source=alarm,timestamp=2023-03-31T20:30:00Z,rawData='{\"a\": 1}'"),
    ("chat", "chatbotSns=arn:a,arn:b"),
    ("chat", "empty={}"),
    ("filter", "key=status,condition={equals={stringValues=[OPEN,RESOLVED]}}"),
    ("filter", "key=impact,condition={equals={integerValues=[1]}}"),
    ("item", "itemToRemove={type=OTHER,value={url=https://example.com/?a=b}}"),
    ("item", "itemToAdd={identifier={type=METRIC,value={metricDefinition='a\\'b'}},title=t}"),
]

ORACLE = """
import json, sys
import botocore.session
from awscli.shorthand import BackCompatVisitor, ShorthandParser
session = botocore.session.Session()
models = {}
def one(service, operation, member, is_list, text):
    if service not in models:
        models[service] = session.get_service_model(service)
    shape = models[service].operation_model(operation).input_shape.members[member]
    try:
        if is_list:
            read = [ShorthandParser().parse(text)]
            BackCompatVisitor().visit(read, shape)
            return read[0]
        read = ShorthandParser().parse(text)
        BackCompatVisitor().visit(read, shape)
        return read
    except Exception as error:
        return "refused: " + type(error).__name__
print(json.dumps([one(*row) for row in json.load(sys.stdin)]))
"""


def shape_at(place: str) -> Shape:
    service, operation, member, is_list = PLACES[place]
    shape = operation_model(service, operation).input_shape.members[member]
    return shape.member if is_list else shape


def ask_the_aws_cli(rows: list[tuple[str, str]]) -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-c", ORACLE],
        input=json.dumps([[*PLACES[place], text] for place, text in rows]),
        capture_output=True,
        text=True,
        check=True,
    )
    answers: list[Any] = json.loads(done.stdout)
    return answers


def typed(value: Any, shape: Shape) -> Any:
    """What the AWS CLI makes of the texts afterwards: numbers, booleans, lists of one."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {k: typed(v, shape.members[k]) for k, v in value.items()}
    if kind == "map" and isinstance(value, dict):
        return {k: typed(v, shape.value) for k, v in value.items()}
    if kind == "list":
        return [typed(v, shape.member) for v in (value if isinstance(value, list) else [value])]
    if kind in ("integer", "long"):
        return int(value)
    return value == "true" if kind == "boolean" else value


def test_shorthand_reads_what_the_aws_cli_reads() -> None:
    answers = ask_the_aws_cli(ACCEPTED)

    for (place, text), answer in zip(ACCEPTED, answers, strict=True):
        shape = shape_at(place)
        assert typed(parse_shorthand(text, shape), shape) == answer, text


@pytest.mark.parametrize(
    ("place", "text", "read"),
    [
        (
            "template",
            "title=Payments, all of them,impact=1",
            {
                "title": "Payments, all of them",
                "impact": "1",
            },
        ),
        ("template", "title=It's failing,impact=1", {"title": "It's failing", "impact": "1"}),
        ("tags", "a=1,2", {"a": "1,2"}),
        ("tags", "a=\U0001f525", {"a": "\U0001f525"}),
    ],
)
def test_the_shape_decides_where_the_aws_cli_gives_up(
    place: str, text: str, read: dict[str, str]
) -> None:
    assert parse_shorthand(text, shape_at(place)) == read


def test_bracketed_values_are_read_by_themselves() -> None:
    plan = shape_at("plan")

    assert parse_bracketed("{Stages=[],RotationIds=[a, b]}", plan) == {
        "Stages": [],
        "RotationIds": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a", "`Key=value` is expected instead of `a`"),
        ("a=b,", "one more item is expected"),
        ("a=[b", "closing `]` is missing"),
        ("a={b=c", "closing `}` is missing"),
        ("a={b=c}x", "`,` is expected before `x`"),
        ("a=b,a=c", "`a` stands there twice"),
        ("a@=file://x", "reads a file"),
        ("a=[" + "[" * 30, "too many brackets"),
    ],
)
def test_broken_shorthand_is_refused_with_the_place(text: str, words: str) -> None:
    with pytest.raises(ShorthandError) as refused:
        parse_shorthand(text, shape_at("tags"))

    assert words in str(refused.value)


keys = st.text("abcXYZ09-_.#/:", min_size=1, max_size=8)
values = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


def quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(st.dictionaries(keys, values.filter(lambda v: "\\" not in v), min_size=1, max_size=4))
def test_quoted_pairs_come_back_as_they_were(pairs: dict[str, str]) -> None:
    text = ",".join(f"{key}={quoted(value)}" for key, value in pairs.items())

    assert parse_shorthand(text, shape_at("tags")) == pairs


@given(st.sampled_from(sorted(PLACES)), st.text("aK=,[]{}\"'\\ @S", max_size=30))
def test_any_text_is_read_or_refused(place: str, text: str) -> None:
    with suppress(ShorthandError):
        parse_shorthand(text, shape_at(place))
    with suppress(ShorthandError):
        parse_bracketed(text, shape_at(place))
