"""What people do with a message in the playground's Slack, as the bot is told of it."""

from __future__ import annotations

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import ANA, BEN, GENERAL, INCIDENTS, SlackTown
from bot.playground.slack_state import SlackError
from tests.playground.test_slack import BLOCKS, Bot, bot, client, slack

__all__ = ["bot", "client", "slack"]


async def said(slack: SlackTown, channel: str = INCIDENTS) -> str:
    ts = await slack.say(ANA, channel, "It was the cabel")
    await slack.pulse.settle()
    return ts


async def test_a_reaction_tells_who_put_what_on_whose_message(
    slack: SlackTown, bot: Bot
) -> None:
    ts = await said(slack)
    await slack.react(BEN, INCIDENTS, ts, "pushpin")
    await slack.pulse.settle()

    [event] = bot.events("reaction_added")
    assert (event["user"], event["reaction"], event["item_user"]) == (BEN, "pushpin", ANA)
    assert event["item"] == {"type": "message", "channel": INCIDENTS, "ts": ts}
    with pytest.raises(SlackError, match="already_reacted"):
        await slack.react(BEN, INCIDENTS, ts, "pushpin")
    await slack.react(ANA, INCIDENTS, ts, "pushpin")
    [reaction] = slack.channel(INCIDENTS).find(ts)["reactions"]
    assert (reaction["users"], reaction["count"]) == ([BEN, ANA], 2)


async def test_a_reaction_where_the_bot_is_not_tells_it_nothing(
    slack: SlackTown, bot: Bot
) -> None:
    ts = await said(slack, GENERAL)
    await slack.react(BEN, GENERAL, ts, "pushpin")
    await slack.pulse.settle()

    assert bot.requests == []


async def test_an_edit_and_a_deletion_tell_what_was_there_before(
    slack: SlackTown, bot: Bot
) -> None:
    ts = await said(slack)
    await slack.edit(ANA, INCIDENTS, ts, "It was the cable")
    await slack.pulse.settle()
    await slack.delete(ANA, INCIDENTS, ts)
    await slack.pulse.settle()

    _, edited, deleted = bot.events("message")
    assert edited["subtype"] == "message_changed"
    assert edited["message"]["text"] == "It was the cable"
    assert edited["previous_message"]["text"] == "It was the cabel"
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", ts)
    assert deleted["previous_message"]["text"] == "It was the cable"


async def test_nobody_deletes_anothers_message(slack: SlackTown) -> None:
    ts = await said(slack)

    with pytest.raises(SlackError, match="cant_delete_message"):
        await slack.delete(BEN, INCIDENTS, ts)


async def test_an_entry_of_a_messages_menu_brings_the_message_and_a_trigger(
    slack: SlackTown, bot: Bot, client: AsyncWebClient
) -> None:
    ts = await said(slack)
    await slack.use_shortcut(BEN, INCIDENTS, ts, "add_to_timeline")

    payload = bot.requests[-1][1]
    assert (payload["type"], payload["callback_id"]) == ("message_action", "add_to_timeline")
    assert (payload["message"]["text"], payload["message_ts"]) == ("It was the cabel", ts)
    assert (payload["user"]["id"], payload["channel"]["id"]) == (BEN, INCIDENTS)
    view = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": BLOCKS}
    opened = await client.views_open(trigger_id=payload["trigger_id"], view=view)
    assert opened["view"]["id"] == slack.workspace.modals[BEN][-1]["id"]
