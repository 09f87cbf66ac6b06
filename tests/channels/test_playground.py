"""The channels against the stand-ins that the demo and the scenarios live in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.email import EmailChannel
from bot.channels.slack.cards import command_result, incident_card
from bot.channels.slack.channel import SlackChannel
from bot.channels.sms import SmsChannel, compose
from bot.channels.twilio_account import TwilioAccount
from bot.channels.voice import VoiceChannel
from bot.core.channel import Reply, Unavailable, Undeliverable
from bot.playground.mailbox import Mailbox
from bot.playground.phone import LOST_ANSWER, PhoneTown
from bot.playground.pulse import Fault, Pulse
from bot.playground.slack import INCIDENTS, SlackTown
from bot.playground.smtp import Stage
from tests.channels.vendors import EVENT, INCIDENT, PHONE, activation, notice, page, post


@pytest.fixture
async def pulse() -> AsyncIterator[Pulse]:
    running = Pulse()
    yield running
    await running.close()


@pytest.fixture
async def town(pulse: Pulse) -> PhoneTown:
    phones = PhoneTown(pulse)
    await phones.start()
    phones.add(PHONE, "ana")
    return phones


@pytest.fixture
async def slack(pulse: Pulse) -> SlackTown:
    workspace = SlackTown(pulse)
    await workspace.start()
    return workspace


def account(town: PhoneTown, session: aiohttp.ClientSession) -> TwilioAccount:
    return TwilioAccount(session, town.api_url, town.account_sid, town.auth_token, 5)


async def test_a_text_arrives_and_is_found_again(
    town: PhoneTown, session: aiohttp.ClientSession
) -> None:
    channel = SmsChannel(account(town, session), town.number)
    message = page(created_at=datetime.now(UTC))

    before = await channel.was_sent(message)
    sent = await channel.send(message)

    assert before is False
    assert await channel.was_sent(message) == sent
    assert town["ana"].texts == [compose(message)]
    delivery = await channel.poll(sent.vendor_id)
    assert delivery is not None
    assert delivery.vendor_id == sent.vendor_id


async def test_a_text_whose_answer_is_lost_is_in_doubt_and_found(
    town: PhoneTown, session: aiohttp.ClientSession
) -> None:
    town.misbehave("POST Messages", LOST_ANSWER)
    channel = SmsChannel(account(town, session), town.number)
    message = page(created_at=datetime.now(UTC))

    with pytest.raises(Unavailable) as fault:
        await channel.send(message)

    assert fault.value.in_doubt
    found = await channel.was_sent(message)
    assert found
    assert found.vendor_id == town["ana"].thread[0].sid


async def test_what_people_wrote_is_read_and_answered(
    town: PhoneTown, session: aiohttp.ClientSession
) -> None:
    channel = SmsChannel(account(town, session), town.number)
    since = datetime.now(UTC) - timedelta(minutes=1)
    await channel.send(page())
    await town.pulse.settle()
    phone = town["ana"]
    await phone.text("425440")
    await phone.text("Stop")

    came = await channel.inbox(since)

    assert [reply for _, reply in came] == [
        Reply(PHONE, "425440"),
        Reply(PHONE, "Stop", opted_out=True),
    ]
    assert [sid for sid, _ in came] == [t.sid for t in phone.thread if t.direction == "inbound"]
    with pytest.raises(Undeliverable) as refusal:
        await channel.answer(PHONE, "Acknowledged.")
    assert refusal.value.opted_out
    await phone.text("START")
    await channel.answer(PHONE, "Acknowledged.")
    await town.pulse.until(lambda: phone.texts[-1] == "Acknowledged.")


async def test_a_vendor_that_is_down_is_unavailable(
    town: PhoneTown, session: aiohttp.ClientSession
) -> None:
    town.misbehave("POST Messages")
    channel = SmsChannel(account(town, session), town.number)

    with pytest.raises(Unavailable):
        await channel.send(page())
    await channel.send(page())


async def test_a_call_without_a_public_url_says_the_code(
    town: PhoneTown, session: aiohttp.ClientSession
) -> None:
    channel = VoiceChannel(account(town, session), town.number)
    phone = town["ana"]

    await channel.send(page())
    assert "4, 2, 5, 4, 4, 0" in await phone.answer()
    await channel.send(activation())
    assert "4, 6, 6, 1, 3, 6" in await phone.answer()


async def test_cards_are_posted_updated_and_found_again(
    slack: SlackTown, session: aiohttp.ClientSession
) -> None:
    now = datetime.now(UTC)
    record = {"arn": "a", "title": "Down", "impact": 1, "status": "OPEN", "creationTime": now}
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=session)
    channel = SlackChannel(client)
    card = incident_card(record)
    message = post(address=INCIDENTS, text=card.text, blocks=card.blocks, created_at=now)

    before = await channel.was_sent(message)
    sent = await channel.send(message)
    after = await channel.was_sent(message)
    ts = sent.vendor_id
    resolved = incident_card({**record, "status": "RESOLVED"})
    await channel.send(
        post(address=INCIDENTS, text=resolved.text, blocks=resolved.blocks, ts=ts)
    )

    assert (before, after) == (False, sent)
    posted = slack.posts(INCIDENTS)
    assert [message["ts"] for message in posted] == [ts]
    assert posted[0]["text"] == "Down (resolved) · Critical"


async def test_a_long_answer_is_attached_in_its_thread(
    slack: SlackTown, session: aiohttp.ClientSession
) -> None:
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=session)
    result = {"Contacts": [{"Alias": f"ana-{n}", "Type": "PERSONAL"} for n in range(200)]}
    card = command_result("ssm-contacts", "ListContacts", result)

    ts = (
        await SlackChannel(client).send(
            post(
                address=INCIDENTS,
                text=card.text,
                blocks=card.blocks,
                attachment=card.attachment,
            )
        )
    ).vendor_id

    thread = slack.posts(INCIDENTS, ts)
    assert any(message.get("files") for message in thread)


async def test_an_incident_is_a_card_with_its_events_under_it(
    slack: SlackTown, session: aiohttp.ClientSession
) -> None:
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=session)
    channel = SlackChannel(client)
    now = datetime.now(UTC)
    at = {"address": INCIDENTS, "created_at": now}
    ana = {"name": "Ana", "state": "engaged", "at": now.isoformat()}

    card = notice(**at, people=[ana])
    ts = (await channel.send(card)).vendor_id
    assert (await channel.was_sent(card)) is not None
    reply = notice(**at, key="0198-reply", event=EVENT, thread_ts=ts)
    before = await channel.was_sent(reply)
    await channel.send(reply)
    after = await channel.was_sent(reply)
    drawn = notice(**at, incident={**INCIDENT, "status": "RESOLVED"}, recent=[EVENT], ts=ts)
    await channel.send(drawn)

    posted, answered = slack.posts(INCIDENTS, ts)
    assert (before, after is not None) == (False, True)
    assert posted["text"] == "Payments are failing (resolved) · High"
    assert "✓ *ana* acknowledged." in str(posted["blocks"])
    assert answered["text"] == "✓ *ana* acknowledged."
    assert slack.pulse.surprises == []


async def test_a_card_that_somebody_deleted_cannot_be_drawn_anew(
    slack: SlackTown, session: aiohttp.ClientSession
) -> None:
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=session)

    with pytest.raises(Undeliverable, match="deleted"):
        await SlackChannel(client).send(notice(address=INCIDENTS, ts="1767614400.000100"))


async def test_a_card_whose_answer_is_lost_is_posted_once_and_found(
    slack: SlackTown, session: aiohttp.ClientSession
) -> None:
    slack.misbehave("chat.postMessage", fault=Fault(mode="lose"))
    client = AsyncWebClient(slack.bot_token, base_url=slack.api_url, session=session)
    channel = SlackChannel(client)
    card = notice(address=INCIDENTS, created_at=datetime.now(UTC))

    with pytest.raises(Unavailable) as fault:
        await channel.send(card)

    assert fault.value.in_doubt
    posted = slack.posts(INCIDENTS)
    found = await channel.was_sent(card)
    assert found
    assert [found.vendor_id] == [message["ts"] for message in posted]


@pytest.fixture
async def mails(pulse: Pulse) -> AsyncIterator[Mailbox]:
    mailbox = Mailbox(pulse)
    await mailbox.start()
    yield mailbox
    await mailbox.close()


def mail_channel(mails: Mailbox) -> EmailChannel:
    return EmailChannel(
        "127.0.0.1", mails.server.port, None, None, "Pager <bot@bot.example>", "none", timeout=5
    )


async def test_a_mail_arrives(mails: Mailbox) -> None:
    channel = mail_channel(mails)

    sent = await channel.send(page(address="ana@example.com", content=".dot\n\n..two"))
    await channel.close()

    (mail,) = mails.to("ana@example.com")
    assert mail.message["Message-ID"] == sent.vendor_id
    assert ".dot\n\n..two" in mail.text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("stage", "reply", "in_doubt", "kept"),
    [
        ("connect", "", False, 0),
        ("connect", "421 4.3.2 Closing", False, 0),
        ("rcpt", "", False, 0),
        ("data", "", False, 0),
        ("answer", "", True, 1),
        ("answer", "<html>", True, 1),
        ("answer", "451 4.3.0 Later", False, 1),
    ],
)
async def test_a_mail_is_in_doubt_only_after_its_end(
    mails: Mailbox, stage: Stage, reply: str, in_doubt: bool, kept: int
) -> None:
    mails.misbehave(stage, reply)
    channel = mail_channel(mails)

    with pytest.raises(Unavailable) as fault:
        await channel.send(page(address="ana@example.com"))
    await channel.close()

    assert fault.value.in_doubt is in_doubt
    assert len(mails.mails) == kept
