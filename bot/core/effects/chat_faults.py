"""Where an incident cannot be told: its timeline says so, and whoever saved its plan hears."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from bot.core.access import slack_user_of
from bot.core.channel import ChannelCheck, Post, Undeliverable
from bot.core.context import Context
from bot.core.effects import outbox, timeline
from bot.core.effects.names import place_name
from bot.core.effects.records import parsed
from bot.core.ids import new_key
from bot.core.store.incidents import Incident, IncidentConversation, TimelineEvent
from bot.core.store.notices import PlanSaver
from bot.core.store.work import Outbox

log = logging.getLogger(__name__)

OF_THE_CHANNEL = frozenset(
    {
        "account_inactive",
        "channel_is_archived",
        "channel_not_found",
        "ekm_access_denied",
        "invalid_auth",
        "is_archived",
        "no_permission",
        "not_authed",
        "not_in_channel",
        "restricted_action",
        "restricted_action_read_only_channel",
        "token_expired",
        "token_revoked",
    }
)
"""Slack's errors about the channel, or the bot in it: they meet the next message, too."""


def record(ctx: Context, row: Outbox, fault: Undeliverable) -> None:
    """Hear that Slack refused a message for good. The incident's other channels and its topics
    hear of it by its timeline, once for each incident and channel.
    """
    if row.medium != "slack" or fault.code not in OF_THE_CHANNEL:
        return
    message = row.message
    channel = str(message["address"])
    if message["kind"] == "channel_check":
        words = f"{place_name(channel)} cannot be told. {fault.reason}"
        tell_saver(ctx, message["plan_arn"], channel, words)
    elif message["kind"] == "notice" and row.conversation_key:
        conversation = ctx.get(IncidentConversation, row.conversation_key)
        incident = ctx.get(Incident, conversation.incident_key) if conversation else None
        if incident is not None:
            tell_once(ctx, incident, channel, fault.reason)


def tell_once(ctx: Context, incident: Incident, place: str, reason: str) -> None:
    """Say on the timeline, and to whoever saved the plan, that a Slack channel or a topic
    cannot be told of an incident; a second time says nothing.
    """
    told = ctx.select(
        TimelineEvent, incident_key=incident.key, event_type=timeline.NOT_TOLD_IN_CHAT
    )
    if any(parsed(event.data).get("place") == place for event in told):
        return
    timeline.record(ctx, incident, timeline.NOT_TOLD_IN_CHAT, place=place, reason=reason)
    words = f"{incident.title} could not be told to {place_name(place)}. {reason}"
    tell_saver(ctx, incident.response_plan_arn, place, words)


def remember_saver(ctx: Context, plan_arn: str) -> None:
    fresh = PlanSaver(
        key=new_key(),
        account_id=ctx.account_id,
        plan_arn=plan_arn,
        principal_arn=ctx.caller.principal_arn,
        slack_user=slack_user_of(ctx.caller),
        saved_at=ctx.now,
    )
    if ctx.tx.insert_or_ignore(fresh):
        return
    found = ctx.find_by(PlanSaver, account_id=ctx.account_id, plan_arn=plan_arn)
    if found is not None:
        names = ("principal_arn", "slack_user", "saved_at")
        ctx.update(found, **{name: getattr(fresh, name) for name in names})


def tell_saver(ctx: Context, plan_arn: str, place: str, words: str) -> None:
    """Tell whoever saved a plan: by a direct message where he did so in Slack; the log tells
    who reads it in any case.
    """
    name = plan_arn.rpartition("/")[2]
    saver = ctx.find_by(PlanSaver, account_id=ctx.account_id, plan_arn=plan_arn)
    user = saver.slack_user if saver and "slack" in ctx.house.media else None
    hears = f"; {user}, who saved it, hears of it" if user else ""
    log.warning("response plan %s cannot tell %s%s", name, place_name(place), hears)
    if user is None:
        return
    text = f"Response plan {name}: {words}"
    told = Post(key=new_key(), address=user, created_at=ctx.now, text=text)
    outbox.send(ctx, "slack", told)


def look_at_channels(ctx: Context, plan_arn: str, channel_ids: Iterable[str]) -> None:
    """Have Slack asked whether the bot may post there; nothing is posted."""
    if "slack" not in ctx.house.media:
        return
    for channel_id in channel_ids:
        check = ChannelCheck(
            key=new_key(), address=channel_id, created_at=ctx.now, plan_arn=plan_arn
        )
        outbox.send(ctx, "slack", check)
