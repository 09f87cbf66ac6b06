from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.mail import Sender, render
from bot.channels.mail_reading import read_mail
from bot.channels.mail_words import unquoted
from bot.channels.mailbox import LONGEST_MAIL
from bot.core.channel import Bounce, MailReply, Page
from bot.core.replies.mails import meaning
from tests.channels.vendors import page

OURS = "<01a1fc45-e8c5-73a6-947f-26758d5ea9e9@example.com>"
THREAD = "<01a1fc45-e8c5-73a6-947f-26758d5ea9e9.thread@example.com>"
RENAMED = "<0100018f-000000@eu-west-1.amazonses.com>"
CODE = "425440"


def mail(body: str, *headers: str, kind: str = "text/plain; charset=utf-8") -> bytes:
    head = [f"In-Reply-To: {OURS}", f"Content-Type: {kind}", *headers]
    return "\r\n".join([*head, "", *body.split("\n")]).encode()


def reply(raw: bytes) -> MailReply:
    read = read_mail(raw)
    assert isinstance(read, MailReply)
    return read


def code_in(raw: bytes) -> str:
    return meaning(reply(raw).lines).code


OUTLOOK = f"""{{}}

________________________________
From: Pager <pager@example.com>
Sent: Monday, 2 March 2026 09:30
Subject: Payments are failing

To acknowledge, answer with the code: reply above this line.

Code: {CODE}
"""
GERMAN = f"""{{}}

Von: Pager <pager@example.com>
Gesendet: Montag, 2. März 2026 09:30

Code: {CODE}
"""
UNMARKED = f"""{{}}

Pager skrev 2 mars 2026 kl. 09:30:

To acknowledge, answer with the code: reply above this line.

Code: {CODE}
"""
TOP = f"""{{}}

On Mon, 2 Mar 2026 at 09:30, Pager <pager@example.com>
wrote:
> To acknowledge, answer with the code: reply above this line.
>
> Code: {CODE}
"""
SIGNED = f"""{{}}
--\x20
Ana, tel. 206
{CODE}
"""


@pytest.mark.parametrize("form", [OUTLOOK, GERMAN, UNMARKED, TOP, SIGNED])
@pytest.mark.parametrize("words", ["", "I cannot, I am on a train.", "Thanks!\nLooking at it"])
def test_a_quoted_code_is_never_the_answer(form: str, words: str) -> None:
    assert code_in(mail(form.format(words))) == ""


@pytest.mark.parametrize("form", [OUTLOOK, GERMAN, UNMARKED, TOP, SIGNED])
@pytest.mark.parametrize("words", [CODE, f" ack {CODE} ", "Ack: 425 440.", f"Hello,\n\n{CODE}"])
def test_a_code_above_what_is_quoted_is_the_answer(form: str, words: str) -> None:
    assert code_in(mail(form.format(words))) == CODE


def test_words_below_what_is_quoted_count_as_well() -> None:
    below = f"On Mon at 9:30, Pager <p@x> wrote:\n> Code: 999999\n\n{CODE}\n"

    assert code_in(mail(below)) == CODE
    assert meaning(reply(mail("On Mon, Pager wrote:\n> Stop\n\nUNSUBSCRIBE")).lines).kind == (
        "unsubscribe"
    )


def test_a_word_acts_in_the_first_line_only() -> None:
    assert meaning(("START",)).kind == "start"
    assert meaning(("Please do not", "STOP")).kind == "unknown"
    assert meaning(("Hello", CODE)).code == CODE
    assert meaning(()).kind == "unknown"


HTML = """<html><head><style>p {{ color: red }}</style></head><body>
<div dir="ltr">{words}</div><br>{quote}</body></html>"""


@pytest.mark.parametrize(
    "quote",
    [
        f'<div class="gmail_quote"><div class="gmail_attr">On Mon wrote:</div>{CODE}</div>',
        f"<blockquote type=cite><p>Code:<p>{CODE}</blockquote>",
        f'<div id="divRplyFwdMsg">From: Pager</div><div>{CODE}</div>',
        f"<div>To acknowledge, answer: reply above this line.</div><p>{CODE}</p>",
    ],
)
def test_html_without_text_is_read_as_text_is(quote: str) -> None:
    kind = "text/html; charset=utf-8"

    assert code_in(mail(HTML.format(words=CODE, quote=quote), kind=kind)) == CODE
    assert code_in(mail(HTML.format(words="Not now", quote=quote), kind=kind)) == ""


def test_text_in_any_encoding_is_read() -> None:
    base64 = mail("NDI1NDQw", "Content-Transfer-Encoding: base64")
    utf16 = mail("", kind="text/plain; charset=utf-16") + CODE.encode("utf-16")
    unknown = mail(CODE, kind="text/plain; charset=x-nobody-knows")

    assert [code_in(raw) for raw in (base64, utf16, unknown)] == [CODE, CODE, CODE]


def test_what_is_attached_is_not_read() -> None:
    parts = (
        "--b\nContent-Type: message/rfc822\n\nSubject: x\n\n" + CODE + "\n"
        "--b\nContent-Disposition: attachment\nContent-Type: text/plain\n\n"
        + CODE
        + "\n--b--\n"
    )
    assert code_in(mail(parts, kind="multipart/mixed; boundary=b")) == ""


def test_a_mail_that_a_relay_has_renamed_is_known_by_its_thread() -> None:
    raw = f"In-Reply-To: {RENAMED}\r\nReferences: {THREAD} {RENAMED}\r\n\r\n{CODE}".encode()

    assert reply(raw).references == (RENAMED, OURS)


@pytest.mark.parametrize(
    "header",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner=ana",
        "Precedence: bulk",
        "X-Auto-Response-Suppress: All",
        "List-Unsubscribe: <https://example.com/>",
        "Return-Path: <>",
        "From: Mail Delivery <MAILER-DAEMON@example.com>",
        "X-Autoreply: yes",
    ],
)
def test_what_a_machine_wrote_is_nothing_to_us(header: str) -> None:
    assert read_mail(mail(CODE, header)) is None
    assert code_in(mail(CODE, "Auto-Submitted: no")) == CODE


def our_mail() -> Page:
    return page(key="01a1fc45-e8c5-73a6-947f-26758d5ea9e9", code=CODE)


def test_our_own_mail_is_nothing_to_us() -> None:
    sender = Sender.parse("pager@example.com", "replies@example.com")

    assert read_mail(render(our_mail(), sender, "ana@example.com")) is None


def test_our_mails_ask_for_replies_only_where_they_are_read() -> None:
    silent = render(our_mail(), Sender.parse("pager@example.com"), "ana@example.com")
    own = Sender.parse("Pager <pager@example.com>", "pager@example.com")
    other = Sender.parse("Pager <pager@example.com>", "replies@example.net")

    assert b"Replies to this mail are not read." in silent
    assert b"References" not in silent
    for sender, reply_to in ((own, False), (other, True)):
        raw = render(our_mail(), sender, "ana@example.com")
        assert b"reply above this line." in raw
        assert b"are not read" not in raw
        assert f"References: {THREAD}".encode() in raw
        assert (b"Reply-To: replies@example.net" in raw) == reply_to
    assert (own.envelope, other.envelope) == ("pager@example.com", "replies@example.net")


@given(st.binary(max_size=400), st.sampled_from([b"", mail(""), mail("", kind="multipart/x")]))
def test_no_bytes_are_too_strange(junk: bytes, head: bytes) -> None:
    read_mail(head + junk)


@given(st.lists(st.text(max_size=40), max_size=12))
def test_of_any_lines_only_few_unquoted_ones_are_taken(lines: list[str]) -> None:
    taken = unquoted(lines)

    assert len(taken) <= 6
    assert not any(line.startswith(">") for line in taken)


def report(*fields: str, original: str = f"Message-ID: {OURS}") -> bytes:
    lines = [
        "From: MAILER-DAEMON@mx.example.com",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=r",
        "",
        "--r",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example.com",
        "",
        "Final-Recipient: rfc822; ana@example.com",
        *fields,
        "",
        "--r",
        "Content-Type: text/rfc822-headers",
        "",
        original,
        "",
        "--r--",
    ]
    return "\r\n".join(lines).encode()


def bounce(raw: bytes) -> Bounce:
    read = read_mail(raw)
    assert isinstance(read, Bounce)
    assert "@" not in read.reason
    return read


def test_a_permanent_bounce_is_told_from_a_delay_and_from_an_expiry() -> None:
    permanent = bounce(report("Action: failed", "Status: 5.1.1", "Diagnostic-Code: x@y 550"))
    full = bounce(report("Action: failed", "Status: 5.2.2"))
    delay = bounce(report("Action: delayed", "Status: 4.4.1"))
    expired = bounce(report("Action: failed", "Status: 4.4.7"))

    assert (permanent.is_final, permanent.refuses) == (True, "address")
    assert (full.is_final, full.refuses) == (True, "")
    assert (delay.is_final, delay.refuses) == (False, "")
    assert (expired.is_final, expired.refuses) == (True, "")
    assert permanent.references == (OURS,)


def test_a_report_of_success_or_of_a_stranger_s_mail_is_nothing_to_us() -> None:
    assert read_mail(report("Action: delivered", "Status: 2.0.0")) is None
    assert read_mail(report("Action: failed", "Status: 5.1.1", original="Subject: x")) is None


def test_the_bounce_of_an_answer_is_not_that_of_the_page_before_it() -> None:
    original = f"Message-ID: <answer@example.com>\r\nIn-Reply-To: {OURS}\r\nReferences: {OURS}"

    read = bounce(report("Action: failed", "Status: 5.1.1", original=original))

    assert read.references == ("<answer@example.com>",)


def free_form(text: str, *headers: str) -> bytes:
    head = ["Return-Path: <>", "From: Mail Delivery System <Mailer-Daemon@x.example>", *headers]
    return "\r\n".join([*head, "", *text.split("\n")]).encode()


EXIM = f"""A message that you sent could not be delivered to one or more of its recipients.

  ana@example.com
    host mx.example.com [192.0.2.1]: 550 5.1.1 User unknown

------ This is a copy of the message, including all the headers. ------

Message-ID: {OURS}
Subject: Payments are failing
"""
QMAIL = f"""Hi. This is the qmail-send program at example.com.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

--- Below this line is a copy of the message.

Message-ID: {OURS}
"""
LATE = f"""This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered. No action is required on your part.

Message-ID: {OURS}
"""


def test_bounces_in_words_of_their_own_are_understood() -> None:
    exim = bounce(free_form(EXIM, "X-Failed-Recipients: ana@example.com"))
    qmail = bounce(free_form(QMAIL))
    late = bounce(free_form(LATE))

    assert (exim.is_final, exim.refuses) == (True, "address")
    assert (qmail.is_final, qmail.refuses) == (True, "")
    assert not late.is_final
    assert {exim.references, qmail.references, late.references} == {(OURS,)}


def test_a_server_s_mail_about_anything_else_is_nothing_to_us() -> None:
    assert read_mail(free_form("Your mailbox is almost full.")) is None
    assert read_mail(free_form(f"Weekly digest\n\nMessage-ID: {OURS}\n")) is None


@pytest.mark.parametrize(
    ("head", "piece", "kind"),
    [
        ("", "-", "text/plain"),
        ("", "<a ", "text/html"),
        ("", "<a a='", "text/html"),
        ("", "<blockquote>a", "text/html"),
        ("Subject: ", "=?x?q? ", "text/plain"),
    ],
)
def test_a_mail_that_is_made_to_be_hard_to_read_takes_no_more_than_a_moment(
    head: str, piece: str, kind: str
) -> None:
    hard = piece * (LONGEST_MAIL // len(piece)) + "x"
    raw = mail("425440", f"{head}{hard}") if head else mail(hard, kind=kind)

    began = process_time()
    read_mail(raw)

    assert process_time() - began < 3


def test_words_in_html_without_any_tag_are_read() -> None:
    assert code_in(mail("425440", kind="text/html")) == "425440"
    assert code_in(mail("<p>425440</p> <a href", kind="text/html")) == "425440"
