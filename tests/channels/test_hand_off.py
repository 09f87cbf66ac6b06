"""How mail, text and Slack say that other people are on call."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from bot.channels.mail import Sender, render
from bot.channels.slack.channel import as_post
from bot.channels.sms import compose, segments
from bot.core.channel import Activation, HandOff
from tests.channels.vendors import AT, PHONE, activation


def hand_off(**changes: Any) -> HandOff:
    values: dict[str, Any] = {
        "key": "0198-hand-off",
        "address": PHONE,
        "created_at": AT,
        "to": "coming",
        "rotation": "primary",
        "zone": "Europe/Dublin",
        "schedules": ["Payments"],
        "before": ["Ana"],
        "now": ["Ben"],
        "next": ["Cleo"],
        "since": "2026-03-30T08:00:00+00:00",
        "until": "2026-04-06T08:00:00+00:00",
    }
    return HandOff(**{**values, **changes})


def read(message: HandOff | Activation) -> EmailMessage:
    mail = email.message_from_bytes(
        render(message, Sender.parse("pager@bot.example"), "ana@example.com"), policy=default
    )
    assert isinstance(mail, EmailMessage)
    return mail


def words_of(message: HandOff) -> str:
    post = as_post(message)
    told = [
        element["text"]
        for block in post.blocks
        for element in [block.get("text"), *block.get("elements", ())]
        if element
    ]
    return "\n".join(str(each) for each in told)


def test_a_mail_says_whose_turn_it_is_in_the_time_of_the_rotation() -> None:
    mail = read(hand_off())
    body = mail.get_body(("plain",))

    assert mail["Subject"] == "You are on call: primary"
    assert mail["List-Unsubscribe"] is None
    assert body is not None
    text = body.get_content()
    assert "On call since Mon 30 Mar 09:00: Ben." in text
    assert "From Mon 6 Apr 09:00: Cleo." in text
    assert "Before: Ana." in text
    assert "Rotation primary, schedule Payments. Times are those of Europe/Dublin." in text


def test_a_mail_to_who_leaves_says_so() -> None:
    mail = read(hand_off(to="leaving", until=None, now=[]))
    body = mail.get_body(("plain",))

    assert mail["Subject"] == "You are off call: primary"
    assert body is not None
    assert "On call since Mon 30 Mar 09:00: nobody." in body.get_content()


@pytest.mark.parametrize("rotation", ["primary", "Zahlungen " * 40, "决" * 100])
def test_a_text_is_one_segment(rotation: str) -> None:
    assert segments(compose(hand_off(rotation=rotation))) == 1


def test_a_text_says_until_when() -> None:
    assert compose(hand_off()) == (
        "On call: primary until Mon 6 Apr 09:00 Europe/Dublin, then Cleo."
    )
    assert compose(hand_off(to="leaving")) == "Off call: primary. Now: Ben."


def test_a_post_shows_times_in_the_zone_of_each_reader() -> None:
    words = words_of(hand_off(to="everybody"))

    assert words.startswith("*Ben* on call in *primary* now.")
    assert "since <!date^1774857600^" in words
    assert "until <!date^1775462400^" in words
    assert "then *Cleo*" in words
    assert "before: *Ana*" in words


def test_a_post_says_that_nobody_is_on_call() -> None:
    assert "*✗ Nobody* on call in *primary*" in words_of(hand_off(to="everybody", now=[]))


def test_names_are_escaped_once() -> None:
    post = as_post(hand_off(rotation="a & b <!channel>"))

    assert "<!channel>" not in words_of(hand_off(rotation="a & b <!channel>"))
    assert post.text == "You are on call in a &amp; b &lt;!channel&gt; now."


def test_an_activation_mail_offers_the_sender_s_card_beside_the_way_out() -> None:
    url = "https://bot.example.com/sender/abc.vcf"
    out = "https://bot.example.com/unsubscribe/def"
    mail = read(activation(sender_card_url=url, unsubscribe_url=out))

    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert url in body.get_content()
        assert out in body.get_content()
