from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models.blocks import Block as Judge

from bot.channels.slack import blocks as b
from bot.channels.slack.blocks import Block


def judged(*blocks: Block) -> None:
    """Let slack_sdk's models say whether Slack takes these blocks."""
    for block in blocks:
        parsed = Judge.parse(block)
        assert parsed is not None, block["type"]
        parsed.validate_json()
    assert len(blocks) <= b.BLOCKS_LIMIT


texts = st.text(max_size=5000)


@given(text=texts)
def test_any_text_makes_blocks_that_slack_takes(text: str) -> None:
    judged(
        b.header(text),
        b.section(text),
        b.section(b.bold(text), b.code(text)),
        b.fields({text[:2500]: text}),
        b.context(text),
        b.preformatted(text),
        b.actions(b.button(text, action="a", value="v", confirm=text)),
        b.divider(),
    )


def test_a_text_stands_for_itself() -> None:
    assert (
        b.section("<!channel> & <@U1>")["text"]["text"] == "&lt;!channel&gt; &amp; &lt;@U1&gt;"
    )


def test_markup_is_not_escaped_twice() -> None:
    joined = b.join(b.bold("a<b"), " & ", b.code("c"))

    assert joined == "*a&lt;b* &amp; `c`"
    assert b.section(joined)["text"]["text"] == joined


@given(text=st.text(alphabet="&<>a", max_size=40), limit=st.integers(1, 60))
def test_a_cut_never_tears_an_escape(text: str, limit: int) -> None:
    cut = b.clip(text, limit)

    whole = b.escape(text)
    assert cut == whole or cut.endswith("…")
    assert len(cut) <= limit
    rest = cut.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    assert not set(rest) & set("&<>")


def test_what_is_cut_shows_it() -> None:
    assert b.header("x" * 151)["text"]["text"] == "x" * 149 + "…"
    assert b.section("x" * 3001)["text"]["text"].endswith("x…")


def test_code_fences_in_a_text_do_not_end_the_fixed_font() -> None:
    inner = b.preformatted("a ``` b")["text"]["text"]

    assert inner.count("```") == 2


def test_a_message_over_slacks_limits_keeps_its_buttons_and_says_what_is_missing() -> None:
    resolve = b.actions(b.button("Resolve", action="resolve_incident", value="arn"))
    many = b.fit([*(b.section(str(n)) for n in range(60)), resolve])
    long = b.fit([*(b.section("x" * 3000) for _ in range(6)), resolve])

    judged(*many)
    assert "more parts" in many[-1]["elements"][0]["text"]
    assert resolve in long
    assert b.text_length(long) < 13_200
    assert "2 more parts" in long[-1]["elements"][0]["text"]


def test_a_button_is_never_cut_to_mean_another_thing() -> None:
    with pytest.raises(ValueError, match="too long"):
        b.button("x", action="a", value="v" * 2001)
