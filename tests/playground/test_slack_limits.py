from __future__ import annotations

from typing import Any

import pytest

from bot.playground.slack_limits import block_faults, text_length, view_faults

MRKDWN = {"type": "mrkdwn", "text": "x"}


def plain(length: int) -> dict[str, str]:
    return {"type": "plain_text", "text": "x" * length}


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        (
            {"type": "header", "text": plain(151)},
            "less than 151",
        ),
        ({"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}, "less than 3001"),
        ({"type": "section", "text": {"type": "mrkdwn", "text": ""}}, "more than 0"),
        (
            {"type": "context", "elements": [MRKDWN] * 11},
            "no more than 10",
        ),
        ({"type": "nonsense"}, "unsupported type"),
        (
            {
                "type": "actions",
                "elements": [{"type": "button", "text": plain(76)}],
            },
            "less than 76",
        ),
    ],
)
def test_a_block_over_its_limit_is_named_with_the_reason(
    block: dict[str, Any], complaint: str
) -> None:
    (fault,) = block_faults([block], surface="message")

    assert complaint in fault
    assert "[json-pointer:/blocks/0" in fault


def test_a_modal_with_an_input_needs_a_button_to_submit_it() -> None:
    label = {"type": "plain_text", "text": "Title"}
    element = {"type": "plain_text_input", "action_id": "title"}
    blocks = [{"type": "input", "label": label, "element": element}]
    view = {"type": "modal", "title": label, "blocks": blocks}

    assert view_faults(view) == ["missing required field: submit [json-pointer:/view]"]
    assert view_faults(view | {"submit": label}) == []


def test_every_text_of_a_message_counts() -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "abc"}, "fields": [MRKDWN]}

    assert text_length([section, section]) == 8
