from __future__ import annotations

import pytest

from bot.commands.names import VERBS, verb_meant, with_service
from bot.commands.problems import ChatError
from bot.core.service_models import SERVICES, kebab, operation_names


def refusal(line: str) -> str:
    with pytest.raises(ChatError) as caught:
        with_service(line.split())
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "whole"),
    [
        ("start-incident x", "ssm-incidents start-incident x"),
        ("StartIncident", "ssm-incidents StartIncident"),
        ("get-contact ana", "ssm-contacts get-contact ana"),
        ("sns publish", "sns publish"),
    ],
)
def test_a_service_may_be_left_out_where_only_one_has_the_operation(
    line: str, whole: str
) -> None:
    assert list(with_service(line.split())) == whole.split()


def test_an_operation_of_several_services_names_them_all() -> None:
    told = refusal("tag-resource")

    assert "`@aws ssm-incidents tag-resource`" in told
    assert "`@aws sns tag-resource`" in told


@pytest.mark.parametrize(
    ("line", "suggested"),
    [
        ("who is oncall", "Type `@aws who is on call`."),
        ("who is reachble", "Type `@aws who is reachable`."),
        ("whois reachable", "Did you mean `who is reachable`?"),
        ("strat-incident", "Did you mean `ssm-incidents start-incident`?"),
        ("list contacts", "Did you mean `ssm-contacts list-contacts`?"),
        ("list incidents", "Did you mean `list-incident-records`?"),
        ("start payments", "Did you mean `start-incident <response plan>`?"),
        ("resolve", "Did you mean `update-incident-record <ARN> --status RESOLVED`?"),
        ("acknowlege 425440", "Did you mean `ack <code>`?"),
        ("engage ben", "Did you mean `start-engagement`?"),
        ("tset-page ana", "Did you mean `test-page <contact>`?"),
    ],
)
def test_a_line_that_begins_wrongly_is_answered_with_what_was_meant(
    line: str, suggested: str
) -> None:
    assert suggested in refusal(line)


def test_every_verb_is_meant_by_its_own_words() -> None:
    assert [verb for verb in VERBS if verb_meant(verb.split()) != verb] == []


def test_no_verb_hides_an_operation_that_may_go_without_its_service() -> None:
    operations = {kebab(name) for service in SERVICES for name in operation_names(service)}

    assert operations & {verb.split()[0] for verb in VERBS} == {"test-page"}
