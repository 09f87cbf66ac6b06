"""Names where the model takes ARNs."""

from __future__ import annotations

import pytest

from bot.commands.binding import bind
from bot.commands.grammar import parse
from bot.commands.problems import ChatError

ACCOUNT = "111122223333"
PLAN = f"arn:aws:ssm-incidents::{ACCOUNT}:response-plan/payments"
ROTATION = (
    f"arn:aws:ssm-contacts:us-east-1:{ACCOUNT}:rotation/01a22686-4230-7000-98ec-1347d0801052"
)
ANA = f"arn:aws:ssm-contacts:us-east-1:{ACCOUNT}:contact/ana"


@pytest.mark.parametrize(
    ("line", "member", "arn"),
    [
        ("ssm-incidents start-incident --response-plan-arn payments", "responsePlanArn", PLAN),
        ("ssm-incidents get-response-plan --arn payments", "arn", PLAN),
        (f"ssm-incidents start-incident --response-plan-arn {PLAN}", "responsePlanArn", PLAN),
        ("ssm-contacts get-contact --contact-id ana", "ContactId", ANA),
        ("ssm-contacts get-contact --contact-id Ana", "ContactId", ANA),
        (
            "update-rotation --rotation-id " + ROTATION + " --contact-ids ana --recurrence "
            "NumberOfOnCalls=1,RecurrenceMultiplier=1",
            "ContactIds",
            [ANA],
        ),
        (f"update-response-plan {PLAN} --engagements ana {ANA}", "engagements", [ANA, ANA]),
        (
            "sns get-topic-attributes --topic-arn chat --region eu-west-1",
            "TopicArn",
            f"arn:aws:sns:eu-west-1:{ACCOUNT}:chat",
        ),
    ],
)
def test_a_name_stands_for_the_arn_of_the_caller_s_account(
    line: str, member: str, arn: str | list[str]
) -> None:
    whole = bind(parse(line), "us-east-1", account_id=ACCOUNT)

    assert whole.parameters[member] == arn


def test_a_name_never_stands_for_an_incident() -> None:
    with pytest.raises(ChatError):
        bind(
            parse("ssm-incidents get-incident-record --arn payments"),
            "us-east-1",
            account_id=ACCOUNT,
        )
