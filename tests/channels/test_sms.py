from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from bot.channels.sms import SmsChannel, compose, segments, septets
from bot.channels.twilio_account import TwilioAccount
from bot.core.channel import Reply, Sent, Unavailable, Undeliverable
from tests.channels.vendors import AT, CODE, PHONE, HttpVendor, activation, page

FROM = "+15005550006"
SID = "SM" + "0" * 32


def sms(vendor: HttpVendor, session: aiohttp.ClientSession, timeout: float = 5) -> SmsChannel:
    return SmsChannel(TwilioAccount(session, vendor.url, "AC1", "secret", timeout), FROM)


@given(subject=st.text(max_size=400), test=st.booleans(), repeats=st.booleans())
def test_a_page_is_one_segment_with_its_code_and_the_way_out(
    subject: str, test: bool, repeats: bool
) -> None:
    text = compose(page(public_subject=subject, is_test=test, repeats=repeats))

    assert segments(text) == 1
    assert f"Reply {CODE} to ack" in text
    assert text.endswith("UNSUBSCRIBE to stop.")
    assert ("[TEST]" in text) >= test
    assert text.startswith("(repeat) ") or not repeats


@given(name=st.text(max_size=400), repeats=st.booleans())
def test_an_activation_is_one_segment_with_its_code(name: str, repeats: bool) -> None:
    text = compose(activation(contact_name=name, repeats=repeats))

    assert segments(text) == 1
    assert "466136" in text
    assert text.endswith("UNSUBSCRIBE to stop.")


def test_a_subject_that_is_cut_shows_it() -> None:
    assert "xxx...\nReply" in compose(page(public_subject="x" * 300))
    assert "ж…\nReply" in compose(page(public_subject="ж" * 300))


def test_a_page_never_says_the_secret_subject_or_content() -> None:
    text = compose(page(subject="secret", content="also secret", public_subject=""))

    assert "secret" not in text


def test_typographic_quotes_do_not_cost_half_the_room() -> None:
    assert septets(compose(page(public_subject="“Payments” – it’s failing…"))) is not None


def test_characters_of_the_extension_count_twice() -> None:
    assert septets("[€]") == 6
    assert septets("ж") is None
    assert segments("[" * 81) == 2


async def test_what_is_sent_names_the_recipient_the_sender_and_the_callback(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("Messages.json", 201, {"sid": SID, "status": "queued"})
    status_url = "https://bot.example/twilio/status?a=1&b=2"

    sent = await sms(vendor, session).send(page(status_url=status_url))

    assert sent.vendor_id == SID
    asked = vendor.asked[0]
    assert asked.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert asked.headers["Authorization"] == "Basic QUMxOnNlY3JldA=="
    assert asked.form == {
        "To": PHONE,
        "From": FROM,
        "Body": compose(page()),
        "StatusCallback": status_url,
    }


async def test_an_opted_out_recipient_is_told_apart(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("Messages.json", 400, {"code": 21610, "message": f"to {PHONE}"})

    with pytest.raises(Undeliverable) as refusal:
        await sms(vendor, session).send(page())

    assert refusal.value.opted_out
    assert refusal.value.code == "21610"
    assert PHONE not in str(refusal.value)


async def test_a_refused_log_in_may_be_mended_and_says_how(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("Messages.json", 401, {"code": 20003})

    with pytest.raises(Unavailable, match="TWILIO_AUTH_TOKEN"):
        await sms(vendor, session).send(page())


async def test_a_busy_vendor_says_when_to_come_back(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("Messages.json", 429, {"code": 20429}, Retry_After="7")

    with pytest.raises(Unavailable) as refusal:
        await sms(vendor, session).send(page())

    assert refusal.value.retry_after == 7


async def test_a_silent_vendor_is_left_after_the_timeout(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.silent = True

    with pytest.raises(Unavailable, match="in time"):
        await sms(vendor, session, timeout=0.1).send(page())


def listing(*, body: str, seconds: int) -> dict[str, Any]:
    made = format_datetime(AT + timedelta(seconds=seconds))
    return {"messages": [{"sid": SID, "body": body, "date_created": made}]}


@pytest.mark.parametrize(
    ("body", "seconds", "expected"),
    [
        (compose(page()), 2, Sent(SID)),
        (compose(page()), -5, Sent(SID)),
        (compose(page()), -60, False),
        ("Another page. Reply 999999 to acknowledge.", 2, False),
    ],
)
async def test_an_earlier_attempt_is_known_by_its_code_and_its_time(
    vendor: HttpVendor,
    session: aiohttp.ClientSession,
    body: str,
    seconds: int,
    expected: Sent | bool,
) -> None:
    vendor.answer("Messages.json", 200, listing(body=body, seconds=seconds))

    assert await sms(vendor, session).was_sent(page()) == expected
    assert vendor.asked[0].query["To"] == PHONE


async def test_a_vendor_that_cannot_be_asked_leaves_it_open(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("Messages.json", 200, "<html>welcome</html>")
    channel = sms(vendor, session)

    assert await channel.was_sent(page()) is None
    assert await channel.poll(SID) is None


def inbound(sid: str, body: str, seconds: int = 0, **changes: Any) -> dict[str, Any]:
    made = format_datetime(AT + timedelta(seconds=seconds))
    text = {"sid": sid, "from": PHONE, "body": body, "direction": "inbound"}
    return {**text, "date_created": made, **changes}


async def test_the_inbox_is_read_to_its_end_and_told_oldest_first(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    first = [inbound("SM4", "stop", 40), inbound("SM3", "sent", direction="outbound-api")]
    second = [inbound("SM4", "stop", 40), inbound("SM2", CODE, 20), inbound("SM1", "old", -900)]
    following = "/2010-04-01/Accounts/AC1/Messages.json?Page=1&PageToken=PAx"
    vendor.once.append((200, {"messages": first, "next_page_uri": following}, {}))
    vendor.once.append((200, {"messages": second, "next_page_uri": None}, {}))

    came = await sms(vendor, session).inbox(AT)

    assert came == [
        ("SM2", Reply(PHONE, CODE)),
        ("SM4", Reply(PHONE, "stop", opted_out=True)),
    ]
    assert vendor.asked[0].query == {
        "To": FROM,
        "PageSize": "1000",
        "DateSent>": "2026-01-05T12:00:00Z",
    }
    assert vendor.asked[1].query == {"Page": "1", "PageToken": "PAx"}


@pytest.mark.parametrize(
    ("status", "body"), [(503, "<html>"), (200, "<html>"), (200, {}), (400, {"code": 20001})]
)
async def test_an_inbox_that_cannot_be_read_is_unavailable(
    vendor: HttpVendor, session: aiohttp.ClientSession, status: int, body: Any
) -> None:
    vendor.answer("Messages.json", status, body)

    with pytest.raises(Unavailable):
        await sms(vendor, session).inbox(AT)


@pytest.mark.parametrize(
    ("status", "body", "in_doubt"),
    [
        (429, {"code": 20429}, False),
        (503, "<html>", False),
        (401, "<html>", False),
        (302, "<html>", False),
        (500, {"code": 20500}, True),
        (502, "<html>", True),
        (504, "<html>", True),
        (200, "<html>", True),
        (201, {"status": "queued"}, True),
    ],
)
async def test_only_a_clear_refusal_leaves_no_doubt(
    vendor: HttpVendor,
    session: aiohttp.ClientSession,
    status: int,
    body: Any,
    in_doubt: bool,
) -> None:
    vendor.answer("Messages.json", status, body)

    with pytest.raises(Unavailable) as fault:
        await sms(vendor, session).send(page())

    assert fault.value.in_doubt is in_doubt


@pytest.mark.parametrize(
    ("status", "code", "receipt"),
    [
        ("queued", "", None),
        ("sent", "", None),
        ("delivered", "", "DELIVERED"),
        ("read", "", "DELIVERED"),
        ("undelivered", "30003", "ERROR"),
        ("undelivered", "30034", "ERROR"),
        ("failed", "30007", "ERROR"),
        ("failed", "", "ERROR"),
    ],
)
async def test_what_did_not_arrive_is_an_error_whether_told_or_asked(
    vendor: HttpVendor,
    session: aiohttp.ClientSession,
    status: str,
    code: str,
    receipt: str | None,
) -> None:
    channel = sms(vendor, session)
    error_code = int(code) if code else None
    vendor.answer(f"{SID}.json", 200, {"status": status, "error_code": error_code})
    form = {"MessageSid": SID, "MessageStatus": status, "ErrorCode": code}

    told, asked = channel.read_status(form), await channel.poll(SID)

    assert told == asked
    assert told is not None
    assert (told.receipt, told.code) == (receipt, code)


@pytest.mark.parametrize(
    ("form", "opted_out", "opted_in"),
    [
        ({"Body": " unsub scribe "}, True, False),
        ({"Body": "Stop"}, True, False),
        ({"Body": "stop it"}, False, False),
        ({"Body": "start"}, False, True),
        ({"Body": "bitte nicht", "OptOutType": "STOP"}, True, False),
        ({"Body": "425440."}, False, False),
    ],
)
async def test_words_that_the_vendor_acts_on_are_marked(
    vendor: HttpVendor,
    session: aiohttp.ClientSession,
    form: dict[str, str],
    opted_out: bool,
    opted_in: bool,
) -> None:
    reply = sms(vendor, session).read_reply({"From": PHONE, **form})

    assert reply is not None
    assert (reply.opted_out, reply.opted_in) == (opted_out, opted_in)
    assert (reply.sender, reply.body) == (PHONE, form["Body"])


async def test_a_form_that_is_no_text_is_no_reply(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    channel = sms(vendor, session)

    assert channel.read_reply({"From": PHONE}) is None
    assert channel.read_status({"MessageSid": SID}) is None


async def test_only_the_vendors_signature_is_valid(session: aiohttp.ClientSession) -> None:
    account = TwilioAccount(session, "http://127.0.0.1:1", "AC1", "secret")
    url, form = "https://bot.example/twilio/sms", {"From": PHONE, "Body": "1"}
    signature = RequestValidator("secret").compute_signature(url, form)

    assert account.validate_signature(url, form, signature)
    assert not account.validate_signature(url, {**form, "Body": "2"}, signature)
    assert not account.validate_signature(url + "?a=1", form, signature)
    assert not account.validate_signature(url, form, None)
    assert not account.validate_signature(url, form, "")
