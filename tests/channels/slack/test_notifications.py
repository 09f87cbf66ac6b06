from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels.slack.blocks import text_length
from bot.channels.slack.channel import as_post
from bot.channels.slack.notifications import topic_card
from bot.core.channel import TopicMessage


def message(text: str, **more: Any) -> TopicMessage:
    return TopicMessage(
        key="K1",
        address="C1",
        created_at=datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
        topic_arn="arn:aws:sns:us-east-1:111122223333:news",
        text=text,
        **more,
    )


def custom(**content: Any) -> str:
    given = {"textType": "client-markdown", "title": "Deployed", "description": "Done."}
    document = {"version": "1.0", "source": "custom", "content": given | content}
    return json.dumps(document | {"metadata": {"additionalContext": {"stage": "prod"}}})


def words(text: str, **more: Any) -> str:
    return json.dumps(topic_card(message(text, **more)).blocks, ensure_ascii=False)


def test_a_custom_notification_is_a_card() -> None:
    text = custom(
        description="*v2* is out, see <https://example.com/v2|the notes> <@U0ANA>",
        nextSteps=["Look at `errors`"],
        keywords=["payments"],
    )
    card = topic_card(message(text))
    said = words(text)

    assert card.text == "Deployed"
    assert card.blocks[0]["type"] == "header"
    for part in (
        "*v2* is out, see <https://example.com/v2|the notes> <@U0ANA>",
        "• Look at `errors`",
        "`payments`",
        "*stage*\\nprod",
        "Custom notification · Topic `news`",
    ):
        assert part in said


@pytest.mark.parametrize("ping", ["<!channel>", "<!here>", "<!subteam^S123>", "<!everyone>"])
def test_a_notification_pings_no_whole_channel(ping: str) -> None:
    assert ping not in words(custom(description=f"All hands {ping}"))
    assert ping not in words(f"All hands {ping}")
    assert ping not in topic_card(message("x", subject=f"All hands {ping}")).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"description": ""},
        {"description": 1},
        {"title": "x" * 251},
        {"description": "x" * 8001},
        {"textType": "html"},
    ],
)
def test_what_breaks_the_schema_is_shown_as_it_is(wrong: dict[str, Any]) -> None:
    card = topic_card(message(custom(**wrong)))

    assert all(block["type"] != "header" for block in card.blocks)
    assert "client" in json.dumps(card.blocks) or "html" in json.dumps(card.blocks)


def test_a_long_description_is_shown_whole() -> None:
    lines = "\n".join(f"line {number:04}" for number in range(790))
    card = topic_card(message(custom(description=lines)))
    said = json.dumps(card.blocks)

    assert all(f"line {number:04}" in said for number in range(790))
    assert all(text_length(block) <= 3000 for block in card.blocks)


def test_an_alarm_says_its_state_and_reason() -> None:
    alarm = {
        "AlarmName": "errors",
        "NewStateValue": "ALARM",
        "OldStateValue": "OK",
        "NewStateReason": "Threshold crossed",
        "Region": "EU (Ireland)",
    }
    said = words(json.dumps(alarm))

    for part in ("ALARM: errors", "Threshold crossed", "EU (Ireland)", "CloudWatch alarm"):
        assert part in said


def test_plain_text_is_shown_under_its_subject() -> None:
    card = topic_card(message("The disk is <full> & slow", subject="Disk"))

    assert card.text == "Disk"
    assert "The disk is &lt;full&gt; &amp; slow" in json.dumps(card.blocks)


@pytest.mark.parametrize("text", ['{"a": 1}', "[1, 2]", "null", "{", '"text"', " "])
def test_any_text_has_a_card(text: str) -> None:
    assert topic_card(message(text)).blocks


def test_it_is_posted_in_its_thread() -> None:
    assert as_post(message("x", thread_ts="1.000")).thread_ts == "1.000"
