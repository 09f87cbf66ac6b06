"""Slack's Web API, and its methods that write messages.

A method is a function `(api, arguments) -> the answer less "ok"`; it raises SlackError with one
of the errors that its page lists. Source: Slack, "Web API methods".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from bot.playground.slack_limits import MOST_TEXT, block_faults, text_length
from bot.playground.slack_state import (
    APP_ID,
    BOT_ID,
    TEAM_ID,
    Conversation,
    Json,
    SlackError,
    Workspace,
    with_block_ids,
)

Method = Callable[["Api", Json], Json]
METHODS: dict[str, tuple[str, Method]] = {}
"""The scope that a method needs ("" for none) and its function, by its name."""

USUAL_SCOPES = frozenset(
    {
        "app_mentions:read", "channels:history", "channels:read", "chat:write", "commands",
        "files:write", "groups:history", "groups:read", "im:history",
        "im:read", "im:write", "reactions:read", "reactions:write", "team:read", "users:read",
        "users:read.email",
    }
)  # fmt: skip


class Api(Protocol):
    """What the methods need of the town."""

    workspace: Workspace
    url: str
    scopes: frozenset[str]

    def echo(
        self,
        channel: Conversation,
        message: Json,
        subtype: str | None = None,
        *,
        before: Json | None = None,
    ) -> None:
        """Tell the bot what happened in a conversation, as the Events API does. `before`: what
        the message was until it changed.
        """

    def use_trigger(self, trigger_id: Any) -> str:
        """Spend a trigger, and say whose it is."""


def method(name: str, scope: str = "") -> Callable[[Method], Method]:
    def register(function: Method) -> Method:
        METHODS[name] = (scope, function)
        return function

    return register


def need(arguments: Json, name: str, error: str = "invalid_arguments") -> Any:
    value = arguments.get(name)
    if value in (None, ""):
        raise SlackError(error, response_metadata={"messages": [f"[ERROR] missing {name}"]})
    return value


def place(api: Api, arguments: Json) -> Conversation:
    """The conversation to write to. Raises SlackError as Slack would."""
    channel = api.workspace.conversation(need(arguments, "channel", "channel_not_found"))
    if channel.kind == "group" and not channel.has_bot:
        raise SlackError("channel_not_found")
    if channel.is_archived:
        raise SlackError("is_archived")
    if not channel.has_bot and "chat:write.public" not in api.scopes:
        raise SlackError("not_in_channel")
    return channel


def content(arguments: Json) -> Json:
    """Text, blocks and metadata of a message. Raises SlackError where Slack refuses them."""
    text, blocks = arguments.get("text") or "", arguments.get("blocks") or []
    if not text and not blocks and not arguments.get("attachments"):
        raise SlackError("no_text")
    if len(text) > 40_000:
        raise SlackError("msg_too_long")
    if faults := block_faults(blocks, surface="message"):
        raise blocks_refused(faults)
    if text_length(blocks) > MOST_TEXT:
        raise SlackError("msg_blocks_too_long")
    metadata = arguments.get("metadata")
    if metadata and not (
        isinstance(metadata, dict) and ("event_type" in metadata or "entities" in metadata)
    ):
        raise SlackError("invalid_metadata_format")
    return {
        "text": text,
        "blocks": blocks,
        "metadata": metadata,
        "attachments": arguments.get("attachments"),
    }


def blocks_refused(faults: list[str]) -> SlackError:
    lines = [f"[ERROR] {fault}" for fault in faults]
    return SlackError("invalid_blocks", errors=faults, response_metadata={"messages": lines})


@method("chat.postMessage", "chat:write")
def post_message(api: Api, arguments: Json) -> Json:
    channel = place(api, arguments)
    more = content(arguments)
    text = more.pop("text")
    thread_ts = arguments.get("thread_ts")
    if thread_ts and not channel.thread(thread_ts):
        raise SlackError("thread_not_found")
    if thread_ts and arguments.get("reply_broadcast") in (True, "true", "1"):
        more["subtype"] = "thread_broadcast"
    message = api.workspace.post(
        channel,
        api.workspace.bot.id,
        text,
        bot_id=BOT_ID,
        app_id=APP_ID,
        team=TEAM_ID,
        thread_ts=thread_ts,
        **more,
    )
    api.echo(channel, message)
    return {"channel": channel.id, "ts": message["ts"], "message": dict(message)}


@method("chat.postEphemeral", "chat:write")
def post_ephemeral(api: Api, arguments: Json) -> Json:
    channel = place(api, arguments)
    reader = api.workspace.user(need(arguments, "user", "no_user")).id
    if reader not in channel.members:
        raise SlackError("user_not_in_channel")
    message = add_ephemeral(api, channel, reader, arguments)
    return {"message_ts": message["ts"]}


def add_ephemeral(api: Api, channel: Conversation, reader: str, arguments: Json) -> Json:
    """Show a message of the bot to one user only."""
    message: Json = {"type": "message", "ts": api.workspace.new_ts(), "user": reader}
    message |= {name: value for name, value in content(arguments).items() if value}
    message |= {"bot_id": BOT_ID, "is_ephemeral": True}
    if arguments.get("thread_ts"):
        message["thread_ts"] = arguments["thread_ts"]
    message["blocks"] = with_block_ids(message.get("blocks", []))
    channel.ephemerals.append(message)
    return message


def _own(channel: Conversation, ts: Any, error: str) -> Json:
    message = next((m for m in channel.messages if m["ts"] == ts), None)
    if message is None:
        raise SlackError("message_not_found")
    if message.get("bot_id") != BOT_ID:
        raise SlackError(error)
    return message


@method("chat.update", "chat:write")
def update(api: Api, arguments: Json) -> Json:
    channel = place(api, arguments)
    message = _own(channel, arguments.get("ts"), "cant_update_message")
    before = dict(message)
    replace(message, arguments, at=api.workspace.new_ts())
    api.echo(channel, message, "message_changed", before=before)
    answer = {"channel": channel.id, "ts": message["ts"], "text": message["text"]}
    return answer | {"message": dict(message)}


def replace(message: Json, arguments: Json, *, at: str) -> None:
    """Put other content into a message: blocks that are not given go, metadata stays."""
    new = content(arguments)
    message["text"] = new["text"]
    message["blocks"] = with_block_ids(new["blocks"])
    if new["metadata"]:
        message["metadata"] = new["metadata"]
    message["edited"] = {"user": message["user"], "ts": at}


@method("chat.delete", "chat:write")
def delete(api: Api, arguments: Json) -> Json:
    channel = place(api, arguments)
    message = _own(channel, arguments.get("ts"), "cant_delete_message")
    channel.messages.remove(message)
    api.echo(channel, message, "message_deleted")
    return {"channel": channel.id, "ts": message["ts"]}


@method("chat.getPermalink")
def permalink(api: Api, arguments: Json) -> Json:
    channel = api.workspace.conversation(arguments.get("channel"))
    message = channel.find(str(arguments.get("message_ts")))
    link = f"{api.url}/archives/{channel.id}/p{message['ts'].replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


@method("reactions.add", "reactions:write")
def reactions_add(api: Api, arguments: Json) -> Json:
    channel = place(api, arguments)
    message = channel.find(str(arguments.get("timestamp")))
    name = need(arguments, "name", "invalid_name")
    add_reaction(message, api.workspace.bot.id, name)
    return {}


def add_reaction(message: Json, user: str, name: str) -> None:
    """Raises SlackError where the user has put that emoji there before."""
    reactions = message.setdefault("reactions", [])
    reaction = next((one for one in reactions if one["name"] == name), None)
    if reaction is None:
        reactions.append({"name": name, "users": [user], "count": 1})
    elif user in reaction["users"]:
        raise SlackError("already_reacted")
    else:
        reaction["users"].append(user)
        reaction["count"] += 1
