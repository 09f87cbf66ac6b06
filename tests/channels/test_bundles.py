"""Several pages in one message, as mails, texts and calls say them."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

from bot.channels.mail import Sender, render
from bot.channels.scripts import bundle_script, inline_bundle_script
from bot.channels.sms import compose, segments
from bot.core.channel import Bundle

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SENDER = Sender.parse("pager@example.com")


def a_page(subject: str, **changes: Any) -> dict[str, Any]:
    page: dict[str, Any] = {
        "subject": f"Secret {subject}",
        "content": f"All of {subject}.",
        "public_subject": subject,
        "incident_arn": f"arn:aws:ssm-incidents::111122223333:incident-record/x/{subject}",
        "at": AT.isoformat(),
        "is_again": False,
        "is_test": False,
    }
    return page | changes


def a_bundle(*pages: dict[str, Any], **changes: Any) -> Bundle:
    fields: dict[str, Any] = {
        "key": "01900000-0000-7000-8000-000000000001",
        "address": "ana@example.com",
        "created_at": AT,
        "pages": pages,
        "count": len(pages),
        "incidents": len(pages),
        "code": "425440",
    }
    return Bundle(**fields | changes)


def mail_of(bundle: Bundle) -> tuple[str, str, str]:
    """Subject, plain text and HTML."""
    mail = message_from_bytes(render(bundle, SENDER, "ana@example.com"), policy=policy.default)
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    return mail["Subject"], plain.get_content(), html.get_content()


def test_a_text_counts_names_and_bears_the_code() -> None:
    bundle = a_bundle(a_page("Payments are failing"), a_page("Disk full"), a_page("No DNS"))

    assert compose(bundle) == (
        "3 incidents, newest: Payments are failing; Disk full; No DNS\n"
        "Reply 425440 for all, UNSUBSCRIBE to stop."
    )


def test_a_text_is_one_segment_and_its_code_never_gives_way() -> None:
    for letter in ("a", "ü", "語", "€"):
        pages = [a_page(f"{number} {letter * 60}") for number in range(20)]
        text = compose(a_bundle(*pages, count=1000, incidents=1000))

        assert segments(text) == 1
        assert text.startswith(f"1000 incidents{': ' if letter == '語' else ', newest: '}0 ")
        assert text.endswith("\nReply 425440 for all, UNSUBSCRIBE to stop.")


def test_a_text_says_no_secret_subject() -> None:
    assert "Secret" not in compose(a_bundle(a_page("A"), a_page("B")))
    assert "an incident needs your attention" in compose(
        a_bundle(a_page("A", public_subject=""), a_page("B", public_subject=""))
    )


def test_what_was_sent_before_is_called_so() -> None:
    old, new = a_page("A", is_again=True), a_page("B")

    assert compose(a_bundle(old, old)).startswith("Still 2 incidents, newest: A\n")
    assert compose(a_bundle(new, old)).startswith("2 incidents, newest: B; A\n")


def test_pages_of_one_incident_or_of_none_are_counted_as_pages() -> None:
    pages = a_page("A"), a_page("B")

    assert compose(a_bundle(*pages, incidents=1)).startswith("2 pages of one incident, ")
    assert compose(a_bundle(*pages, incidents=None)).startswith("2 pages, newest: ")


def test_tests_are_marked_and_never_taken_for_incidents() -> None:
    test, real = a_page("A", is_test=True), a_page("B")

    assert compose(a_bundle(test, test)).startswith("[TEST] 2 incidents, newest: A\n")
    assert compose(a_bundle(real, test)).startswith("2 incidents, newest: B; [TEST] A\n")
    assert "All of them are tests." in bundle_script(a_bundle(test, test), "https://x")


def test_a_mail_holds_each_page_and_one_way_to_take_them_all() -> None:
    bundle = a_bundle(
        a_page("<Payments>"), a_page("Disk", is_again=True), ack_url="https://bot/ack/1"
    )

    subject, plain, html = mail_of(bundle)

    assert subject == "2 incidents, newest: Secret <Payments>"
    for text in (plain, html.replace("&lt;", "<").replace("&gt;", ">")):
        assert "All of <Payments>." in text
        assert "2026-03-01 09:30:00 UTC, sent again" in text
        assert text.count("425440") == 1
    assert "Acknowledge all 2: https://bot/ack/1" in plain
    assert html.count('href="https://bot/ack/1"') == 1


def test_a_mail_says_how_many_pages_it_does_not_hold() -> None:
    _, plain, html = mail_of(a_bundle(a_page("A"), count=31, incidents=31))

    assert "And 30 more." in plain
    assert "And 30 more." in html


def test_a_call_reads_the_newest_in_full_and_a_few_others_by_name() -> None:
    bundle = a_bundle(*(a_page(f"Number {number}") for number in range(9)))

    said = bundle_script(bundle, "https://bot/step")

    assert "with 9 incidents." in said
    assert "All of Number 0." in said
    assert "All of Number 1." not in said
    assert "Also: Secret Number 1. Secret Number 2." in said
    assert "And 4 more." in said
    assert said.count("Press 1 to acknowledge all 9.") == 3
    assert "425440" not in said


def test_a_call_without_keys_says_the_code_and_stays_short() -> None:
    bundle = a_bundle(*(a_page("x" * 5000, content="y&" * 5000) for _ in range(20)))

    said = inline_bundle_script(bundle)

    assert said.count("4, 2, 5, 4, 4, 0") == 2
    assert len(said) <= 4000
