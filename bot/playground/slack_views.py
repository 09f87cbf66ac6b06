"""Slack's Web API: views and files."""

from __future__ import annotations

import secrets
import time
from typing import Any

from bot.playground.slack_api import Api, method, need, place
from bot.playground.slack_limits import view_faults
from bot.playground.slack_state import (
    APP_ID,
    BOT_ID,
    TEAM_ID,
    Json,
    SlackError,
    SlackFile,
    new_id,
    with_block_ids,
)


@method("views.open")
def views_open(api: Api, arguments: Json) -> Json:
    user = api.use_trigger(need(arguments, "trigger_id"))
    view = kept_view(arguments.get("view"))
    api.workspace.modals[user] = [view]
    return {"view": view}


@method("views.push")
def views_push(api: Api, arguments: Json) -> Json:
    user = api.use_trigger(need(arguments, "trigger_id"))
    modals = api.workspace.modals.setdefault(user, [])
    if len(modals) >= 3:
        raise SlackError("push_limit_reached")
    view = kept_view(arguments.get("view"))
    modals.append(view)
    return {"view": view}


@method("views.update")
def views_update(api: Api, arguments: Json) -> Json:
    for modals in api.workspace.modals.values():
        for number, view in enumerate(modals):
            if view["id"] == arguments.get("view_id"):
                if arguments.get("hash") not in (None, view["hash"]):
                    raise SlackError("hash_conflict")
                modals[number] = kept_view(arguments.get("view")) | {"id": view["id"]}
                return {"view": modals[number]}
    raise SlackError("not_found")


@method("views.publish")
def views_publish(api: Api, arguments: Json) -> Json:
    user = api.workspace.user(arguments.get("user_id")).id
    api.workspace.homes[user] = kept_view(arguments.get("view"))
    return {"view": api.workspace.homes[user]}


def kept_view(view: Any) -> Json:
    """A view as Slack keeps it. Raises SlackError with what is wrong with it."""
    if faults := view_faults(view):
        lines = [f"[ERROR] {fault}" for fault in faults]
        raise SlackError("invalid_arguments", response_metadata={"messages": lines})
    return {
        **view,
        "id": new_id("V"),
        "team_id": TEAM_ID,
        "app_id": APP_ID,
        "bot_id": BOT_ID,
        "blocks": with_block_ids(view["blocks"]),
        "hash": f"{int(time.time())}.{secrets.token_hex(4)}",
        "private_metadata": view.get("private_metadata", ""),
        "callback_id": view.get("callback_id", ""),
        "state": {"values": {}},
    }


@method("files.getUploadURLExternal", "files:write")
def upload_url(api: Api, arguments: Json) -> Json:
    name = str(need(arguments, "filename"))
    if int(arguments.get("length") or 0) <= 0:
        raise SlackError("invalid_arguments")
    file = SlackFile(id=new_id("F"), name=name, alt=str(arguments.get("alt_txt") or ""))
    api.workspace.files[file.id] = file
    return {"upload_url": f"{api.url}/upload/{file.id}", "file_id": file.id}


@method("files.completeUploadExternal", "files:write")
def complete_upload(api: Api, arguments: Json) -> Json:
    files = []
    for asked in need(arguments, "files"):
        file = api.workspace.files.get(asked.get("id"))
        if file is None or not file.content:
            raise SlackError("file_not_found")
        file.title = asked.get("title") or file.name
        files.append(file.document())
    if channel_id := arguments.get("channel_id") or arguments.get("channels"):
        if str(channel_id).startswith("U"):
            raise SlackError("channel_not_found")
        channel = place(api, {"channel": channel_id})
        message = api.workspace.post(
            channel,
            api.workspace.bot.id,
            arguments.get("initial_comment") or "",
            bot_id=BOT_ID,
            thread_ts=arguments.get("thread_ts"),
            files=files,
        )
        api.echo(channel, message, "file_share")
    return {"files": files}
