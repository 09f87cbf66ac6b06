from __future__ import annotations

from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import ANA, INCIDENTS
from bot.playground.town import Town


async def test_socket_mode_takes_events_and_delivers_again_what_is_not_acknowledged() -> None:
    town = Town(socket_mode=True)
    await town.start()
    slack = town.slack
    slack.server.door.patience = 0.2
    seen: list[SocketModeRequest] = []

    async def hear(client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        seen.append(request)
        if len(seen) > 1:
            await client.send_socket_mode_response(
                SocketModeResponse(envelope_id=request.envelope_id, payload={"text": "yes"})
            )

    web_client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    client = SocketModeClient(app_token=slack.app_token, web_client=web_client)
    client.socket_mode_request_listeners.append(hear)
    await client.connect()  # type: ignore[no-untyped-call]
    await slack.pulse.until(lambda: slack.server.door.sockets)

    await slack.say(ANA, slack.dm(ANA), "help")
    await slack.pulse.settle()
    assert [request.retry_attempt for request in seen] == [0, 1]

    await slack.slash(ANA, INCIDENTS, "/aws", "help")
    assert slack.channel(INCIDENTS).ephemerals[0]["text"] == "yes"
    await client.close()  # type: ignore[no-untyped-call]
    assert slack.pulse.surprises == []
    await town.close()
