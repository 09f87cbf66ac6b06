from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.pulse import Fault, Pulse
from bot.playground.slack import ANA, GENERAL, GUEST, INCIDENTS, PRIVATE, SlackTown

DIVIDERS = [{"type": "divider"}]
BLOCKS: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "A card"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "text": {"type": "plain_text", "text": "Resolve"},
                "action_id": "resolve",
                "value": "arn-1",
            }
        ],
    },
]
MODAL = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Start"},
    "submit": {"type": "plain_text", "text": "Go"},
    "callback_id": "start",
    "blocks": [
        {
            "type": "input",
            "block_id": "b",
            "label": {"type": "plain_text", "text": "Title"},
            "element": {"type": "plain_text_input", "action_id": "title"},
        }
    ],
}


class Bot:
    """Answers what comes with `answers`, oldest first, else with an empty 200."""

    def __init__(self, secret: str) -> None:
        self.verifier = SignatureVerifier(secret)
        self.requests: list[tuple[dict[str, str], Any]] = []
        self.answers: list[web.Response] = []
        self.url = ""

    async def hear(self, request: web.Request) -> web.Response:
        body = await request.text()
        assert self.verifier.is_valid_request(body, dict(request.headers))
        if request.content_type == "application/json":
            payload = json.loads(body)
        else:
            payload = {name: values[0] for name, values in parse_qs(body).items()}
            payload = json.loads(payload["payload"]) if "payload" in payload else payload
        self.requests.append((dict(request.headers), payload))
        if payload.get("type") == "url_verification":
            return web.json_response({"challenge": payload["challenge"]})
        return self.answers.pop(0) if self.answers else web.Response()

    def events(self, kind: str) -> list[Any]:
        return [p["event"] for _, p in self.requests if p.get("event", {}).get("type") == kind]


@asynccontextmanager
async def working_town() -> AsyncIterator[SlackTown]:
    slack = SlackTown(Pulse())
    await slack.start()
    try:
        yield slack
    finally:
        await slack.close()
        await slack.pulse.close()


@pytest.fixture
async def slack() -> AsyncIterator[SlackTown]:
    async with working_town() as town:
        yield town


@pytest.fixture
async def bot(slack: SlackTown) -> Bot:
    bot = Bot(slack.signing_secret)
    app = web.Application()
    app.router.add_post("/slack/events", bot.hear)
    bot.url = await slack.pulse.serve(app)
    slack.server.door.url = f"{bot.url}/slack/events"
    return bot


@pytest.fixture
def client(slack: SlackTown) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)


async def refused(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def test_a_message_keeps_its_metadata_for_whoever_asks_for_it(
    client: AsyncWebClient,
) -> None:
    metadata = {"event_type": "page", "event_payload": {"key": "k-1"}}
    sent = await client.chat_postMessage(channel=INCIDENTS, text="hi", metadata=metadata)

    whole = await client.conversations_history(channel=INCIDENTS, include_all_metadata=True)
    brief = await client.conversations_history(channel=INCIDENTS)

    assert whole["messages"][0]["ts"] == sent["ts"]
    assert whole["messages"][0]["metadata"] == metadata
    assert brief["messages"][0]["metadata"] == {"event_type": "page"}


async def test_replies_are_in_the_thread_and_not_in_the_history(client: AsyncWebClient) -> None:
    parent = await client.chat_postMessage(channel=INCIDENTS, text="card")
    await client.chat_postMessage(channel=INCIDENTS, text="note", thread_ts=parent["ts"])

    thread = await client.conversations_replies(channel=INCIDENTS, ts=parent["ts"])
    history = await client.conversations_history(channel=INCIDENTS)

    assert [m["text"] for m in thread["messages"]] == ["card", "note"]
    assert [m["text"] for m in history["messages"]] == ["card"]
    assert history["messages"][0]["reply_count"] == 1


async def test_a_message_can_be_updated_deleted_and_reacted_to(
    client: AsyncWebClient, slack: SlackTown
) -> None:
    sent = await client.chat_postMessage(channel=INCIDENTS, text="old", blocks=BLOCKS)
    await client.reactions_add(channel=INCIDENTS, timestamp=sent["ts"], name="eyes")
    await client.chat_update(channel=INCIDENTS, ts=sent["ts"], text="new")
    assert slack.posts(INCIDENTS)[0]["text"] == "new"
    assert slack.posts(INCIDENTS)[0]["blocks"] == []

    await client.chat_delete(channel=INCIDENTS, ts=sent["ts"])
    gone = await refused(client.chat_update(channel=INCIDENTS, ts=sent["ts"], text="x"))
    assert gone == "message_not_found"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C0NOWHERE00", "text": "x"}, "channel_not_found"),
        ({"channel": GENERAL, "text": "x"}, "not_in_channel"),
        ({"channel": "C0ARCHIVED0", "text": "x"}, "is_archived"),
        ({"channel": INCIDENTS, "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": INCIDENTS, "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        (
            {"channel": INCIDENTS, "text": "x", "blocks": DIVIDERS * 51},
            "invalid_blocks",
        ),
    ],
)
async def test_slack_refuses_with_its_own_error(
    client: AsyncWebClient, arguments: dict[str, Any], error: str
) -> None:
    assert await refused(client.chat_postMessage(**arguments)) == error


async def test_a_wrong_token_and_a_missing_scope_are_told_apart(slack: SlackTown) -> None:
    wrong = AsyncWebClient(token="xoxb-other", base_url=slack.api_url)
    assert await refused(wrong.auth_test()) == "invalid_auth"

    slack.server.scopes = frozenset({"chat:write"})
    right = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    assert await refused(right.users_info(user=ANA)) == "missing_scope"
    assert (await right.auth_test()).headers["X-OAuth-Scopes"] == "chat:write"


async def test_a_guest_is_marked_as_restricted(client: AsyncWebClient) -> None:
    assert (await client.users_info(user=GUEST))["user"]["is_restricted"] is True
    assert (await client.users_info(user=ANA))["user"]["is_restricted"] is False


async def test_a_limited_rate_names_the_seconds_to_wait(
    client: AsyncWebClient, slack: SlackTown
) -> None:
    slack.misbehave("chat.postMessage", retry_after=7)

    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=INCIDENTS, text="x")
    assert caught.value.response.headers["Retry-After"] == "7"
    assert (await client.chat_postMessage(channel=INCIDENTS, text="x"))["ok"]


async def test_a_lost_answer_leaves_the_message_posted(
    client: AsyncWebClient, slack: SlackTown
) -> None:
    client.retry_handlers.clear()
    slack.misbehave("chat.postMessage", fault=Fault(mode="lose"))

    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=INCIDENTS, text="x")
    assert [m["text"] for m in slack.posts(INCIDENTS)] == ["x"]


async def test_a_file_is_uploaded_into_the_thread(
    client: AsyncWebClient, slack: SlackTown
) -> None:
    parent = await client.chat_postMessage(channel=INCIDENTS, text="card")
    await client.files_upload_v2(
        channel=INCIDENTS, thread_ts=parent["ts"], content="whole", filename="answer.json"
    )

    reply = slack.posts(INCIDENTS, parent["ts"])[-1]
    assert reply["files"][0]["name"] == "answer.json"
    assert slack.workspace.files[reply["files"][0]["id"]].content == b"whole"


async def test_what_a_person_types_arrives_as_slack_marks_it_up(
    slack: SlackTown, bot: Bot
) -> None:
    text = "@aws mail bob@example.com see https://x.test/a?b=1&c=2, a < b & `x@y.test`"
    await slack.say(ANA, INCIDENTS, text)
    await slack.pulse.settle()

    (mention,) = bot.events("app_mention")
    assert mention["text"] == (
        "<@U0INCIDENTBOT> mail <mailto:bob@example.com|bob@example.com> see "
        "<https://x.test/a?b=1&amp;c=2>, a &lt; b &amp; `x@y.test`"
    )
    assert mention["user"] == ANA
    (message,) = bot.events("message")
    assert (message["ts"], message["channel_type"]) == (mention["ts"], "channel")


async def test_a_channel_without_the_bot_tells_it_nothing(slack: SlackTown, bot: Bot) -> None:
    await slack.say(ANA, GENERAL, "@aws help")
    await slack.pulse.settle()

    assert bot.requests == []


async def test_an_event_that_fails_comes_again_and_says_why(slack: SlackTown, bot: Bot) -> None:
    bot.answers = [web.Response(status=500), web.Response(status=503)]
    await slack.say(ANA, slack.dm(ANA), "help")
    await slack.pulse.settle()

    assert len({payload["event_id"] for _, payload in bot.requests}) == 1
    tries = [headers.get("X-Slack-Retry-Num") for headers, _ in bot.requests]
    assert tries == [None, "1", "2"]
    assert bot.requests[1][0]["X-Slack-Retry-Reason"] == "http_error"
    assert slack.pulse.surprises == []


async def test_an_event_that_is_never_taken_is_a_surprise(slack: SlackTown, bot: Bot) -> None:
    bot.answers = [web.Response(status=500) for _ in range(4)]
    await slack.say(ANA, slack.dm(ANA), "help")
    await slack.pulse.settle()

    assert slack.pulse.surprises == ["the bot did not take an event: 500 (http_error)"]


async def test_copies_of_an_event_bear_one_id(slack: SlackTown, bot: Bot) -> None:
    await slack.say(ANA, slack.dm(ANA), "help", copies=4)
    await slack.pulse.settle()

    assert len(bot.requests) == 4
    assert len({payload["event_id"] for _, payload in bot.requests}) == 1


async def test_the_request_url_is_verified(slack: SlackTown, bot: Bot) -> None:
    assert await slack.verify_url()


async def test_a_slash_command_is_answered_at_once_and_later(
    slack: SlackTown, bot: Bot
) -> None:
    bot.answers = [web.json_response({"text": "working"})]
    await slack.slash(ANA, INCIDENTS, "/aws", "a 'b' <c>")
    form = bot.requests[0][1]
    assert (form["command"], form["text"]) == ("/aws", "a 'b' &lt;c&gt;")

    body = {"response_type": "in_channel", "text": "done"}
    async with slack.pulse.client.post(form["response_url"], json=body) as answer:
        assert answer.status == 200
    assert [m["text"] for m in slack.channel(INCIDENTS).ephemerals] == ["working"]
    assert [m["text"] for m in slack.posts(INCIDENTS)] == ["done"]


async def test_a_pressed_button_carries_its_message_and_can_replace_it(
    slack: SlackTown, bot: Bot, client: AsyncWebClient
) -> None:
    sent = await client.chat_postMessage(channel=INCIDENTS, text="card", blocks=BLOCKS)
    await slack.press(ANA, INCIDENTS, sent["ts"], "resolve")

    pressed = next(p for _, p in bot.requests if p["type"] == "block_actions")
    assert pressed["actions"][0]["value"] == "arn-1"
    assert pressed["message"]["ts"] == pressed["container"]["message_ts"] == sent["ts"]

    body = {"replace_original": True, "text": "resolved"}
    async with slack.pulse.client.post(pressed["response_url"], json=body) as answer:
        assert answer.status == 200
    assert slack.posts(INCIDENTS)[0]["text"] == "resolved"
    with pytest.raises(LookupError, match="there is: none"):
        await slack.press(ANA, INCIDENTS, sent["ts"], "resolve")


async def test_a_modal_opens_once_a_trigger_and_keeps_open_on_errors(
    slack: SlackTown, bot: Bot, client: AsyncWebClient
) -> None:
    await slack.slash(ANA, INCIDENTS, "/aws")
    trigger = bot.requests[0][1]["trigger_id"]
    await client.views_open(trigger_id=trigger, view=MODAL)
    again = await refused(client.views_open(trigger_id=trigger, view=MODAL))
    assert again == "exchanged_trigger_id"

    with pytest.raises(ValueError, match="title"):
        await slack.submit_view(ANA, {})
    wrong = {"response_action": "errors", "errors": {"b": "too short"}}
    bot.answers = [web.json_response(wrong)]
    await slack.submit_view(ANA, {"title": "x"})
    assert slack.workspace.modals[ANA][0]["errors"] == {"b": "too short"}

    await slack.submit_view(ANA, {"title": "Payments"})
    submitted = bot.requests[-1][1]["view"]["state"]["values"]
    assert submitted == {"b": {"title": {"type": "plain_text_input", "value": "Payments"}}}
    assert slack.workspace.modals[ANA] == []


async def test_home_is_published_for_one_user(
    slack: SlackTown, bot: Bot, client: AsyncWebClient
) -> None:
    await slack.open_home(ANA)
    await slack.pulse.settle()
    assert bot.events("app_home_opened")[0]["user"] == ANA

    await client.views_publish(user_id=ANA, view={"type": "home", "blocks": BLOCKS})
    await slack.press_in_view(ANA, "resolve")
    assert bot.requests[-1][1]["view"]["type"] == "home"


async def test_a_private_channel_is_unknown_to_whom_is_not_in_it(
    slack: SlackTown, client: AsyncWebClient
) -> None:
    slack.channel(PRIVATE).members.remove(slack.workspace.bot.id)

    error = await refused(client.chat_postMessage(channel=PRIVATE, text="x"))
    assert error == "channel_not_found"
