"""Where pages come from, as a card that a phone keeps and lets through Do Not Disturb."""

from __future__ import annotations

import hmac

from bot.core.context import Context, Sender
from bot.core.effects.addresses import Fingerprints

NOTE = "Pages about incidents come from here. Let it through Do Not Disturb."


def card_url(ctx: Context) -> str | None:
    """Where the card is fetched; None without a public URL, or where nothing can be sent."""
    if ctx.house.public_url is None or not ctx.house.sender.can_send:
        return None
    return f"{ctx.house.public_url}/sender/{_token(ctx.unit.tx.vault)}.vcf"


def is_card_token(vault: Fingerprints, token: str) -> bool:
    return hmac.compare_digest(_token(vault).encode(), token.encode())


def _token(vault: Fingerprints) -> str:
    """The same for everybody: it keeps strangers who guess addresses from the numbers."""
    return vault.fingerprint("sender card")


def vcard(sender: Sender) -> str:
    """A vCard 3.0, lines ended by CR LF. Source: RFC 2426."""
    name = _escaped(sender.name)
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{name}", f"N:;{name};;;", f"ORG:{name}"]
    lines += [f"TEL;TYPE=WORK,VOICE,MSG,PREF:{number}" for number in sender.phone_numbers]
    if sender.email is not None:
        lines.append(f"EMAIL;TYPE=INTERNET,PREF:{_escaped(sender.email)}")
    lines += [f"NOTE:{_escaped(NOTE)}", "UID:imbot-sender", "END:VCARD"]
    return "".join(f"{line}\r\n" for line in lines)


def _escaped(text: str) -> str:
    plain = " ".join(text.split())
    for special in "\\;,":
        plain = plain.replace(special, f"\\{special}")
    return plain
