from __future__ import annotations

import json
from typing import Any

from bot.channels.slack.reachability import reachability_card
from bot.channels.slack.results import Card
from tests.channels.slack.test_blocks import judged


def finding(name: str, reason: str, kind: str = "PERSONAL") -> dict[str, Any]:
    arn = f"arn:aws:ssm-contacts:us-east-1:111122223333:contact/{name}"
    return {"Arn": arn, "Type": kind, "DisplayName": name, "Reason": reason}


def answer(*unreachable: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"CheckedCount": 4, "Unreachable": list(unreachable), "Doubts": [], **more}


def shown(card: Card) -> str:
    judged(*card.blocks)
    return json.dumps(card.blocks, ensure_ascii=False)


def test_everybody_is_well() -> None:
    card = reachability_card(answer())

    assert "✓ Each of 4 contacts, plans and schedules" in card.text
    assert card.attachment is None


def test_an_empty_house_says_so() -> None:
    assert "There are no contacts" in reachability_card(answer(CheckedCount=0)).text


def test_each_is_named_under_its_kind_with_its_reason() -> None:
    card = reachability_card(
        answer(
            finding("team", "Nobody it engages can be reached: ana.", "ESCALATION"),
            finding("ana", "Its plan has <no> stages."),
            Doubts=[finding("ben", "Can be paged, but sms (SMS) is not activated.")],
        )
    )

    words = shown(card)
    assert "✗ 2 of 4" in card.text
    assert "*✗ Escalation plans*\\n• *team* Nobody it engages" in words
    assert "*✗ People*\\n• *ana* Its plan has &lt;no&gt; stages." in words
    assert "*⚠ Only in part*\\n• *ben* Can be paged, but" in words


def test_what_does_not_fit_is_in_a_file() -> None:
    lost = [
        finding(f"person-{number}", "Its plan has no stages. " * 20) for number in range(90)
    ]

    card = reachability_card(answer(*lost))

    assert "… and 78 others, in the attached file." in shown(card)
    assert card.attachment is not None
    assert card.attachment.count("\n") == 89
