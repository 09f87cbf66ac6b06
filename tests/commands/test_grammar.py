"""Every form in which a command is typed, and what is read from it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.grammar import Command, Option, Value, _Reader, parse, read_common
from bot.commands.problems import ChatError

ARN = "arn:aws:ssm-incidents::111122223333:response-plan/payments"


def shown(command: Command) -> dict[str, list[str]]:
    return {name: [value.text for value in values] for name, values in command.options}


def texts(line: str) -> dict[str, list[str]]:
    return shown(parse(f"<@U0123ABC> sns publish {line}"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("<@U123> ssm-incidents start-incident", ("ssm-incidents", "start-incident")),
        ("<@U123|aws> ack 425440", ("ack", "425440")),
        ("  <@U123>:  ack 425440", ("ack", "425440")),
        ("@aws ack 425440", ("ack", "425440")),
        ("@Amazon Q ack 425440", ("ack", "425440")),
        ("/aws ack 425440", ("ack", "425440")),
        ("aws sns list-topics", ("sns", "list-topics")),
        ("$ aws sns list-topics", ("sns", "list-topics")),
        ("test-page ana", ("test-page", "ana")),
        ("help", ("help",)),
        ("<@U123> *ssm-incidents* _start-incident_", ("ssm-incidents", "start-incident")),
        ("*<@U123> ack 425440*", ("ack", "425440")),
        ("`ack 425440`", ("ack", "425440")),
        ("<@U123> ```ack\n425440```", ("ack", "425440")),
        ("&gt; <@U123> ack\n&gt; 425440", ("ack", "425440")),
        ("\ufeff<@U123>\u00a0ack\u200b\u202f425440\u2060", ("ack", "425440")),
        ("ack <@U7>", ("ack", "U7")),
        ("", ()),
        ("<@U123>", ()),
    ],
)
def test_words_before_the_first_option_are_the_command(
    line: str, words: tuple[str, ...]
) -> None:
    assert parse(line).words == words


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("--title x", {"title": ["x"]}),
        ("-title x", {"title": ["x"]}),
        ("—title x", {"title": ["x"]}),
        ("–title x", {"title": ["x"]}),
        ("−title x", {"title": ["x"]}),
        ("―title x", {"title": ["x"]}),
        ("--topic‑arn x", {"topic-arn": ["x"]}),
        ("--title=x", {"title": ["x"]}),
        ("—title=“x y”", {"title": ["x y"]}),
        ("--title=-1", {"title": ["-1"]}),
        ("--title=--x", {"title": ["--x"]}),
        ("--title= --impact 1", {"title": [""], "impact": ["1"]}),
        ("--title= x", {"title": ["x"]}),
        ('--title ""', {"title": [""]}),
        ("--impact -1", {"impact": ["-1"]}),
        (
            "--title Payments are failing --impact 1",
            {
                "title": ["Payments", "are", "failing"],
                "impact": ["1"],
            },
        ),
        ("--title Payments — all of them", {"title": ["Payments", "—", "all", "of", "them"]}),
        ("--flag --other", {"flag": [], "other": []}),
        ("*--title* x --impact 1", {"title": ["x"], "impact": ["1"]}),
        (
            "--title *Payments fail* --impact *1*",
            {
                "title": ["Payments", "fail"],
                "impact": ["1"],
            },
        ),
        ('--title *"Payments fail"*', {"title": ["Payments fail"]}),
        ("*--title Payments fail*", {"title": ["Payments", "fail"]}),
        ("--title `Payments fail`", {"title": ["Payments", "fail"]}),
        ("--resource *", {"resource": ["*"]}),
        ("--title x \\\n  --impact 1", {"title": ["x"], "impact": ["1"]}),
        ("--title x\n--impact\u00a01", {"title": ["x"], "impact": ["1"]}),
    ],
)
def test_options_are_read_as_they_were_meant(line: str, options: dict[str, list[str]]) -> None:
    assert texts(line) == options


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ('"Payments fail"', "Payments fail"),
        ("'Payments fail'", "Payments fail"),
        ("“Payments fail”", "Payments fail"),
        ("„Payments fail“", "Payments fail"),
        ("”Payments fail”", "Payments fail"),
        ("«Payments fail»", "Payments fail"),
        ("‘Payments fail’", "Payments fail"),
        ('“Payments fail"', "Payments fail"),
        ("“It’s failing”", "It’s failing"),
        ('"It\'s failing"', "It's failing"),
        ('"The “big” one"', "The “big” one"),
        (r'"a \"quoted\" word"', 'a "quoted" word'),
        (r"'it'\''s'", "it's"),
        (r'"back\\slash"', "back\\slash"),
        (r'"C:\temp"', r"C:\temp"),
        ('"--not an option"', "--not an option"),
        ('\'{"a": "b c"}\'', '{"a": "b c"}'),
        ('"{"a": "b c"}"', '{"a": "b c"}'),
        ("“{“a”: “b c”}”", "{“a”: “b c”}"),
        ('"a &lt;b&gt; &amp; c"', "a <b> & c"),
        ('"a&amp;lt;b"', "a&lt;b"),
        ('"line one\nline two"', "line one\nline two"),
    ],
)
def test_a_quoted_value_is_one_word_without_its_quotes(typed: str, text: str) -> None:
    option = parse(f"sns publish --message {typed} --impact 1").options[0]

    assert option == Option("message", (Value(text, True),))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("don't stop", ["don't", "stop"]),
        ("'tis bad", ["'tis", "bad"]),
        ('"never closed', ["never", "closed"]),
        ('"never “closed”', ["never", "closed"]),
        ("“never closed", ["never", "closed"]),
        ("‘it’s bad’", ["it’s", "bad"]),
        ('5" disk', ['5"', "disk"]),
        ("[prod] Payments fail", ["[prod]", "Payments", "fail"]),
        ("Payments :[ fail", ["Payments", ":[", "fail"]),
        (r"C:\temp x", [r"C:\temp", "x"]),
        ("a@b.example", ["a@b.example"]),
    ],
)
def test_stray_quotes_and_brackets_do_no_harm(typed: str, words: list[str]) -> None:
    assert texts(f"--message {typed} --impact 1") == {"message": words, "impact": ["1"]}


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("<mailto:ana@example.com|ana@example.com>", "ana@example.com"),
        ("SimpleAddress=<mailto:a@b.example|a@b.example>", "SimpleAddress=a@b.example"),
        ("<tel:+15550100|+1 555 0100>", "+15550100"),
        ("<http://example.com|example.com>", "example.com"),
        ("<https://example.com/?a=1&amp;b=2>", "https://example.com/?a=1&b=2"),
        ("<https://example.com/x|the runbook>", "https://example.com/x"),
        ("<#C0123|incidents>", "C0123"),
        ("<#C0123>", "C0123"),
        ("<@U0123>", "U0123"),
        ("<!here>", "@here"),
    ],
)
def test_slack_links_become_what_was_typed(typed: str, text: str) -> None:
    assert texts(f"--message {typed} --impact 1") == {"message": [text], "impact": ["1"]}


def test_json_over_several_lines_is_one_value() -> None:
    plan = '{"Stages": [\n  {"DurationInMinutes":  5, "Note": "a ] and  -- b"}\n]}'

    for line in (
        f"--plan {plan} --x 1",
        f"--plan\n```{plan}```\n--x 1",
        f"--plan={plan} --x 1",
    ):
        found = texts(line)
        assert (found["plan"][0].strip(), found["x"]) == (plan, ["1"])


def test_quotes_and_brackets_within_shorthand_are_kept() -> None:
    line = '--tags Key="a b",Value=x Key=c --stages Stages=[{D=1, T=[a, b]}, {D=2}]'

    assert texts(line) == {
        "tags": ['Key="a b",Value=x', "Key=c"],
        "stages": ["Stages=[{D=1, T=[a, b]}, {D=2}]"],
    }


def test_the_broken_example_of_the_guide_is_understood() -> None:
    command = parse(
        '@aws ssm-incidents create-timeline-event --event-data "\\"example timeline event"\\"'
        " --event-time 2023-03-31 T20:30:00.000  --event-type Custom Event"
        f" --incident-record-arn {ARN}"
    )

    assert shown(command) == {
        "event-data": ['"example timeline event"'],
        "event-time": ["2023-03-31", "T20:30:00.000"],
        "event-type": ["Custom", "Event"],
        "incident-record-arn": [ARN],
    }


def test_region_query_and_help_stand_apart() -> None:
    command = parse("sns list-topics —region us–west–2 --query 'Topics[*].TopicArn' -h")

    assert (command.region, command.query) == ("us-west-2", "Topics[*].TopicArn")
    assert command.help
    assert command.options == ()


def test_a_query_keeps_its_stars_and_backticks() -> None:
    assert parse("sns list-topics --query x[?n==`1`].[*]").query == "x[?n==`1`].[*]"


@pytest.mark.parametrize("line", ["help", "sns help", "sns --help", "sns publish --HELP"])
def test_help_is_seen_wherever_it_is_asked(line: str) -> None:
    assert parse(line).help


@pytest.mark.parametrize("value", ["file://plan.json", '"fileb://x"', "FILE:///etc/passwd"])
def test_a_file_is_refused_in_words(value: str) -> None:
    with pytest.raises(ChatError, match="no file is read here"):
        parse(f"sns publish --message {value}")


def test_a_url_is_plain_text() -> None:
    assert texts("--message https://example.com") == {"message": ["https://example.com"]}


@pytest.mark.parametrize("option", ["region", "query"])
def test_a_common_option_without_value_is_refused(option: str) -> None:
    with pytest.raises(ChatError, match=f"--{option}"):
        parse(f"sns list-topics --{option}")


names = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}(-[a-z0-9]{1,5}){0,2}", fullmatch=True).filter(
    lambda name: name.lower() not in ("region", "query", "help", "h")
)
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
plain = st.text(st.characters(categories=["L", "N"], include_characters=" .,;-'"), max_size=30)


def double_quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@given(st.lists(st.tuples(names, plain), max_size=5), st.sampled_from(["--", "-", "—", "– "]))
def test_quoted_options_come_back_as_they_were(
    options: list[tuple[str, str]], dash: str
) -> None:
    parts = [f"{dash.strip()}{name} {double_quoted(text)}" for name, text in options]
    command = parse(escaped("sns publish " + " ".join(parts)))

    assert [(option.name, option.values) for option in command.options] == [
        (name, (Value(text, True),)) for name, text in options
    ]


@given(anything)
def test_any_line_is_read_or_refused_in_words(line: str) -> None:
    with suppress(ChatError):
        parse(line)


@given(
    st.lists(
        st.sampled_from(['"', "'", "“", "{", "[", "]", "=", " ", "--a", "x", "\\", "`", "\n"])
    )
)
def test_any_heap_of_marks_is_read(pieces: list[str]) -> None:
    parse("".join(pieces))


@pytest.mark.parametrize("line", ["'[“", '"{x', "x \\\n", "--a=\\\n", '--a *x ""', "*--a ="])
def test_a_torn_line_comes_to_an_end(line: str) -> None:
    parse(line)


@given(st.text("ab- \"'_*=.\n", max_size=40))
def test_the_short_way_reads_what_the_long_way_reads(line: str) -> None:
    common = read_common(line)

    assert common is None or common == _Reader(line).read()


@pytest.mark.parametrize(
    "piece", ["[ ", '" ', "{", '="x ', "“a ", "--a ", "<", "* ", "\\", "'a"]
)
def test_forty_thousand_characters_are_read_at_once(piece: str) -> None:
    parse("sns publish --message " + piece * (40_000 // len(piece)))
