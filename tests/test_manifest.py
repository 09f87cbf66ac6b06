"""The Slack app asks for what the code uses, and for nothing more."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.forms import ADD_TO_TIMELINE
from bot.doctor.slack import SCOPES
from bot.playground.slack_api import METHODS, USUAL_SCOPES
from bot.playground.slack_server import SlackServer

ROOT = Path(__file__).parent.parent
HISTORY = {"channels:history", "groups:history", "im:history"}
LOADED = SlackServer
"""Importing it fills METHODS."""

KINDS = {"channels:read", "groups:read", "im:read"}
"""A scope a kind of conversation; the bot posts in channels and direct messages only."""

METHOD_SCOPES: dict[str, set[str]] = {
    "auth.test": set(),
    "chat.getPermalink": set(),
    "chat.postEphemeral": {"chat:write"},
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": HISTORY,
    "conversations.info": KINDS,
    "conversations.replies": HISTORY,
    "files.completeUploadExternal": {"files:write"},
    "files.getUploadURLExternal": {"files:write"},
    "users.info": {"users:read"},
    "views.open": set(),
}
"""Source: the methods' pages, docs.slack.dev/reference/methods."""
EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "reaction_added": "reactions:read",
}
"""Source: the events' pages, docs.slack.dev/reference/events."""

METHOD = re.compile(
    r"(?:auth|bots|chat|conversations|files|pins|reactions|team|users|views)[._][a-zA-Z]+"
)


@pytest.fixture
def manifest() -> Any:
    return yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))


def methods_called() -> set[str]:
    """Methods of the Web API that stand in the code, as text or as the library spells them."""
    return {name.replace("_", ".") for path in _sources() for name in _names(path)}


def _sources() -> Iterator[Path]:
    yield from (ROOT / "bot" / "channels" / "slack").glob("*.py")
    yield from (ROOT / "bot" / "commands").glob("*.py")
    yield from (ROOT / "bot" / "doctor").glob("*.py")
    yield from (ROOT / "bot").glob("*.py")


def _names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            name = node.value
        elif isinstance(node, ast.Attribute):
            name = node.attr
        else:
            continue
        if METHOD.fullmatch(name) and hasattr(AsyncWebClient, name.replace(".", "_")):
            yield name


def test_the_scopes_are_those_that_methods_events_and_commands_need(manifest: Any) -> None:
    needed = {"commands"}.union(*(METHOD_SCOPES[name] for name in methods_called()))
    needed |= {
        EVENT_SCOPES[name] for name in manifest["settings"]["event_subscriptions"]["bot_events"]
    }
    scopes = manifest["oauth_config"]["scopes"]

    assert set(scopes["bot"]) == needed == SCOPES
    assert set(scopes) == {"bot"}


def test_the_playground_asks_for_the_same_scopes() -> None:
    assert {METHODS[name][0] for name in methods_called()} - {""} <= USUAL_SCOPES
    for name in methods_called():
        assert METHODS[name][0] in METHOD_SCOPES[name] | {""}


def test_all_that_slack_sends_goes_to_the_one_route_that_there_is(manifest: Any) -> None:
    settings = manifest["settings"]
    urls = {
        settings["event_subscriptions"]["request_url"],
        settings["interactivity"]["request_url"],
        *(command["url"] for command in manifest["features"]["slash_commands"]),
    }

    assert urls == {"https://imbot.example.com/slack/events"}


def test_slack_takes_the_lengths_of_the_manifest(manifest: Any) -> None:
    """Source: docs.slack.dev/reference/app-manifest."""
    display, features = manifest["display_information"], manifest["features"]

    assert len(display["name"]) <= 35
    assert len(display["description"]) <= 140
    assert len(features["bot_user"]["display_name"]) <= 80
    for command in features["slash_commands"]:
        assert re.fullmatch(r"/[a-z0-9_-]{1,31}", command["command"])
        assert len(command["description"]) <= 2000
        assert len(command["usage_hint"]) <= 1000
    for shortcut in features["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
        assert shortcut["type"] == "message"


def test_the_message_shortcut_is_the_one_that_the_bot_answers(manifest: Any) -> None:
    callbacks = [shortcut["callback_id"] for shortcut in manifest["features"]["shortcuts"]]

    assert callbacks == [ADD_TO_TIMELINE]
