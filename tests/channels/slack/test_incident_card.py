"""What of the incident's card changes with time and place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.channels.slack.cards import incident_card
from bot.channels.slack.channel import as_post
from bot.channels.slack.sayings import timeline_entry
from bot.channels.slack.words import duration
from bot.core.channel import Notice, Post
from tests.channels.slack.test_cards import AT, RECORD, shown


def fields_of(card: Any) -> dict[str, str]:
    [block] = [block for block in card.blocks if "fields" in block]
    return dict(item["text"].split("\n", 1) for item in block["fields"])


def test_the_duration_counts_on_while_open_and_stands_once_resolved() -> None:
    open_card = incident_card(RECORD, at=AT + timedelta(minutes=12))
    resolved = {**RECORD, "status": "RESOLVED", "resolvedTime": AT + timedelta(hours=26)}

    told = fields_of(open_card)["*Duration*"]
    assert told == f"<!date^{int(AT.timestamp())}^started {{ago}}|12 min so far>"
    assert fields_of(incident_card(resolved))["*Duration*"] == "1 d 2 h"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=60), "1 h"),
        (timedelta(days=2, minutes=3, seconds=9), "2 d 3 min"),
    ],
)
def test_durations_are_said_in_whole_units(value: timedelta, said: str) -> None:
    assert duration(value) == said


def test_a_link_is_one_only_where_slack_would_follow_it() -> None:
    links = [
        {"title": "A|B <run>", "target": "https://wiki.example.com/a?b=1&c=2"},
        {"title": "Odd", "target": "https://evil.example.com/|@channel>"},
        {"title": "Table", "target": "arn:aws:dynamodb:us-east-1:111122223333:table/t"},
    ]

    text = shown(incident_card(RECORD, links=links))

    assert "<https://wiki.example.com/a?b=1&amp;c=2|A¦B &lt;run&gt;>" in text
    assert "`https://evil.example.com/|@channel&gt;`" in text
    assert "Table `arn:aws:dynamodb" in text


@pytest.mark.parametrize("channels", [[], ["C1", "C2"]])
def test_a_card_that_is_left_behind_points_on_and_has_no_button(channels: list[str]) -> None:
    card = incident_card(RECORD, moved_to=channels)

    assert not any(block["type"] == "actions" for block in card.blocks)
    assert "not kept up to date any more" in shown(card)
    assert ("goes on in <#C1>, <#C2>." in shown(card)) is bool(channels)


def post_of(event: dict[str, Any], **more: Any) -> Post:
    at = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    incident = {**RECORD, "creationTime": at.isoformat()}
    return as_post(
        Notice(key="k", address="C1", created_at=at, incident=incident, event=event, **more)
    )


@pytest.mark.parametrize(
    ("attribute", "is_broadcast"),
    [("impact", True), ("status", True), ("title", False), ("summary", False)],
)
def test_only_impact_and_status_leave_the_thread(attribute: str, is_broadcast: bool) -> None:
    changes = [{"attributeName": attribute, "newValue": "2"}]
    event = {
        "eventType": "SSM Incident Record Update",
        "eventData": {"modifiedAttributes": changes},
    }

    assert post_of(event).broadcast is is_broadcast


def test_a_custom_event_never_leaves_the_thread() -> None:
    data = {"modifiedAttributes": [{"attributeName": "impact"}]}

    assert post_of({"eventType": "Custom Event", "eventData": data}).broadcast is False


def test_a_message_on_the_timeline_pings_nobody() -> None:
    message = {
        "text": "<!channel> look",
        "author": "Ana*",
        "addedBy": "Ben",
        "link": "https://example.slack.com/archives/C1/p1",
    }
    data = {"slackMessage": message}

    said = timeline_entry({"eventType": "Custom Event", "eventData": data})

    assert said == (
        "*Ana∗* wrote (added by Ben): &lt;!channel&gt; look "
        "<https://example.slack.com/archives/C1/p1|in Slack>"
    )
