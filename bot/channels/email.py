"""Mail through one SMTP server. What it says is in `mail`, its connections in `smtp_pool`."""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import Literal

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPHeloError,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from bot.channels.mail import Mailed, Sender, message_id, render
from bot.channels.notification_mail import render as render_notification
from bot.channels.notifications import canonical
from bot.channels.smtp_pool import Letter, SmtpPool
from bot.core.channel import (
    Delivery,
    Notification,
    Sent,
    Sign,
    Unavailable,
    Undeliverable,
)

ADDRESS = re.compile(r"[^\s<>()\[\]\\,;:\"@\x00-\x1f]{1,64}@[^\s<>@\x00-\x1f]{1,255}")
ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
LOG_IN = {530, 534, 535, 538}

REASONS = {
    "5.1.1": "There is no such mailbox.",
    "5.1.2": "The address's domain does not take mail.",
    "5.1.3": "The address is not well formed.",
    "5.1.10": "The address's domain does not take mail.",
    "5.2.1": "The mailbox is switched off.",
    "5.2.2": "The mailbox is full.",
    "5.3.4": "The mail is too large for the server.",
    "5.7.1": "The server does not accept the mail; it may not relay to this address.",
}
"""What the server's enhanced status codes mean. Source: RFC 3463, 7505."""
NO_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""Those of them that are about the address, and not about a mail or the sender."""


class EmailChannel:
    """Mail from one address through one server."""

    def __init__(
        self,
        host: str,
        port: int,
        username: str | None,
        password: str | None,
        sender: str,
        security: Literal["starttls", "tls", "none"] = "starttls",
        connections: int = 4,
        timeout: float = 15.0,
        tls_context: ssl.SSLContext | None = None,
        reply_to: str | None = None,
        sign: Sign | None = None,
    ) -> None:
        """`sender` is SMTP_FROM; `timeout` is the total of one mail, in seconds; `reply_to` is
        the address whose mailbox is read; `sign` is for notifications as JSON.

        Raises ValueError for a sender without an address.
        """
        self._sender = Sender.parse(sender, reply_to)
        self._timeout = timeout
        self._sign = sign

        def connection() -> SMTP:
            return SMTP(
                hostname=host,
                port=port,
                username=username,
                password=password,
                use_tls=security == "tls",
                start_tls=security == "starttls",
                local_hostname=self._sender.domain,
                timeout=timeout,
                tls_context=tls_context,
            )

        self._pool = SmtpPool(connection, connections)

    async def send(self, message: Mailed | Notification) -> Sent:
        """Hand one mail to the server. Raises Unavailable or Undeliverable."""
        recipient = _recipient(message.address)
        content = await self._content(message, recipient)
        letter = Letter(self._sender.envelope, recipient, content)
        try:
            async with asyncio.timeout(self._timeout):
                await self._pool.deliver(letter)
        except (SMTPException, OSError) as error:
            raise _fault(error, letter) from None
        return Sent(message_id(message, self._sender))

    async def _content(self, message: Mailed | Notification, recipient: str) -> bytes:
        if not isinstance(message, Notification):
            return render(message, self._sender, recipient)
        signed = None
        if message.protocol == "email-json" and self._sign is not None:
            signed = await self._sign(canonical(message), message.signature_version)
        return render_notification(message, self._sender, recipient, signed)

    async def was_sent(self, message: Mailed | Notification) -> None:  # noqa: ARG002
        """Mail servers do not tell. The Message-ID is stable, so readers see one mail."""
        return

    async def poll(self, vendor_id: str) -> Delivery | None:  # noqa: ARG002
        return None

    async def close(self) -> None:
        await self._pool.close()


def translate(refusal: SMTPResponseException) -> Unavailable | Undeliverable:
    """Say what a server's refusal means: 4xx try again, 5xx never, faults of ours try again.

    The server's own words are left out; they quote addresses.
    """
    match = ENHANCED.match(refusal.message)
    status = match[1] if match else ""
    code = f"{refusal.code} {status}".strip()
    if isinstance(refusal, SMTPAuthenticationError) or refusal.code in LOG_IN:
        return Unavailable(
            "The mail server refused the log-in: "
            f"check SMTP_USERNAME and SMTP_PASSWORD ({code})."
        )
    if refusal.code < 500 or isinstance(refusal, SMTPConnectError | SMTPHeloError):
        return Unavailable(f"The mail server cannot take mail now ({code}).")
    if isinstance(refusal, SMTPSenderRefused):
        reason = "The mail server refuses the sender: check SMTP_FROM."
    elif isinstance(refusal, SMTPRecipientRefused):
        reason = REASONS.get(status, "The mail server refuses the recipient.")
    else:
        reason = REASONS.get(status, "The mail server refuses the mail.")
    is_address = status in NO_ADDRESS
    return Undeliverable(
        f"{reason} ({code})",
        code=str(refusal.code),
        refuses="address" if is_address else "",
    )


def _fault(error: Exception, letter: Letter) -> Unavailable | Undeliverable:
    """Say what kept a mail back, or the server's answer to it."""
    is_refusal = isinstance(error, SMTPResponseException) and error.code >= 400
    if letter.is_handed_over and not is_refusal:
        return Unavailable("The mail server did not say whether it took it.", in_doubt=True)
    if isinstance(error, SMTPResponseException):
        return translate(error)
    if isinstance(error, TimeoutError):
        return Unavailable("The mail server did not answer in time.")
    return _out_of_reach(error)


def _out_of_reach(error: Exception) -> Unavailable:
    """Say what kept a mail back. A missing extension comes as a bare SMTPException."""
    if isinstance(error, SMTPNotSupported) or type(error) is SMTPException:
        return Unavailable(
            "The mail server does not offer what SMTP_SECURITY or the log-in asks for."
        )
    cause = error.__cause__ or error
    if isinstance(cause, ssl.SSLError):
        return Unavailable("The mail server's certificate or TLS is not right.")
    return Unavailable(f"The mail server cannot be reached ({type(cause).__name__}).")


def _recipient(address: str) -> str:
    """Bring an address to what a server takes: an ASCII local part and a domain in IDNA."""
    local, _, domain = address.strip().rpartition("@")
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        ascii_domain = ""
    if not local.isascii() or not ADDRESS.fullmatch(f"{local}@{ascii_domain}"):
        reason = "The address is not one that mail can be sent to."
        raise Undeliverable(reason, refuses="address")
    return f"{local}@{ascii_domain}"
