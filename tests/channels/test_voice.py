from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from xml.etree import ElementTree

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import voice
from bot.channels.scripts import INLINE_LIMIT
from bot.channels.twilio_account import TwilioAccount
from bot.channels.voice import VoiceChannel
from tests.channels.vendors import AT, CODE, PHONE, HttpVendor, activation, page

FROM = "+15005550006"
SID = "CA" + "0" * 32
URL = "https://bot.example/twilio/voice/token?step=key&x=1"


def calls(vendor: HttpVendor, session: aiohttp.ClientSession) -> VoiceChannel:
    return VoiceChannel(TwilioAccount(session, vendor.url, "AC1", "secret", 5), FROM)


def parsed(script: str) -> ElementTree.Element:
    return ElementTree.fromstring(script)  # noqa: S314


def spoken(script: str) -> str:
    return " ".join(say.text or "" for say in parsed(script).iter("Say"))


def test_a_page_asks_three_times_for_a_key_and_says_goodbye() -> None:
    root = parsed(voice.page_script(page(), URL))

    gathers = root.findall("Gather")
    assert len(gathers) == 3
    assert {g.get("action") for g in gathers} == {URL}
    assert {g.get("numDigits") for g in gathers} == {"1"}
    assert [child.tag for child in root][-2:] == ["Say", "Hangup"]


def test_a_page_says_subject_content_and_keys_but_not_the_code() -> None:
    text = spoken(voice.page_script(page(), URL))

    assert "Payments are failing" in text
    assert "The error rate is 40 %." in text
    assert "Press 1 to acknowledge" in text
    assert "4, 2, 5" not in text


@pytest.mark.parametrize(
    ("content", "heard"),
    [
        ("See https://runbooks.example/db?x=1&y=2.", "See a link."),
        ("(www.example.com/a-b), HTTP://X.EXAMPLE!", "(a link), a link!"),
        ("Of arn:aws:cloudwatch:us-east-1:111122223333:alarm:db, now", "Of an ARN, now"),
    ],
)
def test_an_address_is_named_and_not_spelt_out(content: str, heard: str) -> None:
    assert f"{heard} Press 1" in spoken(voice.page_script(page(content=content), URL))


def test_a_wrong_key_is_named_and_asked_for_again() -> None:
    script = voice.page_script(page(), URL, wrong_key=True)

    assert "does nothing" in spoken(script)
    assert len(parsed(script).findall("Gather")) == 3


def test_an_inline_page_says_its_code_twice_and_takes_no_key() -> None:
    script = voice.inline_page_script(page())

    assert spoken(script).count("4, 2, 5, 4, 4, 0") == 2
    assert parsed(script).find("Gather") is None
    assert CODE not in script


def test_a_test_page_and_a_repeated_one_say_so() -> None:
    text = spoken(voice.inline_page_script(page(is_test=True, repeats=True)))

    assert "a test page" in text
    assert "before" in text


@given(subject=st.text(max_size=3000), content=st.text(max_size=9000))
def test_any_page_is_a_script_that_the_vendor_takes(subject: str, content: str) -> None:
    inline = voice.inline_page_script(page(subject=subject, content=content))

    assert len(inline) <= INLINE_LIMIT
    assert parsed(inline).tag == "Response"
    assert parsed(voice.page_script(page(subject=subject, content=content), URL)).tag


def test_a_long_page_says_that_it_goes_on() -> None:
    assert "not read out" in spoken(voice.inline_page_script(page(content="&" * 9000)))


def test_an_activation_code_is_said_only_after_a_key() -> None:
    prompt, script = voice.activation_prompt(URL), voice.activation_script("466136")

    assert "Press 1 to hear" in spoken(prompt)
    assert spoken(script).count("4, 6, 6, 1, 3, 6") == 2
    assert spoken(voice.inline_activation_script(activation())).count("4, 6, 6, 1, 3, 6") == 2


@pytest.mark.parametrize(
    "script",
    [
        voice.acknowledged_script(),
        voice.already_closed_script("Ben <was> faster."),
        voice.goodbye_script(),
    ],
)
def test_a_last_word_ends_the_call(script: str) -> None:
    assert parsed(script)[-1].tag == "Hangup"


async def test_a_call_fetches_its_script_and_reports_its_end(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("Calls.json", 201, {"sid": SID, "status": "queued"})

    sent = await calls(vendor, session).send(page(voice_url=URL, status_url="https://b/s"))

    assert sent.vendor_id == SID
    asked = vendor.asked[0]
    assert (asked.form["Url"], asked.form["Method"]) == (URL, "POST")
    assert asked.lists["StatusCallbackEvent"] == ["answered", "completed"]
    assert "Twiml" not in asked.form


async def test_without_a_public_url_the_script_goes_with_the_call(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("Calls.json", 201, {"sid": SID})
    channel = calls(vendor, session)

    await channel.send(page())
    await channel.send(activation())

    assert vendor.asked[0].form["Twiml"] == voice.inline_page_script(page())
    assert vendor.asked[1].form["Twiml"] == voice.inline_activation_script(activation())
    assert "Url" not in vendor.asked[0].form
    assert "StatusCallback" not in vendor.asked[0].form


@pytest.mark.parametrize(("seconds", "expected"), [(3, None), (-60, False)])
async def test_a_call_since_leaves_open_whether_it_was_this_one(
    vendor: HttpVendor, session: aiohttp.ClientSession, seconds: int, expected: bool | None
) -> None:
    made = format_datetime(AT + timedelta(seconds=seconds))
    vendor.answer("Calls.json", 200, {"calls": [{"sid": SID, "date_created": made}]})

    assert await calls(vendor, session).was_sent(page()) is expected
    assert vendor.asked[0].query["To"] == PHONE


@pytest.mark.parametrize(
    ("status", "receipt"),
    [
        ("ringing", None),
        ("in-progress", None),
        ("completed", "DELIVERED"),
        ("busy", "ERROR"),
        ("no-answer", "ERROR"),
        ("failed", "ERROR"),
        ("canceled", "ERROR"),
    ],
)
async def test_a_call_that_nobody_took_is_an_error_whether_told_or_asked(
    vendor: HttpVendor, session: aiohttp.ClientSession, status: str, receipt: str | None
) -> None:
    channel = calls(vendor, session)
    vendor.answer(f"{SID}.json", 200, {"status": status})

    told = channel.read_status({"CallSid": SID, "CallStatus": status})

    assert told is not None
    assert told.receipt == receipt
    assert await channel.poll(SID) == told
