from __future__ import annotations

import asyncio

import pytest
from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from bot.channels.smtp_pool import IDLE_SECONDS, PROBE_SECONDS, Letter, SmtpPool
from tests.channels.vendors import MailServer

MAIL = b"Subject: x\r\n\r\nx\r\n"


def letter(content: bytes = MAIL) -> Letter:
    return Letter("a@b.c", "d@e.f", content)


class _Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def pool_of(mailbox: MailServer, seconds: _Seconds, size: int = 1) -> SmtpPool:
    def connection() -> SMTP:
        return SMTP(hostname="127.0.0.1", port=mailbox.port, start_tls=False, timeout=5)

    return SmtpPool(connection, size, seconds)


async def test_a_connection_that_rested_is_asked_before_it_is_trusted(
    mailbox: MailServer,
) -> None:
    seconds = _Seconds()
    pool = pool_of(mailbox, seconds)

    await pool.deliver(letter())
    assert "NOOP" not in mailbox.commands
    seconds.now += PROBE_SECONDS + 1
    await pool.deliver(letter())
    await pool.close()

    assert mailbox.commands.count("NOOP") == 1
    assert mailbox.connections == 1


async def test_a_connection_that_rested_too_long_is_not_used_again(mailbox: MailServer) -> None:
    seconds = _Seconds()
    pool = pool_of(mailbox, seconds)

    await pool.deliver(letter())
    seconds.now += IDLE_SECONDS
    await pool.deliver(letter())
    await pool.close()

    assert mailbox.connections == 2


async def test_a_mail_that_is_given_up_leaves_no_connection_behind(mailbox: MailServer) -> None:
    pool = pool_of(mailbox, _Seconds())
    mailbox.replies["RCPT"] = "250-never ends"

    mail = asyncio.ensure_future(pool.deliver(letter()))
    while not any(command.startswith("RCPT") for command in mailbox.commands):
        await asyncio.sleep(0)
    mail.cancel()
    await asyncio.wait([mail])
    mailbox.replies.clear()
    await pool.deliver(letter())
    await pool.close()

    assert mail.cancelled()
    assert mailbox.connections == 2
    assert mailbox.mails == [MAIL]


async def test_lines_that_begin_with_a_dot_arrive_with_it(mailbox: MailServer) -> None:
    pool = pool_of(mailbox, _Seconds())
    mail = b"Subject: x\r\n\r\n.\r\n..two\r\nin.side\r\n"

    await pool.deliver(letter(mail))
    await pool.close()

    assert mailbox.mails == [mail]


async def test_a_letter_knows_whether_it_may_have_been_taken(mailbox: MailServer) -> None:
    pool = pool_of(mailbox, _Seconds())
    taken, refused, unanswered = letter(), letter(), letter()

    await pool.deliver(taken)
    mailbox.replies["DATA"] = "451 4.3.0 later"
    with pytest.raises(SMTPDataError):
        await pool.deliver(refused)
    mailbox.replies = {".": ""}
    with pytest.raises(SMTPServerDisconnected):
        await pool.deliver(unanswered)
    await pool.close()

    assert [one.is_handed_over for one in (taken, refused, unanswered)] == [True, False, True]


async def test_a_server_that_takes_several_commands_is_given_them_at_once(
    mailbox: MailServer,
) -> None:
    mailbox.extensions = ("PIPELINING",)
    pool = pool_of(mailbox, _Seconds())
    mailbox.replies["MAIL"] = "250-never ends"

    mail = asyncio.ensure_future(pool.deliver(letter()))
    while "DATA" not in mailbox.commands:
        await asyncio.sleep(0)
    mail.cancel()
    await asyncio.wait([mail])
    await pool.close()

    assert mail.cancelled()


@pytest.mark.parametrize("data", ["354 go on", "503 5.5.1 no recipient", "554 5.5.1 none"])
@pytest.mark.parametrize(
    ("verb", "fault"), [("MAIL", SMTPSenderRefused), ("RCPT", SMTPRecipientRefused)]
)
async def test_whatever_is_said_to_the_rest_of_a_refused_mail_the_next_one_arrives(
    mailbox: MailServer, verb: str, fault: type[SMTPResponseException], data: str
) -> None:
    pool = pool_of(mailbox, _Seconds())
    mailbox.replies = {verb: "550 5.1.1 nobody", "DATA": data, ".": "554 5.5.1 no recipient"}
    refused = letter()

    with pytest.raises(fault, match="nobody"):
        await pool.deliver(refused)
    mailbox.replies.clear()
    await pool.deliver(letter())
    await pool.close()

    assert not refused.is_handed_over
    assert mailbox.mails == [MAIL]
    assert mailbox.connections == 1


async def test_a_connection_on_which_the_server_speaks_unasked_is_not_used_again(
    mailbox: MailServer,
) -> None:
    pool = pool_of(mailbox, _Seconds())

    await pool.deliver(letter())
    mailbox.writers[0].write(b"421 4.4.2 idle for too long\r\n250 2.0.0 well\r\n")
    while not mailbox.writers[0].is_closing():
        await asyncio.sleep(0)
    await pool.deliver(letter())
    await pool.close()

    assert mailbox.connections == 2
    assert mailbox.mails == [MAIL, MAIL]
