from __future__ import annotations

import asyncio
import email
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.email import EmailChannel
from bot.channels.mail import Sender, encoded, message_id, render
from bot.core.channel import Activation, Page, Unavailable, Undeliverable
from tests.channels.vendors import CODE, MailServer, activation, page

ANA = "ana@example.com"
SENDER = Sender.parse("Pager <pager@bot.example>")
ACK = "https://bot.example/ack/token"
STOP = "https://bot.example/unsubscribe/token"


def channel(mailbox: MailServer, **changes: Any) -> EmailChannel:
    values: dict[str, Any] = {
        "username": None,
        "password": None,
        "sender": "Pager <pager@bot.example>",
        "security": "none",
        "timeout": 5,
    }
    return EmailChannel("127.0.0.1", mailbox.port, **{**values, **changes})


def read(message: Page | Activation) -> EmailMessage:
    mail = email.message_from_bytes(render(message, SENDER, ANA), policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words = ""
        self.links: list[str | None] = []

    def handle_data(self, data: str) -> None:
        self.words += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.links += [value for name, value in attrs if name == "href"]


def html(mail: EmailMessage) -> _Words:
    words = _Words()
    words.feed(part(mail, "html"))
    return words


def test_a_page_says_everything_in_both_bodies() -> None:
    mail = read(page(ack_url=ACK, unsubscribe_url=STOP, incident_arn="arn:aws:x::1:y/z"))

    for body in (part(mail, "plain"), html(mail).words):
        for word in (
            "Payments are failing",
            "The error rate is 40 %.",
            CODE,
            "arn:aws:x::1:y/z",
        ):
            assert word in body
        assert "Replies to this mail are not read" in body
    assert ACK in part(mail, "plain")
    assert html(mail).links == [ACK, STOP]


def test_the_headers_tell_machines_what_this_is() -> None:
    mail = read(page(unsubscribe_url=STOP))

    assert mail["From"] == "Pager <pager@bot.example>"
    assert mail["To"] == ANA
    assert mail["Subject"] == "Payments are failing"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == f"<{STOP}>"
    assert mail["List-Unsubscribe-Post"] is None
    assert mail["Date"].datetime == page().created_at
    assert not mail.defects


def test_without_a_public_url_a_page_names_the_chat_command() -> None:
    mail = read(page())

    assert f"@aws ack {CODE}" in part(mail, "plain")
    assert f"@aws ack {CODE}" in html(mail).words
    assert mail["List-Unsubscribe"] is None
    assert html(mail).links == []


def test_the_message_id_is_the_same_at_every_attempt() -> None:
    first, second = read(page()), read(page(repeats=True))

    assert first["Message-ID"] == second["Message-ID"] == message_id(page(), SENDER)
    assert first["Message-ID"] != read(page(key="0198-other"))["Message-ID"]
    assert first["Message-ID"].endswith("@bot.example>")


def test_a_repeated_page_and_a_test_page_say_so() -> None:
    mail = read(page(repeats=True, is_test=True))

    assert mail["Subject"] == "(repeat) [TEST] Payments are failing"
    assert "This is a test page" in part(mail, "plain")


def test_an_activation_holds_its_code() -> None:
    mail = read(activation(address=ANA))

    assert "466136" in part(mail, "plain")
    assert "466136" in html(mail).words
    assert "466136" not in mail["Subject"]


@given(
    subject=st.text(max_size=300),
    content=st.text(max_size=600),
    key=st.text(min_size=1, max_size=80),
    arn=st.text(max_size=100),
)
def test_no_text_can_begin_a_header_or_end_a_body(
    subject: str, content: str, key: str, arn: str
) -> None:
    message = page(subject=subject, content=content, key=key, incident_arn=arn)

    raw = render(message, SENDER, ANA)
    mail = email.message_from_bytes(raw, policy=default)

    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert b"\n" not in raw.replace(b"\r\n", b"")
    expected = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"}
    expected |= {"X-Auto-Response-Suppress", "MIME-Version", "Content-Type"}
    assert set(mail.keys()) - {"X-Incident-Arn"} == expected
    assert [p.get_content_type() for p in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@given(subject=st.text(alphabet=st.characters(categories=["L", "N", "So"]), max_size=150))
def test_a_subject_in_any_language_arrives(subject: str) -> None:
    raw = f"Subject: {encoded(subject)}\r\n\r\n".encode()

    assert email.message_from_bytes(raw, policy=default)["Subject"] == subject


def test_content_in_any_language_arrives() -> None:
    content = "Ошибка.\nStraße = 40 %\n.\n..dots\nFrom here\n" + "x" * 500

    assert content in part(read(page(content=content)), "plain").replace("\r\n", "\n")


async def test_mails_share_kept_connections(mailbox: MailServer) -> None:
    pool = channel(mailbox, connections=2)

    await asyncio.gather(*(pool.send(page(address=ANA)) for _ in range(20)))
    await pool.close()

    assert len(mailbox.mails) == 20
    assert mailbox.connections == 2
    assert mailbox.commands.count("QUIT") == 2
    assert mailbox.mails[0] == render(page(), SENDER, ANA)


async def test_a_connection_that_the_server_left_is_replaced(mailbox: MailServer) -> None:
    pool = channel(mailbox)
    await pool.send(page(address=ANA))

    mailbox.hang_up()
    await pool.send(page(address=ANA))
    mailbox.replies["MAIL"] = "421 4.3.2 closing"
    with pytest.raises(Unavailable):
        await pool.send(page(address=ANA))
    mailbox.replies.clear()
    await pool.send(page(address=ANA))
    await pool.close()

    assert len(mailbox.mails) == 3


async def test_a_refused_recipient_does_not_cost_the_connection(mailbox: MailServer) -> None:
    pool = channel(mailbox)
    mailbox.replies["RCPT"] = f"550 5.1.1 <{ANA}> unknown"

    with pytest.raises(Undeliverable, match="no such mailbox") as refusal:
        await pool.send(page(address=ANA))
    mailbox.replies.clear()
    await pool.send(page(address=ANA))
    await pool.close()

    assert ANA not in str(refusal.value)
    assert refusal.value.code == "550"
    assert mailbox.connections == 1


@pytest.mark.parametrize(
    ("verb", "reply", "expected", "in_doubt"),
    [
        ("MAIL", "451 4.3.0 later", Unavailable, False),
        ("MAIL", "553 5.1.8 who are you", Undeliverable, False),
        ("MAIL", "530 5.7.0 log in first", Unavailable, False),
        ("MAIL", "", Unavailable, False),
        ("RCPT", "450 4.2.0 greylisted", Unavailable, False),
        ("RCPT", "552 5.2.2 full", Undeliverable, False),
        ("RCPT", "421 4.3.2 closing", Unavailable, False),
        ("RCPT", "", Unavailable, False),
        ("DATA", "554 no", Undeliverable, False),
        ("DATA", "", Unavailable, False),
        (".", "452 4.3.1 disk full", Unavailable, False),
        (".", "421 4.3.2 closing", Unavailable, False),
        (".", "554 5.6.0 spam", Undeliverable, False),
        (".", "<html>maintenance</html>", Unavailable, True),
        (".", "", Unavailable, True),
        ("EHLO", "", Unavailable, False),
    ],
)
async def test_temporary_refusals_may_be_tried_again_and_permanent_ones_not(
    mailbox: MailServer, verb: str, reply: str, expected: type[Exception], in_doubt: bool
) -> None:
    mailbox.replies[verb] = reply
    pool = channel(mailbox)

    with pytest.raises(expected) as fault:
        await pool.send(page(address=ANA))
    await pool.close()

    assert mailbox.mails == []
    assert getattr(fault.value, "in_doubt", False) is in_doubt


async def test_a_server_that_falls_silent_over_a_mail_leaves_it_in_doubt(
    mailbox: MailServer,
) -> None:
    mailbox.replies["."] = "250-more to come"

    with pytest.raises(Unavailable) as fault:
        await channel(mailbox, timeout=0.1).send(page(address=ANA))

    assert fault.value.in_doubt


async def test_a_refused_log_in_may_be_mended_and_says_how(mailbox: MailServer) -> None:
    mailbox.extensions = ("AUTH PLAIN",)
    mailbox.replies["AUTH"] = "535 5.7.8 wrong"

    with pytest.raises(Unavailable, match="SMTP_PASSWORD"):
        await channel(mailbox, username="bot", password="wrong").send(page(address=ANA))


async def test_a_server_without_starttls_gets_no_mail_in_the_clear(mailbox: MailServer) -> None:
    with pytest.raises(Unavailable, match="SMTP_SECURITY"):
        await channel(mailbox, security="starttls").send(page(address=ANA))

    assert mailbox.mails == []


async def test_a_silent_server_is_left_after_the_timeout(mailbox: MailServer) -> None:
    mailbox.greeting = "220-more to come"

    with pytest.raises(Unavailable, match="in time") as fault:
        await channel(mailbox, timeout=0.1).send(page(address=ANA))

    assert not fault.value.in_doubt


@pytest.mark.parametrize(
    "address",
    ["ana", "ana@", "@example.com", "a b@example.com", "ana@example.com\r\nDATA", "ж@x.y"],
)
async def test_an_address_that_is_none_never_reaches_the_server(
    mailbox: MailServer, address: str
) -> None:
    with pytest.raises(Undeliverable):
        await channel(mailbox).send(page(address=address))

    assert mailbox.commands == []


async def test_a_domain_in_another_script_is_written_in_idna(mailbox: MailServer) -> None:
    pool = channel(mailbox)
    await pool.send(page(address="ana@bücher.example"))
    await pool.close()

    assert "RCPT TO:<ana@xn--bcher-kva.example>" in mailbox.commands
