"""Slack's Web API: the methods that look something up."""

from __future__ import annotations

from bot.playground.slack_api import Api, method, need
from bot.playground.slack_state import APP_ID, BOT_ID, TEAM_ID, Conversation, Json, SlackError


@method("api.test")
def api_test(_api: Api, arguments: Json) -> Json:
    return {"args": arguments}


@method("auth.test")
def auth_test(api: Api, _arguments: Json) -> Json:
    bot = api.workspace.bot
    return {
        "url": f"{api.url}/",
        "team": "Playground",
        "team_id": TEAM_ID,
        "user": bot.name,
        "user_id": bot.id,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "is_enterprise_install": False,
    }


@method("users.info", "users:read")
def users_info(api: Api, arguments: Json) -> Json:
    return {"user": api.workspace.user(arguments.get("user")).document()}


@method("users.list", "users:read")
def users_list(api: Api, _arguments: Json) -> Json:
    members = [user.document() for user in api.workspace.users.values()]
    return {"members": members, "response_metadata": {"next_cursor": ""}}


@method("users.lookupByEmail", "users:read.email")
def user_by_email(api: Api, arguments: Json) -> Json:
    for user in api.workspace.users.values():
        if user.email and user.email == arguments.get("email") and user.kind != "deleted":
            return {"user": user.document()}
    raise SlackError("users_not_found")


@method("team.info", "team:read")
def team_info(_api: Api, _arguments: Json) -> Json:
    return {"team": {"id": TEAM_ID, "name": "Playground", "domain": "playground"}}


@method("conversations.info", "channels:read")
def conversations_info(api: Api, arguments: Json) -> Json:
    return {"channel": api.workspace.conversation(arguments.get("channel")).document()}


@method("conversations.open", "im:write")
def conversations_open(api: Api, arguments: Json) -> Json:
    users = str(need(arguments, "users", "users_list_not_supplied")).split(",")
    return {"channel": {"id": api.workspace.dm(users[0]).id}}


@method("conversations.members", "channels:read")
def conversations_members(api: Api, arguments: Json) -> Json:
    channel = api.workspace.conversation(arguments.get("channel"))
    return {"members": list(channel.members), "response_metadata": {"next_cursor": ""}}


@method("conversations.list", "channels:read")
def conversations_list(api: Api, arguments: Json) -> Json:
    kinds = {"public_channel": "channel", "private_channel": "group", "im": "im"}
    asked = str(arguments.get("types") or "public_channel").replace(" ", "").split(",")
    wanted = {kinds.get(kind) for kind in asked}
    skip = str(arguments.get("exclude_archived", "")).lower() in ("true", "1")
    found = [
        channel.document()
        for channel in api.workspace.conversations.values()
        if channel.kind in wanted
        and (channel.kind == "channel" or channel.has_bot)
        and not (skip and channel.is_archived)
    ]
    items, cursor = _slice(found, arguments, most=1000)
    return {"channels": items, "response_metadata": {"next_cursor": cursor}}


@method("conversations.history", "channels:history")
def conversations_history(api: Api, arguments: Json) -> Json:
    channel = _readable(api, arguments)
    messages = [
        m
        for m in reversed(_between(channel.messages, arguments))
        if m.get("thread_ts", m["ts"]) == m["ts"] or m.get("subtype") == "thread_broadcast"
    ]
    return _listing(messages, arguments)


@method("conversations.replies", "channels:history")
def conversations_replies(api: Api, arguments: Json) -> Json:
    channel = _readable(api, arguments)
    thread = channel.thread(str(arguments.get("ts")))
    if not thread:
        raise SlackError("thread_not_found")
    return _listing([thread[0], *_between(thread[1:], arguments)], arguments)


def _readable(api: Api, arguments: Json) -> Conversation:
    channel = api.workspace.conversation(arguments.get("channel"))
    if not channel.has_bot:
        raise SlackError("not_in_channel")
    return channel


def _between(messages: list[Json], arguments: Json) -> list[Json]:
    oldest = float(arguments.get("oldest") or 0)
    latest = float(arguments.get("latest") or "inf")
    inclusive = str(arguments.get("inclusive", "")).lower() in ("true", "1")
    if inclusive:
        return [m for m in messages if oldest <= float(m["ts"]) <= latest]
    return [m for m in messages if oldest < float(m["ts"]) < latest]


def _listing(messages: list[Json], arguments: Json) -> Json:
    whole = str(arguments.get("include_all_metadata", "")).lower() in ("true", "1")
    items, cursor = _slice([plain(m, whole_metadata=whole) for m in messages], arguments)
    answer: Json = {"messages": items, "has_more": bool(cursor)}
    return answer | {"response_metadata": {"next_cursor": cursor}}


def _slice(items: list[Json], arguments: Json, most: int = 999) -> tuple[list[Json], str]:
    start = int(arguments.get("cursor") or 0)
    end = start + min(int(arguments.get("limit") or 100), most)
    return items[start:end], str(end) if end < len(items) else ""


def plain(message: Json, *, whole_metadata: bool) -> Json:
    """A message as the history shows it."""
    metadata = message.get("metadata")
    if metadata and not whole_metadata:
        return message | {"metadata": {"event_type": metadata.get("event_type")}}
    return dict(message)
