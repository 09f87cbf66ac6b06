"""Typed lines -> validated parameters, or every fault at once in words."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.commands.binding import Bound, bind
from bot.commands.grammar import parse
from bot.commands.names import form_named
from bot.commands.problems import ChatError
from bot.core.service_models import SERVICES, kebab, operation_model, operation_names

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
PLAN = "arn:aws:ssm-incidents::111122223333:response-plan/payments"
INCIDENT = (
    f"{PLAN.replace('response-plan', 'incident-record')}/1a2b3c4d-0000-1111-2222-333344445555"
)
SET = "arn:aws:ssm-incidents::111122223333:replication-set/1a2b3c4d"
ANA = "arn:aws:ssm-contacts:us-east-1:111122223333:contact/ana"
CHANNEL = "arn:aws:ssm-contacts:us-east-1:111122223333:contact-channel/ana/1a2b"


def bound(line: str) -> Bound:
    return bind(parse(line), "us-east-1", now=NOW)


def given_by(line: str) -> dict[str, Any]:
    return dict(bound(line).parameters)


def refusal(line: str) -> ChatError:
    with pytest.raises(ChatError) as refused:
        bound(line)
    return refused.value


def event(time: str) -> str:
    return (
        f"ssm-incidents create-timeline-event --incident-record-arn {INCIDENT}"
        f" --event-type Note --event-data x --event-time {time}"
    )


@pytest.mark.parametrize(
    "line",
    [
        f"ssm-incidents get-incident-record --arn {INCIDENT}",
        f"ssm-incidents GetIncidentRecord --Arn={INCIDENT}",
        f"SSM-Incidents get_incident_record -ARN {INCIDENT}",
        f"ssm-incidents getIncidentRecords —arn “{INCIDENT}”",
    ],
)
def test_names_are_found_in_any_spelling(line: str) -> None:
    assert bound(line) == Bound(
        service="ssm-incidents",
        operation="GetIncidentRecord",
        parameters={"arn": INCIDENT},
        region="us-east-1",
    )


def test_the_guide_s_list_response_plan_is_list_response_plans() -> None:
    assert bound("ssm-incidents list-response-plan").operation == "ListResponsePlans"


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_is_found_by_both_of_its_names(service: str) -> None:
    for name in operation_names(service):
        for typed in (name, kebab(name)):
            assert form_named(service, typed).operation == name


def test_the_broken_example_of_the_guide_is_bound() -> None:
    line = (
        '@aws ssm-incidents create-timeline-event --event-data "\\"example timeline event"\\"'
        " --event-time 2023-03-31 T20:30:00.000  --event-type Custom Event"
        f" --incident-record-arn {INCIDENT}"
    )

    assert given_by(line) == {
        "eventData": '"example timeline event"',
        "eventTime": datetime(2023, 3, 31, 20, 30, tzinfo=UTC),
        "eventType": "Custom Event",
        "incidentRecordArn": INCIDENT,
    }


@pytest.mark.parametrize(
    ("typed", "instant"),
    [
        ("2023-03-31T20:30:00Z", datetime(2023, 3, 31, 20, 30, tzinfo=UTC)),
        ("2023-03-31T20:30:00", datetime(2023, 3, 31, 20, 30, tzinfo=UTC)),
        ("2023-03-31T20:30:00.250+02:00", datetime(2023, 3, 31, 18, 30, 0, 250_000, UTC)),
        ("2023-03-31 20:30", datetime(2023, 3, 31, 20, 30, tzinfo=UTC)),
        ("2023-03-31 20:30 UTC", datetime(2023, 3, 31, 20, 30, tzinfo=UTC)),
        ("2023-03-31 T20:30:00.000", datetime(2023, 3, 31, 20, 30, tzinfo=UTC)),
        ("2023-03-31", datetime(2023, 3, 31, tzinfo=UTC)),
        ("20230331", datetime(2023, 3, 31, tzinfo=UTC)),
        ("1680294600", datetime(2023, 3, 31, 20, 30, tzinfo=UTC)),
        ("1680294600.5", datetime(2023, 3, 31, 20, 30, 0, 500_000, UTC)),
        ("1680294600000", datetime(2023, 3, 31, 20, 30, tzinfo=UTC)),
        ("now", NOW),
        ("Now", NOW),
    ],
)
def test_times_are_aware_and_in_utc(typed: str, instant: datetime) -> None:
    found = given_by(event(typed))["eventTime"]

    assert (found, found.tzinfo) == (instant, UTC)


@pytest.mark.parametrize(
    "typed", ["yesterday", "2023-13-01", "99999999999999999", "12:30", "''"]
)
def test_what_is_no_time_is_named(typed: str) -> None:
    assert "`--event-time` takes a time such as" in str(refusal(event(typed)))


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("--deletion-protected", True),
        ("--no-deletion-protected", False),
        ("--deletion-protected true", True),
        ("--deletion-protected=False", False),
        ("--deletionProtected yes", True),
        ("--noDeletionProtected", False),
    ],
)
def test_switches_may_be_negated_or_given_a_word(typed: str, value: bool) -> None:
    line = f"ssm-incidents update-deletion-protection --arn {SET} {typed}"

    assert given_by(line)["deletionProtected"] is value


@pytest.mark.parametrize(
    "plan",
    [
        '{"Stages":[{"DurationInMinutes":5,"Targets":[]}]}',
        '{"stages":[{"durationInMinutes":"5","targets":[]}]}',
        "“{“Stages”: [{“DurationInMinutes”: 5,\n “Targets”: []}]}”",
        '\'{"Stages": [{"DurationInMinutes": 5, "Targets": []}]}\'',
        '"{\\"Stages\\":[{\\"DurationInMinutes\\":5,\\"Targets\\":[]}]}"',
        "Stages=[{DurationInMinutes=5,Targets=[]}]",
        "Stages=[{DurationInMinutes = 5, Targets=[]}]",
        "{Stages=[{DurationInMinutes=5,Targets=[]}]}",
        '```{"Stages": [\n{"DurationInMinutes": 5, "Targets": []}]}```',
    ],
)
def test_a_structure_is_read_from_json_and_shorthand(plan: str) -> None:
    line = f"ssm-contacts create-contact --alias ana --type personal --plan {plan}"

    assert given_by(line) == {
        "Alias": "ana",
        "Type": "PERSONAL",
        "Plan": {"Stages": [{"DurationInMinutes": 5, "Targets": []}]},
    }


@pytest.mark.parametrize(
    "tags",
    [
        "Key=a,Value=b Key=c,Value=d",
        "Key=a, Value=b Key=c, Value=d",
        '"Key=a,Value=b" "Key=c,Value=d"',
        '{"Key":"a","Value":"b"} {"Key":"c","Value":"d"}',
        '[{"Key":"a","Value":"b"},{"Key":"c","Value":"d"}]',
        "[{Key=a,Value=b},{Key=c,Value=d}]",
        'Key="a",Value=“b” Key=c,Value=d',
    ],
)
def test_a_list_of_structures_is_several_words(tags: str) -> None:
    found = given_by(f"ssm-contacts tag-resource --resource-arn {ANA} --tags {tags}")

    assert found["Tags"] == [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}]


@pytest.mark.parametrize("keys", ["a b", "a,b", "a, b", '["a","b"]', '"a" "b"', "[a,b]"])
def test_a_list_of_texts_is_words_commas_or_json(keys: str) -> None:
    found = given_by(f"ssm-contacts untag-resource --resource-arn {ANA} --tag-keys {keys}")

    assert found["TagKeys"] == ["a", "b"]


@pytest.mark.parametrize("tags", ["a=b,c=d", "a=b c=d", '{"a":"b","c":"d"}', "a=b, c=d"])
def test_a_map_is_pairs_or_json(tags: str) -> None:
    found = given_by(f"ssm-incidents tag-resource --resource-arn {PLAN} --tags {tags}")

    assert found["tags"] == {"a": "b", "c": "d"}


@pytest.mark.parametrize(
    "address",
    ["SimpleAddress=<mailto:a@b.example|a@b.example>", "a@b.example", "“a@b.example”"],
)
def test_a_structure_of_one_text_may_be_the_text(address: str) -> None:
    line = (
        f"ssm-contacts create-contact-channel --contact-id {ANA} --name mail --type email"
        f" --delivery-address {address}"
    )

    assert given_by(line)["DeliveryAddress"] == {"SimpleAddress": "a@b.example"}


def test_text_stays_text_even_if_it_looks_like_json() -> None:
    line = f'{event("now")} --event-data {{"a": [1,  2]}}'
    found = bound(line)

    assert found.parameters["eventData"] == '{"a": [1,  2]}'
    assert found.notes == ("`--event-data` stands there twice; the last one counts.",)


def test_several_bare_words_are_one_text() -> None:
    line = f"ssm-incidents start-incident --response-plan-arn {PLAN} --title Payments are down"

    assert given_by(line)["title"] == "Payments are down"


def test_now_is_understood_within_a_structure() -> None:
    line = (
        f"ssm-incidents start-incident --response-plan-arn {PLAN}"
        " --trigger-details source=custom.check,timestamp=now"
    )

    assert given_by(line)["triggerDetails"] == {"source": "custom.check", "timestamp": NOW}


def test_missing_options_are_all_named_with_what_they_take() -> None:
    problem = refusal("ssm-contacts create-contact")

    assert [member for _, member in problem.missing] == ["Alias", "Type", "Plan"]
    assert [fault.partition(":")[0] for fault in problem.faults] == [
        "Add `--alias`",
        "Add `--type`",
        "Add `--plan`",
    ]
    assert "PERSONAL, ESCALATION, ONCALL_SCHEDULE" in str(problem)


def test_all_faults_are_told_at_once() -> None:
    told = str(
        refusal(
            "ssm-incidents start-incident --impact high --titel x --region moon"
            " --query a[ --related-items title=x --trigger-details source=x,timestamp=later"
        )
    )

    for words in (
        "Add `--response-plan-arn`: a name or an ARN.",
        "`--impact` takes a whole number, 1 to 5; you typed `high`.",
        "start-incident has no `--titel`. Did you mean `--title`?",
        "`--region` takes a region such as us-east-1, not `moon`.",
        "`--query` is no JMESPath",
        "`--related-items` #1: needs `identifier`",
        "`--trigger-details` timestamp: takes a time",
    ):
        assert words in told


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "Type a command"),
        ("ssm-incident list-response-plans", "Did you mean `ssm-incidents`"),
        ("ssm-incidents strat-incident", "Did you mean `start-incident`"),
        ("sns", "Type `@aws sns help`"),
        ("ack", "Type `@aws ack <code>`"),
        (
            "sns publish now",
            "`now` stands alone; name its option, for example `--message ...`.",
        ),
        ("start-incident payments x", "`payments x` stands alone"),
        ("sns publish --message", "`--message` needs a value: text"),
        (f"ssm-incidents start-incident --response-plan-arn {PLAN} --impact 9", "1 to 5"),
        (
            f"ssm-incidents update-incident-record --arn {INCIDENT} --status done",
            "OPEN or RESOLVED",
        ),
        (
            f"ssm-incidents update-incident-record --arn {INCIDENT}"
            " --chat-channel chatbotSns=[],empty={}",
            "`--chat-channel` takes exactly one of chatbotSns, empty",
        ),
        (
            "ssm-contacts create-contact --alias ana --type PERSONAL --plan"
            " Stages=[{DurationInMinute=5,Targets=[]}]",
            "`--plan` Stages #1: has no `DurationInMinute`. Did you mean `DurationInMinutes`?",
        ),
        (
            'ssm-contacts create-contact --alias ana --type PERSONAL --plan {"Stages": [}',
            "`--plan` is no JSON near",
        ),
        (
            "ssm-contacts create-contact --alias ana --type PERSONAL --plan soon",
            "`--plan` cannot be read: `Key=value` is expected",
        ),
        ("sns list-topics --generate-cli-skeleton", "--help"),
        ("sns list-topics " + "--a " * 10_000, "more than 100 options"),
    ],
)
def test_a_refusal_says_what_to_type(line: str, words: str) -> None:
    assert words in str(refusal(line))


@pytest.mark.parametrize(
    ("line", "parameters"),
    [
        ("start-incident payments", {"responsePlanArn": PLAN}),
        ("start-incident payments --title x", {"responsePlanArn": PLAN, "title": "x"}),
        ("ssm-incidents get-incident-record " + INCIDENT, {"arn": INCIDENT}),
    ],
)
def test_what_a_command_is_about_needs_no_option_s_name(
    line: str, parameters: dict[str, str]
) -> None:
    bound = bind(parse(line), "us-east-1", now=NOW, account_id="111122223333")

    assert bound.parameters == parameters


def test_options_of_a_terminal_are_passed_over_and_noted() -> None:
    found = bound(
        "ssm-contacts list-contacts --output json --no-cli-pager --profile me"
        " --endpoint-url <https://example.com>"
    )

    assert found.parameters == {}
    assert len(found.notes) == 4


@pytest.mark.parametrize(
    ("line", "parameters"),
    [
        (
            "ssm-contacts list-contacts --max-items 5 --starting-token abc",
            {
                "MaxResults": 5,
                "NextToken": "abc",
            },
        ),
        ("ssm-incidents list-response-plans --page-size 7", {"maxResults": 7}),
        ("ssm-contacts list-contacts --max-items 5 --page-size 7", {"MaxResults": 5}),
        ("sns list-topics --max-items 5", {}),
    ],
)
def test_the_cli_s_paging_is_the_model_s(line: str, parameters: dict[str, Any]) -> None:
    assert given_by(line) == parameters


def test_cli_input_json_gives_what_the_options_do_not() -> None:
    line = (
        f'ssm-incidents start-incident --cli-input-json \'{{"responsePlanArn": "{PLAN}",'
        ' "title": "from JSON", "impact": 3}\' --title typed'
    )

    assert given_by(line) == {"responsePlanArn": PLAN, "title": "typed", "impact": 3}


def test_region_and_query_are_handed_on() -> None:
    found = bound("sns list-topics --region eu-west-1 --query Topics[].TopicArn")

    assert (found.region, found.query) == ("eu-west-1", "Topics[].TopicArn")


operations = st.sampled_from(
    [(service, name) for service in SERVICES for name in operation_names(service)]
)
scraps = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.text("aK=,[]{}\"'\\ @1:-", max_size=20),
    st.sampled_from(["now", "1", "true", "[]", "{}", "a=b", "[[[", '{"a":1e999}', "1" * 30]),
)


@settings(deadline=None)  # the first use of an operation compiles its rules
@given(operations, st.data())
def test_whatever_is_typed_is_bound_or_refused_in_words(
    operation: tuple[str, str], data: st.DataObject
) -> None:
    service, name = operation
    members = sorted(operation_model(service, name).input_shape.members)
    options = data.draw(
        st.lists(
            st.tuples(st.sampled_from([*members, "cli-input-json", "query"]), scraps),
            max_size=4,
        )
    )
    line = f"{service} {name} " + " ".join(f"--{option} {text}" for option, text in options)

    with suppress(ChatError):
        bound(line)
