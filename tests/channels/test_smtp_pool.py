from __future__ import annotations

import asyncio

from aiosmtplib import SMTP

from bot.channels.smtp_pool import IDLE_SECONDS, PROBE_SECONDS, SmtpPool
from tests.channels.vendors import MailServer

MAIL = b"Subject: x\r\n\r\nx\r\n"


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

    await pool.deliver("a@b.c", "d@e.f", MAIL)
    assert "NOOP" not in mailbox.commands
    seconds.now += PROBE_SECONDS + 1
    await pool.deliver("a@b.c", "d@e.f", MAIL)
    await pool.close()

    assert mailbox.commands.count("NOOP") == 1
    assert mailbox.connections == 1


async def test_a_connection_that_rested_too_long_is_not_used_again(mailbox: MailServer) -> None:
    seconds = _Seconds()
    pool = pool_of(mailbox, seconds)

    await pool.deliver("a@b.c", "d@e.f", MAIL)
    seconds.now += IDLE_SECONDS
    await pool.deliver("a@b.c", "d@e.f", MAIL)
    await pool.close()

    assert mailbox.connections == 2


async def test_a_mail_that_is_given_up_leaves_no_connection_behind(mailbox: MailServer) -> None:
    pool = pool_of(mailbox, _Seconds())
    mailbox.replies["RCPT"] = "250-never ends"

    mail = asyncio.ensure_future(pool.deliver("a@b.c", "d@e.f", MAIL))
    while not any(command.startswith("RCPT") for command in mailbox.commands):
        await asyncio.sleep(0)
    mail.cancel()
    await asyncio.wait([mail])
    mailbox.replies.clear()
    await pool.deliver("a@b.c", "d@e.f", MAIL)
    await pool.close()

    assert mail.cancelled()
    assert mailbox.connections == 2
    assert mailbox.mails == [MAIL]
