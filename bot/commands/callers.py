"""Slack user and channel -> Caller: full members act, as far as the channel allows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.commands.asking import request_of
from bot.commands.slack_text import mentioned_in
from bot.core.access import Caller, Rights
from bot.core.audit import audit_row
from bot.core.context import Context
from bot.core.deliveries import configurations
from bot.core.errors import AccessDeniedException

KEPT = 600.0
"""Seconds that Slack's word on a user or channel is trusted."""
KEPT_OUTSIDE = 5.0
"""The same for a channel without the bot, which somebody may invite at any moment."""

UNKNOWN = (
    "user_not_found",
    "user_not_visible",
    "users_not_found",
    "channel_not_found",
    "missing_scope",
)
"""Also a conversation of a kind that the bot may not ask about: a group's direct message."""

UNREADABLE = (*UNKNOWN, "not_in_channel", "thread_not_found", "message_not_found")
HOME = ("team_id", "enterprise_id", "user_id")
MOST_NAMES = 10

ADMINISTRATOR = "AdministratorAccess"
READ_ONLY = "ReadOnlyAccess"
DEFAULT_ROLE = "imbot-responder"


class SlackPeople:
    """Asks Slack who somebody is, before the transaction that answers, and remembers."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}
        self._home: dict[str, Any] | None = None

    async def prepare(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Answers `user` and `channel` as Slack describes them, None for what it does not
        know, and `home`, the bot's own workspace. A report that was put off is nobody's
        delivery.
        """
        document = arguments["document"]
        if "user" not in document:
            return {"user": None, "channel": None, "names": await self._names(document)}
        user = await self._ask(document["user"], "users_info", "user")
        channel = None
        if not document.get("is_direct"):
            channel = await self._ask(document["channel"], "conversations_info", "channel")
        found = {"user": user, "channel": channel, "home": await self._own_workspace()}
        return found | await self._message(document) if document["kind"] == "pin" else found

    async def _message(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """`message` as it is now, None where the bot cannot read it; its `author`, its `link`
        and the `names` of whom it mentions.
        """
        channel, ts = document["channel"], document["ts"]
        try:
            answer = await self._client.conversations_replies(
                channel=channel, ts=ts, oldest=ts, latest=ts, inclusive=True, limit=10
            )
            link = await self._client.chat_getPermalink(channel=channel, message_ts=ts)
        except SlackApiError as error:
            if error.response.get("error") in UNREADABLE:
                return {"message": None}
            raise
        message = next((one for one in answer["messages"] if one["ts"] == ts), None)
        if message is None:
            return {"message": None}
        author = await self._author(message)
        found = {"message": message, "link": link["permalink"], "author": author}
        return found | {"names": await self._names(message)}

    async def _author(self, message: Mapping[str, Any]) -> str:
        if message.get("user") and not message.get("bot_id"):
            found = await self._ask(message["user"], "users_info", "user")
            return name_of(found or {}) or str(message["user"])
        profile = message.get("bot_profile") or {}
        return str(message.get("username") or profile.get("name") or "An app")

    async def _names(self, message: Mapping[str, Any]) -> dict[str, str]:
        """By their ids, whom a message mentions; of many only the first ones."""
        names = {}
        for user_id in mentioned_in(message.get("text") or "")[:MOST_NAMES]:
            found = await self._ask(user_id, "users_info", "user")
            names[user_id] = name_of(found or {}) or user_id
        return names

    async def _own_workspace(self) -> dict[str, Any]:
        """`team_id`, the bot's `user_id` and, within an organisation, `enterprise_id`, none of
        which ever changes.
        """
        if self._home is None:
            answer = await self._client.auth_test()
            self._home = {name: answer.get(name) for name in HOME}
        return self._home

    async def _ask(self, name: str, method: str, member: str) -> dict[str, Any] | None:
        known = self._known.get(name)
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        try:
            answer = await getattr(self._client, method)(**{member: name})
        except SlackApiError as error:
            if error.response.get("error") in UNKNOWN:
                return None
            raise
        found = dict(answer[member])
        if len(self._known) > 10_000:
            self._known.clear()
        kept = KEPT if found.get("is_member", True) else KEPT_OUTSIDE
        self._known[name] = (time.monotonic() + kept, found)
        return found


def caller_of(
    ctx: Context,
    document: Mapping[str, Any],
    prepared: Mapping[str, Any],
    *,
    admins: frozenset[str],
    region: str,
) -> Caller:
    """Say on whose behalf a delivery acts. Raises AccessDeniedException, in words for a
    person.
    """
    user = prepared.get("user") or {}
    rights, role = _rights(ctx, document, prepared, admins=admins)
    session = f"{document['team']}-{document['user']}"
    return Caller(
        account_id=ctx.account_id,
        principal_arn=f"arn:aws:sts::{ctx.account_id}:assumed-role/{role}/{session}",
        actor=name_of(user) or str(document["user"]),
        door="slack",
        region=region,
        rights=rights,
    )


def admit(
    ctx: Context,
    document: Mapping[str, Any],
    prepared: Mapping[str, Any],
    *,
    admins: frozenset[str],
    region: str,
) -> Caller:
    """`caller_of`, which audits whom it refuses."""
    try:
        return caller_of(ctx, document, prepared, admins=admins, region=region)
    except AccessDeniedException as refusal:
        stranger = ctx.on_behalf_of(nobody(ctx, document, region))
        said = request_of(stranger, document, "slack", document["kind"], {})
        ctx.add(audit_row(said, ctx.now, refusal.code))
        raise


def name_of(user: Mapping[str, Any]) -> str:
    """What a Slack user is called; "" of one who is not known."""
    shown = user.get("profile", {}).get("display_name")
    return str(shown or user.get("real_name") or user.get("name") or "")


def _rights(
    ctx: Context,
    document: Mapping[str, Any],
    prepared: Mapping[str, Any],
    *,
    admins: frozenset[str],
) -> tuple[Rights, str]:
    user = prepared.get("user")
    if user is None or user.get("deleted") or user.get("is_bot"):
        raise AccessDeniedException("Slack does not know you as a member of this workspace.")
    if document["user"] in admins:
        return "administrator", "imbot-administrator"
    if _is_outsider(user, prepared.get("home") or {}):
        raise AccessDeniedException(
            "Guests and people of other workspaces cannot use commands here. "
            "Ask a full member of the workspace."
        )
    configured = configurations(ctx)
    if not configured:
        _require_invitation(document, prepared)
        return "responder", DEFAULT_ROLE
    if _is_direct(document, prepared):
        return "reader", DEFAULT_ROLE
    for configuration in configured:
        if configuration.channel_id == document["channel"]:
            return _configured_rights(configuration.document)
    raise AccessDeniedException(
        "Commands work only in channels that have a configuration "
        "(chatbot create-slack-channel-configuration)."
    )


def _is_outsider(user: Mapping[str, Any], home: Mapping[str, Any]) -> bool:
    """A guest, or somebody of another workspace.

    `is_stranger` does not tell of those who share a channel with the bot (Slack, the user
    object), so workspaces are compared; those of one organisation are one house.
    """
    if user.get("is_restricted") or user.get("is_ultra_restricted") or user.get("is_stranger"):
        return True
    if not user.get("team_id") or user["team_id"] == home.get("team_id"):
        return False
    organisation = (user.get("enterprise_user") or {}).get("enterprise_id")
    return not organisation or organisation != home.get("enterprise_id")


def _require_invitation(document: Mapping[str, Any], prepared: Mapping[str, Any]) -> None:
    if not is_invited(document, prepared):
        raise AccessDeniedException("Invite the bot to this channel first: /invite @aws")


def nobody(ctx: Context, document: Mapping[str, Any], region: str) -> Caller:
    """Who was refused: known by his Slack id, and allowed nothing."""
    return _bare(ctx, document, region, "nobody")


def person(ctx: Context, document: Mapping[str, Any], region: str) -> Caller:
    """Who pressed a button in his direct message: himself, whatever he may do elsewhere."""
    return _bare(ctx, document, region, "imbot-linked")


def _bare(ctx: Context, document: Mapping[str, Any], region: str, role: str) -> Caller:
    session = f"{document['team']}-{document['user']}"
    return Caller(
        account_id=ctx.account_id,
        principal_arn=f"arn:aws:sts::{ctx.account_id}:assumed-role/{role}/{session}",
        actor=str(document["user"]),
        door="slack",
        region=region,
        rights="contact",
    )


def is_invited(document: Mapping[str, Any], prepared: Mapping[str, Any]) -> bool:
    """Whether the bot may post where this came from."""
    channel = prepared.get("channel") or {}
    return _is_direct(document, prepared) or bool(channel.get("is_member"))


def _is_direct(document: Mapping[str, Any], prepared: Mapping[str, Any]) -> bool:
    channel = prepared.get("channel") or {}
    return bool(document.get("is_direct") or channel.get("is_im"))


def _configured_rights(configuration: Mapping[str, Any]) -> tuple[Rights, str]:
    """Guardrails say what a channel may do; without any, what a responder needs."""
    role = str(configuration.get("IamRoleArn", "")).rsplit("/", 1)[-1]
    guardrails = configuration.get("GuardrailPolicyArns") or []
    names = {str(arn).rsplit("/", 1)[-1] for arn in guardrails}
    if ADMINISTRATOR in names:
        return "administrator", role
    if names == {READ_ONLY}:
        return "reader", role
    return "responder", role
