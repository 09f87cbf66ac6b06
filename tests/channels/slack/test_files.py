from __future__ import annotations

import aiohttp

from tests.channels.slack.test_channel import TS, slack
from tests.channels.vendors import HttpVendor, post

PICTURE = {
    "title": "Incidents created and resolved",
    "range": "1 Nov 2026, by day",
    "labels": ["1 Nov"],
    "created": [1],
    "resolved": [0],
    "acknowledge": [None],
    "resolve": [None],
    "alt": "1 created, 0 resolved, 1 Nov 2026.",
}


def takes_files(vendor: HttpVendor) -> None:
    ticket = {"ok": True, "upload_url": f"{vendor.url}/upload", "file_id": "F1"}
    vendor.answer("files.getUploadURLExternal", 200, ticket)
    vendor.answer("upload", 200, "OK - 1")
    vendor.answer("files.completeUploadExternal", 200, {"ok": True})
    vendor.answer("chat.postMessage", 200, {"ok": True, "ts": TS, "channel": "D1"})


async def test_a_picture_goes_under_a_direct_message_in_its_own_conversation(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    takes_files(vendor)

    await slack(vendor, session).send(post(address="U1", picture=PICTURE))

    ticket, _, message, shown = vendor.asked
    assert ticket.query["filename"] == "incidents.png"
    assert ticket.query["alt_txt"] == PICTURE["alt"]
    assert message.body["channel"] == "U1"
    assert shown.body == {
        "files": [{"id": "F1", "title": "The picture"}],
        "channel_id": "D1",
        "thread_ts": TS,
    }


async def test_an_answer_and_its_picture_are_shown_together(
    vendor: HttpVendor, session: aiohttp.ClientSession
) -> None:
    takes_files(vendor)

    await slack(vendor, session).send(post(attachment="{}", picture=PICTURE))

    names = [asked.path.rpartition("/")[2] for asked in vendor.asked]
    assert names.count("files.getUploadURLExternal") == 2
    assert names.count("files.completeUploadExternal") == 1
