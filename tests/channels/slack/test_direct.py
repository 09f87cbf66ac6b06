"""Direct messages with buttons."""

from __future__ import annotations

import json
from dataclasses import replace

from bot.channels.slack import direct
from bot.channels.slack.channel import as_post
from bot.core.channel import DirectPage, LinkRequest
from tests.channels.slack.test_cards import AT, shown

PAGE = DirectPage(
    key="0198-direct",
    address="D1",
    created_at=AT,
    subject="Payments <are> failing",
    content="Card payments are refused.",
    reason="Payments on call (stage 1)",
    button="0198-message",
)
ASKED = LinkRequest(
    key="0198-asked",
    address="U1",
    created_at=AT,
    contact_name="Ana",
    asked_by="Dana",
    button="0198-link",
)


def test_a_page_says_what_is_wrong_and_who_led_there_and_has_one_button() -> None:
    text = shown(direct.direct_page_card(PAGE))

    for said in ("Payments <are> failing", "Card payments are refused.", "Payments on call"):
        assert said in text
    assert text.count('"type": "button"') == 1
    assert '"value": "0198-message"' in text


def test_a_page_that_waits_for_nobody_says_why_and_has_no_button() -> None:
    over = replace(PAGE, state="Acknowledged by Ana at 09:30 UTC.", ts="1.1")
    text = shown(direct.direct_page_card(over))

    assert "Acknowledged by Ana at 09:30 UTC." in text
    assert '"type": "button"' not in text
    assert as_post(over).ts == "1.1"


def test_a_test_page_says_so_first() -> None:
    card = direct.direct_page_card(replace(PAGE, is_test=True))

    assert card.text.startswith("[TEST] ")
    assert "[TEST] Payments" in shown(card)
    assert direct.OF_A_PAGE not in shown(card)


def test_somebody_is_asked_by_name_with_a_way_to_say_no() -> None:
    text = shown(direct.link_request_card(ASKED))

    assert "*Dana* asks: are you the contact *Ana*?" in text
    assert direct.CONFIRM in text
    assert direct.DECLINE in text
    assert as_post(ASKED).address == "U1"


def test_neither_message_prints_what_it_says() -> None:
    assert "Payments <are>" not in repr(PAGE)
    assert "Ana" not in repr(ASKED)


def test_texts_of_any_length_fit_into_one_message() -> None:
    long = replace(PAGE, subject="x" * 5_000, content="<&>" * 9_000, reason="y" * 5_000)

    assert len(json.dumps(shown(direct.direct_page_card(long)))) < 20_000
