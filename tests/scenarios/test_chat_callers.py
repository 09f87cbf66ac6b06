"""Who may do what in chat, and where."""

from __future__ import annotations

import pytest

from bot.core.store.accounts import Audit
from bot.playground.slack import (
    ANA,
    BEN,
    GUEST,
    INCIDENTS,
    PRIVATE,
    QUIET,
    SHARED,
    STRANGER,
)
from tests.scenarios.chat import Chat
from tests.scenarios.world import PLAN, World, open_world

LIST = "ssm-contacts list-contacts"
START = f"ssm-incidents start-incident --response-plan-arn {PLAN}"


async def test_before_a_replication_set_exists_one_button_creates_it(
    sqlite_url: str,
) -> None:
    async with open_world(sqlite_url, has_replication_set=False) as world:
        chat = Chat(world)
        (offer,) = await chat.hears(f"@aws {LIST}")
        assert "no replication set yet" in offer.words

        await chat.presses(offer, "create_replication_set")

        assert "No contacts." in await chat.answers(f"@aws {LIST}")


@pytest.mark.parametrize("user", [GUEST, STRANGER])
async def test_guests_and_strangers_are_refused(
    chat: Chat, town_world: World, user: str
) -> None:
    await town_world.has_response_plan()

    words = await chat.answers(
        f"@aws {START}",
        user=user,
        channel=SHARED,
    )

    assert "Guests and people of other workspaces cannot use commands here" in words
    assert await town_world.incidents() == []
    refused = await town_world.app.store.read(lambda tx: tx.select(Audit, actor=user))
    assert [row.outcome for row in refused] == ["AccessDeniedException"]


async def test_a_command_in_a_channel_without_the_bot_is_answered_to_its_author(
    chat: Chat, town_world: World
) -> None:
    await town_world.has_response_plan()

    words = await chat.slash(START, user=ANA, channel=QUIET)

    assert "Invite the bot to this channel first" in words
    assert await town_world.incidents() == []


async def test_a_private_channel_without_the_bot_is_no_way_in(
    chat: Chat, town_world: World
) -> None:
    town_world.town.slack.channel(PRIVATE).members.remove(
        town_world.town.slack.workspace.bot.id
    )

    assert "Invite the bot" in await chat.slash(LIST, user=ANA, channel=PRIVATE)


async def test_once_channels_are_configured_only_they_may_act(
    chat: Chat, town_world: World
) -> None:
    await town_world.has_topic_in_slack()
    await town_world.has_response_plan()
    start = f"@aws {START}"

    assert "Commands work only in channels" in await chat.answers(
        start, user=BEN, channel=SHARED
    )
    assert "incident-record" in await chat.answers(start, user=BEN, channel=INCIDENTS)
    assert len(await town_world.incidents()) == 1


async def test_a_responder_may_not_administer_and_sees_addresses_masked(
    chat: Chat, town_world: World
) -> None:
    await town_world.has_person("ana", "SMS", "EMAIL")
    arn = await town_world.channel_arn("ana", "EMAIL")

    words = await chat.answers(
        f"@aws ssm-contacts get-contact-channel --contact-channel-id {arn}", user=BEN
    )
    assert "a***@example.com" in words
    assert "ana@example.com" not in words

    refusal = await chat.answers(
        f"@aws ssm-contacts delete-contact-channel --contact-channel-id {arn}", user=BEN
    )
    assert "not authorized" in refusal
    assert await town_world.activation_status("ana", "EMAIL") == "ACTIVATED"


async def test_another_region_is_refused_with_the_way_out(chat: Chat) -> None:
    words = await chat.answers(f"@aws {LIST} --region eu-west-1")

    assert "eu-west-1 is not in the account's replication set" in words


async def test_no_secret_is_ever_said_in_chat(chat: Chat) -> None:
    words = await chat.answers("@aws imbot create-access-key --user-name ana")

    assert "A secret does not belong in a channel" in words
    assert "No access keys." in await chat.answers("@aws imbot list-access-keys")
