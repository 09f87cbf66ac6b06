"""Every call leaves a row: who, from where, what, when, and how it ended."""

from __future__ import annotations

from dataclasses import astuple

from bot.core.store.accounts import Audit
from bot.playground.slack import BEN, GUEST, INCIDENTS
from tests.scenarios.chat import Chat
from tests.scenarios.links import follow, link_in
from tests.scenarios.wire import Api, Refused
from tests.scenarios.world import PLAN, World, code_in, contact_arn


async def rows(world: World) -> list[Audit]:
    """All rows, the buffered ones of reads and refusals included."""
    await world.app.dispatcher.close()
    return await world.app.store.read(lambda tx: tx.select(Audit))


async def test_every_door_leaves_who_from_where_what_and_how_it_ended(world: World) -> None:
    await world.has_person("ana", "SMS", "EMAIL")
    await world.has_response_plan("ana")
    chat, api = Chat(world), Api(world)

    await chat.answers(
        f"@aws ssm-incidents start-incident --response-plan-arn {PLAN}", user=BEN
    )
    await chat.answers("@aws ssm-contacts list-contacts", user=BEN)
    await chat.answers("@aws sns delete-topic --topic-arn arn:aws:sns:x:1:t", user=BEN)
    await chat.answers("@aws ssm-contacts list-contacts", user=GUEST)
    await world.replies("ana", code_in(world.pages_on("ana")[0]))
    try:
        await api.contacts("get_contact", ContactId=contact_arn("nobody"))
    except Refused:
        api.close()

    told = {
        (row.door, row.actor, row.source, row.operation, row.outcome)
        for row in await rows(world)
    }
    assert ("slack", "ben", INCIDENTS, "StartIncident", "OK") in told
    assert ("slack", "ben", INCIDENTS, "ListContacts", "OK") in told
    assert ("slack", "ben", INCIDENTS, "DeleteTopic", "AccessDeniedException") in told
    assert ("reply", "ana", "SMS", "AcceptPage", "OK") in told
    assert ("engine", "ben", "engine", "StartEngagement", "OK") in told
    assert (
        "api",
        "administrator",
        "127.0.0.1",
        "GetContact",
        "ResourceNotFoundException",
    ) in told


async def test_opting_out_is_on_record_by_each_way(world: World) -> None:
    await world.has_person("ana", "SMS", "EMAIL")
    mail = world.town.mailbox.to("ana@example.com")[0]

    await world.replies("ana", "STOP")
    await world.replies("ana", "START")
    await follow(world, link_in(mail, "unsubscribe"), "POST")

    told = {(row.operation, row.source) for row in await rows(world) if row.actor == "ana"}
    assert {("Unsubscribe", "SMS"), ("Start", "SMS"), ("Unsubscribe", "EMAIL")} <= told


async def test_no_address_code_or_text_stands_in_a_row(world: World) -> None:
    await world.has_person("ana", "SMS", "EMAIL")
    await world.has_response_plan("ana")
    await world.starts_incident()
    code = code_in(world.pages_on("ana")[0])
    await Chat(world).answers(f"@aws ack {code}")

    said = " ".join(str(value) for row in await rows(world) for value in astuple(row))

    for secret in (code, "ana@example.com", world.phone("ana").number, "Cards are declined"):
        assert secret not in said
