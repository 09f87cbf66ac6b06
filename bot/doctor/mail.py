"""The mail server: connect, greet, encrypt, log in, and leave; no mail is sent. The mailbox
that replies come to: the same, and choose the folder; no mail is read.
"""

from __future__ import annotations

import asyncio
from email.utils import parseaddr

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from bot.core.channel import Unavailable
from bot.doctor.findings import Finding, Rounds, off, ok, wrong
from bot.later import make_mailbox

SECONDS = 10.0
SECURITY = {"starttls": "encrypted by STARTTLS", "tls": "by TLS", "none": "not encrypted"}


async def mails(rounds: Rounds) -> list[Finding]:
    """The way out and, where there is one, the way back."""
    if rounds.settings.smtp_host is None:
        return [await mail(rounds)]
    return list(await asyncio.gather(mail(rounds), mailbox(rounds)))


async def mail(rounds: Rounds) -> Finding:
    settings = rounds.settings
    if settings.smtp_host is None:
        return off("mail", "SMTP_HOST is not set: nobody is paged by mail.")
    server = f"{settings.smtp_host}:{settings.smtp_port}"
    client = SMTP(
        hostname=settings.smtp_host,
        port=settings.smtp_port,
        use_tls=settings.smtp_security == "tls",
        start_tls=False,
        local_hostname=parseaddr(settings.smtp_from or "")[1].rpartition("@")[2],
        timeout=SECONDS,
    )
    try:
        await client.connect()
        await client.ehlo()
    except (SMTPException, OSError) as error:
        client.close()
        mend = "Look at SMTP_HOST, SMTP_PORT and SMTP_SECURITY (starttls, tls or none)."
        return wrong("mail", f"{server} cannot be used ({_reason(error)}).", mend)
    return await _enter(client, rounds, server)


async def mailbox(rounds: Rounds) -> Finding:
    settings = rounds.settings
    if settings.imap_host is None:
        return off("replies by mail", "IMAP_HOST is not set: replies to mails are not read.")
    server = f"{settings.imap_host}:{settings.imap_port}"
    box = await make_mailbox(settings)
    try:
        await box.open()
    except Unavailable as fault:
        what, _, mend = fault.reason.partition(": ")
        mend = f"{mend[:1].upper()}{mend[1:]}" or "Look at IMAP_HOST and IMAP_PORT."
        return wrong("replies by mail", f"{server}: {what.rstrip('.')}.", mend)
    finally:
        await box.close()
    how = "tells of new mail at once" if box.has_idle else "is asked for new mail now and then"
    return ok("replies by mail", f"{server} opens {settings.imap_folder}; it {how}.")


async def _enter(client: SMTP, rounds: Rounds, server: str) -> Finding:
    settings = rounds.settings
    name, password = settings.smtp_username, settings.smtp_password
    try:
        if settings.smtp_security == "starttls":
            await client.starttls()
    except (SMTPException, OSError, ValueError) as error:
        client.close()
        words = f"{server} gives no trustworthy encryption ({_reason(error)})."
        return wrong("mail", words, "Look at SMTP_SECURITY and at the server's certificate.")
    try:
        if name and password:
            await client.login(name, password.get_secret_value())
        await client.noop()
        await client.quit()
    except (SMTPException, OSError) as error:
        client.close()
        words = f"{server} refuses the log-in ({_reason(error)})."
        return wrong("mail", words, "Look at SMTP_USERNAME and SMTP_PASSWORD.")
    entered = "takes the log-in" if name else "asks for no log-in"
    return ok("mail", f"{server} {entered}; {SECURITY[settings.smtp_security]}.")


def _reason(error: Exception) -> str:
    """The server's reply code, or what kind of fault it was; never its words."""
    if isinstance(error, SMTPResponseException):
        return str(error.code)
    return type(error.__cause__ or error).__name__
