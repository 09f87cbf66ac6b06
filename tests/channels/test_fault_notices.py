"""How an owner is told that nothing arrives at an address, and which errors mean that."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtplib import SMTPDataError, SMTPRecipientRefused
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.email import translate
from bot.channels.mail import Sender, render
from bot.channels.sms import compose, segments
from bot.channels.twilio_codes import ACCOUNT, LIMITS, OUTCOMES, REFUSALS, refuses
from bot.core.channel import FaultNotice, Undeliverable
from bot.core.effects.faults import BY_CALL
from tests.channels.vendors import AT, PHONE

FAULT = f"The number cannot receive texts; it may be a landline. (21614) {BY_CALL}"


def notice(**changes: Any) -> FaultNotice:
    values: dict[str, Any] = {
        "key": "0198-fault",
        "address": PHONE,
        "created_at": AT,
        "contact_name": "Ana Lima",
        "channel_name": "work phone",
        "medium": "SMS",
        "fault": FAULT,
    }
    return FaultNotice(**{**values, **changes})


def test_a_mail_says_which_channel_and_the_next_step_in_both_bodies() -> None:
    mail = email.message_from_bytes(
        render(notice(), Sender.parse("pager@bot.example"), "ana@example.com"), policy=default
    )
    assert isinstance(mail, EmailMessage)

    assert mail["Subject"] == "Pages for Ana Lima do not arrive: work phone"
    assert "List-Unsubscribe" not in mail
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert FAULT in body.get_content()
        assert "Pages by text to the contact channel work phone" in body.get_content()
        assert PHONE not in body.get_content()


@given(name=st.text(max_size=300), fault=st.text(max_size=300), repeats=st.booleans())
def test_a_text_is_one_segment(name: str, fault: str, repeats: bool) -> None:
    assert segments(compose(notice(channel_name=name, fault=fault, repeats=repeats))) == 1


def test_a_text_says_which_channel_and_why() -> None:
    text = compose(notice())

    assert text.startswith(
        "imbot: pages by text to work phone do not arrive. The number cannot"
    )


@pytest.mark.parametrize(
    ("code", "about"),
    [
        ("21211", "address"),
        ("30005", "address"),
        ("21614", "texts"),
        ("30006", "texts"),
        ("21408", "texts"),
        ("60410", "texts"),
        ("21215", "address"),
        ("21610", ""),
        ("21617", ""),
        ("21659", ""),
        ("30003", ""),
        ("30007", ""),
        ("30034", ""),
        ("", ""),
    ],
)
def test_r44_a_code_tells_whether_the_number_is_refused_or_only_texts_to_it(
    code: str, about: str
) -> None:
    assert refuses(code) == about


def test_no_fault_of_the_account_or_a_limit_is_a_number_s() -> None:
    assert {refuses(code) for code in (*ACCOUNT, *LIMITS)} == {""}
    known = {*REFUSALS, *OUTCOMES}
    assert all(f"{code}" in known for code in map(str, range(100_000)) if refuses(code))


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ("5.1.1 unknown", "address"),
        ("5.1.10 null MX", "address"),
        ("5.2.1 disabled", "address"),
        ("5.2.2 full", ""),
        ("5.7.1 relaying denied", ""),
        ("no", ""),
    ],
)
def test_a_mail_server_that_knows_no_such_mailbox_refuses_the_address(
    words: str, about: str
) -> None:
    told = translate(SMTPRecipientRefused(550, words, "ana@example.com"))

    assert isinstance(told, Undeliverable)
    assert told.refuses == about


def test_a_mail_that_is_too_large_is_no_fault_of_the_address() -> None:
    told = translate(SMTPDataError(552, "5.3.4 too large"))

    assert isinstance(told, Undeliverable)
    assert told.refuses == ""
