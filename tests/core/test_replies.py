"""What people answer by text, call, mail and chat, and what vendors tell of it."""

from __future__ import annotations

import string
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.access import Caller
from bot.core.channel import Activation, Delivery, Reply
from bot.core.replies import (
    Acknowledged,
    ActivationCode,
    ActivationPrompt,
    AlreadyClosed,
    CallState,
    Goodbye,
    PagePrompt,
    Replies,
    Unknown,
)
from bot.core.replies.answers import START_WORDS, UNSUBSCRIBE_WORDS, Answer, read_answer
from bot.core.replies.texts import HELP, HELP_ANSWERS, LOCKED, WRONG
from bot.core.store.accounts import Audit
from bot.core.store.contacts import ContactChannel
from bot.core.store.engagements import Engagement
from bot.core.store.engagements import Page as PageRow
from bot.core.store.executor import open_store
from tests.conftest import MASTER_KEY
from tests.harness import ACCOUNT, CONTACTS, REGION, TestHouse, open_house

ANAS_NUMBER = "+12065550100"
BENS_NUMBER = "+12065550199"
CHAT_USER = Caller(
    account_id=ACCOUNT,
    principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/chat/T1-U1",
    actor="carla",
    door="slack",
    region=REGION,
    rights="responder",
)

codes = st.from_regex(r"[0-9]{6,10}", fullmatch=True)
blanks = st.text(alphabet=" \t\n\u00a0", max_size=3)
leads = st.sampled_from(
    ["", "ack ", "Ack: ", "ACK ", "ack, ", "code ", "@aws ack ", "My code is "]
)
tails = st.sampled_from(["", ".", "!", " thanks", " Thank you.", " ok"])


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[TestHouse]:
    store = await open_store(f"sqlite:///{tmp_path / 'imbot.db'}", MASTER_KEY)
    async with open_house(store) as opened:
        opened.is_reachable()
        yield opened
    await store.close()


def replies_of(house: TestHouse) -> Replies:
    return Replies(house.dispatcher, house.store, account_id=ACCOUNT, region=REGION)


async def texts(
    house: TestHouse, body: str, *, sender: str = ANAS_NUMBER, **more: bool
) -> str | None:
    return await replies_of(house).text(Reply(sender=sender, body=body, **more), medium="SMS")


async def types(house: TestHouse, code: str, *, thread: str | None = None) -> str:
    return await replies_of(house).chat_code(caller=CHAT_USER, code=code, incident_arn=thread)


def wrong(code: str) -> str:
    return str((int(code) + 1) % 1_000_000).zfill(6)


async def receipt_types(house: TestHouse, engagement_arn: str) -> list[str]:
    [page] = await house.pages_of(engagement_arn)
    return [receipt["ReceiptType"] for receipt in await house.receipts_of(page["PageArn"])]


# What a text means


@given(code=codes, lead=leads, tail=tails, before=blanks, after=blanks)
def test_a_code_is_read_however_it_is_typed(
    code: str, lead: str, tail: str, before: str, after: str
) -> None:
    expected = Answer(kind="code", code=code)

    assert read_answer(before + lead + code + tail + after) == expected
    assert read_answer((before + lead + code + tail).lower()) == expected


@given(code=codes, cut=st.integers(1, 5), mark=st.sampled_from([" ", "-", ".", "- "]))
def test_a_code_may_be_typed_in_groups(code: str, cut: int, mark: str) -> None:
    assert read_answer(f"Ack: {code[:cut]}{mark}{code[cut:]}").code == code


@given(text=st.text())
def test_no_text_breaks_the_reader_and_a_code_is_always_digits(text: str) -> None:
    answer = read_answer(text)

    assert (answer.kind == "code") == bool(answer.code)
    assert all(char in string.digits for char in answer.code)


@given(word=st.sampled_from(sorted(UNSUBSCRIBE_WORDS)), before=blanks, after=blanks)
def test_unsubscribe_counts_in_any_case_and_spacing(word: str, before: str, after: str) -> None:
    assert read_answer(before + word.lower() + after).kind == "unsubscribe"
    assert read_answer(" ".join(word)).kind == "unsubscribe"


@given(word=st.sampled_from(sorted(UNSUBSCRIBE_WORDS | START_WORDS)), more=codes)
def test_a_word_inside_a_message_is_no_opting_out_or_in(word: str, more: str) -> None:
    assert read_answer(f"please {word} calling me").kind == "unknown"
    assert read_answer(f"{word} {more}").kind == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "",
        "12345",
        "12345678901",
        "Liked “Payments fail. Reply 425440 to acknowledge, UNSUBSCRIBE to stop.”",
        "call me on +1 206 555 0100 instead",
        "425440 or 425441",
    ],
)
def test_what_only_contains_a_code_is_none(text: str) -> None:
    assert read_answer(text) == Answer(kind="unknown")


# Texts


async def test_a_code_from_the_paged_phone_acknowledges(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person())

    words = await texts(house, f" ack {house.last_page().code}. ")

    assert words == "Acknowledged. Thank you, ana."
    assert {"DELIVERED", "READ"} <= set(await receipt_types(house, engagement))
    [row] = await house.rows(Engagement, arn=engagement)
    assert row.acknowledged_at == house.clock.now()


async def test_the_audit_names_the_contact_who_replied(house: TestHouse) -> None:
    contact = await house.has_person()
    await house.engages(contact)

    await texts(house, house.last_page().code)

    [row] = await house.rows(Audit, operation="AcceptPage")
    assert (row.principal_arn, row.door, row.source, row.outcome) == (
        contact,
        "reply",
        "SMS",
        "OK",
    )


async def test_a_second_reply_hears_who_was_first_and_changes_nothing(
    house: TestHouse,
) -> None:
    engagement = await house.engages(await house.has_person())
    code = house.last_page().code
    await texts(house, code)
    before = await receipt_types(house, engagement)
    house.clock.advance(minutes=7)

    assert await texts(house, code) == "Already acknowledged by ana at 09:30 UTC."
    assert await receipt_types(house, engagement) == before


async def test_a_text_that_the_vendor_delivers_twice_acts_once(house: TestHouse) -> None:
    await house.engages(await house.has_person())
    reply = Reply(sender=ANAS_NUMBER, body=wrong(house.last_page().code))

    replies = replies_of(house)
    first = await replies.text(reply, medium="SMS", delivery_id="twilio SM1")
    second = await replies.text(reply, medium="SMS", delivery_id="twilio SM1")

    assert (first, second) == (WRONG, None)


async def test_the_code_of_another_phone_acknowledges_nothing(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person())
    ben = await house.has_contact("ben")
    code = house.last_page().code
    await house.has_channel(ben, address=BENS_NUMBER)

    assert await texts(house, code, sender=BENS_NUMBER) == WRONG
    assert "READ" not in await receipt_types(house, engagement)


async def test_a_stranger_is_never_answered(house: TestHouse) -> None:
    await house.engages(await house.has_person())

    for body in (house.last_page().code, "HELP", "STOP", "START", "who is this?"):
        assert await texts(house, body, sender="+12065550177") is None


async def test_five_wrong_codes_lock_the_phone_and_say_so_once(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person())
    code = house.last_page().code

    said = [await texts(house, wrong(code)) for _ in range(6)]

    assert said == [WRONG] * 4 + [LOCKED, None]
    assert await texts(house, code) is None
    assert "READ" not in await receipt_types(house, engagement)


async def test_a_locked_phone_leaves_the_other_doors_open(house: TestHouse) -> None:
    await house.engages(await house.has_person())
    code = house.last_page().code
    for _ in range(5):
        await texts(house, wrong(code))

    assert await types(house, code) == "Acknowledged the page to ana."


async def test_a_lock_ends_after_fifteen_minutes(house: TestHouse) -> None:
    await house.engages(await house.has_person())
    code = house.last_page().code
    for _ in range(5):
        await texts(house, wrong(code))
    house.clock.advance(minutes=15)

    assert await texts(house, code) == "Acknowledged. Thank you, ana."


async def test_help_is_given_a_few_times_an_hour_so_that_machines_fall_silent(
    house: TestHouse,
) -> None:
    await house.has_person()

    said = [await texts(house, "I am on holiday.") for _ in range(HELP_ANSWERS + 2)]
    house.clock.advance(hours=1)

    assert said == [HELP] * HELP_ANSWERS + [None, None]
    assert await texts(house, "help") == HELP


async def test_unsubscribe_turns_off_every_channel_with_that_number(
    house: TestHouse,
) -> None:
    await house.has_person("ana", "SMS", "VOICE", "EMAIL")
    await house.has_person("ben", "SMS")

    words = await texts(house, "Unsubscribe")

    rows = await house.rows(ContactChannel)
    off = {(row.contact_arn.rsplit("/")[-1], row.type) for row in rows if row.opted_out_at}
    assert words is not None
    assert off == {("ana", "SMS"), ("ana", "VOICE"), ("ben", "SMS")}
    assert {row.is_activated for row in rows if row.opted_out_at} == {False}


async def test_what_the_vendor_has_answered_itself_gets_no_second_answer(
    house: TestHouse,
) -> None:
    await house.has_person()

    assert await texts(house, "STOP", opted_out=True) is None
    assert await texts(house, "START", opted_in=True) is None


async def test_start_sends_a_code_and_activates_nothing(house: TestHouse) -> None:
    await house.has_person()
    await texts(house, "STOP", opted_out=True)
    sent = len(house.messages)

    await texts(house, "START", opted_in=True)

    [message] = house.messages[sent:]
    [row] = await house.rows(ContactChannel)
    assert isinstance(message, Activation)
    assert message.address == ANAS_NUMBER
    assert (row.is_activated, row.opted_out_at) == (False, None)


async def test_start_where_nothing_was_turned_off_sends_nothing(house: TestHouse) -> None:
    await house.has_person()
    sent = len(house.messages)

    await texts(house, "yes")

    assert house.messages[sent:] == []


@pytest.mark.parametrize("door", ["text", "chat"])
async def test_the_code_after_start_brings_the_pages_back(house: TestHouse, door: str) -> None:
    await house.has_person()
    await texts(house, "STOP", opted_out=True)
    await texts(house, "START", opted_in=True)

    code = house.last_activation().code
    words = await texts(house, code) if door == "text" else await types(house, code)

    [row] = await house.rows(ContactChannel)
    assert words is not None
    assert words.startswith("Activated")
    assert row.is_activated


async def test_an_activation_code_is_good_once_and_said_to_have_been(
    house: TestHouse,
) -> None:
    await house.has_person()

    words = await texts(house, house.last_activation().code)

    assert words == "Already activated: pages for you come here."


async def test_an_activation_code_does_not_undo_a_later_unsubscribe(
    house: TestHouse,
) -> None:
    await house.has_person()
    await texts(house, "STOP", opted_out=True)

    assert await texts(house, house.last_activation().code) == WRONG


# Chat


async def test_a_code_typed_in_chat_is_the_chat_users_doing(house: TestHouse) -> None:
    await house.engages(await house.has_person())

    assert await types(house, house.last_page().code) == "Acknowledged the page to ana."
    rows = await house.rows(Audit, operation="AcceptPage")
    assert [row.principal_arn for row in rows] == [CHAT_USER.principal_arn]


async def test_a_chat_user_who_guesses_is_locked_out_alone(house: TestHouse) -> None:
    await house.engages(await house.has_person())
    code = house.last_page().code
    for _ in range(5):
        await types(house, wrong(code))

    assert "15 minutes" in await types(house, code)
    other = replace(CHAT_USER, principal_arn=f"{CHAT_USER.principal_arn}2")
    words = await replies_of(house).chat_code(caller=other, code=code, incident_arn=None)
    assert words == "Acknowledged the page to ana."


async def test_one_code_of_two_pages_is_only_taken_where_it_is_clear(
    house: TestHouse,
) -> None:
    await house.engages(await house.has_person("ana", "SMS"))
    code = house.last_page().code
    ben = await house.has_person("ben", "EMAIL")
    await house.engages(ben, IncidentId=f"arn:aws:ssm-incidents::{ACCOUNT}:incident-record/p/1")
    rows = {row.contact_arn: row for row in await house.rows(PageRow)}
    twin = next(row for row in rows.values() if row.code == code)
    await house.store.write(
        lambda tx: tx.update(rows[ben], code=code, code_fingerprint=twin.code_fingerprint)
    )

    assert "Several" in await types(house, code)
    thread = f"arn:aws:ssm-incidents::{ACCOUNT}:incident-record/p/1"
    assert await types(house, code, thread=thread) == "Acknowledged the page to ben."
    assert await types(house, code) == "Acknowledged the page to ana."


# Calls


async def in_call(
    house: TestHouse, url: str | None, key: str | None = None, *, call_sid: str = "CA1"
) -> CallState:
    assert url is not None
    return await replies_of(house).call_step(
        url.rsplit("/", 1)[1],
        call_sid=call_sid,
        step="start" if key is None else "key",
        digits=key,
    )


async def test_only_key_1_acknowledges_a_call(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person("ana", "VOICE"))
    url = house.last_page().voice_url

    states = [await in_call(house, url, key) for key in (None, "2", "7", "", "*")]

    assert all(isinstance(state, PagePrompt) for state in states)
    assert [getattr(state, "wrong_key", None) for state in states] == [
        False,
        False,
        True,
        False,
        True,
    ]
    assert "READ" not in await receipt_types(house, engagement)
    assert await in_call(house, url, "1") == Acknowledged()
    assert "READ" in await receipt_types(house, engagement)


async def test_a_key_that_the_vendor_tells_twice_is_thanked_twice(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person("ana", "VOICE"))
    url = house.last_page().voice_url
    await in_call(house, url, "1")
    before = await receipt_types(house, engagement)

    assert await in_call(house, url, "1") == Acknowledged()
    assert await receipt_types(house, engagement) == before


async def test_a_call_reads_the_page_out(house: TestHouse) -> None:
    await house.engages(await house.has_person("ana", "VOICE"), Subject="Checkout is down")

    state = await in_call(house, house.last_page().voice_url)

    assert isinstance(state, PagePrompt)
    assert state.page.subject == "Checkout is down"


async def test_a_call_that_comes_too_late_says_so(house: TestHouse) -> None:
    await house.engages(await house.has_person("ana", "VOICE"))
    await types(house, house.last_page().code)

    state = await in_call(house, house.last_page().voice_url)

    assert state == AlreadyClosed("Already acknowledged by ana at 09:30 UTC.")


async def test_another_call_cannot_use_the_token(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person("ana", "VOICE"))
    url = house.last_page().voice_url
    await in_call(house, url)

    assert await in_call(house, url, "1", call_sid="CA2") == Goodbye()
    assert await in_call(house, "https://x/never-made") == Unknown()
    assert "READ" not in await receipt_types(house, engagement)


async def test_a_code_is_only_said_to_whoever_presses_1(house: TestHouse) -> None:
    ana = await house.has_contact()
    await house.has_channel(ana, "VOICE", is_activated=False)
    message = house.last_activation()

    assert await in_call(house, message.voice_url) == ActivationPrompt()
    assert await in_call(house, message.voice_url, "9") == ActivationPrompt(wrong_key=True)
    assert await in_call(house, message.voice_url, "1") == ActivationCode(message.code)


async def test_a_code_that_a_newer_one_has_replaced_is_not_said(house: TestHouse) -> None:
    channel = await house.has_channel(await house.has_contact(), "VOICE", is_activated=False)
    older = house.last_activation()
    house.clock.advance(minutes=5)
    await house.call(CONTACTS, "SendActivationCode", ContactChannelId=channel)

    assert isinstance(await in_call(house, older.voice_url, "1"), AlreadyClosed)


# Mail


def token_of(url: str | None) -> str:
    assert url is not None
    return url.rsplit("/", 1)[1]


async def test_looking_at_a_mails_link_acknowledges_nothing(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person("ana", "EMAIL"))
    token = token_of(house.last_page().ack_url)

    shown = await replies_of(house).mail_page(token)

    assert shown is not None
    assert (shown.subject, shown.contact, shown.state) == ("It burns", "ana", "")
    assert "READ" not in await receipt_types(house, engagement)


async def test_the_mails_button_acknowledges_once(house: TestHouse) -> None:
    await house.engages(await house.has_person("ana", "EMAIL"))
    token = token_of(house.last_page().ack_url)

    first = await replies_of(house).mail_accept(token)
    second = await replies_of(house).mail_accept(token)

    assert first == "Acknowledged. Thank you, ana."
    assert second == "Already acknowledged by ana at 09:30 UTC."


async def test_a_forged_token_opens_nothing(house: TestHouse) -> None:
    await house.engages(await house.has_person("ana", "EMAIL"))
    token = token_of(house.last_page().ack_url)
    replies = replies_of(house)

    for forged in (token[:-1] + ("0" if token[-1] != "0" else "1"), "", "x" * 64, token * 2):
        assert await replies.mail_page(forged) is None
        assert "not known" in await replies.mail_accept(forged)
    assert await replies.unsubscribe_page(token) is None


async def test_a_mail_address_is_turned_off_and_back_by_buttons(house: TestHouse) -> None:
    await house.engages(await house.has_person("ana", "EMAIL"))
    token = token_of(house.last_page().unsubscribe_url)
    replies = replies_of(house)

    await replies.unsubscribe(token)
    off = await replies.unsubscribe_page(token)
    await replies.subscribe_again(token)
    words = await types(house, house.last_activation().code)

    assert off is not None
    assert off.is_off
    assert words == "Activated: email of ana can be paged."


# Vendors


async def told(house: TestHouse, page_arn: str, delivery: Delivery) -> None:
    [row] = await house.rows(PageRow, arn=page_arn)
    await replies_of(house).status(delivery, row.key)


async def test_a_delivery_told_three_times_is_one_receipt(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person())
    [page] = await house.pages_of(engagement)

    for _ in range(3):
        await told(house, page["PageArn"], Delivery("SM1", "DELIVERED", "Delivered."))

    assert (await receipt_types(house, engagement)).count("DELIVERED") == 1


async def test_a_text_that_failed_moves_the_plan_on_at_once(house: TestHouse) -> None:
    ana, ben = await house.has_person("ana", "SMS"), await house.has_person("ben", "EMAIL")
    plan = await house.has_escalation_plan("on-call", ana, ben)
    await house.engages(plan)
    [page] = await house.rows(PageRow)

    for _ in range(2):
        failed = Delivery("SM1", "ERROR", "The carrier filtered it. (30007)", "30007")
        await told(house, page.arn, failed)

    assert [row.contact_arn for row in await house.rows(PageRow)] == [ana, ben]
    receipts = await house.receipts_of(page.arn)
    assert [receipt["ReceiptType"] for receipt in receipts] == ["ERROR"]


async def test_error_21610_turns_the_channel_off(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person())
    [page] = await house.pages_of(engagement)

    await told(house, page["PageArn"], Delivery("SM1", "ERROR", "Opted out.", "21610"))

    [row] = await house.rows(ContactChannel)
    assert row.opted_out_at is not None


async def test_a_text_that_arrived_does_not_fail_afterwards(house: TestHouse) -> None:
    engagement = await house.engages(await house.has_person())
    [page] = await house.pages_of(engagement)

    await told(house, page["PageArn"], Delivery("SM1", "DELIVERED", "Delivered."))
    await told(house, page["PageArn"], Delivery("SM1", "ERROR", "Lost.", "30008"))

    assert "ERROR" not in await receipt_types(house, engagement)


async def test_a_call_that_was_answered_without_a_key_is_no_acknowledgement(
    house: TestHouse,
) -> None:
    engagement = await house.engages(await house.has_person("ana", "VOICE"))
    [page] = await house.pages_of(engagement)

    await told(house, page["PageArn"], Delivery("CA1", "DELIVERED", "The call was answered."))

    [receipt] = await house.receipts_of(page["PageArn"])
    assert receipt["ReceiptType"] == "DELIVERED"
    assert "no key" in receipt["ReceiptInfo"]


async def test_a_status_of_an_unknown_message_is_passed_over(house: TestHouse) -> None:
    await replies_of(house).status(Delivery("SM404", "ERROR", "Lost."), None)
