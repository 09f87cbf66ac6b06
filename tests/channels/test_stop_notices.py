"""How mail and text say that nobody waits any more for who was paged."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.mail import Sender, render
from bot.channels.sms import compose, segments
from bot.core.channel import StopNotice
from tests.channels.vendors import AT, PHONE

WORDS = "No longer needed: the incident was resolved by Ana Lima at 10:32 UTC."


def notice(**changes: Any) -> StopNotice:
    values: dict[str, Any] = {
        "key": "0198-notice",
        "address": PHONE,
        "created_at": AT,
        "subject": "Card payments are failing",
        "public_subject": "Payments are failing",
        "words": WORDS,
    }
    return StopNotice(**{**values, **changes})


def read(message: StopNotice) -> EmailMessage:
    mail = email.message_from_bytes(
        render(message, Sender.parse("pager@bot.example"), "ana@example.com"), policy=default
    )
    assert isinstance(mail, EmailMessage)
    return mail


def test_a_text_says_what_it_is_about_and_who_ended_it() -> None:
    assert compose(notice()) == f"Payments are failing\n{WORDS}"


def test_a_text_never_says_the_secret_subject_or_the_reason() -> None:
    text = compose(notice(reason="The vault was closed"))

    assert "Card" not in text
    assert "vault" not in text


@given(
    subject=st.text(max_size=300),
    name=st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs")), max_size=40),
    repeats=st.booleans(),
)
def test_a_text_is_one_segment_whoever_ended_it(subject: str, name: str, repeats: bool) -> None:
    words = f"No longer needed: the incident was resolved by {name} at 10:32 UTC."
    text = compose(notice(public_subject=subject, words=words, repeats=repeats, is_test=True))

    assert segments(text) == 1
    assert "No longer needed" in text


def test_a_mail_answers_the_page_and_says_the_reason() -> None:
    mail = read(notice(reason="It was a drill", page_id="<0198-page@bot.example>"))
    body = mail.get_body(("plain",))
    assert body is not None

    assert mail["Subject"] == "No longer needed: Card payments are failing"
    assert mail["In-Reply-To"] == mail["References"] == "<0198-page@bot.example>"
    assert WORDS in body.get_content()
    assert "It was a drill" in body.get_content()


def test_a_page_id_that_is_no_message_id_begins_no_header() -> None:
    mail = read(notice(page_id="<a@b>\r\nBcc: everybody@example.com"))

    assert mail["In-Reply-To"] is None
    assert mail["Bcc"] is None
