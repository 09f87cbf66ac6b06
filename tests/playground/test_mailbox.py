from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage

import aiosmtplib
import pytest

from bot.playground.mailbox import Mailbox
from bot.playground.pulse import Pulse

BOB = "bob@example.com"


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    pulse = Pulse()
    mailbox = Mailbox(pulse)
    await mailbox.start()
    yield mailbox
    await mailbox.close()
    await pulse.close()


@pytest.fixture
async def client(mailbox: Mailbox) -> AsyncIterator[aiosmtplib.SMTP]:
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=mailbox.server.port, timeout=5)
    await client.connect(use_tls=False, start_tls=False)
    yield client
    client.close()


def mail(text: str = "Payments fail.\n") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "incidents@example.com"
    message["To"] = BOB
    message["Subject"] = "Zürich is down"
    message.set_content(text)
    message.add_alternative("<p>Payments <b>fail</b></p>", subtype="html")
    return message


async def test_a_mail_arrives_whole(mailbox: Mailbox, client: aiosmtplib.SMTP) -> None:
    text = "First\n.\n..dots\nhttps://bot.test/ack/t-1\n"
    await client.send_message(mail(text), recipients=[BOB, "eve@example.com"])

    (got,) = mailbox.to("BOB@example.com")
    assert (got.subject, got.text.replace("\r\n", "\n")) == ("Zürich is down", text)
    assert "<b>fail</b>" in got.html
    assert got.links == ["https://bot.test/ack/t-1"]
    assert len(mailbox.mails) == 2


async def test_one_connection_carries_many_mails(
    mailbox: Mailbox, client: aiosmtplib.SMTP
) -> None:
    for _ in range(3):
        await client.send_message(mail())
    await client.rset()
    await client.noop()
    await client.vrfy(BOB)
    await client.quit()

    assert (len(mailbox.mails), mailbox.server.connections) == (3, 1)


async def test_a_greylisted_recipient_is_taken_the_second_time(
    mailbox: Mailbox, client: aiosmtplib.SMTP
) -> None:
    mailbox.misbehave("rcpt", "451 4.7.1 Greylisted", address="bob@*")

    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
        await client.send_message(mail())
    assert refused.value.recipients[0].code == 451
    await client.send_message(mail())
    assert len(mailbox.mails) == 1


async def test_a_connection_dropped_in_the_body_keeps_nothing(
    mailbox: Mailbox, client: aiosmtplib.SMTP
) -> None:
    mailbox.misbehave("body")

    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await client.send_message(mail())
    assert mailbox.mails == []


async def test_a_connection_dropped_before_the_answer_keeps_the_mail(
    mailbox: Mailbox, client: aiosmtplib.SMTP
) -> None:
    mailbox.misbehave("answer")

    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await client.send_message(mail())
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize("method", ["auth_plain", "auth_login"])
async def test_a_log_in_is_asked_for_and_checked(mailbox: Mailbox, method: str) -> None:
    mailbox.server.login = ("bot", "secret")
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=mailbox.server.port, timeout=5)
    async with client:
        await client.ehlo()
        with pytest.raises(aiosmtplib.SMTPSenderRefused):
            await client.send_message(mail())
        with pytest.raises(aiosmtplib.SMTPAuthenticationError) as refused:
            await getattr(client, method)("bot", "wrong")
        assert refused.value.code == 535
        await getattr(client, method)("bot", "secret")
        await client.send_message(mail())
    assert len(mailbox.mails) == 1


async def test_pipelined_commands_are_answered_in_order(mailbox: Mailbox) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", mailbox.server.port)
    writer.write(
        b"HELO me\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
        b"Subject: x\r\n\r\n..\r\n.\r\nNONSENSE\r\nQUIT\r\n"
    )
    answers = (await reader.read()).decode().splitlines()
    writer.close()
    await writer.wait_closed()

    assert [line[:3] for line in answers] == [
        "220",
        "250",
        "250",
        "250",
        "354",
        "250",
        "502",
        "221",
    ]
    assert mailbox.mails[0].raw == b"Subject: x\r\n\r\n.\r\n"
