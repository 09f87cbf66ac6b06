"""What the owner of an address that takes no pages is told, in mails and texts; pure."""

from __future__ import annotations

from bot.core.channel import FaultNotice

BY = {"EMAIL": "mail", "SMS": "text", "VOICE": "call"}


def subject(message: FaultNotice) -> str:
    return f"Pages for {message.contact_name} do not arrive: {message.channel_name}"


def sentences(message: FaultNotice) -> list[str]:
    """What is the matter, and what can be done; the address itself is not named."""
    by = BY.get(message.medium, message.medium)
    return [
        f"Pages by {by} to the contact channel {message.channel_name} do not arrive.",
        message.fault,
        "Pages are still tried there. This warning ends when one arrives, or when the contact "
        "channel is activated with a new code.",
    ]


def one_line(message: FaultNotice) -> str:
    by = BY.get(message.medium, message.medium)
    return f"imbot: pages by {by} to {message.channel_name} do not arrive. {message.fault}"
