"""A Slack workspace as data: people, conversations, messages, views and files."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Json = dict[str, Any]
UserKind = Literal["member", "admin", "guest", "stranger", "deleted", "bot"]

TEAM_ID = "T0PLAYGROUND"
OTHER_TEAM_ID = "T0ELSEWHERE"
APP_ID = "A0INCIDENTBOT"
BOT_ID = "B0INCIDENTBOT"
BOT_USER_ID = "U0INCIDENTBOT"


class SlackError(Exception):
    """What Slack answers with `"ok": false`."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackUser:
    """kind: guest = `is_restricted`; stranger = of another workspace, in a shared channel."""

    id: str
    name: str
    real_name: str
    kind: UserKind = "member"
    email: str = ""

    @property
    def team_id(self) -> str:
        return OTHER_TEAM_ID if self.kind == "stranger" else TEAM_ID

    def document(self) -> Json:
        """The `user` of users.info."""
        return {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": self.kind == "deleted",
            "tz": "Etc/UTC",
            "tz_offset": 0,
            "is_admin": self.kind == "admin",
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.kind == "guest",
            "is_ultra_restricted": False,
            "is_stranger": False,  # true only of those who share no channel with the bot
            "is_bot": self.kind == "bot",
            "is_app_user": False,
            "profile": {
                "real_name": self.real_name,
                "display_name": self.name,
                "email": self.email,
                "team": self.team_id,
            },
        }


@dataclass(slots=True, kw_only=True)
class Conversation:
    """kind: channel (public), group (private) or im (the bot and `members[0]`)."""

    id: str
    name: str
    kind: Literal["channel", "group", "im"] = "channel"
    members: list[str] = field(default_factory=list)
    is_archived: bool = False
    is_shared: bool = False
    messages: list[Json] = field(default_factory=list)
    """Oldest first, as conversations.history gives them, with all metadata."""
    ephemerals: list[Json] = field(default_factory=list)
    """Messages that only their `user` sees."""

    @property
    def has_bot(self) -> bool:
        return BOT_USER_ID in self.members

    def find(self, ts: str) -> Json:
        for message in [*self.messages, *self.ephemerals]:
            if message["ts"] == ts:
                return message
        raise SlackError("message_not_found")

    def thread(self, ts: str) -> list[Json]:
        """The message of that `ts` and its replies, oldest first; only itself for a reply."""
        return [m for m in self.messages if ts in (m["ts"], m.get("thread_ts"))]

    def document(self) -> Json:
        """The `channel` of conversations.info."""
        base: Json = {
            "id": self.id,
            "is_archived": self.is_archived,
            "context_team_id": TEAM_ID,
        }
        if self.kind == "im":
            return base | {"is_im": True, "user": self.members[0]}
        return base | {
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": self.kind == "channel",
            "is_group": self.kind == "group",
            "is_im": False,
            "is_mpim": False,
            "is_private": self.kind == "group",
            "is_general": False,
            "is_member": self.has_bot,
            "is_shared": self.is_shared,
            "is_ext_shared": self.is_shared,
            "is_org_shared": False,
            "num_members": len(self.members),
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }


@dataclass(slots=True, kw_only=True)
class SlackFile:
    """An upload; `content` is empty until its bytes have come."""

    id: str
    name: str
    title: str = ""
    alt: str = ""
    content: bytes = b""

    def document(self) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "alt_txt": self.alt,
            "size": len(self.content),
            "mimetype": self.kind,
        } | (
            {"mode": "hosted"}
            if self.kind == "image/png"
            else {
                "mode": "snippet",
                "preview": self.content[:2000].decode(errors="replace"),
            }
        )

    @property
    def kind(self) -> str:
        is_picture = self.content.startswith(b"\x89PNG\r\n\x1a\n")
        return "image/png" if is_picture else "text/plain"


class Workspace:
    """Everything that a Slack workspace remembers."""

    def __init__(self, now: Callable[[], datetime], bot_name: str = "aws") -> None:
        self._now = now
        self._last_ts = 0
        self.bot = SlackUser(
            id=BOT_USER_ID, name=bot_name, real_name="Incident bot", kind="bot"
        )
        self.users: dict[str, SlackUser] = {self.bot.id: self.bot}
        self.conversations: dict[str, Conversation] = {}
        self.files: dict[str, SlackFile] = {}
        self.homes: dict[str, Json] = {}
        """The view on each user's App Home."""
        self.modals: dict[str, list[Json]] = {}
        """Each user's open modals, the topmost last."""

    def add_user(self, name: str, kind: UserKind = "member", user_id: str = "") -> SlackUser:
        user = SlackUser(
            id=user_id or new_id("U"),
            name=name,
            real_name=name.capitalize(),
            kind=kind,
            email=f"{name}@example.com",
        )
        self.users[user.id] = user
        return user

    def add_channel(
        self, name: str, members: Iterable[str], *, channel_id: str = "", **facts: Any
    ) -> Conversation:
        """`facts`: kind, is_archived, is_shared. The bot is a member only if it is named."""
        channel = Conversation(
            id=channel_id or new_id("C"), name=name, members=list(members), **facts
        )
        self.conversations[channel.id] = channel
        return channel

    def dm(self, user: str) -> Conversation:
        """The direct message between the bot and a user, opened where need be."""
        if user not in self.users:
            raise SlackError("user_not_found")
        for conversation in self.conversations.values():
            if conversation.kind == "im" and conversation.members[0] == user:
                return conversation
        members = [user, BOT_USER_ID]
        return self.add_channel("", members, channel_id=new_id("D"), kind="im")

    def conversation(self, channel: Any) -> Conversation:
        """A conversation by its id; a user's id is the direct message with him."""
        if isinstance(channel, str) and channel.startswith("U"):
            return self.dm(channel)
        try:
            return self.conversations[str(channel)]
        except KeyError:
            raise SlackError("channel_not_found") from None

    def user(self, user: Any) -> SlackUser:
        try:
            return self.users[str(user)]
        except KeyError:
            raise SlackError("user_not_found") from None

    def new_ts(self) -> str:
        """A timestamp no other message has, later than all before it."""
        self._last_ts = max(self._last_ts + 1, int(self._now().timestamp() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def post(self, channel: Conversation, user: str, text: str, **more: Any) -> Json:
        """Add a message; `more` holds thread_ts, blocks, metadata, files, subtype, bot_id."""
        message: Json = {"type": "message", "user": user, "ts": self.new_ts(), "text": text}
        message |= {name: value for name, value in more.items() if value}
        if "blocks" in message:
            message["blocks"] = with_block_ids(message["blocks"])
        channel.messages.append(message)
        if "thread_ts" in message:
            self._count_reply(channel, message)
        return message

    def _count_reply(self, channel: Conversation, reply: Json) -> None:
        parent = next((m for m in channel.messages if m["ts"] == reply["thread_ts"]), None)
        if parent is None or parent is reply:
            return
        parent["thread_ts"] = parent["ts"]
        parent["reply_count"] = parent.get("reply_count", 0) + 1
        parent["latest_reply"] = reply["ts"]

    def snapshot(self) -> Json:
        """Everything that a page draws. Ephemerals name their one reader in `user`."""
        return {
            "bot": self.bot.document(),
            "users": [u.document() | {"kind": u.kind} for u in self.users.values()],
            "channels": [
                c.document()
                | {
                    "kind": c.kind,
                    "name": c.name,
                    "members": list(c.members),
                    "messages": c.messages,
                    "ephemerals": c.ephemerals,
                }
                for c in self.conversations.values()
            ],
            "homes": self.homes,
            "modals": {user: views for user, views in self.modals.items() if views},
        }


def new_id(kind: str) -> str:
    """An id as Slack makes them: a letter and ten more or digits."""
    alphabet = string.ascii_uppercase + string.digits
    return kind + "0" + "".join(secrets.choice(alphabet) for _ in range(9))


def with_block_ids(blocks: list[Json]) -> list[Json]:
    """Blocks and their elements as Slack keeps them: those without an id are given one."""
    kept = []
    for given in blocks:
        block = {"block_id": secrets.token_hex(3), **given}
        if isinstance(block.get("elements"), list) and block["type"] == "actions":
            block["elements"] = [_with_action_id(element) for element in block["elements"]]
        for name in ("accessory", "element"):
            if isinstance(block.get(name), dict):
                block[name] = _with_action_id(block[name])
        kept.append(block)
    return kept


def _with_action_id(element: Json) -> Json:
    return {"action_id": secrets.token_hex(3), **element}
