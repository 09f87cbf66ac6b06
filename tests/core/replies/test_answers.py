"""What a text means."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.replies.answers import START_WORDS, UNSUBSCRIBE_WORDS, Answer, read_answer

codes = st.from_regex(r"[0-9]{6,10}", fullmatch=True)
blanks = st.text(alphabet=" \t\n\u00a0", max_size=3)
leads = st.sampled_from(
    [
        "",
        "ack ",
        "Ack: ",
        "ACK ",
        "ack, ",
        "code ",
        "@aws ack ",
        "My code is ",
        "👍 ",
        "Got it: ",
    ]
)
tails = st.sampled_from(
    [
        *("", ".", "!", " thanks", " Thank you.", " ok", " on it 👍", ", I’m on it", " I'm up"),
        *(" im awake", "\nOn my way!", " - looking into it, thx", " ok got it 👍🏽", " omw"),
    ]
)


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
        "425440 not me",
        "425440 can't, ask ben",
        "425440 upset",
        "I'm on it",
        "👍 to “Payments fail. Reply 425440 to acknowledge, UNSUBSCRIBE to stop.”",
    ],
)
def test_what_only_contains_a_code_is_none(text: str) -> None:
    assert read_answer(text) == Answer(kind="unknown")
