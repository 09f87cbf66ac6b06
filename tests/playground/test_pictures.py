from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.site import Controls, page_application
from bot.playground.slack import INCIDENTS
from bot.playground.town import Town

PNG = b"\x89PNG\r\n\x1a\nand so on"


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with Town() as town:
        yield town


def client(town: Town) -> AsyncWebClient:
    slack = town.slack
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=town.pulse.client)


async def test_a_picture_is_served_as_one_and_told_with_its_words(town: Town) -> None:
    ticket = await client(town).files_getUploadURLExternal(
        filename="incidents.png", length=len(PNG), alt_txt="1 created"
    )
    async with town.pulse.client.post(ticket["upload_url"], data=PNG) as answer:
        assert answer.status == 200
    file_id = ticket["file_id"]
    await client(town).files_completeUploadExternal(
        files=[{"id": file_id, "title": "The picture"}], channel_id=INCIDENTS
    )

    [message] = town.slack.posts(INCIDENTS)
    [file] = message["files"]
    assert (file["mimetype"], file["alt_txt"]) == ("image/png", "1 created")
    assert "preview" not in file
    url = await town.pulse.serve(
        page_application(town, Controls(now=lambda: datetime.now(UTC)))
    )
    async with town.pulse.client.get(f"{url}/files/{file_id}") as answer:
        assert answer.content_type == "image/png"
        assert await answer.read() == PNG


async def test_without_the_scope_no_file_is_taken(town: Town) -> None:
    town.slack.server.scopes -= {"files:write"}
    with pytest.raises(SlackApiError, match="missing_scope"):
        await client(town).files_getUploadURLExternal(filename="x.png", length=1)
