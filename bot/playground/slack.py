"""A Slack workspace with people in it: what they type, press and see."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.playground.pulse import Fault, Json, Pulse
from bot.playground.slack_actions import action, find_element, user_part, view_state
from bot.playground.slack_api import add_reaction
from bot.playground.slack_door import Answer
from bot.playground.slack_server import ResponseUrl, SlackServer
from bot.playground.slack_state import APP_ID, TEAM_ID, Conversation, SlackError
from bot.playground.slack_text import slash_text, typed
from bot.playground.slack_views import kept_view

ANA, BEN, CLEO = "U0ANA000001", "U0BEN000002", "U0CLEO00003"
ADMIN, GUEST, STRANGER, DELETED = "U0ADMIN0004", "U0GUEST0005", "U0STRANGER6", "U0DELETED07"
INCIDENTS, GENERAL, QUIET = "C0INCIDENTS", "C0GENERAL00", "C0QUIET0000"
ARCHIVED, SHARED, PRIVATE = "C0ARCHIVED0", "C0SHARED000", "C0PRIVATE00"


class SlackTown:
    """The people of a workspace whose bot is called `@aws`.

    `channel` is an id; of users too. The bot is a member of INCIDENTS, SHARED, PRIVATE and
    ARCHIVED, but not of GENERAL and QUIET, until `invite`.
    """

    def __init__(
        self,
        pulse: Pulse,
        *,
        bot_token: str = "xoxb-playground-bot",  # noqa: S107 - good on loopback only
        app_token: str = "xapp-playground-app",  # noqa: S107
        signing_secret: str = "playground-signing-secret",  # noqa: S107
        retry_delays: Sequence[float] = (0, 0, 0),
    ) -> None:
        self.bot_token = bot_token
        self.app_token = app_token
        self.signing_secret = signing_secret
        self.pulse = pulse
        self.server = SlackServer(
            pulse,
            bot_token=bot_token,
            app_token=app_token,
            signing_secret=signing_secret,
            retry_delays=retry_delays,
        )
        self.workspace = self.server.workspace
        self._populate()

    def _populate(self) -> None:
        add = self.workspace.add_user
        people = [add("ana", user_id=ANA), add("ben", user_id=BEN), add("cleo", user_id=CLEO)]
        people += [add("dana", "admin", ADMIN), add("gus", "guest", GUEST)]
        add("sam", "stranger", STRANGER)
        add("gone", "deleted", DELETED)
        here = [person.id for person in people]
        bot = self.workspace.bot.id
        channel = self.workspace.add_channel
        channel("incidents", [*here, bot], channel_id=INCIDENTS)
        channel("general", here, channel_id=GENERAL)
        channel("quiet", here, channel_id=QUIET)
        channel("archived", [*here, bot], channel_id=ARCHIVED, is_archived=True)
        channel("shared", [*here, STRANGER, bot], channel_id=SHARED, is_shared=True)
        channel("private", [ANA, BEN, bot], channel_id=PRIVATE, kind="group")

    async def start(self) -> None:
        await self.server.start()

    @property
    def api_url(self) -> str:
        """What SLACK_API_URL must be."""
        return f"{self.server.url}/api/"

    def misbehave(
        self,
        method: str = "*",
        *,
        times: int = 1,
        error: str = "",
        retry_after: int | None = None,
        fault: Fault | None = None,
    ) -> None:
        """Answer the next calls of `method` (wildcards allowed) wrongly.

        `error`: Slack's, with HTTP 200. `retry_after`: 429 and that many seconds.
        Response URLs are the method `response_url`.
        """
        if retry_after is not None:
            headers = {"Retry-After": str(retry_after)}
            body = '{"ok":false,"error":"ratelimited"}'
            fault = Fault(status=429, body=body, headers=headers)
        elif fault is None:
            fault = Fault(body=json.dumps({"ok": False, "error": error or "internal_error"}))
        self.server.faults.add(method, fault, times)

    # what people do

    def dm(self, user: str) -> str:
        """The id of the direct message between a user and the bot."""
        return self.workspace.dm(user).id

    async def invite(self, channel: str) -> None:
        """Make the bot a member."""
        conversation = self.workspace.conversation(channel)
        bot = self.workspace.bot.id
        if not conversation.has_bot:
            conversation.members.append(bot)
            event = {"type": "member_joined_channel", "user": bot, "channel": channel}
            self.server.tell(event, conversation)
            self.pulse.changed()

    async def say(
        self,
        user: str,
        channel: str,
        text: str,
        *,
        thread_ts: str | None = None,
        copies: int = 1,
    ) -> str:
        """Send a text as typed (`@aws` becomes the mention of the bot), and return its ts.

        `copies`: how often Slack delivers the same events. Delivery is in the background.
        """
        conversation = self.workspace.conversation(channel)
        person = self.workspace.user(user)
        if conversation.is_archived:
            raise SlackError("is_archived")
        marked = self.marked(text)
        message = self.workspace.post(
            conversation,
            user,
            marked,
            thread_ts=thread_ts,
            team=person.team_id,
            user_team=person.team_id if person.team_id != TEAM_ID else "",
        )
        event = message | {"channel": channel, "event_ts": message["ts"]}
        if f"<@{self.workspace.bot.id}>" in marked and conversation.kind != "im":
            self.server.tell(event | {"type": "app_mention"}, conversation, copies=copies)
        kind = {"channel_type": conversation.kind}
        self.server.tell(event | kind, conversation, copies=copies)
        self.pulse.changed()
        return str(message["ts"])

    def marked(self, text: str) -> str:
        """What Slack makes of a text as it is typed."""
        return typed(text, users=self._user_names, channels=self._channel_names)

    @property
    def _user_names(self) -> dict[str, str]:
        return {user.name: user.id for user in self.workspace.users.values()}

    @property
    def _channel_names(self) -> dict[str, str]:
        return {c.name: c.id for c in self.workspace.conversations.values() if c.name}

    async def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """Change one's own message. Raises SlackError where it is another's."""
        conversation = self.workspace.conversation(channel)
        message = conversation.find(ts)
        if message["user"] != user:
            raise SlackError("cant_update_message")
        before = dict(message)
        message["text"] = self.marked(text)
        message["edited"] = {"user": user, "ts": self.workspace.new_ts()}
        self.server.echo(conversation, message, "message_changed", before=before)
        self.pulse.changed()

    async def delete(self, user: str, channel: str, ts: str) -> None:
        """Delete one's own message. Raises SlackError where it is another's."""
        conversation = self.workspace.conversation(channel)
        message = conversation.find(ts)
        if message["user"] != user:
            raise SlackError("cant_delete_message")
        conversation.messages.remove(message)
        self.server.echo(conversation, message, "message_deleted")
        self.pulse.changed()

    async def react(self, user: str, channel: str, ts: str, emoji: str) -> None:
        """Put an emoji, by its name, on a message. Raises SlackError where it is there."""
        conversation = self.workspace.conversation(channel)
        message = conversation.find(ts)
        add_reaction(message, user, emoji)
        item = {"type": "message", "channel": channel, "ts": ts}
        event: Json = {"type": "reaction_added", "user": user, "reaction": emoji, "item": item}
        event |= {"item_user": message["user"], "event_ts": self.workspace.new_ts()}
        self.server.tell(event, conversation)
        self.pulse.changed()

    async def use_shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> Answer:
        """Take the bot's entry from a message's menu, by the entry's callback id."""
        conversation = self.workspace.conversation(channel)
        message = conversation.find(ts)
        response = ResponseUrl(channel=conversation, user=user, message_ts=ts)
        payload = self._interaction("message_action", user) | {
            "callback_id": callback_id,
            "action_ts": self.workspace.new_ts(),
            "channel": {"id": channel, "name": conversation.name or "directmessage"},
            "message_ts": ts,
            "message": message,
            "response_url": self.server.new_response_url(response),
        }
        return await self._interact(payload, f"shortcut {callback_id}")

    def redeliver(self, times: int = 1) -> None:
        """Let Slack deliver its last event again, under the same id."""
        self.server.redeliver(times)

    async def verify_url(self) -> bool:
        """Does the bot answer the challenge of the Request URL?"""
        challenge = {"type": "url_verification", "token": "playground", "challenge": "c-4711"}
        answer = await self.server.door.event(challenge)
        said = answer.body.get("challenge") if isinstance(answer.body, dict) else answer.body
        return answer.is_ok and said == "c-4711"

    async def open_home(self, user: str) -> None:
        """Look at the bot's App Home; its view is then in `workspace.homes`."""
        event: Json = {"type": "app_home_opened", "user": user, "tab": "home"}
        event["channel"] = self.dm(user)
        if user in self.workspace.homes:
            event["view"] = self.workspace.homes[user]
        self.server.tell(event | {"event_ts": self.workspace.new_ts()})

    async def slash(self, user: str, channel: str, command: str, text: str = "") -> Answer:
        """Use a slash command; what the bot answers at once is shown, and returned."""
        conversation = self.workspace.conversation(channel)
        response = ResponseUrl(channel=conversation, user=user)
        form = {
            "token": "playground",
            "team_id": TEAM_ID,
            "team_domain": "playground",
            "channel_id": channel,
            "channel_name": conversation.name or "directmessage",
            "user_id": user,
            "user_name": self.workspace.user(user).name,
            "command": command,
            "text": slash_text(text, users=self._user_names, channels=self._channel_names),
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": self.server.new_response_url(response),
            "trigger_id": self.server.new_trigger(user),
        }
        work = self.server.door.once("slash_commands", form)
        answer: Answer = await self.pulse.spawn(work, f"slash command {command}")
        if not answer.is_ok:
            failed = f'{command} failed with the error "dispatch_failed"'
            self.server.show_response(response, {"text": failed})
        elif answer.body:
            body = {"text": answer.body} if isinstance(answer.body, str) else answer.body
            self.server.show_response(response, body)
        return answer

    async def press(
        self, user: str, channel: str, ts: str, action_id: str, value: Any = None
    ) -> Answer:
        """Press a button of a message (the one of that `value`), or choose `value` in a select.

        Raises LookupError where the message has no such element.
        """
        conversation = self.workspace.conversation(channel)
        message = conversation.find(ts)
        block, element = find_element(message.get("blocks", ()), action_id, value)
        is_ephemeral = message in conversation.ephemerals
        thread = {"thread_ts": message["thread_ts"]} if "thread_ts" in message else {}
        response = ResponseUrl(
            channel=conversation, user=user, message_ts=ts, thread_ts=message.get("thread_ts")
        )
        container = {
            "type": "message",
            "message_ts": ts,
            "channel_id": channel,
            "is_ephemeral": is_ephemeral,
        }
        payload = self._interaction("block_actions", user) | {
            "container": container | thread,
            "channel": {"id": channel, "name": conversation.name or "directmessage"},
            "message": message,
            "state": {"values": {}},
            "response_url": self.server.new_response_url(response),
            "actions": [action(block, element, value, ts=self.workspace.new_ts())],
        }
        return await self._interact(payload, f"press {action_id}")

    async def press_in_view(self, user: str, action_id: str, value: Any = None) -> Answer:
        """Press something in the user's topmost modal, or else on his App Home."""
        modals = self.workspace.modals.get(user)
        view = modals[-1] if modals else self.workspace.homes[user]
        block, element = find_element(view["blocks"], action_id, value)
        payload = self._interaction("block_actions", user) | {
            "container": {"type": "view", "view_id": view["id"]},
            "view": view,
            "actions": [action(block, element, value, ts=self.workspace.new_ts())],
        }
        return await self._interact(payload, f"press {action_id}")

    async def submit_view(self, user: str, values: Mapping[str, Any] | None = None) -> Answer:
        """Submit the user's topmost modal; `values` are by action id, an option by its value.

        The modal closes unless the bot answers with errors, an update or a further view.
        Raises ValueError where a required input is left empty.
        """
        modals = self.workspace.modals[user]
        view = modals[-1]
        view["state"] = {"values": view_state(view, values or {})}
        payload = self._interaction("view_submission", user)
        payload |= {"view": view, "response_urls": []}
        answer = await self._interact(payload, "view submission")
        if answer.is_ok:
            self._after_submission(user, answer.body if isinstance(answer.body, dict) else {})
        return answer

    def _after_submission(self, user: str, body: Json) -> None:
        modals = self.workspace.modals[user]
        response = body.get("response_action")
        if response == "errors":
            modals[-1]["errors"] = body["errors"]
        elif response == "update":
            modals[-1] = kept_view(body["view"]) | {"id": modals[-1]["id"]}
        elif response == "push":
            modals.append(kept_view(body["view"]))
        elif response == "clear":
            modals.clear()
        else:
            modals.pop()
        self.pulse.changed()

    def close_view(self, user: str) -> None:
        """Close the user's topmost modal without submitting it."""
        self.workspace.modals[user].pop()
        self.pulse.changed()

    def _interaction(self, kind: str, user: str) -> Json:
        person = self.workspace.user(user)
        return {
            "type": kind,
            "user": user_part(person),
            "team": {"id": TEAM_ID, "domain": "playground"},
            "enterprise": None,
            "is_enterprise_install": False,
            "api_app_id": APP_ID,
            "token": "playground",
            "trigger_id": self.server.new_trigger(user),
        }

    async def _interact(self, payload: Json, name: str) -> Answer:
        work = self.server.door.once("interactive", payload)
        answer: Answer = await self.pulse.spawn(work, name)
        return answer

    # what people see

    def channel(self, channel: str) -> Conversation:
        return self.workspace.conversation(channel)

    def posts(self, channel: str, thread_ts: str | None = None) -> list[Json]:
        """The bot's messages in a channel, or only those in one thread, oldest first."""
        bot = self.workspace.bot.id
        return [
            message
            for message in self.workspace.conversation(channel).messages
            if message["user"] == bot and thread_ts in (None, message.get("thread_ts"))
        ]

    def snapshot(self) -> Json:
        return self.workspace.snapshot() | {"sockets": self.server.door.sockets}

    async def close(self) -> None:
        await self.server.door.close()
