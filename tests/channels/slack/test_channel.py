from __future__ import annotations

from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.blocks import section
from bot.channels.slack.channel import SlackChannel
from bot.core.channel import Sent, Unavailable, Undeliverable
from tests.channels.vendors import AT, EVENT, HttpVendor, notice, post

TS = "1767614400.000100"
BLOCKS = [section("Payments are failing")]


def slack(vendor: HttpVendor, session: aiohttp.ClientSession) -> SlackChannel:
    client = AsyncWebClient("xoxb-1", base_url=f"{vendor.url}/api/", session=session)
    return SlackChannel(client, timeout=5)


async def test_a_post_bears_its_key_and_no_previews(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("chat.postMessage", 200, {"ok": True, "ts": TS})

    sent = await slack(vendor, session).send(
        post(blocks=BLOCKS, thread_ts="1.2", broadcast=True)
    )

    assert sent.vendor_id == TS
    assert vendor.asked[0].body == {
        "channel": "C1",
        "text": "Payments are failing",
        "blocks": BLOCKS,
        "metadata": {"event_type": "imbot_message", "event_payload": {"key": "0198-post"}},
        "thread_ts": "1.2",
        "reply_broadcast": True,
        "unfurl_links": False,
        "unfurl_media": False,
    }


async def test_a_message_that_exists_is_updated(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("chat.update", 200, {"ok": True, "ts": TS})

    sent = await slack(vendor, session).send(post(blocks=BLOCKS, ts=TS, repeats=True))

    assert sent.vendor_id == TS
    assert vendor.asked[0].body["ts"] == TS
    assert vendor.asked[0].body["text"] == "Payments are failing"


async def test_a_notice_is_the_card_or_a_reply_under_it(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("chat.postMessage", 200, {"ok": True, "ts": TS})
    vendor.answer("chat.update", 200, {"ok": True, "ts": TS})
    channel = slack(vendor, session)

    await channel.send(notice())
    await channel.send(notice(ts=TS))
    await channel.send(notice(event=EVENT, thread_ts=TS))

    card, update, reply = (asked.body for asked in vendor.asked)
    assert card["blocks"][0]["text"]["text"] == "Payments are failing"
    assert card["metadata"]["event_payload"] == {"key": "0198-notice"}
    assert (update["ts"], update["blocks"]) == (TS, card["blocks"])
    assert (reply["thread_ts"], reply["text"]) == (TS, "✓ *ana* acknowledged.")
    assert "reply_broadcast" not in reply
    assert "blocks" not in reply


@pytest.mark.parametrize(
    ("status", "body", "in_doubt"),
    [
        (429, {"ok": False, "error": "ratelimited"}, False),
        (200, {"ok": False, "error": "service_unavailable"}, False),
        (200, {"ok": False, "error": "internal_error"}, True),
        (503, "<html>", False),
        (502, "<html>", True),
        (200, "<html>", True),
        (200, "plain", True),
        (200, [], True),
        (200, {"ok": True}, True),
    ],
)
async def test_only_a_clear_refusal_leaves_no_doubt(
    vendor: HttpVendor,
    session: aiohttp.ClientSession,
    status: int,
    body: Any,
    in_doubt: bool,
) -> None:
    vendor.answer("chat.postMessage", status, body)

    with pytest.raises(Unavailable) as fault:
        await slack(vendor, session).send(post())

    assert fault.value.in_doubt is in_doubt


async def test_a_post_whose_file_hangs_is_not_in_doubt(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("files.getUploadURLExternal", 502, "<html>")

    with pytest.raises(Unavailable) as fault:
        await slack(vendor, session).send(post(attachment="x"))

    assert not fault.value.in_doubt


async def test_a_whisper_goes_to_one_person(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("chat.postEphemeral", 200, {"ok": True, "message_ts": TS})

    await slack(vendor, session).send(post(ephemeral_user="U1", attachment="x"))

    body = vendor.asked[0].body
    assert body["user"] == "U1"
    assert "metadata" not in body
    assert "cannot be shown to you alone" in str(body["blocks"])


async def test_a_repeated_post_says_so(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("chat.postMessage", 200, {"ok": True, "ts": TS})

    await slack(vendor, session).send(post(blocks=BLOCKS, repeats=True))

    assert vendor.asked[0].body["text"] == "(repeat) Payments are failing"
    assert "(repeat)" in str(vendor.asked[0].body["blocks"])


async def test_refused_blocks_are_replaced_by_the_text(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.once.append((200, {"ok": False, "error": "invalid_blocks"}, {}))
    vendor.answer("chat.postMessage", 200, {"ok": True, "ts": TS})

    await slack(vendor, session).send(post(blocks=BLOCKS))

    assert "blocks" not in vendor.asked[1].body
    assert vendor.asked[1].body["text"] == "Payments are failing"


@pytest.mark.parametrize(
    ("error", "word"),
    [
        ("is_archived", "archived"),
        ("not_in_channel", "invite"),
        ("channel_not_found", "does not exist"),
        ("invalid_auth", "SLACK_BOT_TOKEN"),
        ("missing_scope", "manifest"),
        ("something_new", "refuses"),
    ],
)
async def test_a_refusal_is_permanent_and_says_what_to_do(
    vendor: HttpVendor, session: aiohttp.ClientSession, error: str, word: str
) -> None:
    vendor.answer("chat.postMessage", 200, {"ok": False, "error": error})

    with pytest.raises(Undeliverable, match=word) as refusal:
        await slack(vendor, session).send(post())

    assert refusal.value.code == error


async def test_slack_says_how_long_to_wait(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    body = {"ok": False, "error": "ratelimited"}
    vendor.answer("chat.postMessage", 429, body, Retry_After="30")

    with pytest.raises(Unavailable) as refusal:
        await slack(vendor, session).send(post())

    assert refusal.value.retry_after == 30


async def test_a_file_is_shown_in_the_thread_of_its_message(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    ticket = {"ok": True, "upload_url": f"{vendor.url}/upload", "file_id": "F1"}
    vendor.answer("files.getUploadURLExternal", 200, ticket)
    vendor.answer("upload", 200, "OK - 3")
    vendor.answer("chat.postMessage", 200, {"ok": True, "ts": TS})
    vendor.answer("files.completeUploadExternal", 200, {"ok": True, "files": []})

    await slack(vendor, session).send(post(attachment="{Ä}"))

    names = [asked.path.rpartition("/")[2] for asked in vendor.asked]
    assert names == [
        "files.getUploadURLExternal",
        "upload",
        "chat.postMessage",
        "files.completeUploadExternal",
    ]
    assert vendor.asked[0].query["length"] == "4"
    shown = vendor.asked[-1].body
    assert (shown["channel_id"], shown["thread_ts"]) == ("C1", TS)
    assert shown["files"][0]["id"] == "F1"


async def test_a_file_that_slack_does_not_take_is_named_in_the_message(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    refusal = {"ok": False, "error": "missing_scope"}
    vendor.answer("files.getUploadURLExternal", 200, refusal)
    vendor.answer("chat.postMessage", 200, {"ok": True, "ts": TS})

    await slack(vendor, session).send(post(attachment="x", blocks=BLOCKS))

    assert "could not be attached" in str(vendor.asked[-1].body["blocks"])


async def test_a_file_that_is_not_shown_after_the_post_is_told_in_the_thread(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    ticket = {"ok": True, "upload_url": f"{vendor.url}/upload", "file_id": "F1"}
    vendor.answer("files.getUploadURLExternal", 200, ticket)
    vendor.answer("upload", 200, "OK - 1")
    vendor.answer("chat.postMessage", 200, {"ok": True, "ts": TS})
    vendor.answer("files.completeUploadExternal", 500, "<html>")

    sent = await slack(vendor, session).send(post(attachment="x"))

    assert sent.vendor_id == TS
    assert "could not be attached" in vendor.asked[-1].body["text"]


def history(key: str, cursor: str = "") -> dict[str, Any]:
    metadata = {"event_type": "imbot_message", "event_payload": {"key": key}}
    return {
        "ok": True,
        "messages": [{"ts": "1.1"}, {"ts": TS, "metadata": metadata}],
        "response_metadata": {"next_cursor": cursor},
    }


@pytest.mark.parametrize(("key", "expected"), [("0198-post", Sent(TS)), ("0198-other", False)])
async def test_an_earlier_attempt_is_known_by_its_key(
    vendor: HttpVendor, session: aiohttp.ClientSession, key: str, expected: Sent | bool
) -> None:
    vendor.answer("conversations.history", 200, history(key))
    vendor.answer("conversations.replies", 200, history(key))
    channel = slack(vendor, session)

    assert await channel.was_sent(post()) == expected
    assert await channel.was_sent(post(thread_ts="1.1")) == expected

    query = vendor.asked[0].query
    assert query["include_all_metadata"] == "true"
    assert float(query["oldest"]) == (AT - timedelta(seconds=15)).timestamp()
    assert vendor.asked[1].query["ts"] == "1.1"


async def test_what_cannot_be_known_is_left_open(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("conversations.history", 200, history("other", cursor="more"))
    vendor.answer("conversations.replies", 200, {"ok": False, "error": "missing_scope"})
    channel = slack(vendor, session)

    assert await channel.was_sent(post(ts=TS)) is None
    assert await channel.was_sent(post(ephemeral_user="U1")) is None
    assert await channel.was_sent(post(thread_ts="1.1")) is None
    assert await channel.was_sent(post()) is None


async def test_a_text_over_slacks_limit_is_cut_where_it_shows(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    vendor.answer("chat.postMessage", 200, {"ok": True, "ts": TS})

    await slack(vendor, session).send(post(text="x" * 50_000, repeats=True))

    text = vendor.asked[0].body["text"]
    assert len(text) == 40_000
    assert text.endswith("…")
