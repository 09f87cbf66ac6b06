"""R45 and R48: what comes back by mail."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.app import open_app
from bot.core.channel import Unavailable
from bot.core.store.contacts import ContactChannel
from bot.core.store.lease import Process
from bot.playground.imap import ImapTrouble, Stored
from bot.playground.mailbox import Mail
from tests.scenarios.world import TITLE, World, code_in, open_world


async def reads_mail(world: World) -> None:
    """Let the postman look once, as it does when something has come."""
    assert world.app.postman is not None
    assert await world.app.postman.may_read()
    await world.app.postman.read()
    await world.settle()


async def is_paged_by_mail(world: World, name: str = "ana", *then: str) -> Mail:
    await world.has_person(name, "EMAIL", *then)
    await world.has_response_plan(name)
    await world.starts_incident()
    (mail,) = world.mails_to(name)
    assert isinstance(mail, Mail)
    return mail


async def replies(world: World, mail: Mail, text: str, **headers: str) -> Stored:
    stored = world.town.mailbox.reply(mail, text, **headers)
    assert stored is not None
    await reads_mail(world)
    return stored


def answers_to(world: World, name: str) -> list[Mail]:
    """Mails that answer a reply, oldest first."""
    mails = world.town.mailbox.to(f"{name}@example.com")
    return [one for one in mails if one.message["Auto-Submitted"] == "auto-replied"]


async def test_a_reply_with_the_code_acknowledges_and_is_answered(world: World) -> None:
    mail = await is_paged_by_mail(world)

    stored = await replies(world, mail, f"ack {code_in(mail.text)}, thanks")

    assert "READ" in dict(await world.receipts_of("ana"))
    (answer,) = answers_to(world, "ana")
    assert answer.text.strip() == "Acknowledged. Thank you, Ana."
    assert answer.subject == f"Re: {TITLE}"
    assert answer.message["In-Reply-To"] in stored.raw.decode()
    assert mail.message["Message-ID"] in answer.message["References"]
    assert "\\Seen" in stored.flags


async def test_a_reply_without_words_of_its_own_acknowledges_nothing(
    town_world: World,
) -> None:
    world = town_world
    mail = await is_paged_by_mail(world)

    await replies(world, mail, "")
    await replies(world, mail, "I cannot, I am on a train.")

    assert "READ" not in dict(await world.receipts_of("ana"))
    assert "Reply with only the 6-digit code" in answers_to(world, "ana")[-1].text


async def test_a_code_without_our_message_id_acknowledges_nothing(town_world: World) -> None:
    world = town_world
    mail = await is_paged_by_mail(world)
    code = code_in(mail.text)

    forged = f"From: ana@example.com\r\nSubject: Re: {TITLE}\r\n\r\n{code}\r\n"
    stored = world.town.mailbox.imap.put(forged.encode())
    await reads_mail(world)

    assert "READ" not in dict(await world.receipts_of("ana"))
    assert answers_to(world, "ana") == []
    assert stored.flags == set()


async def test_the_answer_goes_to_whom_we_paged_whoever_replies(town_world: World) -> None:
    world = town_world
    mail = await is_paged_by_mail(world)

    raw = (
        f"From: eve@example.net\r\nReply-To: eve@example.net\r\nMessage-ID: <e@example.net>\r\n"
        f"In-Reply-To: {mail.message['Message-ID']}\r\n\r\n{code_in(mail.text)}\r\n"
    )
    world.town.mailbox.imap.put(raw.encode())
    await reads_mail(world)

    assert len(answers_to(world, "ana")) == 1
    assert world.town.mailbox.to("eve@example.net") == []


async def test_unsubscribe_and_start_by_mail_do_as_by_text(town_world: World) -> None:
    world = town_world
    mail = await is_paged_by_mail(world)

    await replies(world, mail, "Unsubscribe")
    assert await world.activation_status("ana", "EMAIL") == "NOT_ACTIVATED"
    await replies(world, mail, "START")

    activation = world.town.mailbox.to("ana@example.com")[-2:]
    (code,) = {code_in(one.text) for one in activation if "activation code" in one.subject}
    activation_mail = next(one for one in activation if code in one.text)
    await replies(world, activation_mail, code)
    assert await world.activation_status("ana", "EMAIL") == "ACTIVATED"


async def test_automatic_answers_are_not_read(town_world: World) -> None:
    world = town_world
    mail = await is_paged_by_mail(world)
    code = code_in(mail.text)

    for header, value in (
        ("Auto_Submitted", "auto-replied; owner=ana"),
        ("Precedence", "bulk"),
        ("X_Auto_Response_Suppress", "All"),
        ("List_Id", "<all.example.com>"),
        ("Return_Path", "<>"),
    ):
        await replies(world, mail, code, **{header: value})

    assert "READ" not in dict(await world.receipts_of("ana"))
    assert answers_to(world, "ana") == []


async def test_two_machines_do_not_write_to_each_other_for_ever(town_world: World) -> None:
    world = town_world
    mail = await is_paged_by_mail(world)

    for number in range(20):
        await replies(world, mail, f"Your ticket is number {number}")

    assert len(answers_to(world, "ana")) == 3


async def test_wrong_codes_are_counted_and_lock_the_door(town_world: World) -> None:
    world = town_world
    mail = await is_paged_by_mail(world)
    wrong = "100000" if code_in(mail.text) != "100000" else "100001"

    for number in range(6):
        await replies(world, mail, f"{wrong}\n\n{number}")
    await replies(world, mail, code_in(mail.text))

    assert "READ" not in dict(await world.receipts_of("ana"))
    assert "Too many wrong codes" in answers_to(world, "ana")[-1].text


async def test_a_late_code_hears_who_was_first(town_world: World) -> None:
    world = town_world
    mail = await is_paged_by_mail(world)

    await replies(world, mail, code_in(mail.text))
    await replies(world, mail, f"Code: {code_in(mail.text)}")

    assert "Already acknowledged by Ana" in answers_to(world, "ana")[-1].text


async def test_a_bounce_fails_the_target_and_the_plan_goes_on(world: World) -> None:
    mail = await is_paged_by_mail(world, "ana", "SMS")
    assert world.pages_on("ana") == []

    world.town.mailbox.bounce(mail, "5.1.1")
    await reads_mail(world)

    reason = "The mail came back: there is no such mailbox (5.1.1)."
    assert ("ERROR", reason) in await world.receipts_of("ana")
    assert len(world.pages_on("ana")) == 1


async def test_a_delay_is_noted_once_and_fails_nothing(town_world: World) -> None:
    world = town_world
    mail = await is_paged_by_mail(world, "ana", "SMS")

    for _ in range(2):
        world.town.mailbox.bounce(mail, "4.4.1", "delayed")
        await reads_mail(world)

    errors = [info for kind, info in await world.receipts_of("ana") if kind == "ERROR"]
    assert errors == ["The mail is delayed (4.4.1); the mail server tries again."]
    assert world.pages_on("ana") == []

    world.town.mailbox.bounce(mail, "5.4.7")
    await reads_mail(world)
    assert len(world.pages_on("ana")) == 1


async def test_an_activation_mail_that_bounces_is_told_of(town_world: World) -> None:
    world = town_world
    await world.has_contact("ana")
    await world.has_channel("ana", "EMAIL", activated=False)
    await world.call(
        "ssm-contacts", "SendActivationCode", ContactChannelId=await channel(world)
    )
    (mail,) = world.town.mailbox.to("ana@example.com")

    world.town.mailbox.bounce(mail, "5.1.1")
    await reads_mail(world)

    (row,) = await world.app.store.read(lambda tx: tx.select(ContactChannel))
    assert row.fault == "The mail came back: there is no such mailbox (5.1.1)."


async def channel(world: World) -> str:
    return await world.channel_arn("ana", "EMAIL")


async def test_a_mail_is_dealt_with_once_though_its_mark_was_lost(town_world: World) -> None:
    world = town_world
    mail = await is_paged_by_mail(world)
    imap = world.town.mailbox.imap
    await reads_mail(world)
    imap.troubles.append(ImapTrouble(command="UID STORE", after=0))

    stored = world.town.mailbox.reply(mail, code_in(mail.text))
    await fails_to_read(world)
    await reads_mail(world)
    imap.renumber()
    await fails_to_read(world)
    await reads_mail(world)

    assert stored is not None
    assert len(answers_to(world, "ana")) == 1


async def fails_to_read(world: World) -> None:
    with pytest.raises(Unavailable):
        await reads_mail(world)
    await world.settle()


async def test_a_connection_that_ends_within_a_mail_loses_none(town_world: World) -> None:
    world = town_world
    mail = await is_paged_by_mail(world)
    imap = world.town.mailbox.imap
    imap.troubles.append(ImapTrouble(command="UID FETCH", after=200))
    imap.troubles.append(ImapTrouble(command="UID FETCH", reply="* BYE Out of memory"))

    world.town.mailbox.reply(mail, code_in(mail.text))
    for _ in range(2):
        await fails_to_read(world)
    await reads_mail(world)

    assert "READ" in dict(await world.receipts_of("ana"))


async def test_a_mail_that_cannot_be_had_is_set_aside_and_the_next_is_read(
    town_world: World,
) -> None:
    world = town_world
    mail = await is_paged_by_mail(world)
    imap = world.town.mailbox.imap
    poison = imap.put(b"Subject: poison\r\n\r\n")
    imap.troubles += [ImapTrouble(command="UID FETCH", after=9)] * 8

    world.town.mailbox.reply(mail, code_in(mail.text))
    for _ in range(7):
        await fails_to_read(world)
    await reads_mail(world)

    assert poison.flags == {"\\Flagged"}
    assert "READ" in dict(await world.receipts_of("ana"))


async def test_logs_of_mail_bear_no_address_and_no_word(town_world: World, caplog: Any) -> None:
    world = town_world
    mail = await is_paged_by_mail(world)
    world.town.mailbox.imap.troubles += [ImapTrouble(command="UID FETCH", after=9)] * 8

    world.town.mailbox.reply(mail, code_in(mail.text))
    for _ in range(7):
        await fails_to_read(world)
    await reads_mail(world)

    said = caplog.text
    assert "passed over" in said
    for word in ("ana@example.com", code_in(mail.text), TITLE, "incidents"):
        assert word not in said


async def test_a_folder_that_is_new_to_us_is_read_from_yesterday_on(town_world: World) -> None:
    world = town_world
    imap = world.town.mailbox.imap
    imap.put(b"Subject: old\r\n\r\n").at -= timedelta(days=9)
    mail = await is_paged_by_mail(world)

    world.town.mailbox.reply(mail, code_in(mail.text))
    await reads_mail(world)

    assert imap.commands.count("UID FETCH") == 1
    assert "READ" in dict(await world.receipts_of("ana"))


async def test_one_of_two_processes_reads_until_it_is_gone(postgres_url: str) -> None:
    async with open_world(postgres_url) as world:
        mail = await is_paged_by_mail(world)
        await reads_mail(world)
        async with open_app(
            world.app.settings.model_copy(update={"port": 0}), clock=world.clock, only="web"
        ) as other:
            assert other.postman is not None
            assert not await other.postman.may_read()

            # The other one reads all the same, as a process does that stood still meanwhile.
            world.town.mailbox.reply(mail, code_in(mail.text))
            await other.postman.read()
            assert "READ" not in dict(await world.receipts_of("ana"))

            await reads_mail(world)
            assert "READ" in dict(await world.receipts_of("ana"))
            await world.app.store.write(lambda tx: tx.delete_where(Process))
            assert await other.postman.may_read()
    assert len(answers_to(world, "ana")) == 1


async def test_a_mailbox_that_goes_away_is_read_again_when_it_is_back(
    town_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.core.postman.FIRST_WAIT", 0.01)
    world = town_world
    mail = await is_paged_by_mail(world)
    imap = world.town.mailbox.imap
    imap.troubles += [
        ImapTrouble(command="CONNECT", reply="* BYE Too many connections"),
        ImapTrouble(command="LOGIN", reply="NO [UNAVAILABLE] Try later"),
        ImapTrouble(command="IDLE", reply="* BYE Shutting down"),
        ImapTrouble(command="UID SEARCH"),
    ]
    assert world.app.postman is not None

    reading = asyncio.create_task(world.app.postman.run())
    await world.town.until(lambda: not imap.troubles)
    world.town.mailbox.reply(mail, code_in(mail.text))
    await world.town.until(lambda: imap.mails[-1].flags)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    await world.settle()

    assert "READ" in dict(await world.receipts_of("ana"))
