"""Where pages come from, so that phones can let them through."""

from __future__ import annotations

from bot.core.context import Context
from bot.core.effects.sender_card import card_url, vcard
from bot.core.registry import operation
from bot.core.store.schema import Wire


@operation("imbot", "GetSenderCard")
def get_sender_card(ctx: Context) -> Wire:
    """Tell the numbers and the address of the settings, as members and as a vCard 3.0."""
    sender = ctx.house.sender
    document: Wire = {
        "DisplayName": sender.name,
        "PhoneNumbers": list(sender.phone_numbers),
        "Card": vcard(sender),
    }
    if sender.email is not None:
        document["EmailAddress"] = sender.email
    url = card_url(ctx)
    return document | ({"Url": url} if url else {})
